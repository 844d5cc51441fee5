"""The part of a scene that an analyst selects: mask, extent, bands of water vapour; and the list of bands."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from auvae.contract.errors import JobError, SceneError
from auvae.contract.selection import Extent, Selection
from auvae.endmembers.sampling import sample_patches
from auvae.scene.scene import Scene
from auvae.scene.water import in_water_window
from rasterio.control import GroundControlPoint
from rasterio.shutil import copy
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_geom
from rasterio.windows import Window

JASPER = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "jasper" / "jasper_224.img"
needs_shared = pytest.mark.skipif(not JASPER.exists(), reason="needs the benchmark scenes in ../shared")
UTM = Affine(30.0, 0.0, 565000.0, 0.0, -30.0, 5340000.0)


def valid_of(path, **selection):
    with Scene.open(path, selection=Selection(**selection)) as scene:
        return scene.read()[1]


def square(transform, left, top, right, bottom):
    """A polygon around pixels, in the coordinates of the raster."""
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    return {"type": "Polygon", "coordinates": [[tuple(transform @ corner) for corner in corners]]}


def geojson(path, geometry, crs=None):
    document = {"type": "Feature", "properties": {}, "geometry": geometry}
    if crs is not None:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def inside(rows, cols, left, top, right, bottom):
    expected = np.zeros((rows, cols), bool)
    expected[top:bottom, left:right] = True
    return expected


# ---- masks


@pytest.mark.parametrize(
    "grid",
    [UTM, UTM @ Affine.rotation(25.0), Affine(30, 0, 565000, 0, 30, 5339000)],
    ids=["north", "turned", "south-up"],
)
def test_polygons_in_longitude_and_latitude_leave_the_pixels_whose_centres_they_hold(
    write_raster, mixed, tmp_path, grid
):
    path = write_raster(mixed(), transform=grid)
    polygon = transform_geom("EPSG:32632", "EPSG:4326", square(grid, 4, 3, 15, 12))
    valid = valid_of(path, mask=geojson(tmp_path / "field.geojson", polygon))
    assert np.array_equal(valid, inside(20, 24, 4, 3, 15, 12))


def test_a_polygon_with_a_hole_in_the_scenes_own_coordinates_leaves_a_ring(write_raster, mixed, tmp_path):
    ring, hole = square(UTM, 2, 2, 12, 12), square(UTM, 5, 5, 8, 8)
    polygon = {"type": "Polygon", "coordinates": ring["coordinates"] + hole["coordinates"]}
    valid = valid_of(write_raster(mixed()), mask=geojson(tmp_path / "ring.geojson", polygon, "EPSG:32632"))
    assert np.array_equal(valid, inside(20, 24, 2, 2, 12, 12) & ~inside(20, 24, 5, 5, 8, 8))


def test_a_raster_of_another_size_and_coordinate_system_masks_where_it_is_zero_or_no_data(
    write_raster, mixed, tmp_path
):
    path = write_raster(mixed())
    x, y = (565000 + 6 * 30, 5340000 - 5 * 30)
    fine = np.zeros((60, 80, 1), np.uint8)
    fine[:30] = 1
    fine[:, 70:] = 255
    mask = write_raster(
        fine, name="mask.tif", crs="EPSG:32632", transform=Affine(5, 0, x, 0, -5, y), nodata=255
    )
    # 70 columns and 30 rows of 5 m, from the pixel in column 6, row 5 on.
    expected = inside(20, 24, 6, 5, 6 + 12, 5 + 5)
    assert np.array_equal(valid_of(path, mask=str(mask)), expected)
    warped = tmp_path / "warped.tif"
    with rasterio.open(mask) as source, WarpedVRT(source, crs="EPSG:3857", nodata=255) as other:
        copy(other, warped, driver="GTiff")
    assert (valid_of(path, mask=str(warped)) == expected).mean() > 0.95


def test_a_mask_of_the_scenes_size_serves_a_scene_without_georeference_and_another_is_refused(
    write_raster, mixed
):
    path = write_raster(mixed(), transform=None, crs=None)
    own = np.zeros((20, 24, 1), np.uint8)
    own[2:9, ::2] = 1
    mask = write_raster(own, name="mask.tif", transform=None, crs=None)
    assert np.array_equal(valid_of(path, mask=str(mask)), own[..., 0] > 0)
    other = write_raster(own[1:], name="other.tif", transform=None, crs=None)
    with pytest.raises(SceneError, match="has 19 x 24 pixels, the scene 20 x 24"):
        valid_of(path, mask=str(other))


def test_polygons_mask_a_scene_that_lies_by_ground_control_points(write_raster, mixed, tmp_path):
    points = [
        GroundControlPoint(row, col, 565000 + 30 * col + 3 * row, 5340000 - 30 * row + 2 * col)
        for row in (0, 10, 20)
        for col in (0, 12, 24)
    ]
    path = write_raster(mixed(), transform=None, crs=None, gcps=(points, "EPSG:32632"))
    grid = Affine(30, 3, 565000, 2, -30, 5340000)
    mask = geojson(tmp_path / "field.geojson", square(grid, 3, 4, 9, 8), "EPSG:32632")
    assert np.array_equal(valid_of(path, mask=mask), inside(20, 24, 3, 4, 9, 8))


def test_windows_of_a_masked_scene_are_those_of_the_whole(write_raster, mixed, tmp_path):
    path = write_raster(mixed())
    mask = geojson(tmp_path / "field.geojson", square(UTM, 4, 3, 15, 12), "EPSG:32632")
    with Scene.open(path, selection=Selection(mask=mask)) as scene:
        whole = scene.read()[1]
        assert np.array_equal(scene.read(Window(5, 2, 11, 9))[1], whole[2:11, 5:16])


def test_a_mask_that_leaves_islands_is_unmixed_on_them_alone(write_raster, mixed, unmix):
    islands = np.zeros((20, 24, 1), np.uint8)
    islands[1:5, 2:6] = islands[10, 20] = islands[12:19, 9:12] = 1
    mask = write_raster(islands, name="mask.tif")
    events = unmix(
        write_raster(mixed()), selection={"water_bands": "auto", "mask": str(mask), "extent": None}
    )
    with rasterio.open(events[-1]["files"]["abundances"]) as maps:
        assert np.array_equal(maps.read(1) != maps.nodata, islands[..., 0] > 0)


def test_a_small_mask_on_a_large_scene_is_learned_from_and_inspected(write_raster, mixed):
    path = write_raster(mixed(rows=300, cols=400))
    field = np.zeros((300, 400, 1), np.uint8)
    field[151:156, 231:237] = 1
    selection = Selection(mask=str(write_raster(field, name="mask.tif")))
    with Scene.open(path, selection=selection) as scene:
        learned = list(sample_patches(scene, seed=0, window=16, budget=2048))
        assert sum(valid.sum() for _, valid in learned) >= 30
        scene.check(3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"type": "Point", "coordinates": [10, 50]}', "No polygon of the mask"),
        ('{"type": "FeatureCollection", "features": []}', "No polygon of the mask"),
        ("{", "is no GeoJSON"),
        ('["a"]', "is no GeoJSON"),
    ],
)
def test_a_mask_without_polygons_in_the_scene_is_refused_with_what_to_do(
    write_raster, mixed, tmp_path, content, said
):
    (tmp_path / "mask.geojson").write_text(content, encoding="utf-8")
    with pytest.raises(SceneError, match=said) as caught:
        valid_of(write_raster(mixed()), mask=str(tmp_path / "mask.geojson"))
    assert caught.value.remedy.endswith(".")


# ---- extents


def test_an_extent_in_another_coordinate_system_gives_the_part_of_the_scene_where_it_lies(
    write_raster, mixed, unmix
):
    cube = mixed()
    path = write_raster(cube)
    polygon = transform_geom("EPSG:32632", "EPSG:4326", square(UTM, 4.2, 3.2, 14.8, 11.8))
    corners = np.array(polygon["coordinates"][0])
    bounds = [*corners.min(axis=0), *corners.max(axis=0)]
    extent = {"bounds": bounds, "crs": "EPSG:4326"}
    events = unmix(path, selection={"water_bands": "auto", "mask": None, "extent": extent})
    with rasterio.open(events[-1]["files"]["abundances"]) as maps:
        left, top = round((maps.transform.c - 565000) / 30), round((5340000 - maps.transform.f) / 30)
        # The meridians are not the columns: the part is a little larger than the rectangle on the ground.
        assert (3 <= left <= 4, 2 <= top <= 3) == (True, True)
        assert 11 <= maps.width <= 13
        assert 9 <= maps.height <= 11
    extent = Extent(tuple(bounds), "EPSG:4326")
    with Scene.open(path, selection=Selection(extent=extent)) as scene:
        part = cube[top : top + scene.rows, left : left + scene.cols]
        assert np.array_equal(scene.read()[0], part.astype(np.float32))


def test_an_extent_of_a_scene_with_ground_control_points_moves_them(write_raster, mixed):
    points = [
        GroundControlPoint(row, col, 565000 + 30 * col, 5340000 - 30 * row)
        for row in (0, 10, 20)
        for col in (0, 12, 24)
    ]
    path = write_raster(mixed(), transform=None, crs=None, gcps=(points, "EPSG:32632"))
    extent = Extent((565000 + 5 * 30, 5340000 - 12 * 30, 565000 + 20 * 30, 5340000 - 2 * 30))
    with Scene.open(path, selection=Selection(extent=extent)) as scene:
        assert (scene.rows, scene.cols) == (10, 15)
        assert (scene.gcps[0].row, scene.gcps[0].col) == (-2, -5)


def test_an_extent_of_a_scene_without_georeference_is_in_its_pixels_as_qgis_shows_them(write_raster, mixed):
    cube = mixed()
    path = write_raster(cube, transform=None, crs=None)
    with Scene.open(path, selection=Selection(extent=Extent((3, -12, 11, -2)))) as scene:
        assert np.array_equal(scene.read()[0], cube[2:12, 3:11].astype(np.float32))


def test_an_extent_beside_the_scene_and_a_nonsensical_one_are_refused(write_raster, mixed, auvae):
    path = write_raster(mixed())
    with pytest.raises(SceneError, match="outside the raster"):
        valid_of(path, extent=Extent((0, 0, 10, 10)))
    with pytest.raises(SceneError, match="coordinate system nowhere is not known"):
        valid_of(path, extent=Extent((0, 0, 10, 10), "nowhere"))
    for wrong in ([1, 2, 3], [5, 0, 1, 9], [0, 0, float("inf"), 1]):
        with pytest.raises(JobError, match="Extent is"):
            Selection.parse({"water_bands": "auto", "mask": None, "extent": {"bounds": wrong, "crs": ""}})


def test_the_command_that_a_result_names_selects_the_same_part(simulated):
    from auvae.command import count
    from auvae.command.main import parser

    chosen = Selection("drop", "fields.geojson", Extent((-5.25, -3.0, 0.1, 1e-7), "EPSG:4326"))
    given = parser().parse_args(["count", str(simulated), *chosen.arguments()])
    assert count.job(given).selection == chosen


# ---- water vapour


@pytest.fixture
def humid(write_raster):
    """A scene with 40 bands: noise near 1400 nm, faint but clear signal near 1900 nm."""
    from auvae.simulation.simulate import spectra

    nm = np.linspace(400, 2450, 40)
    draws = np.random.default_rng(0)
    _, endmembers = spectra(3, nm, draws)
    cube = draws.dirichlet((0.5,) * 3, size=(30, 30)) @ endmembers
    first, second = (nm > 1350) & (nm < 1450), (nm > 1800) & (nm < 1950)
    cube[..., first] = 0.01 * cube[..., first] + draws.normal(0.02, 0.02, (30, 30, first.sum()))
    cube[..., second] = 0.05 * cube[..., second] + draws.normal(0, 0.0005, (30, 30, second.sum()))
    path = write_raster(cube.astype(np.float32), descriptions=tuple(f"{one:.2f} nm" for one in nm))
    return path, np.flatnonzero(first) + 1, np.flatnonzero(second) + 1


def left_out(path, **given):
    with Scene.open(path, **given) as scene:
        return [band.number for band in scene.bands if not band.kept], scene


def test_bands_of_water_vapour_are_left_out_by_default_only_where_they_are_mostly_noise(humid):
    path, noisy, clear = humid
    numbers, scene = left_out(path)
    assert numbers == noisy.tolist()
    assert scene.bands[noisy[0] - 1].reason == "water vapour absorbs here, and it is mostly noise"
    assert left_out(path, selection=Selection("drop"))[0] == [*noisy.tolist(), *clear.tolist()]
    assert left_out(path, selection=Selection("keep"))[0] == []
    with Scene.open(path, bands=range(1, 41)) as chosen:
        assert len(chosen.kept) == 40


@needs_shared
def test_of_jaspers_bands_exactly_the_wet_ones_it_lists_as_bad_are_found_to_be_noise(tmp_path):
    shutil.copy(JASPER, tmp_path)
    header = JASPER.with_suffix(".hdr").read_text(encoding="utf-8")
    without_list = re.sub(r"bbl\s*=\s*\{[^}]*\}", "", header)
    (tmp_path / JASPER.with_suffix(".hdr").name).write_text(without_list, encoding="utf-8")
    flagged, scene = left_out(JASPER)
    wet = [number for number in flagged if in_water_window(scene.bands[number - 1].wavelength)]
    assert len(wet) == 18
    assert left_out(tmp_path / JASPER.name)[0] == wet


# ---- what was decided


def test_the_command_lists_bands_reasons_means_and_the_share_without_data(humid, auvae, tmp_path):
    path, noisy, _ = humid
    page, table = tmp_path / "bands.html", tmp_path / "bands.csv"
    extent = "565000,5339400,565600,5340000"
    done = auvae("inspect", path, "--report", page, "--table", table, "--extent", extent)
    assert done.returncode == 0, done.stderr
    assert "20 x 20 pixels, no sensor recognised" in done.stdout
    assert f"{40 - len(noisy)} of 40 bands used, 0.0% of the pixels without data" in done.stdout
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["band"]) for row in rows if row["used"] == "0"] == noisy.tolist()
    with rasterio.open(path) as raster:
        means = raster.read(window=Window(0, 0, 20, 20)).mean(axis=(1, 2))
    assert [float(row["mean"]) for row in rows] == pytest.approx(means, rel=1e-4)
    text = page.read_text(encoding="utf-8")
    assert len(re.findall("<path d=.M", text)) >= 2
    assert "water vapour absorbs here" in text


# ---- odd rasters


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (2, 2), (5, 7), (17, 257)])
def test_strips_tiny_and_odd_sizes_are_unmixed_on_their_own_grid(write_raster, mixed, unmix, shape):
    path = write_raster(mixed(*shape), transform=UTM @ Affine.rotation(10.0))
    events = unmix(path)
    with rasterio.open(events[-1]["files"]["abundances"]) as maps, rasterio.open(path) as scene:
        assert maps.shape == shape
        assert maps.transform.almost_equals(scene.transform)
        assert (maps.read(1) != maps.nodata).all()


def test_a_coordinate_system_without_a_code_is_kept(write_raster, mixed, unmix):
    odd = "+proj=laea +lat_0=47.3 +lon_0=11.1 +x_0=12 +y_0=34 +ellps=bessel +units=m +no_defs"
    events = unmix(write_raster(mixed(), crs=odd))
    with rasterio.open(events[-1]["files"]["abundances"]) as maps:
        assert maps.crs == rasterio.CRS.from_string(odd)
        assert maps.crs.to_epsg() is None
