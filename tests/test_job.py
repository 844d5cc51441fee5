"""From a job to its result folder: what an analyst gets, and what bad input gives instead."""

from __future__ import annotations

import base64
import csv
import json
import math
import os
import re
import resource
import shutil
from html import escape, unescape
from pathlib import Path

import numpy as np
import pytest
import rasterio
import safetensors.numpy
import torch
from auvae.contract.errors import Cancelled, DeviceError, JobError, OutputError, SceneError
from auvae.contract.jobs import UnmixJob
from auvae.contract.result_document import is_result
from auvae.mapping.map_rasters import NO_DATA
from auvae.mapping.overview import LONGEST, Overview
from auvae.network import model
from auvae.report.advice import advice
from auvae.report.doubt import doubts
from auvae.result import folder as result_folder
from auvae.result.writer import ResultWriter
from auvae.scene.scene import Scene
from auvae.tasks import unmix as unmix_task
from auvae.worker import dispatch as job_module
from rasterio.control import GroundControlPoint
from rasterio.io import MemoryFile
from rasterio.transform import Affine, rowcol
from rasterio.warp import transform as warp_points
from rasterio.windows import Window

RASTERS = ("abundances.tif", "uncertainty.tif", "error.tif", "abundance_Endmember_1.tif")


@pytest.fixture(scope="module")
def result(simulated, tmp_path_factory):
    """One short job's events and its folder, looked at by many tests."""
    output = tmp_path_factory.mktemp("one") / "result"
    events = []
    given = UnmixJob(
        id="abc", scene=str(simulated), endmembers=3, output=str(output), quality="draft", device="cpu"
    )
    job_module.run(given, events.append, lambda: False)
    return events, output


def read(path):
    with rasterio.open(path) as raster:
        return np.moveaxis(raster.read(), 0, -1)


# ---- the result


def test_composite_and_dominant_agree_with_the_abundances_and_keep_no_data(
    unmix, write_raster, mixed, tmp_path
):
    cube = mixed(300, 290)
    cube[:50, :40] = -9999
    unmix(write_raster(cube, nodata=-9999))
    folder = tmp_path / "result"
    abundances, picture = read(folder / "abundances.tif"), read(folder / "composite.tif")
    colors = [item["color"] for item in json.loads((folder / "result.json").read_text())["endmembers"]]
    mixing = np.array([[int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in colors])
    valid = abundances[..., 0] >= 0
    assert valid.sum() == 300 * 290 - 50 * 40
    assert np.abs(picture[..., :3] - abundances @ mixing)[valid].max() <= 0.51
    assert (picture[..., 3] == np.where(valid, 255, 0)).all()
    with rasterio.open(folder / "dominant.tif") as raster:
        assert (raster.read(1) == np.where(valid, abundances.argmax(axis=-1) + 1, 0)).all()
        assert (raster.nodata, raster.overviews(1)) == (0, [2])
        assert raster.colormap(1)[2][:3] == tuple(mixing[1])
        assert len(raster.colormap(1)) == 4
    names = re.findall("<Category>(.*)</Category>", (folder / "dominant.tif.aux.xml").read_text())
    assert names == ["", "Endmember 1", "Endmember 2", "Endmember 3"]


def test_the_result_is_the_last_event_and_names_files_that_exist(result):
    events, output = result
    last = events[-1]
    assert last["event"] == "result"
    assert set(last["files"]) == {
        "abundances", "endmembers", "library", "spread", "purest", "uncertainty", "error", "composite",
        "dominant", "model", "training", "json", "report",
    }  # fmt: skip
    for file in [*last["files"].values(), *(item["file"] for item in last["endmembers"])]:
        assert Path(file).is_file()
        assert Path(file).parent == output
    assert [item["name"] for item in last["endmembers"]] == ["Endmember 1", "Endmember 2", "Endmember 3"]
    assert set(last["metrics"]) == {"rmse", "mean_angle"}


def test_progress_never_falls_and_stages_come_in_order(result):
    steps = [event for event in result[0] if event["event"] == "progress"]
    fractions = [step["fraction"] for step in steps]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] <= fractions[-1] <= 1
    stages = [step["stage"] for step in steps]
    assert list(dict.fromkeys(stages)) == ["reading", "start", "training", "mapping", "writing"]
    assert all("losses" not in step for step in steps if step["stage"] != "training")


def test_abundances_are_not_negative_and_sum_to_one(result):
    abundances = read(result[1] / "abundances.tif")
    inside = (abundances != NO_DATA).all(axis=-1)
    assert abundances[inside].min() >= 0
    assert abundances[inside].sum(axis=-1) == pytest.approx(1, abs=1e-3)


def test_no_data_is_kept_where_the_scene_has_none(result, simulated):
    with Scene.open(simulated) as scene:
        _, valid = scene.read()
    assert not valid.all()
    for name in RASTERS:
        values = read(result[1] / name)
        assert ((values != NO_DATA).all(axis=-1) == valid).all()
        assert (values[~valid] == NO_DATA).all()


def test_training_is_told_as_it_goes_on_and_kept_with_the_result(result):
    events, output = result
    [scene] = [event for event in events if event["event"] == "scene"]
    steps = [event for event in events if event["event"] == "progress"]
    moving = [step["endmembers"] for step in steps if "endmembers" in step]
    shape = (len(scene["endmembers"]), len(scene["bands"]))
    assert moving
    assert all(np.shape(spectra) == shape for spectra in moving)
    kept = json.loads((output / "training.json").read_text(encoding="utf-8"))["moves"]
    fractions = [move["fraction"] for move in kept]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    table = np.loadtxt(output / "endmembers.csv", delimiter=",", skiprows=1)[:, 1:].T
    assert np.array(kept[-1]["endmembers"]) == pytest.approx(table, rel=1e-3, abs=1e-4 * table.max())
    assert not np.allclose(kept[0]["endmembers"], kept[-1]["endmembers"])


def test_the_spread_is_that_of_the_purest_pixels_as_bright_as_their_endmember(result, simulated):
    output = result[1]
    with Scene.open(simulated) as scene:
        cube, valid = scene.read()
    purest = json.loads((output / "result.json").read_text(encoding="utf-8"))["endmembers"][0]["purest"]
    assert purest["pixels"] == round(0.01 * valid.sum())
    shares = read(output / "abundances.tif")[valid][:, 0]
    best = np.argsort(-shares, kind="stable")[: purest["pixels"]]
    assert purest["least_abundance"] == pytest.approx(shares[best].min())
    endmember = np.loadtxt(output / "endmembers.csv", delimiter=",", skiprows=1)[:, 1]
    pixels = cube[valid][best].astype(float)
    pixels *= (pixels @ endmember / (pixels**2).sum(axis=1))[:, None]
    spread = np.loadtxt(output / "endmembers_spread.csv", delimiter=",", skiprows=1)[:, 1]
    assert spread == pytest.approx(pixels.std(axis=0, ddof=1), rel=1e-3)


def test_the_purest_pixels_of_every_endmember_are_points_on_the_map(unmix, write_raster, mixed, tmp_path):
    unmix(write_raster(mixed(60, 270)))
    folder = tmp_path / "result"
    endmembers = json.loads((folder / "result.json").read_text(encoding="utf-8"))["endmembers"]
    features = json.loads((folder / "purest_pixels.geojson").read_text(encoding="utf-8"))["features"]
    abundances = read(folder / "abundances.tif")
    with rasterio.open(folder / "abundances.tif") as raster:
        for index, endmember in enumerate(endmembers):
            points = [one for one in features if one["properties"]["endmember"] == index + 1]
            assert {one["properties"]["name"] for one in points} == {endmember["name"]}
            assert len(points) == endmember["purest"]["pixels"] == 100
            longitudes, latitudes = np.array([one["geometry"]["coordinates"] for one in points]).T
            places = warp_points("EPSG:4326", raster.crs, longitudes, latitudes)
            rows, cols = rowcol(raster.transform, *places)
            assert [one["properties"]["row"] - 1 for one in points] == list(rows)
            assert [one["properties"]["column"] - 1 for one in points] == list(cols)
            shares = abundances[rows, cols, index]
            assert [one["properties"]["abundance"] for one in points] == pytest.approx(shares, abs=1e-5)
            assert list(shares) == sorted(abundances[..., index].ravel(), reverse=True)[: len(points)]
            first = (endmember["purest"]["row"], endmember["purest"]["col"])
            assert first == (rows[0], cols[0])
            assert endmember["purest"]["abundance"] == pytest.approx(shares[0])


def test_every_endmember_says_which_other_is_most_like_it_and_how_sure_it_is(result):
    document = json.loads((result[1] / "result.json").read_text(encoding="utf-8"))
    page = (result[1] / "report.html").read_text(encoding="utf-8")
    spectra = np.loadtxt(result[1] / "endmembers.csv", delimiter=",", skiprows=1)[:, 1:].T
    unit = spectra / np.linalg.norm(spectra, axis=1, keepdims=True)
    angles = np.arccos(np.clip(unit @ unit.T, -1, 1)) + 9 * np.eye(3)
    for index, (endmember, sought) in enumerate(
        zip(document["endmembers"], document["search"]["endmembers"], strict=True)
    ):
        nearest, purest = endmember["nearest"], endmember["purest"]
        assert nearest["endmember"] == angles[index].argmin()
        assert nearest["angle"] == pytest.approx(angles[index].min(), abs=1e-3)
        assert f"{nearest['angle']:.3f} rad" in page
        assert f"row {purest['row'] + 1}, column {purest['col'] + 1}: " in page
        if sought["spread"] is not None:
            assert f"± {sought['spread']:.3f} rad" in page
    assert any(one["spread"] is not None for one in document["search"]["endmembers"])


def test_each_map_is_its_band_of_the_abundances(result):
    abundances = read(result[1] / "abundances.tif")
    for index in range(3):
        assert np.array_equal(
            read(result[1] / f"abundance_Endmember_{index + 1}.tif")[..., 0], abundances[..., index]
        )
    with rasterio.open(result[1] / "abundances.tif") as raster:
        assert raster.descriptions == ("Endmember 1", "Endmember 2", "Endmember 3")


def test_endmembers_are_in_the_rasters_unit_and_give_their_wavelengths(result, simulated):
    with (result[1] / "endmembers.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["wavelength_nm", "Endmember 1", "Endmember 2", "Endmember 3"]
    table = np.array(rows[1:], float)
    with Scene.open(simulated) as scene:
        values, valid = scene.read()
        assert table[:, 0] == pytest.approx(scene.wavelengths)
    # In reflectance x 10000 they lie between the scene's darkest and somewhat above its brightest pixels.
    brightest = values[valid].max(axis=0)
    assert table[:, 1:].min() >= 0
    assert (table[:, 1:].max(axis=1) > 0.3 * brightest).mean() > 0.9
    assert (table[:, 1:].max(axis=1) < 3 * brightest).all()


def test_the_spectral_library_holds_the_endmembers_of_the_table(result):
    # GDAL opens no spectral libraries: read it as the header says it is to be read.
    lines = (result[1] / "endmember_spectra.hdr").read_text(encoding="utf-8").splitlines()
    header = dict(line.split(" = ", 1) for line in lines[1:])
    assert (lines[0], header["file type"], header["data type"]) == ("ENVI", "ENVI Spectral Library", "4")
    spectra = np.fromfile(result[1] / "endmember_spectra.sli", "<f4").reshape(
        int(header["lines"]), int(header["samples"])
    )
    with (result[1] / "endmembers.csv").open(newline="") as file:
        table = np.array(list(csv.reader(file))[1:], float)
    # reflectance from 0 to 1: the EnMAP-Box ignores a scale, and reads a table of the same name as metadata
    assert spectra == pytest.approx(table[:, 1:].T / 10000, rel=1e-6)
    assert not (result[1] / "endmember_spectra.csv").exists()
    assert header["spectra names"] == "{Endmember 1, Endmember 2, Endmember 3}"
    assert header["wavelength units"] == "Nanometers"
    assert header["reflectance scale factor"] == "1"
    assert [float(cell) for cell in header["wavelength"].strip("{}").split(",")] == table[:, 0].tolist()


def test_result_json_tells_everything_needed_to_repeat_the_run(result, simulated):
    document = json.loads((result[1] / "result.json").read_text(encoding="utf-8"))
    assert (document["format"], document["schema"]) == ("auvae-result", 1)
    assert document["scene"] == {"path": str(simulated), "name": "scene", "rows": 30, "cols": 37}
    assert document["unit"] == "Reflectance × 10000"
    assert len(document["bands"]) == 40
    assert document["bands"][0]["reason"] == "flagged bad in the header"
    assert document["options"]["endmembers"] == 3
    assert {"auvae", "python", "torch", "numpy", "rasterio", "gdal"} <= set(document["versions"])
    assert set(document["seconds"]) == {"reading", "start", "training", "mapping", "writing"}
    assert document["history"]
    assert document["command"].startswith("auvae unmix ")
    assert all(re.fullmatch("#[0-9A-F]{6}", item["color"]) for item in document["endmembers"])
    assert sum(item["area_share"] for item in document["endmembers"]) == pytest.approx(1)


def test_the_metrics_are_those_of_the_maps_that_were_written(result):
    metrics = result[0][-1]["metrics"]
    angle = read(result[1] / "error.tif")
    assert metrics["mean_angle"] == pytest.approx(angle[angle != NO_DATA].mean(), rel=1e-5)
    assert metrics["rmse"] > 0


def test_the_model_file_holds_weights_and_settings_without_pickle(result):
    file = result[1] / "model.auvae"
    assert safetensors.numpy.load_file(file)
    with safetensors.safe_open(file, "np") as model:
        described = model.metadata()
    assert described["format"] == "auvae-model"
    assert isinstance(json.loads(described["settings"]), dict)
    assert json.loads(described["names"]) == ["Endmember 1", "Endmember 2", "Endmember 3"]


def test_the_report_shows_everything_and_needs_nothing_else(result):
    document = json.loads((result[1] / "result.json").read_text(encoding="utf-8"))
    page = (result[1] / "report.html").read_text(encoding="utf-8")
    pictures = [base64.b64decode(one) for one in re.findall(r'src="data:image/png;base64,([^"]+)"', page)]
    assert len(pictures) == 3 + 3 + 1  # scene, composite, classes; maps; error
    for picture in pictures:
        with MemoryFile(picture) as memory, memory.open(driver="PNG") as image:
            assert (image.height, image.width) == (30, 37)
            assert len(np.unique(image.read()[:3])) > 1
    assert page.count('fill="none" stroke="#') >= 3
    assert page.count('opacity=".18"') == 3  # the spread of the purest pixels
    assert "http" not in page
    assert "src=" not in page.replace('src="data:', "")
    assert not re.search(r"\b(nan|inf|None)\b", re.sub(r'base64,[^"]+', "", page))
    angle = document["metrics"]["mean_angle"]
    for promised in (
        "Wavelength (nm)", "Training", f"{angle:.4f}", f"({math.degrees(angle):.1f}°)", "How to cite it",
        escape(document["command"]), "qgis_process run auvae:unmix -- ", str(document["versions"]["torch"]),
    ):  # fmt: skip
        assert promised in page


def test_the_report_says_what_candidates_were_weighed_and_shows_the_simplex_of_those_that_won(result):
    document = json.loads((result[1] / "result.json").read_text(encoding="utf-8"))
    page = (result[1] / "report.html").read_text(encoding="utf-8")
    search = document["search"]
    assert "How the endmembers were chosen" in page
    for reason in search["reasons"]:
        assert escape(reason) in page
    for kind in search["weighed"]:
        assert kind["name"] in page
        assert f"{kind['mean_angle']:.4f}" in page
    assert search["kind"] in [kind["name"] for kind in search["weighed"]]
    assert [kind["name"] for kind in search["not_weighed"]] == ["the most likely simplex"]
    assert f"<td>not weighed: {search['not_weighed'][0]['reason']}" in unescape(page)
    assert len(search["endmembers"]) == len(search["view"]["endmembers"]) == 3
    # every mixture lies in the simplex of the endmembers, whatever it is seen from
    corners, mixtures = (np.array(search["view"][key]) for key in ("endmembers", "mixtures"))
    shares = np.linalg.solve(
        np.vstack([corners.T, np.ones(3)]), np.vstack([mixtures.T, np.ones(len(mixtures))])
    )
    assert shares.min() > -0.01
    assert page.count('r="2.6"') == len(mixtures)


def test_the_report_says_what_was_read_of_the_scene_and_from_where(result):
    document = json.loads((result[1] / "result.json").read_text(encoding="utf-8"))
    page = (result[1] / "report.html").read_text(encoding="utf-8")
    assert {"Wavelengths", "No-data", "Scale", "Grid", "Coordinate system"} <= {
        fact["name"] for fact in document["facts"]
    }
    assert all(fact["value"] in unescape(page) for fact in document["facts"])


def test_the_report_warns_of_copies_and_of_what_no_endmember_explains():
    endmembers = np.array([[1, 2, 3], [1.01, 2, 3], [3, 1, 0.5]])
    overview = Overview(40, 40, None, 3)
    error = np.ones((40, 40))
    error[::7, ::5] = 100  # noise has no neighbours
    inside = np.ones((40, 40), bool)
    cube, angle = np.ones((40, 40, 3)), np.full((40, 40), 0.2)
    overview.see(Window(0, 0, 40, 40), cube, inside, angle, error)
    shares = np.array([0.5, 0.3, 0.2])
    [copy] = advice(endmembers, shares, shares, shares / 10, 0.03, overview)
    assert "Endmembers 1 and 2 have nearly the same spectrum" in copy
    error[10:20, 10:20] = 100
    overview.see(Window(0, 0, 40, 40), cube, inside, angle, error)
    shares = np.array([0.8, 0.2, 0.0])
    _, unused, missing, poor = advice(endmembers, shares, shares, None, 0.3, overview)
    assert "Endmember 3 is hardly used" in unused
    assert "Try one endmember more" in missing
    assert "explain this scene poorly" in poor
    rare = {"endmembers": [{"target_pixels": size} for size in (0, 0, 9)]}
    assert not any(
        "hardly used" in text for text in advice(endmembers, shares, shares, None, 0.3, overview, rare)
    )


def test_more_endmembers_than_the_scene_shows_end_well_and_are_named_with_the_reason(
    unmix, simulated, tmp_path
):
    events = unmix(simulated, endmembers=8)
    document = json.loads((tmp_path / "result" / "result.json").read_text(encoding="utf-8"))
    page = unescape((tmp_path / "result" / "report.html").read_text(encoding="utf-8"))
    doubtful = [
        one["name"]
        for one, sought in zip(document["endmembers"], document["search"]["endmembers"], strict=True)
        if sought["doubtful"]
    ]
    assert doubtful
    said = [event["text"] for event in events if event.get("level") == "warning"]
    [warning] = [text for text in said if text.startswith("Not needed to explain the scene")]
    assert all(name in warning for name in doubtful)
    assert warning in page
    assert page.count("doubtful: hardly needed") == len(doubtful)


def test_copies_are_named_together_and_what_equally_good_sets_disagree_on_is_doubtful():
    endmembers = np.array([[1, 2, 3], [1.01, 2, 3], [3, 1, 0.5], [1, 2.01, 3], [3, 1.5, 0.5]])
    flat = Overview(4, 4, None, 3)
    flat.see(Window(0, 0, 4, 4), np.ones((4, 4, 3)), np.ones((4, 4), bool), np.zeros((4, 4)), np.ones((4, 4)))
    shares = np.full(5, 0.2)
    [copies] = advice(endmembers, shares, shares, None, 0.01, flat)
    assert copies.startswith("Endmembers 1, 2 and 4 have nearly the same spectrum (at most 0.0")
    assert "Try 2 endmembers less" in copies
    plain = {"target_pixels": 0, "needed": 1.5, "doubtful": False, "spread": 0.01}
    sought = [plain, plain, plain, plain | {"target_pixels": 3, "spread": None}, plain | {"spread": 0.3}]
    unsure, kind = doubts({"endmembers": sought}, endmembers, shares, 1000)
    assert unsure.startswith("Endmember 5 is doubtful")
    assert "0.30 radians away" in unsure
    assert kind.startswith("Endmember 4 is doubtful: it was taken from a patch")
    assert not list(doubts({"endmembers": [*sought[:4], plain]}, endmembers, shares, 100))


@pytest.mark.parametrize(("shape", "said"), [((20, 24, 6), "6 usable bands"), ((2, 3, 12), "6 pixels")])
def test_more_endmembers_than_bands_or_pixels_are_refused_before_the_work(
    unmix, write_raster, mixed, tmp_path, left_behind, shape, said
):
    with pytest.raises(SceneError, match=said) as caught:
        unmix(write_raster(mixed(*shape)), endmembers=8)
    assert "Ask for fewer endmembers" in caught.value.remedy
    assert left_behind(tmp_path) == ["scene.tif"]


def test_the_picture_of_a_scene_is_the_same_whatever_windows_it_was_mapped_in():
    random = np.random.default_rng(0)
    cube, valid = random.random((700, 650, 4)), random.random((700, 650)) > 0.1
    flat = cube[..., 0]
    whole, parts = (Overview(700, 650, np.array([460.0, 550, 640, 900]), 4) for _ in range(2))
    whole.see(Window(0, 0, 650, 700), cube, valid, flat, flat)
    for row in range(0, 700, 256):
        for col in range(0, 650, 128):
            part = np.s_[row : row + 256, col : col + 128]
            height, width = flat[part].shape
            parts.see(Window(col, row, width, height), cube[part], valid[part], flat[part], flat[part])
    assert (whole.shown, whole.true_colour) == ([2, 1, 0], True)
    assert max(whole.angle.shape) <= LONGEST
    np.testing.assert_array_equal(whole.picture(), parts.picture())
    np.testing.assert_array_equal(whole.angle, parts.angle)


def test_names_from_files_cannot_break_the_report(unmix, write_raster, mixed, tmp_path):
    path = write_raster(mixed(), name="<script>alert(1)<b>.tif".replace("/", ""))
    unmix(path)
    page = (tmp_path / "result" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "transform",
    [
        Affine(3.2, 0.0, 480000.123456789, 0.0, -3.2, 3350000.987654321),
        Affine.translation(565000.1, 5340000.7) @ Affine.rotation(17.3) @ Affine.scale(29.7, -30.3),
        Affine(1 / 3, 0, -122.123456789012, 0, -1 / 7, 37.98765432109876),
    ],
    ids=["north-up", "rotated", "degrees"],
)
def test_the_georeference_is_the_scenes_to_the_last_digit(unmix, write_raster, mixed, tmp_path, transform):
    path = write_raster(
        mixed(), transform=transform, crs="EPSG:4326" if abs(transform.a) < 1 else "EPSG:32632"
    )
    unmix(path)
    with rasterio.open(path) as scene:
        for name in RASTERS:
            with rasterio.open(tmp_path / "result" / name) as raster:
                assert (
                    tuple(raster.transform)
                    == tuple(scene.transform)
                    == pytest.approx(tuple(transform), abs=0)
                )
                assert raster.crs == scene.crs
                assert raster.shape == scene.shape


def test_ground_control_points_are_the_scenes(unmix, write_raster, mixed, tmp_path):
    points = [
        GroundControlPoint(row, col, 10.1 + col / 7, 48.2 - row / 9, 1.5)
        for row in (0, 19)
        for col in (0, 23)
    ]
    path = write_raster(mixed(), gcps=(points, rasterio.crs.CRS.from_epsg(4326)), transform=None, crs=None)
    unmix(path)
    with rasterio.open(path) as scene, rasterio.open(tmp_path / "result" / "abundances.tif") as raster:
        places = [[(p.row, p.col, p.x, p.y, p.z) for p in each.gcps[0]] for each in (scene, raster)]
        assert len(places[0]) == 4
        assert places[0] == places[1]
        assert scene.gcps[1] == raster.gcps[1]


def test_a_scene_without_georeference_is_unmixed_all_the_same(unmix, write_raster, mixed, tmp_path):
    unmix(write_raster(mixed(), transform=None, crs=None))
    assert is_result(tmp_path / "result")
    points = json.loads((tmp_path / "result" / "purest_pixels.geojson").read_text(encoding="utf-8"))
    assert points["crs"] is None
    for point in points["features"]:
        row, column = point["properties"]["row"], point["properties"]["column"]
        assert point["geometry"]["coordinates"] == [column - 0.5, 0.5 - row]


def test_chosen_bands_are_the_ones_unmixed(unmix, write_raster, mixed, tmp_path):
    unmix(write_raster(mixed()), bands=[2, 4, 5, 9])
    with (tmp_path / "result" / "endmembers.csv").open(newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["band", "2", "4", "5", "9"]


def test_large_scenes_are_mapped_in_windows_and_get_overviews(unmix, write_raster, mixed, tmp_path):
    unmix(write_raster(mixed(rows=60, cols=520, bands=6)))
    with rasterio.open(tmp_path / "result" / "abundances.tif") as raster:
        assert raster.overviews(1) == [2, 4]
        assert (raster.read() != NO_DATA).all()
        assert (raster.profile["compress"], raster.block_shapes[0]) == ("deflate", (256, 256))


def test_the_same_seed_gives_the_same_result(unmix, simulated, tmp_path):
    for name in ("first", "again"):
        unmix(simulated, output=str(tmp_path / name), seed=7)
    for name in (*RASTERS, "endmembers.csv"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_paths_with_spaces_and_accents_work(unmix, write_raster, mixed, tmp_path):
    output = tmp_path / "Ergebnis für März" / "scène n° 1"
    events = unmix(write_raster(mixed(), name="Bilder été/scène 1.tif"), output=str(output))
    assert events[-1]["output"] == str(output)
    assert is_result(output)


# ---- bad input leaves nothing behind


def bad_scenes(write_raster, mixed, tmp_path):
    constant = np.broadcast_to(mixed()[0, 0], (20, 24, 12)).copy()
    few = mixed()
    few[:, 2:] = few[1:] = 0
    truncated = write_raster(mixed(rows=99), name="truncated.tif")
    truncated.write_bytes(truncated.read_bytes()[:9000])
    text = tmp_path / "text.tif"
    text.write_text("not a raster")
    return {
        "one band": write_raster(mixed(bands=1), name="a.tif"),
        "usable bands": write_raster(mixed(bands=2), name="b.tif"),
        "pixels with data": write_raster(few, name="c.tif"),
        "holds no data": write_raster(np.full_like(constant, -1), name="d.tif", nodata=-1),
        "is constant": write_raster(constant, name="e.tif"),
        "complex": write_raster(mixed().astype(np.complex64), name="f.tif"),
        "no raster": text,
        "truncated": truncated,
        "no file": tmp_path / "absent.tif",
    }


def test_each_bad_scene_gives_its_sentence_leaves_nothing_and_keeps_an_older_result(
    unmix, write_raster, mixed, tmp_path, left_behind, result
):
    scenes = bad_scenes(write_raster, mixed, tmp_path)
    folder = tmp_path / "results"
    folder.mkdir()
    shutil.copytree(result[1], folder / "older")
    before = {path.name: path.read_bytes() for path in (folder / "older").iterdir()}
    for words, path in scenes.items():
        for name in ("older", "new"):
            with pytest.raises(SceneError, match=words):
                unmix(path, output=str(folder / name))
        assert left_behind(folder) == ["older"]
    assert {path.name: path.read_bytes() for path in (folder / "older").iterdir()} == before


@pytest.mark.skipif(os.name == "nt", reason="POSIX folders")
def test_a_folder_that_cannot_be_written_is_refused_before_training(unmix, simulated, tmp_path, left_behind):
    (tmp_path / "file").write_text("kept")
    for output in ("file/result", "file"):
        with pytest.raises(OutputError) as caught:
            unmix(simulated, output=str(tmp_path / output))
        assert caught.value.remedy.startswith("Choose")
    with pytest.raises(OutputError, match="cannot be written"):
        unmix(simulated, output="/proc/result")
    assert left_behind(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "kept"


def test_a_folder_that_holds_something_else_is_refused_and_kept(unmix, simulated, tmp_path, left_behind):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "holiday.jpg").write_text("sea")
    with pytest.raises(OutputError, match=r"holds something other than a result, such as holiday\.jpg"):
        unmix(simulated, output=str(folder))
    assert left_behind(tmp_path) == ["photos"]
    assert left_behind(folder) == ["holiday.jpg"]


def test_an_earlier_result_with_the_analysts_own_file_in_it_is_refused(
    unmix, simulated, result, tmp_path, left_behind
):
    folder = tmp_path / "older"
    shutil.copytree(result[1], folder)
    (folder / "abundances.tif.aux.xml").write_text("<statistics of QGIS>")
    unmix(simulated, output=str(folder))
    (folder / "notes.docx").write_text("mine")
    with pytest.raises(OutputError, match=r"also notes\.docx"):
        unmix(simulated, output=str(folder))
    assert (folder / "notes.docx").read_text() == "mine"
    assert left_behind(tmp_path) == ["older"]


def test_the_scene_is_never_replaced_by_its_result(unmix, result, tmp_path):
    folder = tmp_path / "older"
    shutil.copytree(result[1], folder)
    with pytest.raises(OutputError, match="lies in the output folder"):
        unmix(folder / "abundances.tif", endmembers=2, output=str(folder))


def test_an_empty_folder_is_taken(unmix, simulated, tmp_path, left_behind):
    (tmp_path / "result").mkdir()
    unmix(simulated)
    assert left_behind(tmp_path) == ["result"]


def test_an_earlier_result_is_there_until_the_new_one_is_complete(
    unmix, simulated, result, tmp_path, left_behind
):
    folder = tmp_path / "result"
    shutil.copytree(result[1], folder)
    before = (folder / "result.json").read_bytes()
    seen = []

    def look():
        seen.append((folder / "result.json").read_bytes() == before)
        return False

    unmix(simulated, cancelled=look, seed=9)
    assert all(seen)
    assert json.loads((folder / "result.json").read_text(encoding="utf-8"))["seed"] == 9
    assert left_behind(tmp_path) == ["result"]


def test_cancelling_at_any_stage_leaves_nothing_and_keeps_an_earlier_result(
    unmix, simulated, result, tmp_path, left_behind
):
    shutil.copytree(result[1], tmp_path / "result")
    before = (tmp_path / "result" / "result.json").read_bytes()
    for stage in ("reading", "start", "training", "mapping", "writing"):
        reached = []
        with pytest.raises(Cancelled):
            job_module.run(
                UnmixJob(
                    id="c",
                    scene=str(simulated),
                    endmembers=3,
                    output=str(tmp_path / "result"),
                    quality="draft",
                ),
                lambda event, stage=stage, reached=reached: (
                    event.get("stage") == stage and reached.append(event)
                ),
                lambda reached=reached: bool(reached),
            )
        assert reached
        assert left_behind(tmp_path) == ["result"]
    assert (tmp_path / "result" / "result.json").read_bytes() == before


def test_an_earlier_result_survives_when_the_new_one_cannot_be_moved_into_place(
    unmix, simulated, result, tmp_path, left_behind, monkeypatch
):
    shutil.copytree(result[1], tmp_path / "result")
    before = (tmp_path / "result" / "result.json").read_bytes()
    real = result_folder.rename

    def rename(source, target):
        if "partial" in source.name:
            raise PermissionError(13, "in use")
        real(source, target)

    monkeypatch.setattr(result_folder, "rename", rename)
    with pytest.raises(OutputError, match="cannot be replaced"):
        unmix(simulated)
    assert left_behind(tmp_path) == ["result"]
    assert (tmp_path / "result" / "result.json").read_bytes() == before


def test_an_earlier_result_set_aside_by_a_killed_worker_is_put_back(simulated, result, tmp_path, left_behind):
    shutil.copytree(result[1], tmp_path / ".result.previous-77")
    with Scene.open(simulated) as scene, ResultWriter(tmp_path / "result", "78", scene, ["a", "b"]):
        assert is_result(tmp_path / "result")
    assert left_behind(tmp_path) == ["result"]


@pytest.mark.skipif(os.name == "nt", reason="needs setrlimit")
def test_a_disk_that_fills_up_at_any_moment_gives_its_sentence_and_leaves_nothing(
    unmix, write_raster, mixed, tmp_path, left_behind, monkeypatch
):
    path = write_raster(mixed(rows=260, cols=270, bands=4))
    first = unmix_task.train_model
    trained = []

    def once(*arguments):
        if not trained:
            trained.append(first(*arguments))
        return trained[0]

    monkeypatch.setattr(unmix_task, "train_model", once)  # what is looked at is writing
    unmix(path)
    sizes = sorted(file.stat().st_size for file in (tmp_path / "result").iterdir())
    before = (tmp_path / "result" / "result.json").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # From the first block of a map, over the blocks flushed at its end, to its overviews.
    for limit in (500, sizes[-1] // 2, sizes[-1] * 9 // 10, sizes[-1] - 100):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(OutputError) as caught:
                unmix(path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert "Make room" in caught.value.remedy
        assert left_behind(tmp_path) == ["result", "scene.tif"]
    assert (tmp_path / "result" / "result.json").read_bytes() == before


# ---- the machine


def test_cuda_asked_for_and_absent_is_a_sentence(unmix, simulated, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="CUDA was asked for"):
        unmix(simulated, device="cuda")


def test_memory_running_out_while_mapping_means_smaller_windows(
    unmix, write_raster, mixed, tmp_path, monkeypatch
):
    real = model.Model.predict

    def predict(model, cube, valid):
        if cube.shape[0] * cube.shape[1] > 20000:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB.")
        return real(model, cube, valid)

    monkeypatch.setattr(model.Model, "predict", predict)
    events = unmix(write_raster(mixed(rows=200, cols=180, bands=8)))
    said = [event["text"] for event in events if event["event"] == "message" and "Mem" in event["text"]]
    assert said == ["Memory ran out: mapping goes on in windows of 128 x 128 pixels."]
    assert (read(tmp_path / "result" / "abundances.tif") != NO_DATA).all()


def test_memory_that_never_suffices_is_a_sentence_with_a_remedy(
    unmix, simulated, tmp_path, monkeypatch, left_behind
):
    def predict(model, cube, valid):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(model.Model, "predict", predict)
    with pytest.raises(DeviceError, match="not enough memory to map even 32 x 32"):
        unmix(simulated)
    assert left_behind(tmp_path) == []


# ---- the job's document


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"endmembers": "4"}, "Endmembers is '4'"),
        ({"endmembers": True}, "Endmembers is True"),
        ({"endmembers": 31}, "from 2 to 30"),
        ({"bands": "1,2"}, "Bands is '1,2'"),
        ({"bands": [1, 2.5]}, "Bands is"),
        ({"quality": "best"}, "one of draft, standard, high"),
        ({"device": "tpu"}, "one of auto, cuda, cpu"),
        ({"variant": "best"}, "one of auvae-net, published, "),
        ({"seed": -1}, "Seed is -1"),
        ({"id": "../../etc"}, "letters and digits"),
        ({"schema": 2}, "schema 2"),
        ({"output": 5}, "Output is 5"),
    ],
)
def test_a_job_that_is_wrong_says_what_is_wrong(job, changes, words):
    with pytest.raises(JobError, match=words):
        UnmixJob.parse(job("scene.img", **changes))


def test_a_job_that_lacks_a_key_names_it(job):
    document = job("scene.img")
    del document["seed"]
    with pytest.raises(JobError, match="lacks key 'seed'"):
        UnmixJob.parse(document)
    with pytest.raises(JobError, match="not a JSON object"):
        UnmixJob.parse([document])
