"""Products of sensors, masks, extents and the list of bands in real QGIS, with the real worker."""

from __future__ import annotations

import csv
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsRasterLayer,
    QgsRasterRange,
    QgsRectangle,
    QgsVectorLayer,
)

from .conftest import CHECKOUT, MATERIALS, TRANSFORM, Listener


@pytest.fixture
def product(tmp_path, plugin_modules):
    """Make the small product of a sensor, as tests/products.py does, in the worker's Python."""
    python = plugin_modules("auvae_qgis.environment.find").find_worker_python().path

    def make(sensor):
        folder = tmp_path / sensor
        folder.mkdir()
        done = subprocess.run(
            [python, str(CHECKOUT / "tests" / "products.py"), sensor, str(folder)],
            env={"PYTHONPATH": str(CHECKOUT / "model")}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return Path(done.stdout.strip())

    return make


def maps_of(results):
    return gdal.Open(results["ABUNDANCES"])


def has_data(raster):
    return raster.ReadAsArray()[0] != raster.GetRasterBand(1).GetNoDataValue()


def test_a_product_of_which_qgis_makes_no_layer_is_unmixed_by_its_file(product, options):
    maps = maps_of(processing.run("auvae:unmix", {**options, "INPUT": str(product("prisma"))}))
    assert maps.RasterCount == MATERIALS
    assert maps.GetSpatialRef().GetAuthorityCode(None) == "32632"
    assert has_data(maps).any()
    assert not has_data(maps).all()


def test_a_layer_of_a_part_of_an_emit_file_is_unmixed_as_the_product(product, options, project):
    layer = QgsRasterLayer(f'NETCDF:"{product("emit")}":reflectance', "reflectance", "gdal")
    if not layer.isValid():
        pytest.skip("this GDAL opens no part of the file")
    maps = maps_of(processing.run("auvae:unmix", {**options, "INPUT": project.addMapLayer(layer)}))
    assert (maps.RasterXSize, maps.RasterYSize) == (44, 40)


def test_enmaps_metadata_file_and_a_scene_within_an_archive_are_read(product, scene, tmp_path):
    assert processing.run("auvae:inspect", {"INPUT": str(product("enmap"))})["SENSOR"] == "EnMAP L2A"
    with zipfile.ZipFile(tmp_path / "scene.zip", "w") as packed:
        for name in (scene, scene.with_suffix(".hdr")):
            packed.write(name, name.name)
    inside = f"/vsizip/{tmp_path}/scene.zip/{scene.name}"
    assert processing.run("auvae:inspect", {"INPUT": inside})["USED"] == 27


def rectangle(crs, geometry):
    """A polygon layer in memory."""
    layer = QgsVectorLayer(f"Polygon?crs={crs}", "field", "memory")
    feature = QgsFeature()
    feature.setGeometry(geometry)
    assert layer.dataProvider().addFeatures([feature])[0]
    return layer


def on_the_ground(left, top, right, bottom):
    """A rectangle of the scene's pixels as a geometry in its coordinate system."""
    x, wide, _, y, _, high = TRANSFORM
    return QgsGeometry.fromRect(
        QgsRectangle(x + left * wide, y + bottom * high, x + right * wide, y + top * high)
    )


def test_only_where_polygons_of_another_coordinate_system_lie_are_there_maps(options, project, qgis_app):
    geometry = on_the_ground(5, 6, 15, 18)
    geometry.transform(
        QgsCoordinateTransform(
            QgsCoordinateReferenceSystem("EPSG:32632"), QgsCoordinateReferenceSystem("EPSG:4326"), project
        )
    )
    mask = project.addMapLayer(rectangle("EPSG:4326", geometry))
    maps = maps_of(processing.run("auvae:unmix", {**options, "MASK": mask}))
    expected = np.zeros((24, 20), bool)
    expected[6:18, 5:15] = True
    assert np.array_equal(has_data(maps), expected)


def test_an_extent_makes_maps_of_that_part_alone_where_it_lies(options, qgis_app):
    x, wide, _, y, _, high = TRANSFORM
    bounds = f"{x + 4 * wide},{x + 16 * wide},{y + 20 * high},{y + 5 * high} [EPSG:32632]"
    maps = maps_of(processing.run("auvae:unmix", {**options, "EXTENT": bounds}))
    assert (maps.RasterXSize, maps.RasterYSize) == (12, 15)
    assert maps.GetGeoTransform()[0] == pytest.approx(x + 4 * wide)
    assert maps.GetGeoTransform()[3] == pytest.approx(y + 5 * high)


def test_inspect_lists_every_band_with_its_reason_and_writes_page_and_table(scene, tmp_path, listen):
    feedback = listen()
    results = processing.run(
        "auvae:inspect",
        {"INPUT": str(scene), "REPORT": str(tmp_path / "bands.html"), "TABLE": str(tmp_path / "bands.csv")},
        feedback=feedback,
    )
    assert (results["USED"], results["LEFT_OUT"]) == (27, 3)
    assert results["NO_DATA"] == pytest.approx(12 / 480)
    with Path(results["TABLE"]).open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 30
    assert [row["band"] for row in rows if row["used"] == "0"] == ["14", "15", "16"]
    assert rows[13]["reason"] == "flagged bad in the header"
    page = Path(results["REPORT"]).read_text(encoding="utf-8")
    assert "<svg" in page
    assert "flagged bad in the header" in page
    assert any("left out: flagged bad" in line for line in feedback.lines)


def test_a_mask_that_lies_elsewhere_is_refused_in_a_sentence(options, project, qgis_app):
    mask = project.addMapLayer(rectangle("EPSG:32632", on_the_ground(500, 500, 510, 510)))
    with pytest.raises(QgsProcessingException, match=r"No polygon of the mask .* lies in the scene"):
        processing.run("auvae:unmix", {**options, "MASK": mask})


def test_choices_of_water_bands_can_be_named_and_unknown_ones_are_refused(options, qgis_app):
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("auvae:unmix")
    context = QgsProcessingContext()
    assert algorithm.checkParameterValues({**options, "WATER_BANDS": "drop"}, context)[0]
    fine, sentence = algorithm.checkParameterValues({**options, "WATER_BANDS": "some"}, context)
    assert not fine
    assert sentence == "WATER_BANDS must be one of auto, drop, keep, not “some”."


def test_the_dialog_takes_a_product_of_which_qgis_makes_no_layer(product, options):
    from processing.gui.AlgorithmDialog import AlgorithmDialog

    path = str(product("prisma"))
    dialog = AlgorithmDialog(QgsApplication.processingRegistry().createAlgorithmById("auvae:unmix"))
    try:
        dialog.setParameters({**options, "QUALITY": 0, "DEVICE": 2, "INPUT": path})
        given = dialog.createProcessingParameters()
        assert given["INPUT"] == path
        assert dialog.algorithm().checkParameterValues(given, QgsProcessingContext()) == (True, "")
    finally:
        dialog.close()


def test_what_a_layer_is_set_to_in_qgis_counts(scene):
    layer = QgsRasterLayer(str(scene), "set")
    dark = int(np.quantile(gdal.Open(str(scene)).ReadAsArray(), 0.2))
    for band in range(1, layer.bandCount() + 1):
        layer.dataProvider().setUserNoDataValue(band, [QgsRasterRange(-9000, dark)])
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32633"))
    listener = Listener()
    plain = processing.run("auvae:inspect", {"INPUT": str(scene)})
    found = processing.run("auvae:inspect", {"INPUT": layer}, feedback=listener)
    assert found["NO_DATA"] > plain["NO_DATA"]
    said = "\n".join(listener.lines)
    assert "Coordinate system: EPSG:32633" in said
    assert f"-9000 to {dark}" in said


def test_a_setting_that_cannot_count_is_named(scene):
    layer = QgsRasterLayer(str(scene), "set")
    layer.dataProvider().setUserNoDataValue(1, [QgsRasterRange(7, 7)])
    layer.dataProvider().setUseSourceNoDataValue(2, False)
    listener = Listener()
    processing.run("auvae:inspect", {"INPUT": layer}, feedback=listener)
    said = "\n".join(listener.lines)
    assert "additional no-data values in some of its bands" in said
    assert "switched off in the layer's settings" in said


def test_a_cube_with_its_bands_last_is_not_taken_from_the_side(product):
    found = processing.run("auvae:inspect", {"INPUT": str(product("cube"))})
    assert found["USED"] + found["LEFT_OUT"] == 12


@pytest.mark.parametrize("sensor", ["emit", "prisma"])
def test_a_product_that_qgis_shows_wrongly_or_not_at_all_is_offered_to_unmix(
    product, sensor, plugin_modules, monkeypatch, project
):
    session = plugin_modules("auvae_qgis.gui.session")
    offered, said = [], []
    monkeypatch.setattr(session.Session, "open_unmix", lambda _self, given: offered.append(given["INPUT"]))
    monkeypatch.setattr(session.Session, "_say", lambda _self, text, _level: said.append(text))
    made = session.Session(None, plugin_modules("auvae_qgis.gui.dock.dock").ResultDock(), None)
    file = product(sensor)
    assert made.open_image(file) is None
    assert offered == [str(file)]
    assert "Unmix reads the products of more sensors" in said[0]
    assert not project.mapLayers()
    made.remove()
