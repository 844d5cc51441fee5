"""A session that keeps itself: known places, results that are kept, all names at once, images opened."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsMultiBandColorRenderer,
    QgsProcessingContext,
    QgsProject,
    QgsRasterLayer,
)
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtTest import QTest

from .conftest import MATERIALS


@pytest.fixture
def result(finished, plugin_modules, tmp_path):
    folder = tmp_path / "temporary" / "result"
    shutil.copytree(finished.results["OUTPUT"], folder)
    return plugin_modules("auvae_qgis.results.result").Result.read(folder)


def test_a_result_that_is_kept_is_whole_and_its_layers_show_the_copy(
    result, plugin_modules, add_layer, tmp_path
):
    keep, layers = plugin_modules("auvae_qgis.results.keep"), plugin_modules("auvae_qgis.results.layers")
    layer = add_layer(result.folder / result.endmembers[1].file)
    kept = keep.keep(result, tmp_path / "kept" / "scene")
    layers.move_layers(result, kept, QgsProject.instance())
    shutil.rmtree(result.folder)
    assert layers.result_of(layer) == (kept, 1)
    assert layer.isValid()
    assert {path.name for path in kept.folder.iterdir()} >= set(kept.document["files"].values())
    assert [path.name for path in kept.folder.parent.iterdir()] == ["scene"]


def test_a_folder_that_holds_files_is_not_written_to(result, plugin_modules, tmp_path):
    keep = plugin_modules("auvae_qgis.results.keep")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(keep.KeepError, match="holds files already"):
        keep.keep(result, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_clicked_pixels_become_known_places_that_unmix_reads(plugin_modules, project):
    known = plugin_modules("auvae_qgis.gui.known_places")
    source = plugin_modules("auvae_qgis.inputs.known_source")
    crs = QgsCoordinateReferenceSystem("EPSG:32632")
    square = np.array([[0, 0], [30, 0], [30, -30], [0, -30]], dtype=float)
    known.add_place("/a/scene.img", "water", square, crs)
    known.add_place("/a/scene.img", "soil", square + 60, crs)
    layer = known.add_place("/a/scene.img", "water", square + 120, crs)
    other = known.add_place("/another/scene.img", "roof", square, crs)
    assert other is not layer
    assert known.names_in(layer) == ["water", "soil"]
    assert len(project.mapLayers()) == 2
    written = json.loads(Path(source.places_file(layer)).read_text(encoding="utf-8"))
    assert [one["properties"]["name"] for one in written["features"]] == ["water", "soil", "water"]


def test_two_endmembers_with_one_best_match_get_different_names(plugin_modules):
    matching = plugin_modules("auvae_qgis.spectra.matching")
    library = plugin_modules("model.auvae.contract.library")

    def match(name, angle):
        one = np.ones(1)
        profile = library.Profile(name, 400 * one, np.nan * one, one, None)
        return matching.Match(profile, angle, 100, 1.0, 1.0)

    found = [[match("grass", 0.2), match("tree", 0.3)], [match("grass", 0.1)], [], [match("Grass", 0.5)]]
    assert matching.best_names(found) == ["tree", "grass", "", ""]


def test_an_image_is_drawn_in_the_bands_of_red_green_and_blue(scene, plugin_modules):
    layer = QgsRasterLayer(str(scene), "scene", "gdal")
    assert plugin_modules("auvae_qgis.gui.true_colour").draw_in_true_colour(layer)
    drawn = layer.renderer()
    assert isinstance(drawn, QgsMultiBandColorRenderer)
    nm = np.linspace(400, 2400, layer.bandCount())
    bands = (drawn.redBand(), drawn.greenBand(), drawn.blueBand())
    assert [float(nm[band - 1]) for band in bands] == pytest.approx([640, 550, 460], abs=35)


def test_a_map_of_ours_is_refused_before_anything_starts(result, add_layer, qgis_app):
    from qgis.core import QgsApplication, QgsProcessingContext

    algorithm = QgsApplication.processingRegistry().algorithmById("auvae:unmix").create()
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    for file in (result.endmembers[0].file, "abundances.tif", "composite.tif"):
        layer = add_layer(result.folder / file)
        possible, problem = algorithm.checkParameterValues(
            {"INPUT": layer.id(), "ENDMEMBERS": MATERIALS, "OUTPUT": "TEMPORARY_OUTPUT"}, context
        )
        assert not possible
        assert "is a map that unmixing has made" in problem


def test_what_cannot_be_unmixed_is_refused_in_the_dialog_before_the_worker_starts(
    scene, tmp_path, add_layer, plugin_modules
):
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    algorithm = QgsApplication.processingRegistry().algorithmById("auvae:unmix").create()
    good = add_layer(scene)
    rgb, single = (add_layer(make_raster(tmp_path / f"{bands}.tif", bands)) for bands in (3, 1))
    given = {"INPUT": good.id(), "ENDMEMBERS": MATERIALS, "OUTPUT": str(tmp_path / "result")}
    assert algorithm.checkParameterValues(given, context) == (True, "")
    for change, said in (
        ({"INPUT": rgb.id(), "ENDMEMBERS": 4}, "“3” has 3 bands, too few for 4 endmembers"),
        ({"INPUT": single.id()}, "“1” has one band"),
        ({"BANDS": [1, 2], "ENDMEMBERS": 3}, "The number of chosen bands is 2, too few for 3"),
        ({"KNOWN": str(tmp_path / "no.sli")}, "Known spectra: there is no file"),
        ({"START_MODEL": str(tmp_path / "no.auvae")}, "Fine-tune this model: there is no file"),
        ({"OUTPUT": str(tmp_path / "3.tif")}, "is a file, and a result needs a folder"),
        ({"OUTPUT": str(tmp_path / "3.tif" / "{scene}")}, "is a file, and a result needs a folder"),
    ):
        possible, problem = algorithm.checkParameterValues({**given, **change}, context)
        assert not possible
        assert said in problem


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="everything can be written to here")
def test_a_folder_that_nothing_can_be_written_to_is_refused(tmp_path, plugin_modules):
    refusals = plugin_modules("auvae_qgis.inputs.refusals")
    tmp_path.chmod(0o500)
    assert "Nothing can be written to" in refusals.out_of_reach(str(tmp_path / "result"))


def test_a_dialog_starts_the_worker_unless_a_setting_says_no(stand_in, plugin_modules, tmp_path):
    from qgis.core import QgsApplication

    settings = plugin_modules("auvae_qgis.settings")
    started = tmp_path / "started"
    stand_in(f"echo started >> '{started}'; cat > /dev/null")
    algorithm = QgsApplication.processingRegistry().algorithmById("auvae:unmix").create()
    plugin_modules("auvae_qgis.worker.run").end_idle_worker()
    settings.set_start_early(False)
    assert algorithm.createCustomParametersWidget(None) is None
    QTest.qWait(300)
    assert not started.exists()
    settings.set_start_early(True)
    for _ in range(3):
        algorithm.createCustomParametersWidget(None)
    wait_for_lines(started, 1)
    plugin_modules("auvae_qgis.worker.run").end_idle_worker()


def test_a_hyperspectral_image_starts_the_worker_for_those_who_have_unmixed_before(
    stand_in, plugin_modules, tmp_path, add_layer, monkeypatch
):
    settings, early = plugin_modules("auvae_qgis.settings"), plugin_modules("auvae_qgis.worker.early")
    started = tmp_path / "started"
    stand_in(f"echo started >> '{started}'; cat > /dev/null")
    plugin_modules("auvae_qgis.worker.run").end_idle_worker()
    image = add_layer(make_raster(tmp_path / "image.tif", early.MANY_BANDS))
    monkeypatch.setattr(settings, "has_unmixed", lambda: False)
    assert not early.load_ahead_for(image)
    monkeypatch.setattr(settings, "has_unmixed", lambda: True)
    assert not early.load_ahead_for(add_layer(make_raster(tmp_path / "rgb.tif", 3)))
    assert not early.load_ahead_for(None)
    assert early.load_ahead_for(image)
    wait_for_lines(started, 1)
    plugin_modules("auvae_qgis.worker.run").end_idle_worker()


def make_raster(path, bands):
    gdal.GetDriverByName("GTiff").Create(str(path), 2, 2, bands).FlushCache()
    return path


def wait_for_lines(file, count):
    for _ in range(100):
        QTest.qWait(50)
        if file.exists():
            break
    assert len(file.read_text(encoding="utf-8").split()) == count


def test_a_result_whose_folder_vanished_is_no_longer_offered_and_named_when_asked_for(
    result, plugin_modules, add_layer
):
    layers = plugin_modules("auvae_qgis.results.layers")
    layer = add_layer(result.folder / result.endmembers[0].file)
    assert layers.result_of(layer) == (result, 0)
    shutil.rmtree(result.folder)
    assert layers.result_of(layer) is None
    error = plugin_modules("auvae_qgis.results.result").ResultError
    with pytest.raises(error, match="cannot be read"):
        result.spectra()
    keep = plugin_modules("auvae_qgis.results.keep")
    with pytest.raises(keep.KeepError, match="could not be copied"):
        keep.keep(result, result.folder.parent / "kept")
    assert not (result.folder.parent / "kept").exists()


class Window(QObject):
    """What the dock asks of the QGIS window."""

    currentLayerChanged = pyqtSignal(object)  # noqa: N815  QGIS's own name

    def __init__(self):
        super().__init__()
        self.canvas, self.bar = QgsMapCanvas(), QgsMessageBar()

    def mapCanvas(self):
        return self.canvas

    def messageBar(self):
        return self.bar

    def activeLayer(self):
        return None

    def said(self):
        return [item.text() for item in self.bar.items()]


@pytest.fixture
def window(qgis_app, plugin_modules):
    """A window with the dock in it."""
    window = Window()
    dock = plugin_modules("auvae_qgis.gui.dock.dock").ResultDock()
    control = plugin_modules("auvae_qgis.gui.dock_control").DockControl(window, dock)
    window.dock = dock
    yield window
    control.remove()
    dock.deleteLater()


@pytest.fixture
def saved(result, add_layer, plugin_modules, project, tmp_path):
    """A project file with the maps of a result in it."""
    layers = plugin_modules("auvae_qgis.results.layers")
    for endmember in result.endmembers:
        layer = add_layer(result.folder / endmember.file)
        layer.setCustomProperty(layers.KIND_OF, "abundance")
        layer.setCustomProperty(layers._RESULT_OF, ".")
    assert project.write(str(tmp_path / "project.qgz"))
    project.clear()
    return tmp_path / "project.qgz"


def test_a_project_with_a_result_on_a_missing_drive_opens_with_one_sentence(result, window, saved, project):
    shutil.move(result.folder, result.folder.with_name("unplugged"))
    project.read(str(saved))
    QTest.qWait(300)
    [text] = window.said()
    assert text.startswith(f"Results are missing or damaged: {result.folder}.")
    assert window.dock.result is None
    assert window.dock.results.count() == 0


def test_a_project_whose_results_are_there_opens_without_a_word(result, window, saved, project):
    project.read(str(saved))
    QTest.qWait(300)
    assert window.said() == []
    assert window.dock.result == result


def test_a_drive_that_does_not_answer_is_a_missing_one(
    result, window, saved, project, plugin_modules, monkeypatch
):
    is_file = Path.is_file

    def refuse(path):
        if path.name == "result.json":
            raise PermissionError(13, "The network path was not found")
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refuse)
    project.read(str(saved))
    QTest.qWait(300)
    assert len(window.said()) == 1
    assert window.dock.result is None


@pytest.mark.parametrize("gone", ["endmembers.csv", "report.html", "abundances.tif", "result.json"])
def test_a_result_that_lost_a_file_raises_nothing_in_the_dock(result, window, saved, project, gone):
    (result.folder / gone).unlink()
    project.read(str(saved))
    QTest.qWait(300)
    if gone in ("endmembers.csv", "result.json"):
        assert window.dock.result is None
        assert window.said() or "cannot be read" in window.dock._note.text()
    else:
        assert window.dock.result.folder == result.folder
        window.dock.tabs.setCurrentWidget(window.dock.compare)


def test_two_results_of_one_name_are_told_apart_in_the_list(result, window, add_layer, tmp_path):
    other = tmp_path / "elsewhere" / "result"
    shutil.copytree(result.folder, other)
    for folder in (result.folder, other):
        add_layer(folder / result.endmembers[0].file)
    QTest.qWait(300)
    listed = window.dock.results
    names = [listed.itemText(row) for row in range(listed.count())]
    assert names == [f"scène 1, {MATERIALS} endmembers", f"scène 1, {MATERIALS} endmembers, draft"]
    assert {listed.itemData(row) for row in range(2)} == {str(result.folder), str(other)}
