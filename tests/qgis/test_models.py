"""What models need: the model that ships with the plugin, one map by its name, classes of abundances."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterRasterLayer,
    QgsVectorLayer,
)

from .conftest import COLS, MATERIALS, ROWS, TRANSFORM

PIXEL = abs(TRANSFORM[1] * TRANSFORM[5])


def names_of(folder):
    document = json.loads((Path(folder) / "result.json").read_text(encoding="utf-8"))
    return [one["name"] for one in document["endmembers"]]


def test_the_toolbox_has_the_model_from_image_to_polygons(qgis_app):
    model = QgsApplication.processingRegistry().algorithmById("auvae:materialpolygons")
    assert model.displayName() == "Materials as polygons"
    assert model.group() == "Unmix"
    assert model.canExecute()[0]
    assert "names:POLYGONS" in [one.name() for one in model.destinationParameterDefinitions()]


def test_the_model_designer_finds_nothing_missing_in_the_model(qgis_app):
    model = QgsApplication.processingRegistry().createAlgorithmById("auvae:materialpolygons")
    for step in model.childAlgorithms():
        assert model.validateChildAlgorithm(step) == (True, [])


def test_the_model_draws_polygons_that_have_the_names_of_their_materials(scene, tmp_path, project):
    results = processing.runAndLoadResults(
        "auvae:materialpolygons",
        {
            "scene": str(scene),
            "endmembers": MATERIALS,
            "quality": 0,
            "minimum": 0.5,
            "names:POLYGONS": str(tmp_path / "polygones.gpkg"),
            "dominant:CLASSES": str(tmp_path / "classes.tif"),
            "unmix:FOLDER": str(tmp_path / "result"),
        },
    )
    names = names_of(results["unmix:FOLDER"])
    maps = gdal.Open(str(tmp_path / "result" / "abundances.tif")).ReadAsArray()
    polygons = QgsVectorLayer(str(tmp_path / "polygones.gpkg"))
    areas = dict.fromkeys(names, 0.0)
    for feature in polygons.getFeatures():
        areas[feature["material"]] += feature.geometry().area()
    for name, abundance in zip(names, maps, strict=True):
        mostly = (abundance == maps.max(axis=0)) & (abundance >= 0.5)
        assert areas[name] == pytest.approx(mostly.sum() * PIXEL, rel=1e-6)
    loaded = {Path(layer.source().split("|")[0]).name: layer for layer in project.mapLayers().values()}
    assert set(loaded) == {"classes.tif", "polygones.gpkg"}
    shown = loaded["classes.tif"].renderer().classes()
    assert [one.label for one in shown] == names
    assert [one.color.name() for one in shown] == ["#0072b2", "#d55e00", "#009e73"]


def test_layers_numbers_and_one_map_by_name_feed_the_next_steps_of_a_model(scene, tmp_path):
    source = QgsProcessingModelChildParameterSource
    model = QgsProcessingModelAlgorithm("all outputs", "tests")
    model.addModelParameter(
        QgsProcessingParameterRasterLayer("scene", "Scene"), QgsProcessingModelParameter("scene")
    )
    steps = {
        "unmix": (
            "auvae:unmix",
            {"ENDMEMBERS": MATERIALS, "QUALITY": 0, "SEED": 0, "DEVICE": 2, "VARIANT": 0},
        ),
        "pick": ("auvae:abundancemap", {"ENDMEMBER": "endmember 2"}),
        "stack": ("gdal:buildvirtualraster", {"SEPARATE": True, "RESOLUTION": 0, "PROJ_DIFFERENCE": False}),
        "fill": ("native:fillnodata", {"BAND": 1}),
    }
    links = {
        "unmix": {"INPUT": source.fromModelParameter("scene")},
        "pick": {"INPUT": source.fromChildOutput("unmix", "OUTPUT")},
        "stack": {"INPUT": source.fromChildOutput("unmix", "OUTPUT_LAYERS")},
        "fill": {
            "INPUT": source.fromChildOutput("pick", "OUTPUT"),
            "FILL_VALUE": source.fromExpression("@unmix_MEAN_ANGLE + @pick_NUMBER"),
        },
    }
    outputs = {"unmix": "OUTPUT", "stack": "OUTPUT", "fill": "OUTPUT"}
    for name, (algorithm, values) in steps.items():
        step = QgsProcessingModelChildAlgorithm(algorithm)
        step.setChildId(name)
        step.setDescription(name)
        for parameter, value in values.items():
            step.addParameterSources(parameter, [source.fromStaticValue(value)])
        for parameter, link in links[name].items():
            step.addParameterSources(parameter, [link])
        if name in outputs:
            output = QgsProcessingModelOutput(name, name)
            output.setChildOutputName(outputs[name])
            step.setModelOutputs({name: output})
        model.addChildAlgorithm(step)
    model.updateDestinationParameters()
    # QGIS 3.22 calls them unmix:unmix and so on, 3.40 after what is said of them alone
    ids = {one.description(): one.name() for one in model.destinationParameterDefinitions()}
    result = tmp_path / "result"
    processing.run(
        model,
        {
            "scene": str(scene),
            ids["unmix"]: str(result),
            ids["stack"]: str(tmp_path / "stack.vrt"),
            ids["fill"]: str(tmp_path / "filled.tif"),
        },
    )
    maps = gdal.Open(str(result / "abundances.tif")).ReadAsArray()
    np.testing.assert_array_equal(gdal.Open(str(tmp_path / "stack.vrt")).ReadAsArray(), maps)
    metrics = json.loads((result / "result.json").read_text(encoding="utf-8"))["metrics"]
    filled = gdal.Open(str(tmp_path / "filled.tif")).ReadAsArray()
    np.testing.assert_allclose(filled[maps[1] < 0], metrics["mean_angle"] + 2, rtol=1e-5)
    np.testing.assert_array_equal(filled[maps[1] >= 0], maps[1][maps[1] >= 0])


@pytest.mark.parametrize("wanted", ["Endmember 3", " endmember 3", "3"])
def test_an_endmembers_map_is_found_by_name_or_number_and_not_copied_unasked(finished, wanted):
    folder = Path(finished.results["OUTPUT"])
    found = processing.run("auvae:abundancemap", {"INPUT": str(folder), "ENDMEMBER": wanted})
    assert found["OUTPUT"] == str(folder / "abundance_Endmember_3.tif")
    assert (found["NAME"], found["NUMBER"]) == ("Endmember 3", 3)
    values = gdal.Open(found["OUTPUT"]).ReadAsArray()
    assert found["MEAN_ABUNDANCE"] == pytest.approx(values[values >= 0].mean(), abs=1e-4)


def test_an_endmember_that_does_not_exist_is_answered_with_those_that_do(finished, tmp_path):
    folder = finished.results["OUTPUT"]
    for wanted in ("Water", "0", "4"):
        with pytest.raises(QgsProcessingException, match="2 “Endmember 2”"):
            processing.run("auvae:abundancemap", {"INPUT": folder, "ENDMEMBER": wanted})
    with pytest.raises(QgsProcessingException, match=r"result\.json"):
        processing.run("auvae:abundancemap", {"INPUT": str(tmp_path), "ENDMEMBER": "1"})


def write_fractions(path):
    """Fractions of somebody else's making: two named bands, NaN for no data, in a plain GeoTIFF."""
    raster = gdal.GetDriverByName("GTiff").Create(str(path), COLS, ROWS, 2, gdal.GDT_Float32)
    raster.SetGeoTransform(TRANSFORM)
    values = np.full((2, ROWS, COLS), 0.3, np.float32)
    values[1, : ROWS // 2] = 0.7
    values[:, 0, 0] = np.nan
    for band, name in enumerate(("soil", "vegetation"), 1):
        raster.GetRasterBand(band).SetDescription(name)
        raster.GetRasterBand(band).WriteArray(values[band - 1])
    return str(path)


def test_a_scene_is_not_taken_for_abundances(tmp_path, scene, qgis_app):
    with pytest.raises(QgsProcessingException, match="choose the abundances"):
        processing.run(
            "auvae:dominantmaterial", {"INPUT": str(scene), "OUTPUT": str(tmp_path / "classes.tif")}
        )


def test_any_raster_of_fractions_can_be_made_classes_and_weak_ones_get_none(tmp_path, project, qgis_app):
    fractions = write_fractions(tmp_path / "fractions.tif")
    wanted = tmp_path / "à part" / "classes.tif"
    results = processing.runAndLoadResults(
        "auvae:dominantmaterial", {"INPUT": fractions, "MINIMUM": 0.5, "OUTPUT": str(wanted)}
    )
    classes = gdal.Open(str(wanted))
    expected = np.zeros((ROWS, COLS))
    expected[: ROWS // 2] = 2
    expected[0, 0] = 0
    np.testing.assert_array_equal(classes.ReadAsArray(), expected)
    assert classes.GetGeoTransform() == TRANSFORM
    assert classes.GetRasterBand(1).GetCategoryNames() == ["", "soil", "vegetation"]
    assert json.loads(results["NAMES"]) == ["soil", "vegetation"]
    [layer] = project.mapLayers().values()
    assert [one.value for one in layer.renderer().classes()] == [1, 2]
    assert sorted(path.name for path in wanted.parent.iterdir()) == ["classes.tif", "classes.tif.aux.xml"]


def test_cancelled_classes_leave_an_older_file_as_it_was(tmp_path, qgis_app):
    wanted = tmp_path / "classes.tif"
    wanted.write_bytes(b"older")
    feedback = QgsProcessingFeedback()
    feedback.cancel()
    fractions = write_fractions(tmp_path / "fractions.tif")
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        processing.run(
            "auvae:dominantmaterial", {"INPUT": fractions, "OUTPUT": str(wanted)}, feedback=feedback
        )
    assert wanted.read_bytes() == b"older"
    assert {path.name for path in tmp_path.iterdir()} == {"classes.tif", "fractions.tif"}
