"""What is said of one endmember beside its spectrum, and the way from there to its purest pixel."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsPointXY,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas


@pytest.fixture
def read(plugin_modules):
    """Read a result folder."""
    return plugin_modules("auvae_qgis.results.result").Result.read


@pytest.fixture
def row(plugin_modules):
    """The row that is under the spectra."""
    made = plugin_modules("auvae_qgis.gui.dock.evidence_row").EvidenceRow()
    yield made
    made.deleteLater()


@pytest.fixture
def folder_of(finished, tmp_path):
    """Make a copy of the result whose first endmember says something else."""

    def make(changes):
        folder = tmp_path / f"result-{len(list(tmp_path.iterdir()))}"
        shutil.copytree(finished.results["OUTPUT"], folder)
        document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        document["endmembers"][0] |= changes
        document["search"] = "none"
        (folder / "result.json").write_text(json.dumps(document), encoding="utf-8")
        return folder

    return make


def test_figures_from_elsewhere_do_no_harm_and_near_twins_are_named(row, read, folder_of):
    nonsense = {
        "purest": {"row": "1", "col": [], "abundance": {}},
        "nearest": {"endmember": 99, "angle": 1e999},
    }
    row.show_endmember(read(folder_of(nonsense)), 0)
    assert row.isHidden()
    row.show_endmember(read(folder_of({"nearest": {"endmember": 1, "angle": 0.01}})), 0)
    assert not row.isHidden()
    assert "nearly the same as “Endmember 2”, 0.010 rad apart" in row.words.text()


def test_a_click_on_the_purest_pixel_goes_there_in_the_map_and_reads_it(
    row, read, finished, plugin_modules, project
):
    result = read(Path(finished.results["OUTPUT"]))
    canvas, background = QgsMapCanvas(), plugin_modules("auvae_qgis.gui.background").Background()
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    canvas.setExtent(QgsRectangle(1e6, 6e6, 1.001e6, 6.001e6))
    found, said = [], []

    def show(pixel):
        found.append(pixel)
        return "#ff0000"

    probe = plugin_modules("auvae_qgis.gui.map_probe").MapProbe(canvas, background, show, said.append)
    probe.set_result(result)
    row.place_asked.connect(probe.go_to)
    row.show_endmember(result, 0)
    row.button.click()
    started = time.monotonic()
    while not found and time.monotonic() - started < 10:
        QgsApplication.processEvents()
    background.stop()
    purest = result.document["endmembers"][0]["purest"]
    [pixel] = found
    assert (pixel.row, pixel.col) == (purest["row"], purest["col"])
    assert pixel.abundances[0] == pytest.approx(purest["abundance"], abs=1e-5)
    to_map = QgsCoordinateTransform(probe.crs_of(result), canvas.mapSettings().destinationCrs(), project)
    middle = to_map.transform(QgsPointXY(*np.mean(pixel.corners, axis=0)))
    assert canvas.center().distance(middle) < 1
    assert not said
    probe.clear()
    tab = plugin_modules("auvae_qgis.gui.dock.probe_tab").ProbeTab()
    tab.set_result(result)
    tab.show()
    tab.add(pixel)
    assert "The purest pixel of “Endmember 1”." in tab.note.text()
    tab.close()
