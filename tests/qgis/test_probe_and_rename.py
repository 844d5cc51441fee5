"""One pixel read from the files, and an endmember renamed in all of them: no widgets here."""

from __future__ import annotations

import csv
import json
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from .conftest import BAD_BANDS, BANDS, CHECKOUT, COLS, MATERIALS, ROWS, TRANSFORM

WORKER = CHECKOUT / "build" / "worker" / "bin" / "python"


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of the finished result that a test may change."""
    copy = tmp_path / "result"
    shutil.copytree(finished.results["OUTPUT"], copy)
    return copy


@pytest.fixture
def result(folder, plugin_modules):
    return plugin_modules("auvae_qgis.results.result").Result.read(folder)


@pytest.fixture
def probe(plugin_modules):
    return plugin_modules("auvae_qgis.results.probe")


@pytest.fixture
def renaming(plugin_modules):
    return plugin_modules("auvae_qgis.results.rename")


def place(row, col):
    return TRANSFORM[0] + (col + 0.5) * TRANSFORM[1], TRANSFORM[3] + (row + 0.5) * TRANSFORM[5]


# ---- probe


def test_a_pixel_is_read_with_its_reconstruction_and_shares(probe, result, scene_values):
    pixel = probe.read_pixel(result, *place(10, 7))
    assert (pixel.row, pixel.col) == (10, 7)
    kept = [number for number in range(BANDS) if number + 1 not in BAD_BANDS]
    assert pixel.spectrum == pytest.approx(scene_values[kept, 10, 7])
    assert pixel.abundances.sum() == pytest.approx(1, abs=1e-5)
    assert pixel.uncertainty.shape == (MATERIALS,)
    cosine = pixel.spectrum @ pixel.reconstruction
    cosine /= np.linalg.norm(pixel.spectrum) * np.linalg.norm(pixel.reconstruction)
    assert np.arccos(cosine) == pytest.approx(pixel.angle, abs=2e-3)
    assert pixel.residual @ pixel.reconstruction == pytest.approx(0, abs=1e-3 * np.sum(pixel.spectrum**2))
    assert pixel.corners[0] == pytest.approx(
        [TRANSFORM[0] + 7 * TRANSFORM[1], TRANSFORM[3] + 10 * TRANSFORM[5]]
    )


def test_outside_and_no_data_are_said_in_words(probe, result):
    with pytest.raises(probe.ProbeError, match="outside"):
        probe.read_pixel(result, *place(-1, 3))
    with pytest.raises(probe.ProbeError, match="No data"):
        probe.read_pixel(result, *place(0, 0))


def test_a_scene_that_moved_is_found_beside_the_result_or_in_the_project(probe, result, finished, tmp_path):
    result.document["scene"]["path"] = "/nowhere/scène 1.img"
    pixel = probe.read_pixel(result, *place(10, 7))
    assert pixel.spectrum is None
    assert "scène 1.img" in pixel.without_scene
    assert pixel.abundances.sum() == pytest.approx(1, abs=1e-5)
    assert probe.read_pixel(result, *place(10, 7), [str(finished.scene)]).spectrum is not None
    for file in finished.scene.parent.glob("scène 1.*"):
        shutil.copy(file, tmp_path)
    assert probe.read_pixel(result, *place(10, 7)).spectrum is not None


def test_a_scene_that_was_changed_since_is_not_shown_as_what_was_unmixed(probe, result, finished, tmp_path):
    for file in finished.scene.parent.glob("scène 1.*"):
        shutil.copy(file, tmp_path)
    result.document["scene"]["path"] = str(tmp_path / "scène 1.img")
    raster = gdal.Open(str(tmp_path / "scène 1.img"), gdal.GA_Update)
    raster.WriteArray(raster.ReadAsArray()[::-1].copy())
    raster = None
    pixel = probe.read_pixel(result, *place(10, 7))
    assert pixel.spectrum is None
    assert "other values" in pixel.without_scene


def test_a_result_of_a_part_of_the_scene_shows_the_spectra_of_that_part(
    probe, result, folder, finished, scene_values
):
    for name in ("abundances.tif", "uncertainty.tif", "error.tif"):
        gdal.Translate(str(folder / "part.tif"), str(folder / name), srcWin=[5, 6, 10, 10])
        (folder / "part.tif").replace(folder / name)
    result.document["scene"] |= {"rows": 10, "cols": 10}
    pixel = probe.read_pixel(result, *place(10, 7))
    assert (pixel.row, pixel.col) == (4, 2)
    kept = [number for number in range(BANDS) if number + 1 not in BAD_BANDS]
    assert pixel.spectrum == pytest.approx(scene_values[kept, 10, 7])


def test_a_result_without_georeference_is_probed_where_qgis_draws_it(probe, result, folder):
    for name in ("abundances.tif", "uncertainty.tif", "error.tif"):
        values = np.atleast_3d(gdal.Open(str(folder / name)).ReadAsArray().T).T
        raster = gdal.GetDriverByName("GTiff").Create(
            str(folder / name), COLS, ROWS, len(values), gdal.GDT_Float32
        )
        raster.WriteArray(values)
        raster = None
    pixel = probe.read_pixel(result, 7.5, -10.5)
    assert (pixel.row, pixel.col) == (10, 7)


# ---- renaming


def names_everywhere(folder):
    """The name of the second endmember, from every file that holds it."""
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    item = document["endmembers"][1]
    found = {"result.json": item["name"]}
    for name in ("endmembers.csv", "endmembers_spread.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            found[name] = next(csv.reader(file))[2]
    points = json.loads((folder / "purest_pixels.geojson").read_text(encoding="utf-8"))["features"]
    [found["purest_pixels.geojson"]] = {
        one["properties"]["name"] for one in points if one["properties"]["endmember"] == 2
    }
    for name, band in (("abundances.tif", 2), ("uncertainty.tif", 2), (item["file"], 1)):
        raster = gdal.Open(str(folder / name))
        found[name] = raster.GetRasterBand(band).GetDescription()
    raster = gdal.Open(str(folder / "dominant.tif"))
    raster.GetMetadata()  # makes GDAL read what lies beside it
    found["dominant.tif"] = raster.GetRasterBand(1).GetCategoryNames()[2]
    content = (folder / "model.auvae").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    found["model.auvae"] = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["names"])[1]
    return found


@pytest.mark.parametrize(
    "name",
    ["Water", "Öl/Teer: «neu» 水", '<script>alert("1")</script>', "=cmd|' /C calc'!A0", "../../etc/passwd"],
)
def test_a_new_name_reaches_every_file_and_hostile_ones_do_no_harm(renaming, result, folder, name):
    before = {path.name for path in folder.iterdir() if path.suffix != ".xml"}
    raster = gdal.Open(str(folder / "abundances.tif"))
    pixels = raster.ReadAsArray()
    raster.GetRasterBand(2).ComputeStatistics(False)  # kept beside the raster, with the bands' names
    raster = None
    renamed = renaming.rename(folder, 1, f"  {name}\n")
    name = name.replace("<script", "‹script").replace("</", "‹/")
    renaming.forget_old_map(renamed)
    found = names_everywhere(folder)
    for file, held in found.items():
        assert held.lstrip("'") == name, file
    assert renamed.result.endmembers[1].name == name
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Endmember 2" not in page
    assert "<script" not in page
    header = (folder / "endmember_spectra.hdr").read_text(encoding="utf-8")
    assert f"Endmember 1, {name}, Endmember 3" in header
    after = {path.name for path in folder.iterdir() if path.suffix != ".xml"}
    assert after - before == {renamed.new_file.name}
    assert before - after == {"abundance_Endmember_2.tif"}
    assert renamed.new_file.parent == folder
    assert (gdal.Open(str(folder / "abundances.tif")).ReadAsArray() == pixels).all()
    assert (gdal.Open(str(renamed.new_file)).ReadAsArray() == pixels[1]).all()


def test_renamed_maps_stay_cloud_optimised_and_gdal_has_nothing_to_warn_of(renaming, folder, capfd):
    for name in ("Water", "Water & <ice>, with a name that is much longer than the one before", "W"):
        renamed = renaming.rename(folder, 1, name)
        renaming.forget_old_map(renamed)
        plain = renamed.result.endmembers[1].name
        for file, band in (("abundances.tif", 2), ("uncertainty.tif", 2), (renamed.new_file.name, 1)):
            raster = gdal.Open(str(folder / file))
            assert raster.GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE") == "COG"
            assert raster.GetRasterBand(band).GetDescription() == plain
            # what GDAL changes where it has put a directory behind the pixels
            assert b"KNOWN_INCOMPATIBLE_EDITION=NO" in (folder / file).read_bytes()[:400]
    assert "COG" not in capfd.readouterr().err


@pytest.mark.parametrize("kind", ["GTiff", "BIGTIFF=YES", "ENDIANNESS=BIG", "without names", "no TIFF"])
def test_a_band_gets_a_name_in_any_kind_of_file(renaming, tmp_path, kind):
    path = tmp_path / "map.tif"
    driver = gdal.GetDriverByName("ENVI" if kind == "no TIFF" else "GTiff")
    raster = driver.Create(str(path), 4, 4, 2, gdal.GDT_Byte, [kind] if "=" in kind else [])
    raster.WriteArray(np.arange(32, dtype=np.uint8).reshape(2, 4, 4))
    if kind != "without names":
        for band in (1, 2):
            raster.GetRasterBand(band).SetDescription(f"Endmember {band}")
    raster = None
    for name in ("Öl & Teer", "a name that is much longer than the one before", "x"):
        renaming._set_description(path, 2, name)
        raster = gdal.Open(str(path))
        assert raster.GetRasterBand(2).GetDescription() == name
        assert raster.ReadAsArray().ravel().tolist() == list(range(32))
        raster = None


def test_a_renamed_model_is_still_a_safetensors_file(renaming, folder):
    renaming.rename(folder, 1, "Öl")
    code = "import sys, safetensors as s; print(s.safe_open(sys.argv[1], 'numpy').metadata()['names'])"
    command = [WORKER, "-c", code, folder / "model.auvae"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(said)[1] == "Öl"


def test_files_that_someone_deleted_do_not_stop_a_renaming(renaming, folder):
    for name in ("report.html", "uncertainty.tif", "dominant.tif.aux.xml", "abundance_Endmember_2.tif"):
        (folder / name).unlink()
    assert renaming.rename(folder, 1, "Water").result.endmembers[1].name == "Water"
    assert not (folder / "report.html").exists()


def test_a_name_that_is_empty_taken_or_endless_is_refused(renaming, folder):
    for name in (" \n", "endmember 1", "x" * 81):
        with pytest.raises(renaming.RenameError):
            renaming.rename(folder, 1, name)


@pytest.mark.parametrize("broken", ["report.html", "result.json", "uncertainty.tif"])
def test_a_renaming_that_fails_half_way_changes_nothing(renaming, folder, monkeypatch, broken):
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".tif"}
    names, listed = names_everywhere(folder), sorted(path.name for path in folder.iterdir())
    replace, describe = Path.replace, renaming._set_description

    def refuse(self, target):
        if self.name == broken:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    def refuse_description(path, band, name):
        if path.name == broken and name == "Water":
            raise OSError(28, "No space left on device")
        describe(path, band, name)

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(renaming, "_set_description", refuse_description)
    with pytest.raises(renaming.RenameError, match="nothing was changed"):
        renaming.rename(folder, 1, "Water")
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".tif"} == before
    assert names_everywhere(folder) == names
    assert sorted(path.name for path in folder.iterdir()) == listed
