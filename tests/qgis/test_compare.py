"""Two results of one scene: the same materials found again, their areas, the differences of their maps."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import QgsApplication

from .conftest import MATERIALS, NO_DATA, TRANSFORM, write_scene


@pytest.fixture
def results(finished, plugin_modules, tmp_path):
    """A result, and the same with its endmembers in another order and its first map emptied."""
    read = plugin_modules("auvae_qgis.results.result").Result.read
    first = Path(finished.results["OUTPUT"])
    second = tmp_path / "second"
    shutil.copytree(first, second)
    document = json.loads((second / "result.json").read_text(encoding="utf-8"))
    document["endmembers"].reverse()
    (second / "result.json").write_text(json.dumps(document), encoding="utf-8")
    for name in ("endmembers.csv", "endmembers_spread.csv"):
        rows = [line.split(",") for line in (second / name).read_text(encoding="utf-8").splitlines()]
        turned = [",".join([row[0], *row[:0:-1]]) for row in rows]
        (second / name).write_text("\n".join(turned) + "\n", encoding="utf-8")
    map_of_last = str(second / document["endmembers"][-1]["file"])
    # GDAL 3.10 writes into a cloud-optimised map only where its layout may break
    raster = gdal.OpenEx(map_of_last, gdal.OF_UPDATE, open_options=["IGNORE_COG_LAYOUT_BREAK=YES"])
    values = raster.ReadAsArray()
    raster.GetRasterBand(1).WriteArray(np.where(values == NO_DATA, NO_DATA, 0).astype(np.float32))
    raster = None
    return read(first), read(second)


@pytest.fixture
def pairs_of(plugin_modules):
    """Which endmembers of two results are the same material."""
    found = plugin_modules("model.auvae.contract.materials").pairs_of
    return lambda results: found(*(result.spectra() for result in results))


def test_the_same_material_is_found_under_another_number(results, pairs_of):
    pairs = pairs_of(results)
    assert [(pair.first, pair.second) for pair in pairs] == [(n, MATERIALS - 1 - n) for n in range(MATERIALS)]
    assert max(pair.angle for pair in pairs) < 1e-3


def test_areas_are_abundance_times_pixel_area(results):
    hectares = results[0].hectares
    maps = gdal.Open(str(results[0].folder / "abundances.tif")).ReadAsArray()
    inside = maps[0] != NO_DATA
    pixel = abs(TRANSFORM[1] * TRANSFORM[5]) / 1e4
    assert hectares == pytest.approx([float(one[inside].sum()) * pixel for one in maps], rel=1e-5)
    assert sum(hectares) == pytest.approx(inside.sum() * pixel, rel=1e-4)


def test_a_difference_map_is_this_minus_the_other(results, plugin_modules, pairs_of, tmp_path):
    compare, pairs = plugin_modules("auvae_qgis.results.compare"), pairs_of(results)
    written = compare.write_differences(*results, pairs, tmp_path)
    assert [name for _, name in written] == [one.name for one in results[0].endmembers]
    first = gdal.Open(str(results[0].folder / results[0].endmembers[0].file)).ReadAsArray()
    assert np.array_equal(gdal.Open(str(written[0][0])).ReadAsArray(), first)
    others = gdal.Open(str(written[1][0])).ReadAsArray()
    assert set(np.unique(others)) == {NO_DATA, 0.0}


def test_a_result_whose_maps_are_gone_is_named(results, plugin_modules, pairs_of, tmp_path):
    compare, pairs = plugin_modules("auvae_qgis.results.compare"), pairs_of(results)
    (results[1].folder / results[1].endmembers[0].file).unlink()
    with pytest.raises(compare.CompareError, match="is gone or cannot be read"):
        compare.write_differences(*results, pairs, tmp_path)


def test_the_tab_draws_a_material_in_one_colour_and_tells_results_of_one_name_apart(results, plugin_modules):
    dock = plugin_modules("auvae_qgis.gui.dock.dock").ResultDock()
    dock.resize(500, 700)
    dock.show_result(results[0], 0)
    dock.list_results(list(results))
    dock.show()
    dock.tabs.setCurrentWidget(dock.compare)
    QgsApplication.processEvents()
    names = [dock.results.itemText(row) for row in range(dock.results.count())]
    assert names == [f"scène 1, {MATERIALS} endmembers", f"scène 1, {MATERIALS} endmembers, draft"]
    colors = {line.get_label(): line.get_color() for line in dock.compare.axes.lines}
    for number, endmember in enumerate(results[0].endmembers):
        partner = results[1].endmembers[MATERIALS - 1 - number].name
        assert colors[f"{partner} of the other"] == endmember.color
    table = [dock.compare.facts.topLevelItem(row) for row in range(dock.compare.facts.topLevelItemCount())]
    assert [item.text(0) for item in table[:4]] == ["Endmembers", "Mean angle (radians)", "RMSE", "Warnings"]
    assert len(table) == 4 + MATERIALS
    dock.close()
    dock.deleteLater()


def test_a_scene_that_is_unmixed_again_keeps_the_colours_of_its_materials(finished, add_layer, tmp_path):
    earlier, again = tmp_path / "earlier", tmp_path / "again"
    shutil.copytree(finished.results["OUTPUT"], earlier)
    document = json.loads((earlier / "result.json").read_text(encoding="utf-8"))
    own = ["#AA0000", "#00AA00", "#0000AA"]
    for endmember, color in zip(document["endmembers"], own, strict=True):
        endmember["color"] = color
    (earlier / "result.json").write_text(json.dumps(document), encoding="utf-8")
    add_layer(earlier / document["endmembers"][0]["file"])
    options = {"INPUT": str(finished.scene), "ENDMEMBERS": MATERIALS, "QUALITY": 0, "OUTPUT": str(again)}
    processing.run("auvae:unmix", options)
    made = json.loads((again / "result.json").read_text(encoding="utf-8"))
    assert [endmember["color"] for endmember in made["endmembers"]] == own
    assert made["options"]["colors_of"] == [str(earlier)]


def test_results_of_the_image_come_first_then_those_of_its_place_and_none_of_elsewhere(
    results, finished, add_layer, project, plugin_modules, tmp_path, scene_values
):
    of_scene = plugin_modules("auvae_qgis.results.in_project").results_of_scene
    document = json.loads((results[1].folder / "result.json").read_text(encoding="utf-8"))
    document["scene"]["path"], document["created"] = "/another/date.img", "2020-01-01T00:00:00Z"
    (results[1].folder / "result.json").write_text(json.dumps(document), encoding="utf-8")
    for result in results:
        add_layer(result.folder / "abundances.tif")
    image = add_layer(finished.scene)
    found = of_scene(str(finished.scene), image, project)
    assert [result.folder for result in found] == [results[0].folder, results[1].folder]
    elsewhere = write_scene(tmp_path / "elsewhere.img", scene_values)
    header = elsewhere.with_suffix(".hdr")
    header.write_text(header.read_text(encoding="utf-8").replace("565000", "665000"), encoding="utf-8")
    assert of_scene(str(elsewhere), add_layer(elsewhere), project) == []
    assert of_scene("/a/product.zip", None, project) == []
