"""Damaged and hostile files that the plugin reads within QGIS: refused with a sentence, QGIS lives."""

from __future__ import annotations

import csv
import json
import re
import shutil
import socket
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import QgsApplication, QgsLayerTreeModel, QgsProject, QgsSettings, QgsVectorLayer
from qgis.gui import QgsMessageBar, QgsMessageLogViewer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLabel, QPlainTextEdit, QTextBrowser
from qgis.PyQt.QtXml import QDomDocument

from fuzz.plugin_targets import TARGETS

from .conftest import write_scene

CORPUS = Path(__file__).parents[1] / "corpus"
FILES = [path for path in sorted(CORPUS.iterdir()) if path.name.split("~")[0] in TARGETS]
TAG = "<img src=x onerror=alert(1)>"
SCENE = f"{TAG}&amp; $\\frac$ %d {{}}"
NAMES = (f"{TAG}&=cmd|'/c calc'!A0 $\\frac$", "=cmd|'/c calc'!A0\u2028${\"x\"}]]>", "@SUM(1+1)*cmd")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_damaged_file_is_read_or_refused_in_words(path, tmp_path, qgis_app):
    target = TARGETS[path.name.split("~")[0]]
    said = "read"
    try:
        target.feed(tmp_path, path.read_bytes())
    except target.errors as error:
        said = str(error)
    assert said
    assert "Traceback" not in said


@pytest.fixture(scope="module")
def hostile(qgis_app, scene_values, tmp_path_factory):
    """A result of a scene and of materials with such names, in the project."""
    folder = tmp_path_factory.mktemp("hostile")
    scene = write_scene(folder / f"{SCENE}.img", scene_values)
    with (folder / "known.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["wavelength", *NAMES])
        for nm in np.linspace(300, 2600, 60):
            rows.writerow([nm, *(2500 + 2000 * np.sin(nm / 300 + phase) for phase in (0.0, 2.1, 4.2))])
    options = {"INPUT": str(scene), "KNOWN": str(folder / "known.csv"), "OUTPUT": str(folder / "result")}
    processing.run("auvae:fcls", options)
    return folder / "result"


@pytest.fixture
def shown(hostile, plugin_modules, add_layer):
    """The result, and its layers as they are loaded into the project."""
    layers = plugin_modules("auvae_qgis.results.layers")
    result = plugin_modules("auvae_qgis.results.result").Result.read(hostile)
    made = []
    for file, name in layers.layers_of(result):
        if file.endswith(".geojson"):
            layer = QgsVectorLayer(file, name, "ogr")
            QgsProject.instance().addMapLayer(layer)
        else:
            layer = add_layer(file)
            layer.setName(name)
        context = SimpleNamespace(project=QgsProject.instance)
        layers.ResultLayer(lambda _: None).postProcessLayer(layer, context, None)
        made.append(layer)
    return result, made


def test_names_from_files_are_neither_html_nor_formulas_nor_paths_in_a_result(hostile):
    page = (hostile / "report.html").read_text(encoding="utf-8")
    assert TAG not in page
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;amp;" in page
    for table in ("endmembers.csv", "endmembers_spread.csv"):
        with (hostile / table).open(newline="", encoding="utf-8") as file:
            head = next(csv.reader(file))
        assert len(head) == 1 + len(NAMES)
        assert not [cell for cell in head if cell[0] in "=+-@\t\r"]
    assert all(re.fullmatch(r"[\w.-]+", path.name) for path in hostile.iterdir())
    assert {path.name for path in hostile.parent.iterdir()} >= {"result", "known.csv"}
    classes = ET.parse(hostile / "dominant.tif.aux.xml").getroot().iter("Category")  # noqa: S314 (ours)
    assert NAMES[0].replace("<", "‹") in [one.text for one in classes]


def test_names_of_several_scenes_are_text_in_their_summary(scene_values, tmp_path, qgis_app):
    names = (f"={TAG} 2024-05-03", "-cmd|'$x$'!A0 2024-06-03")
    scenes = [str(write_scene(tmp_path / f"{name}.img", scene_values)) for name in names]
    options = {"INPUTS": scenes, "ENDMEMBERS": 3, "QUALITY": 0, "OUTPUT": str(tmp_path / "results")}
    results = processing.run("auvae:unmixscenes", options)
    assert results["FINISHED"] == len(names)
    assert TAG not in Path(results["REPORT"]).read_text(encoding="utf-8")
    with Path(results["SUMMARY"]).open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+@\t\r" and cell]
    assert all(re.fullmatch(r"[\w.\- ]+", path.name) for path in (tmp_path / "results").iterdir())


def test_names_from_files_are_text_in_layers_their_properties_and_styles(shown):
    _, layers = shown
    model = QgsLayerTreeModel(QgsProject.instance().layerTreeRoot())
    for layer in layers:
        assert "<img src" not in layer.htmlMetadata().replace(str(layer.source()), "")
        styles = QDomDocument()
        layer.exportNamedStyle(styles)
        ET.fromstring(styles.toString())  # noqa: S314 (what QGIS wrote)
        node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
        tip = model.data(model.node2index(node), Qt.ItemDataRole.ToolTipRole)
        assert TAG not in tip
    assert {layer.name() for layer in layers} >= {NAMES[0].replace("<", "‹"), NAMES[2]}


def test_names_from_files_are_text_in_the_dock_and_its_plots(shown, plugin_modules):
    dock = plugin_modules("auvae_qgis.gui.dock.dock").ResultDock()
    dock.resize(700, 600)
    dock.show_result(shown[0], 0)
    dock.show()
    for tab in (dock.spectra, dock.library, dock.training, dock.probe):
        dock.tabs.setCurrentWidget(tab)
        QgsApplication.processEvents()
        tab.panel.canvas.draw()  # of a formula that is none matplotlib makes an error
    assert dock.spectra.axes.title._get_wrapped_text().replace(r"\$", "$") == SCENE
    labels = [*dock.findChildren(QLabel), dock._note]
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels if label.text())
    dock.probe.say(TAG)
    assert not Qt.mightBeRichText(dock.probe.note.toolTip())
    dock.close()
    dock.deleteLater()


def test_names_from_files_are_text_in_the_message_bar(plugin_modules):
    bar = QgsMessageBar()
    control = SimpleNamespace(_iface=SimpleNamespace(messageBar=lambda: bar))
    for say in (
        plugin_modules("auvae_qgis.gui.dock_control").DockControl._warn,
        plugin_modules("auvae_qgis.gui.dock_control").DockControl._say,
    ):
        say(control, f"No {TAG} here")
        [text] = bar.currentItem().findChildren(QTextBrowser)
        assert "src=x" in text.toPlainText()
        assert "<img" not in text.toHtml()


def test_the_last_words_of_a_worker_are_text_in_the_log(scene, tmp_path, stand_in):
    stand_in(f"read job; echo '{TAG}' >&2; exit 3")
    viewer = QgsMessageLogViewer(None)
    with pytest.raises(Exception, match="does not answer"):
        processing.run("auvae:inspect", {"INPUT": str(scene)})
    QgsApplication.processEvents()
    said = "".join(text.toPlainText() for text in viewer.findChildren(QPlainTextEdit))
    assert "img src=x" in said


@pytest.mark.parametrize("value", ["", 5, {"a": 1}, b"\xff", True, ["x", None]])
def test_settings_that_are_damaged_are_none(plugin_modules, value):
    settings = plugin_modules("auvae_qgis.settings")
    keys = (settings._PYTHON, settings._LIBRARIES, settings._CLUSTER)
    for key in keys:
        QgsSettings().setValue(key, value)
    assert settings.worker_python() is None
    assert settings.cluster_address() == ""
    assert settings.libraries() in ([], ["x"])
    for key in keys:
        QgsSettings().remove(key)


def test_a_library_leads_to_no_other_file(plugin_modules, tmp_path):
    """GDAL looks at the content: what is called GeoJSON may name any other file, or an address."""
    libraries = plugin_modules("model.auvae.contract.library")
    spectrum = '{\\"x\\": [400, 500], \\"y\\": [1, 2], \\"xUnit\\": \\"nm\\"}'
    (tmp_path / "secret.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": null, "properties": '
        f'{{"name": "a", "profile": "{spectrum}"}}}}]}}'
    )
    assert libraries.read_library(tmp_path / "secret.geojson").profiles
    (tmp_path / "library.geojson").write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>'
        f"{tmp_path}/secret.geojson</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    with pytest.raises(libraries.LibraryError):
        libraries.read_library(tmp_path / "library.geojson")


def test_a_geopackage_that_computes_gigabytes_is_refused(plugin_modules, tmp_path):
    libraries = plugin_modules("model.auvae.contract.library")
    path = tmp_path / "library.gpkg"
    with sqlite3.connect(path) as database:
        database.executescript(
            "CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT);"
            "INSERT INTO gpkg_contents VALUES ('SPECTRA', 'attributes');"
            "CREATE TABLE spectra (name TEXT, profiles TEXT AS ('{' || hex(zeroblob(100000000))));"
            "INSERT INTO spectra (name) VALUES ('a')"
        )
    with pytest.raises(libraries.LibraryError, match="no spectra"):
        libraries.read_library(path)


def test_a_result_leads_the_probe_to_no_address(finished, plugin_modules, tmp_path):
    probe, results = plugin_modules("auvae_qgis.results.probe"), plugin_modules("auvae_qgis.results.result")
    folder = tmp_path / "result"
    shutil.copytree(finished.results["OUTPUT"], folder)
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    raster = gdal.Open(str(folder / "abundances.tif"))
    x, y = gdal.Transformer(raster, None, []).TransformPoint(False, 10.5, 10.5, 0.0)[1][:2]
    raster = None
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/scene.tif"
        for name in (f"/vsicurl/{address}", address, f"/vsizip//vsicurl/{address}", f'NETCDF:"{address}"'):
            document["scene"]["path"] = name
            (folder / "result.json").write_text(json.dumps(document), encoding="utf-8")
            pixel = probe.read_pixel(results.Result.read(folder), x, y)
            assert "not where it was unmixed" in pixel.without_scene
        with pytest.raises(TimeoutError):
            server.accept()


def test_an_old_result_with_such_names_can_be_renamed_and_keeps_its_layers(shown, plugin_modules, tmp_path):
    result, _ = shown
    folder = tmp_path / "result"
    shutil.copytree(result.folder, folder)
    renamed = plugin_modules("auvae_qgis.results.rename").rename(folder, 0, f"{TAG} again $x$")
    assert renamed.result.endmembers[0].name == f"{TAG} again $x$".replace("<", "‹")
    assert TAG not in (folder / "report.html").read_text(encoding="utf-8")
