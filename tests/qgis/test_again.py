"""A model used again, known spectra, extraction and purity in real QGIS, as an analyst runs them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import processing
import pytest
from osgeo import gdal, ogr
from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)

from .conftest import MATERIALS, NO_DATA, TRANSFORM, write_scene


def values_of(path):
    return gdal.Open(str(path)).ReadAsArray()


def test_a_model_maps_other_scenes_alike_and_their_layers_are_styled(
    finished, scene_values, listen, project, tmp_path
):
    darker = np.where(scene_values == NO_DATA, NO_DATA, scene_values // 2).astype(np.int16)
    scene = write_scene(tmp_path / "später.img", darker)
    feedback, context = listen(), QgsProcessingContext()
    context.setProject(project)
    options = {"INPUT": str(scene), "MODEL": finished.results["MODEL"], "OUTPUT": str(tmp_path / "applied")}
    results = processing.run("auvae:apply", options, feedback=feedback, context=context)
    first = values_of(Path(finished.results["OUTPUT"]) / "abundances.tif")
    assert np.abs(values_of(tmp_path / "applied" / "abundances.tif") - first).max() < 0.02
    assert [Path(path).is_file() for path in results["OUTPUT_LAYERS"]] == [True] * MATERIALS
    document = json.loads((tmp_path / "applied" / "result.json").read_text())
    assert document["applied"]["model"] == finished.results["MODEL"]
    offered = context.layersToLoadOnCompletion()
    file, details = next(item for item in offered.items() if item[0].endswith("composite.tif"))
    layer = project.addMapLayer(QgsRasterLayer(file, "map", "gdal"))
    details.postProcessor().postProcessLayer(layer, context, feedback)
    assert layer.customProperty("auvae/kind") == "composite"


def test_a_file_that_is_no_model_is_refused_in_words(scene, tmp_path):
    bad = tmp_path / "model.auvae"
    bad.write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(QgsProcessingException, match="no usable model"):
        processing.run(
            "auvae:apply", {"INPUT": str(scene), "MODEL": str(bad), "OUTPUT": str(tmp_path / "result")}
        )
    assert not (tmp_path / "result").exists()


@pytest.fixture
def places(project):
    """A layer in memory with a polygon and a point over the scene, named; in another coordinate system."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:32632&field=name:string(40)", "places", "memory")
    left, top = TRANSFORM[0], TRANSFORM[3]
    for name, col, row in (("grass", 6, 6), ("soil", 12, 12)):
        feature = QgsFeature(layer.fields())
        feature["name"] = name
        corner = QgsRectangle(left + 30 * col, top - 30 * (row + 2), left + 30 * (col + 2), top - 30 * row)
        feature.setGeometry(QgsGeometry.fromRect(corner))
        layer.dataProvider().addFeature(feature)
    return project.addMapLayer(layer)


def test_places_in_the_image_are_known_spectra_for_fcls_and_for_unmixing(scene, places, tmp_path, listen):
    shared = {"INPUT": str(scene), "KNOWN_PLACES": places}
    results = processing.run("auvae:fcls", {**shared, "OUTPUT": str(tmp_path / "fcls")}, feedback=listen())
    shares = values_of(results["ABUNDANCES"])
    assert shares.shape[0] == 2
    inside = shares[0] != NO_DATA
    assert np.abs(shares.sum(axis=0)[inside] - 1).max() < 1e-5
    assert shares[0, 6:8, 6:8].mean() > shares[0][inside].mean()
    options = {**shared, "ENDMEMBERS": 3, "QUALITY": 0, "OUTPUT": str(tmp_path / "unmixed")}
    results = processing.run("auvae:unmix", options, feedback=listen())
    names = [path.stem for path in map(Path, results["OUTPUT_LAYERS"])]
    assert names == ["abundance_grass", "abundance_soil", "abundance_Endmember_3"]
    with pytest.raises(QgsProcessingException, match="Nothing is known"):
        processing.run("auvae:fcls", {"INPUT": str(scene), "OUTPUT": str(tmp_path / "no")})


def test_a_model_is_fine_tuned_with_its_endmembers_in_their_order(finished, scene, tmp_path, listen):
    options = {
        "INPUT": str(scene),
        "ENDMEMBERS": 0,
        "QUALITY": 0,
        "START_MODEL": finished.results["MODEL"],
        "OUTPUT": str(tmp_path / "tuned"),
    }
    processing.run("auvae:unmix", options, feedback=listen())
    first = values_of(Path(finished.results["OUTPUT"]) / "abundances.tif")
    assert np.abs(values_of(tmp_path / "tuned" / "abundances.tif") - first).mean() < 0.05


def test_endmembers_leave_as_profiles_that_qgis_knows_as_the_enmap_box_does(finished, scene, tmp_path):
    exported = processing.run(
        "auvae:exportendmembers",
        {"INPUT": finished.results["OUTPUT"], "LIBRARY": str(tmp_path / "endmembers.gpkg")},
    )
    extracted = processing.run(
        "auvae:extractendmembers",
        {"INPUT": str(scene), "ENDMEMBERS": 3, "METHOD": "nfindr", "LIBRARY": str(tmp_path / "pure.gpkg")},
    )
    for path, placed in ((exported["LIBRARY"], False), (extracted["LIBRARY"], True)):
        layer = QgsVectorLayer(path, "library", "ogr")
        assert layer.isValid()
        assert layer.crs().authid() == "EPSG:4326"
        field = layer.fields().field("profiles")
        assert (field.editorWidgetSetup().type(), field.length()) == ("SpectralProfile", 0)
        for feature in layer.getFeatures():
            assert feature.hasGeometry() == placed
            held = json.loads(feature["profiles"])
            assert (len(held["x"]), len(held["y"]), len(held["bbl"])) == (27, 27, 27)
            assert (held["xUnit"], held["yUnit"]) == ("nm", "Reflectance")
            assert 0 <= min(held["y"]) <= max(held["y"]) < 1
    table = np.loadtxt(finished.results["ENDMEMBERS_FILE"], delimiter=",", skiprows=1)
    source = ogr.Open(exported["LIBRARY"])  # as long as it is open its layers and features live
    first = source.GetLayer("endmembers").GetNextFeature()
    held = json.loads(first["profiles"])
    del first, source
    assert held["x"] == pytest.approx(table[:, 0])
    assert held["y"] == pytest.approx(table[:, 1] / 10000, rel=1e-5)
    known = {"INPUT": str(scene), "KNOWN": exported["LIBRARY"], "OUTPUT": str(tmp_path / "fcls")}
    assert len(processing.run("auvae:fcls", known)["OUTPUT_LAYERS"]) == MATERIALS


def test_extreme_pixels_are_counted_on_the_grid_of_the_image(scene, tmp_path, listen):
    options = {"INPUT": str(scene), "PROJECTIONS": 200, "OUTPUT": str(tmp_path / "purity.tif")}
    results = processing.run("auvae:purity", options, feedback=listen())
    raster = gdal.Open(results["OUTPUT"])
    assert raster.GetGeoTransform() == pytest.approx(TRANSFORM)
    counts = raster.ReadAsArray()
    assert (counts[:3, :4] == -1).all()
    assert counts.max() == results["MOST"] > 10
    assert (counts > 0).sum() == results["EXTREME_PIXELS"] < counts.size / 2
