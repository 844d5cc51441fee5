"""What the analyst finds in the project afterwards: maps in their colours, in a group, over the scene."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsCoordinateTransform,
    QgsLayerTreeRegistryBridge,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtGui import QColor

from .conftest import BAD_BANDS, BANDS, COLS, MATERIALS, ROWS

OTHERS = 5  # purest pixels, composite, dominant material, uncertainty, error


def group_of(project, name):
    [group] = [one for one in project.layerTreeRoot().findGroups(True) if one.name() == name]
    return group


def document(folder):
    return json.loads((Path(folder) / "result.json").read_text(encoding="utf-8"))


def test_a_result_comes_as_one_group_with_the_composite_on_top_and_alone_ticked(
    options, scene, add_layer, project
):
    image = add_layer(scene)
    results = processing.runAndLoadResults("auvae:unmix", {**options, "INPUT": image.id()})
    group = group_of(project, f"scène 1, {MATERIALS} endmembers")
    files = [Path(node.layer().source()).name for node in group.findLayers()]
    endmembers = document(results["OUTPUT"])["endmembers"]
    maps = [one["file"] for one in endmembers]
    points = "purest_pixels.geojson"
    assert files == [points, "composite.tif", "dominant.tif", *maps, "uncertainty.tif", "error.tif"]
    assert [node.isVisible() for node in group.findLayers()] == [False, True] + [False] * (MATERIALS + 3)
    assert not any(node.isExpanded() for node in group.findLayers())
    for node in group.findLayers()[1:]:
        layer = node.layer()
        assert layer.crs() == image.crs()
        assert layer.extent() == image.extent()
        assert (layer.width(), layer.height()) == (image.width(), image.height())
    _value, there = corner(group.findLayers()[3].layer())
    assert not there  # no-data where the scene has none


def corner(layer):
    """What a raster holds in its upper left corner, where the scene has no data."""
    extent = layer.extent()
    return layer.dataProvider().sample(QgsPointXY(extent.xMinimum() + 15, extent.yMaximum() - 15), 1)


@pytest.fixture
def loaded(finished, load, project):
    """The layers of a finished run by the name of their file."""
    load(finished.results["OUTPUT"])
    return {Path(layer.source()).name: layer for layer in project.mapLayers().values()}


def test_maps_and_classes_have_the_names_and_colours_of_the_endmembers(loaded, finished):
    endmembers = document(finished.results["OUTPUT"])["endmembers"]
    assert len({endmember["color"] for endmember in endmembers}) == MATERIALS
    for endmember in endmembers:
        layer = loaded[endmember["file"]]
        assert layer.name() == endmember["name"]
        renderer = layer.renderer()
        assert isinstance(renderer, QgsSingleBandPseudoColorRenderer)
        assert (renderer.classificationMin(), renderer.classificationMax()) == (0, 1)
        none, *_, full = renderer.shader().rasterShaderFunction().colorRampItemList()
        assert (none.value, none.color.alpha()) == (0, 0)
        assert (full.value, full.color.alpha()) == (1, 255)
        assert full.color.name().lower() == endmember["color"].lower()
        assert renderer.legendSymbologyItems() or renderer.createLegendNodes(None)
    classes = loaded["dominant.tif"].renderer().classes()
    assert [(one.value, one.label, one.color.name().lower()) for one in classes] == [
        (number, one["name"], one["color"].lower()) for number, one in enumerate(endmembers, 1)
    ]
    assert not corner(loaded["dominant.tif"])[1]


def test_the_purest_pixels_are_points_in_the_colours_of_their_endmembers(loaded, finished, project):
    result = document(finished.results["OUTPUT"])
    layer = loaded["purest_pixels.geojson"]
    assert layer.name() == "Purest pixels"
    classes = [
        (one.value(), one.label(), one.symbol().color().name()) for one in layer.renderer().categories()
    ]
    assert classes == [
        (number, one["name"], one["color"].lower()) for number, one in enumerate(result["endmembers"], 1)
    ]
    maps = [loaded[one["file"]] for one in result["endmembers"]]
    to_map = QgsCoordinateTransform(layer.crs(), maps[0].crs(), project)
    points = list(layer.getFeatures())
    assert len(points) == sum(one["purest"]["pixels"] for one in result["endmembers"])
    for point in points:
        place = to_map.transform(point.geometry().asPoint())
        share, there = maps[point["endmember"] - 1].dataProvider().sample(place, 1)
        assert there
        assert share == pytest.approx(point["abundance"], abs=1e-5)


def test_a_new_name_reaches_the_points_and_their_classes(load, finished, project, tmp_path, plugin_modules):
    folder = tmp_path / "result"
    shutil.copytree(finished.results["OUTPUT"], folder)
    load(folder)
    renamed = plugin_modules("auvae_qgis.results.rename").rename(folder, 1, "Water")
    plugin_modules("auvae_qgis.results.layers").rename_layers(renamed, project)
    [layer] = [one for one in project.mapLayers().values() if one.name() == "Purest pixels"]
    assert [one.label() for one in layer.renderer().categories()][1] == "Water"
    names = {point["name"] for point in layer.getFeatures() if point["endmember"] == 2}
    assert names == {"Water"}


def test_points_of_a_scene_without_a_place_lie_on_its_maps(load, finished, project, tmp_path):
    folder = tmp_path / "without"
    shutil.copytree(finished.results["OUTPUT"], folder)
    bare = folder / document(folder)["files"]["abundances"]
    gdal.Translate(str(tmp_path / "bare.tif"), str(bare), creationOptions=["PROFILE=BASELINE"])
    (tmp_path / "bare.tif").replace(bare)
    points = {
        "type": "FeatureCollection", "crs": None, "features": [{
            "type": "Feature", "geometry": {"type": "Point", "coordinates": [7.5, -10.5]},
            "properties": {"name": "Endmember 1", "endmember": 1, "row": 11, "column": 8, "abundance": 1.0},
        }],
    }  # fmt: skip
    (folder / "purest_pixels.geojson").write_text(json.dumps(points))
    load(folder)
    [layer] = [one for one in project.mapLayers().values() if one.name() == "Purest pixels"]
    assert not layer.crs().isValid()  # else QGIS would take rows and columns for degrees


def test_the_composite_is_drawn_in_mixed_colours_and_clear_where_there_are_no_data(loaded, finished):
    endmembers = document(finished.results["OUTPUT"])["endmembers"]
    layer = loaded["composite.tif"]
    picture = layer.renderer().block(1, layer.extent(), COLS, ROWS, None)
    maps = gdal.Open(finished.results["ABUNDANCES"]).ReadAsArray()
    row, col = 10, 10
    colors = [QColor(one["color"]) for one in endmembers]
    drawn = QColor(picture.color(row, col))
    for part in ("red", "green", "blue"):
        mixed = sum(
            share * getattr(color, part)() for share, color in zip(maps[:, row, col], colors, strict=True)
        )
        assert abs(getattr(drawn, part)() - mixed) <= 1
    assert QColor.fromRgba(picture.color(0, 0)).alpha() == 0
    assert QColor.fromRgba(picture.color(row, col)).alpha() == 255


def test_uncertainty_shows_one_endmember_at_a_time_by_its_styles_and_error_is_stretched(loaded, finished):
    styles = loaded["uncertainty.tif"].styleManager()
    assert styles.currentStyle() == "Endmember 1"
    assert styles.styles() == [one["name"] for one in document(finished.results["OUTPUT"])["endmembers"]]
    styles.setCurrentStyle("Endmember 2")
    assert loaded["uncertainty.tif"].renderer().band() == 2
    mean_angle = document(finished.results["OUTPUT"])["metrics"]["mean_angle"]
    assert loaded["error.tif"].renderer().classificationMax() == pytest.approx(3 * mean_angle)


def test_an_edited_style_file_is_what_layers_look_like(finished, load, project, plugin_modules, tmp_path):
    styles = plugin_modules("auvae_qgis.results.styles")
    shutil.copytree(styles.STYLES, tmp_path / "styles")
    edited = tmp_path / "styles" / "abundance.qml"
    text = edited.read_text(encoding="utf-8")
    assert 'value="0.5" label="0.5"' in text
    edited.write_text(text.replace('value="0.5" label="0.5"', 'value="0.1" label="some"'), encoding="utf-8")
    before, styles.STYLES = styles.STYLES, tmp_path / "styles"
    try:
        load(finished.results["OUTPUT"])
    finally:
        styles.STYLES = before
    [layer] = project.mapLayersByName("Endmember 2")
    items = layer.renderer().shader().rasterShaderFunction().colorRampItemList()
    assert [(item.value, item.label) for item in items] == [(0, "0"), (0.1, "some"), (1, "1")]
    assert {item.color.name().lower() for item in items} == {"#d55e00"}


def test_a_layer_says_what_it_is_and_how_it_came_about(loaded, finished):
    metadata = loaded["abundance_Endmember_1.tif"].metadata()
    assert "Abundance of “Endmember 1”" in metadata.abstract()
    history = "\n".join(metadata.history())
    for said in (
        "Seed: 0",
        f"Number of endmembers: {MATERIALS}",
        str(finished.scene),
        "auvae unmix",
        "torch",
    ):
        assert said in history


def test_a_copy_elsewhere_still_knows_its_result_after_both_moved(options, tmp_path, project, plugin_modules):
    layers = plugin_modules("auvae_qgis.results.layers")
    old = tmp_path / "old"
    processing.runAndLoadResults(
        "auvae:unmix",
        {**options, "OUTPUT": str(old / "result"), "ABUNDANCES": str(old / "for others" / "maps.tif")},
    )
    assert project.write(str(old / "project.qgz"))
    project.clear()
    shutil.move(old, tmp_path / "new")
    assert project.read(str(tmp_path / "new" / "project.qgz"))
    [copy] = [one for one in project.mapLayers().values() if one.source().endswith("maps.tif")]
    result, index = layers.result_of(copy)
    assert (result.folder, index) == (tmp_path / "new" / "result", None)


@pytest.fixture
def load(qgis_app, plugin_modules, project):
    """Load a result folder as the toolbox does after a run, without training again."""
    from processing.gui.Postprocessing import handleAlgorithmResults

    def load(folder):
        algorithm = QgsApplication.processingRegistry().createAlgorithmById("auvae:unmix")
        context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
        context.setProject(project)
        algorithm._post_processors = algorithm.provider().post_processors(MATERIALS + OTHERS + 1)
        algorithm._offer_layers(Path(folder), "", context)
        assert handleAlgorithmResults(algorithm, context, feedback)

    return load


def test_running_again_into_the_same_folder_replaces_the_layers_too(finished, load, project, tmp_path):
    folder = tmp_path / "result"
    shutil.copytree(finished.results["OUTPUT"], folder)
    load(folder)
    last = folder / document(folder)["endmembers"][-1]["file"]
    shorter = document(folder)
    shorter["endmembers"].pop()  # as if unmixed again with one endmember less
    last.unlink()
    (folder / "result.json").write_text(json.dumps(shorter), encoding="utf-8")
    first = folder / shorter["endmembers"][0]["file"]
    gdal.Translate(str(folder / "new.tif"), str(first), scaleParams=[[0, 1, 7, 7]])
    (folder / "new.tif").replace(first)
    load(folder)
    assert len(project.mapLayers()) == MATERIALS - 1 + OTHERS
    group = group_of(project, f"scène 1, {MATERIALS - 1} endmembers")
    assert len(group.findLayers()) == MATERIALS - 1 + OTHERS
    [shown] = [one.layer() for one in group.findLayers() if one.layer().source() == str(first)]
    assert shown.dataProvider().block(1, shown.extent(), COLS, ROWS).value(10, 10) == 7


def test_two_results_of_one_scene_get_two_groups(finished, load, project, tmp_path):
    for name in ("first", "second"):
        shutil.copytree(finished.results["OUTPUT"], tmp_path / name)
        load(tmp_path / name)
    groups = project.layerTreeRoot().findGroups(True)
    kind = f"scène 1, {MATERIALS} endmembers"
    assert [group.name() for group in groups] == [f"{kind}, draft", kind]
    assert [len(group.findLayers()) for group in groups] == [MATERIALS + OTHERS] * 2


def test_a_result_loaded_while_a_map_of_another_is_active_gets_its_own_group(
    finished, load, project, tmp_path
):
    load(finished.results["OUTPUT"])
    # The desktop puts new layers beside the active one, which is in the group of the first result.
    group = group_of(project, f"scène 1, {MATERIALS} endmembers")
    bridge, place = project.layerTreeRegistryBridge(), QgsLayerTreeRegistryBridge.InsertionPoint
    bridge.setLayerInsertionPoint(place(group, 0))
    other = shutil.copytree(finished.results["OUTPUT"], tmp_path / "other")
    load(other)
    bridge.setLayerInsertionPoint(place(project.layerTreeRoot(), 0))
    both = [one for one in project.layerTreeRoot().findGroups(True) if one.name().startswith("scène 1")]
    assert [len(one.findLayers()) for one in both] == [MATERIALS + OTHERS] * 2
    assert [one.parent() for one in both] == [project.layerTreeRoot()] * 2
    folders = [{Path(node.layer().source()).parent for node in one.findLayers()} for one in both]
    assert {len(one) for one in folders} == {1}


def test_a_map_finds_its_spectra_after_project_and_files_moved(
    finished, load, project, tmp_path, plugin_modules
):
    layers = plugin_modules("auvae_qgis.results.layers")
    shutil.copytree(finished.results["OUTPUT"], tmp_path / "old" / "result")
    load(tmp_path / "old" / "result")
    assert project.write(str(tmp_path / "old" / "project.qgz"))
    project.clear()
    shutil.move(tmp_path / "old", tmp_path / "new place")
    assert project.read(str(tmp_path / "new place" / "project.qgz"))
    found = [layers.result_of(layer) for layer in project.mapLayers().values()]
    assert sorted(index for _result, index in found if index is not None) == list(range(MATERIALS))
    assert {result.folder for result, _index in found} == {tmp_path / "new place" / "result"}
    load(tmp_path / "new place" / "result")
    assert len(project.layerTreeRoot().findGroups(True)) == 1  # unmixed again: the group is found too


def test_spectra_have_wavelengths_in_nm_the_rasters_unit_and_a_gap_at_bad_bands(finished, plugin_modules):
    spectra = (
        plugin_modules("auvae_qgis.results.result").Result.read(Path(finished.results["OUTPUT"])).spectra()
    )
    assert spectra.in_nanometres
    np.testing.assert_allclose(spectra.x, np.linspace(400, 2400, BANDS), atol=0.01)
    assert spectra.values.shape == (BANDS, MATERIALS)
    gaps = np.flatnonzero(np.isnan(spectra.values).all(axis=1)) + 1
    assert tuple(gaps) == BAD_BANDS
    assert "10000" in spectra.unit
    assert 100 < np.nanmean(spectra.values) < 10000


def test_the_qgis_side_imports_neither_torch_nor_rasterio(finished):
    assert Path(finished.results["OUTPUT"]).is_dir()
    assert not {"torch", "rasterio", "auvae.network.trainer"} & set(sys.modules)
