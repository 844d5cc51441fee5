"""The real batch dialog over several scenes, filled from batch files as QGIS 3.22 and 3.40 write them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import Qgis, QgsApplication, QgsProcessingException, QgsProject
from qgis.PyQt.QtWidgets import QFileDialog, QMessageBox, QTextEdit

from .conftest import MATERIALS, write_scene

FORMATS = ("3.22", "3.40")


def write_batch(path, rows, version):
    """A batch file: 3.22 keeps parameters as Python expressions, 3.40 as they are."""
    outputs = {"OUTPUT": str(path.parent / "results" / "{scene}")}
    if version == "3.22":
        rows = [
            {
                "PARAMETERS": {name: repr(value) for name, value in row.items()},
                "OUTPUTS": {**outputs, "ABUNDANCES": ""},
            }
            for row in rows
        ]
        document = rows
    else:
        document = {"format": "batch_3.40", "rows": [{"PARAMETERS": row, "OUTPUTS": outputs} for row in rows]}
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.fixture
def run_batch(qgis_app, monkeypatch):
    """Open the batch dialog, load a batch file, press Run; returns the log."""
    from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog

    if Qgis.QGIS_VERSION_INT < 32400:  # its entry in the task manager may never end, and leaving waits for it
        name = "processing.gui.BatchAlgorithmDialog.QgsScopedProxyProgressTask"
        monkeypatch.setattr(name, lambda _title: Mock())

    # later QGIS asks whether a file of the older format is to be trusted
    monkeypatch.setattr(QMessageBox, "exec", lambda _box: None)
    monkeypatch.setattr(QMessageBox, "result", lambda _box: QMessageBox.StandardButton.Yes)

    def run(path, finished):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
        dialog = BatchAlgorithmDialog(QgsApplication.processingRegistry().createAlgorithmById("auvae:unmix"))
        dialog.mainWidget().load()
        dialog.runAlgorithm()
        deadline = time.monotonic() + 120
        while not finished() and time.monotonic() < deadline:  # newer QGIS: in a task
            QgsApplication.processEvents()
            time.sleep(0.02)
        log = "\n".join(box.toPlainText() for box in dialog.findChildren(QTextEdit))
        dialog.close()
        return log

    return run


@pytest.mark.parametrize("version", FORMATS)
def test_a_row_that_fails_is_named_and_the_others_get_results_named_after_their_scenes(
    run_batch, tmp_path, scene_values, plugin_modules, monkeypatch, version
):
    if version == "3.40" and Qgis.QGIS_VERSION_INT < 34000:
        pytest.skip("QGIS before 3.40 reads the older format only")
    process = plugin_modules("auvae_qgis.worker.process")
    started, start = [], process.start
    monkeypatch.setattr(process, "start", lambda python: started.append(python) or start(python))
    plugin_modules("auvae_qgis.worker.run").end_idle_worker()
    scenes = [write_scene(tmp_path / folder / "scène.img", scene_values) for folder in ("north", "south")]
    scenes.append(write_scene(tmp_path / "cloudy.img", np.full_like(scene_values, -9999)))
    rows = [
        {"INPUT": str(scene), "ENDMEMBERS": MATERIALS, "QUALITY": 0, "SEED": 0, "DEVICE": 2, "VARIANT": 0}
        for scene in (scenes[0], scenes[2], scenes[1])
    ]
    write_batch(tmp_path / "batch.json", rows, version)
    results = tmp_path / "results"
    tree = QgsProject.instance().layerTreeRoot()
    # newer QGIS loads the layers once the last row is done
    log = run_batch(tmp_path / "batch.json", lambda: len(tree.findGroups(True)) == len(scenes) - 1)
    assert sorted(path.name for path in results.iterdir()) == ["scène", "scène_2"]
    for folder, scene in (("scène", scenes[0]), ("scène_2", scenes[1])):
        document = json.loads((results / folder / "result.json").read_text(encoding="utf-8"))
        assert document["scene"]["path"] == str(scene)
    assert "not correctly generated" not in log  # as QGIS says of layers that it could not load
    [reason] = [line for line in log.splitlines() if line.startswith("cloudy ")]
    assert reason.endswith(".")
    # the same name twice: the groups tell the results apart
    names = sorted(group.name() for group in tree.findGroups(True))
    assert names == [f"scène, {MATERIALS} endmembers", f"scène, {MATERIALS} endmembers, draft"]
    assert len(started) == 2  # one until the row that failed, one after it


def test_a_second_scene_does_not_wait_for_the_worker_to_start_again_and_gives_the_same(
    options, plugin_modules, monkeypatch
):
    run = plugin_modules("auvae_qgis.worker.run")
    run.end_idle_worker()
    cold = processing.run("auvae:unmix", options)
    first = gdal.Open(cold["ABUNDANCES"]).ReadAsArray()
    process = run._idle.waiting.process
    warm = processing.run("auvae:unmix", options)
    assert run._idle.waiting.process is process
    np.testing.assert_array_equal(gdal.Open(warm["ABUNDANCES"]).ReadAsArray(), first)


def test_a_worker_that_nobody_needs_ends_by_itself(options, plugin_modules, monkeypatch):
    run = plugin_modules("auvae_qgis.worker.run")
    run.end_idle_worker()
    monkeypatch.setattr(plugin_modules("auvae_qgis.worker.warm"), "WARM", 0.2)
    process = plugin_modules("auvae_qgis.worker.process")
    started, start = [], process.start
    monkeypatch.setattr(process, "start", lambda python: started.append(start(python)) or started[-1])
    processing.run("auvae:countendmembers", {"INPUT": options["INPUT"], "DEVICE": 2})
    assert started[0].wait(5) == 0
    assert run._idle.waiting is None


def test_another_scenes_result_is_not_replaced(options, scene_values, tmp_path):
    processing.run("auvae:unmix", options)
    before = (Path(options["OUTPUT"]) / "result.json").read_bytes()
    other = write_scene(tmp_path / "elsewhere.img", scene_values)
    with pytest.raises(QgsProcessingException, match=r"another scene.*\{scene\}"):
        processing.run("auvae:unmix", {**options, "INPUT": str(other)})
    assert (Path(options["OUTPUT"]) / "result.json").read_bytes() == before
