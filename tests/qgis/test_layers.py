"""What the analyst finds in the project afterwards: maps in their colours, in a group, over the scene."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import processing
import pytest
from qgis.core import (
    QgsApplication,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsSingleBandPseudoColorRenderer,
)

from .conftest import BAD_BANDS, BANDS, MATERIALS


def group_of(project, name):
    [group] = [one for one in project.layerTreeRoot().findGroups(True) if one.name() == name]
    return group


def document(folder):
    return json.loads((Path(folder) / "result.json").read_text(encoding="utf-8"))


def test_one_styled_layer_for_each_endmember_in_a_group_named_after_the_scene(
    options, scene, add_layer, project
):
    image = add_layer(scene)
    results = processing.runAndLoadResults("auvae:unmix", {**options, "INPUT": image.id()})
    group = group_of(project, "scène 1")
    layers = [node.layer() for node in group.findLayers()]
    endmembers = document(results["OUTPUT"])["endmembers"]
    assert [layer.name() for layer in layers] == [one["name"] for one in endmembers]
    assert [Path(layer.source()).name for layer in layers] == [one["file"] for one in endmembers]
    for layer, endmember in zip(layers, endmembers, strict=True):
        assert layer.crs() == image.crs()
        assert layer.extent() == image.extent()
        assert (layer.width(), layer.height()) == (image.width(), image.height())
        renderer = layer.renderer()
        assert isinstance(renderer, QgsSingleBandPseudoColorRenderer)
        assert (renderer.classificationMin(), renderer.classificationMax()) == (0, 1)
        none, *_, full = renderer.shader().rasterShaderFunction().colorRampItemList()
        assert (none.value, none.color.alpha()) == (0, 0)
        assert (full.value, full.color.alpha()) == (1, 255)
        assert full.color.name().lower() == endmember["color"].lower()
        assert renderer.legendSymbologyItems() or renderer.createLegendNodes(None)
    colors = {endmember["color"] for endmember in endmembers}
    assert len(colors) == MATERIALS
    corner = image.extent()
    _value, there = (
        layers[0].dataProvider().sample(QgsPointXY(corner.xMinimum() + 15, corner.yMaximum() - 15), 1)
    )
    assert not there  # no-data where the scene has none


@pytest.fixture
def load(qgis_app, plugin_modules, project):
    """Load a result folder as the toolbox does after a run, without training again."""
    from processing.gui.Postprocessing import handleAlgorithmResults

    def load(folder):
        algorithm = QgsApplication.processingRegistry().createAlgorithmById("auvae:unmix")
        context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
        context.setProject(project)
        endmembers = document(folder)["endmembers"]
        algorithm._post_processors = algorithm.provider().post_processors(len(endmembers))
        files = [{**one, "file": str(Path(folder) / one["file"])} for one in endmembers]
        algorithm._offer_layers(files, context)
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
    load(folder)
    assert len(project.mapLayers()) == MATERIALS - 1
    assert len(group_of(project, "scène 1").findLayers()) == MATERIALS - 1


def test_two_results_of_one_scene_get_two_groups(finished, load, project, tmp_path):
    for name in ("first", "second"):
        shutil.copytree(finished.results["OUTPUT"], tmp_path / name)
        load(tmp_path / name)
    groups = project.layerTreeRoot().findGroups(True)
    assert [group.name() for group in groups] == ["scène 1", "scène 1"]
    assert [len(group.findLayers()) for group in groups] == [MATERIALS, MATERIALS]


def test_a_map_finds_its_spectra_after_project_and_files_moved(
    finished, load, project, tmp_path, plugin_modules
):
    layers = plugin_modules("auvae_qgis.layers")
    shutil.copytree(finished.results["OUTPUT"], tmp_path / "old" / "result")
    load(tmp_path / "old" / "result")
    assert project.write(str(tmp_path / "old" / "project.qgz"))
    project.clear()
    shutil.move(tmp_path / "old", tmp_path / "new place")
    assert project.read(str(tmp_path / "new place" / "project.qgz"))
    found = [layers.result_of(layer) for layer in project.mapLayers().values()]
    assert sorted(index for _result, index in found) == list(range(MATERIALS))
    assert {result.folder for result, _index in found} == {tmp_path / "new place" / "result"}


def test_spectra_have_wavelengths_in_nm_the_rasters_unit_and_a_gap_at_bad_bands(finished, plugin_modules):
    spectra = plugin_modules("auvae_qgis.result").Result.read(Path(finished.results["OUTPUT"])).spectra()
    assert spectra.in_nanometres
    np.testing.assert_allclose(spectra.x, np.linspace(400, 2400, BANDS), atol=0.01)
    assert spectra.values.shape == (BANDS, MATERIALS)
    gaps = np.flatnonzero(np.isnan(spectra.values).all(axis=1)) + 1
    assert tuple(gaps) == BAD_BANDS
    assert "10000" in spectra.unit
    assert 100 < np.nanmean(spectra.values) < 10000


def test_the_qgis_side_imports_neither_torch_nor_rasterio(finished):
    assert Path(finished.results["OUTPUT"]).is_dir()
    assert not {"torch", "rasterio", "auvae"} & set(sys.modules)
