"""The algorithm in real QGIS, each way an analyst runs it: Python, batch, model, shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterRasterLayer,
    QgsProject,
)
from qgis.PyQt.QtCore import QEventLoop, QTimer

from .conftest import COLS, MATERIALS, NAME, PROFILE, ROWS, TRAINING, write_scene

RESULT_FILES = {
    "abundances.tif",
    "endmembers.csv",
    "uncertainty.tif",
    "error.tif",
    "model.auvae",
    "result.json",
}


def assert_unmixed(folder, scene):
    """A complete result whose maps lie exactly over the scene and are abundances."""
    assert {path.name for path in Path(folder).iterdir()} >= RESULT_FILES
    maps, source = gdal.Open(str(Path(folder) / "abundances.tif")), gdal.Open(str(scene))
    assert maps.GetGeoTransform() == source.GetGeoTransform()
    assert maps.GetSpatialRef().IsSame(source.GetSpatialRef())
    assert (maps.RasterXSize, maps.RasterYSize, maps.RasterCount) == (COLS, ROWS, MATERIALS)
    values = maps.ReadAsArray()
    empty = values == maps.GetRasterBand(1).GetNoDataValue()
    assert (empty == (source.ReadAsArray()[0] < 0)).all()
    fractions = np.where(empty, np.nan, values)
    assert np.nanmin(fractions) >= 0
    assert np.nanmax(abs(fractions.sum(axis=0) - 1)) <= 1e-3


def test_processing_run_gives_every_output_and_adds_no_layer(finished, project):
    results = finished.results
    assert_unmixed(results["OUTPUT"], finished.scene)
    assert [Path(path).is_file() for path in results["OUTPUT_LAYERS"]] == [True] * MATERIALS
    assert results["ABUNDANCES"] == str(Path(results["OUTPUT"]) / "abundances.tif")
    for output in ("ENDMEMBERS_FILE", "MODEL", "REPORT"):
        assert Path(results[output]).is_file()
    assert results["RMSE"] > 0
    assert 0 < results["MEAN_ANGLE"] < 1
    assert not project.mapLayers()


def test_the_dialog_sees_stage_epoch_losses_and_a_bar_that_never_falls(finished):
    feedback = finished.feedback
    assert any(TRAINING.search(line) for line in feedback.lines)
    assert any("PyTorch" in line for line in feedback.lines)
    assert feedback.fractions == sorted(feedback.fractions)
    assert len(set(feedback.fractions)) > 3


def test_the_window_stays_responsive_while_a_task_unmixes(options, qgis_app):
    """As the toolbox runs it: in a background task, with the window's event loop going on."""
    algorithm = QgsApplication.processingRegistry().algorithmById("auvae:unmix")
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    feedback = QgsProcessingFeedback()
    outcome, ticks, loop = [], [], QEventLoop()
    clock = QTimer()
    clock.timeout.connect(lambda: ticks.append(time.monotonic()))
    clock.start(20)
    started = time.monotonic()
    task = QgsProcessingAlgRunnerTask(algorithm, options, context, feedback)
    blocked = time.monotonic() - started
    task.executed.connect(lambda ok, results: (outcome.append((ok, results)), loop.quit()))
    QgsApplication.taskManager().addTask(task)
    QTimer.singleShot(120_000, loop.quit)
    loop.exec()
    assert outcome
    assert outcome[0][0]
    assert blocked < 0.5
    assert max(np.diff(ticks)) < 0.5


def test_named_choices_do_what_their_numbers_do_and_unknown_ones_are_refused(options, plugin_modules):
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("auvae:unmix")
    context = QgsProcessingContext()
    for quality in ("draft", "Standard", 2):
        assert algorithm.checkParameterValues({**options, "QUALITY": quality}, context)[0]
    for wrong in ({"QUALITY": "best"}, {"DEVICE": "tpu"}, {"ENDMEMBERS": 1}, {"ENDMEMBERS": 31}):
        fine, sentence = algorithm.checkParameterValues({**options, **wrong}, context)
        assert not fine
        assert sentence.endswith(".")


def test_only_the_bands_asked_for_are_used(options):
    import json

    results = processing.run("auvae:unmix", {**options, "BANDS": [1, 3, 5, 7, 9, 11]})
    bands = json.loads((Path(results["OUTPUT"]) / "result.json").read_text(encoding="utf-8"))["bands"]
    assert [band["number"] for band in bands if band["kept"]] == [1, 3, 5, 7, 9, 11]


def test_abundances_are_copied_where_the_user_wants_them(options, tmp_path):
    wanted = tmp_path / "pour une collègue" / "abondances.tif"
    results = processing.run("auvae:unmix", {**options, "ABUNDANCES": str(wanted)})
    assert results["ABUNDANCES"] == str(wanted)
    assert_same_maps(wanted, options["OUTPUT"])


def test_abundances_are_copied_in_the_format_of_the_ending(finished, tmp_path, plugin_modules):
    wanted = tmp_path / "abundances.img"
    source = Path(finished.results["ABUNDANCES"])
    plugin_modules("auvae_qgis.results.raster_copy").copy_raster(source, wanted)
    assert_same_maps(wanted, source.parent)


def test_a_copy_that_fails_leaves_the_older_file_as_it_was(finished, tmp_path, plugin_modules):
    raster_copy = plugin_modules("auvae_qgis.results.raster_copy")
    wanted = tmp_path / "abundances.tif"
    wanted.write_bytes(b"older")
    with pytest.raises(raster_copy.RasterCopyError, match="could not be written"):
        raster_copy.copy_raster(Path(finished.results["OUTPUT"]) / "gone.tif", wanted)
    assert wanted.read_bytes() == b"older"
    assert [path.name for path in tmp_path.iterdir()] == ["abundances.tif"]


def assert_same_maps(copy, folder):
    """The raster holds the maps of the result in this folder, and nothing was left beside it."""
    original, copied = gdal.Open(str(Path(folder) / "abundances.tif")), gdal.Open(str(copy))
    assert (copied.ReadAsArray() == original.ReadAsArray()).all()
    assert copied.GetRasterBand(2).GetDescription() == original.GetRasterBand(2).GetDescription() != ""
    assert not [path for path in Path(copy).parent.iterdir() if path.name.startswith(".")]


def test_a_second_run_replaces_the_first(options):
    first = processing.run("auvae:unmix", {**options, "ENDMEMBERS": 4})
    assert len(first["OUTPUT_LAYERS"]) == 4
    second = processing.run("auvae:unmix", options)
    maps = sorted(str(path) for path in Path(options["OUTPUT"]).glob("abundance_*.tif"))
    assert maps == sorted(second["OUTPUT_LAYERS"])
    assert len(maps) == MATERIALS


def test_the_batch_dialog_unmixes_scene_after_scene_and_loads_the_maps(
    options, tmp_path, scene_values, project
):
    from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog
    from qgis.utils import iface

    assert iface is None
    scenes = [write_scene(tmp_path / f"scene {number}.img", scene_values) for number in (1, 2)]
    dialog = BatchAlgorithmDialog(QgsApplication.processingRegistry().createAlgorithmById("auvae:unmix"))
    panel = dialog.mainWidget()
    context = QgsProcessingContext()
    while panel.batchRowCount() < len(scenes):
        panel.addRow()
    for row, path in enumerate(scenes):
        values = {**options, "QUALITY": 0, "DEVICE": 2, "INPUT": str(path)}
        for name, value in values.items():
            if name != "OUTPUT":
                panel.wrappers[row][panel.parameter_to_column[name]].setParameterValue(value, context)
        column = panel.parameter_to_column["OUTPUT"]
        panel.tblParameters.cellWidget(row + 1, column).setValue(str(tmp_path / f"result {row + 1}"))
    dialog.runAlgorithm()
    deadline = time.monotonic() + 120
    while (
        len(project.mapLayers()) < 2 * (MATERIALS + 4) and time.monotonic() < deadline
    ):  # newer QGIS: in a task
        QgsApplication.processEvents()
        time.sleep(0.02)
    dialog.close()
    for row, path in enumerate(scenes):
        assert_unmixed(tmp_path / f"result {row + 1}", path)
    groups = project.layerTreeRoot().findGroups(True)
    assert sorted(group.name() for group in groups) == [f"scene {n}, {MATERIALS} endmembers" for n in (1, 2)]
    assert [len(group.findLayers()) for group in groups] == [MATERIALS + 5] * 2


def test_in_a_model_abundances_feed_the_next_step_and_the_model_decides_what_is_loaded(
    scene, tmp_path, project
):
    model = QgsProcessingModelAlgorithm("unmix then fill", "tests")
    model.addModelParameter(
        QgsProcessingParameterRasterLayer("scene", "Scene"), QgsProcessingModelParameter("scene")
    )
    static = QgsProcessingModelChildParameterSource.fromStaticValue
    unmix = QgsProcessingModelChildAlgorithm("auvae:unmix")
    unmix.setChildId("unmix")
    unmix.addParameterSources("INPUT", [QgsProcessingModelChildParameterSource.fromModelParameter("scene")])
    for name, value in (("ENDMEMBERS", MATERIALS), ("QUALITY", 0), ("DEVICE", 2), ("SEED", 0)):
        unmix.addParameterSources(name, [static(value)])
    model.addChildAlgorithm(unmix)

    fill = QgsProcessingModelChildAlgorithm("native:fillnodata")
    fill.setChildId("fill")
    fill.addParameterSources(
        "INPUT", [QgsProcessingModelChildParameterSource.fromChildOutput("unmix", "ABUNDANCES")]
    )
    fill.addParameterSources("BAND", [static(1)])
    fill.addParameterSources("FILL_VALUE", [static(0)])
    filled = QgsProcessingModelOutput("filled", "filled")
    filled.setChildOutputName("OUTPUT")
    fill.setModelOutputs({"filled": filled})
    fill.setDependencies([])
    model.addChildAlgorithm(fill)
    model.updateDestinationParameters()
    name = model.destinationParameterDefinitions()[0].name()
    destination = tmp_path / "filled.tif"
    layer_count = len(project.mapLayers())
    processing.runAndLoadResults(model, {"scene": str(scene), name: str(destination)})
    values = gdal.Open(str(destination)).ReadAsArray()
    assert values.shape == (ROWS, COLS)
    assert values.min() == 0
    assert 0 < values.max() <= 1
    assert len(project.mapLayers()) == layer_count + 1  # the model's own output, not the step's maps


@pytest.fixture
def qgis_process(plugin_folder):
    program = shutil.which("qgis_process.bin") or shutil.which("qgis_process")
    environment = {
        **os.environ,
        "QGIS_PLUGINPATH": str(plugin_folder.parent),
        "QGIS_CUSTOM_CONFIG_PATH": PROFILE.name,
        "QT_QPA_PLATFORM": "offscreen",
    }

    def run(*arguments):
        return subprocess.run(
            [program, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    run("plugins", "enable", NAME)  # a second time is an error to it, and none to us
    return run


def test_qgis_process_unmixes_without_a_window(qgis_process, options, scene):
    given = [f"{name}={value}" for name, value in options.items()]
    done = qgis_process("run", "auvae:unmix", "--", *given)
    assert done.returncode == 0, done.stderr
    assert_unmixed(options["OUTPUT"], scene)
    assert f"OUTPUT:\t{options['OUTPUT']}" in done.stdout


def test_qgis_process_without_a_folder_named_writes_to_a_temporary_one(qgis_process, options):
    given = [f"{name}={value}" for name, value in {**options, "OUTPUT": "TEMPORARY_OUTPUT"}.items()]
    done = qgis_process("run", "auvae:unmix", "--", *given)
    assert done.returncode == 0, done.stderr
    assert not Path("TEMPORARY_OUTPUT").exists()


def test_qgis_process_ends_with_an_error_when_the_scene_cannot_be_unmixed(qgis_process, options, tmp_path):
    given = [f"{name}={value}" for name, value in {**options, "INPUT": str(tmp_path / "absent.img")}.items()]
    done = qgis_process("run", "auvae:unmix", "--", *given)
    assert done.returncode != 0
    assert not Path(options["OUTPUT"]).exists()
