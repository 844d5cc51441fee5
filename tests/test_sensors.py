"""Products as their sensors deliver them, opened by the path that an analyst picks: from file to map."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
from auvae.contract.errors import SceneError
from auvae.scene.scene import Scene

from tests import products


def reasons(scene):
    return {band.reason for band in scene.bands if not band.kept}


def mapped(events):
    """The maps (rows, cols, K), where they hold no data, their raster, and result.json of a run."""
    folder = Path(events[-1]["output"])
    with rasterio.open(folder / "abundances.tif") as raster:
        maps = np.moveaxis(raster.read(), 0, -1)
        empty = maps[..., 0] == raster.nodata
        assert maps[~empty].sum(axis=-1) == pytest.approx(1, abs=1e-3)
        return empty, raster.crs, raster.transform, json.loads((folder / "result.json").read_text("utf-8"))


# ---- EnMAP


def test_enmap_is_unmixed_from_its_metadata_file_and_from_its_image(tmp_path, unmix):
    metadata = products.enmap(tmp_path)
    image = next(tmp_path.glob("*SPECTRAL_IMAGE.TIF"))
    empty, crs, transform, document = mapped(unmix(metadata))
    assert (crs.to_epsg(), transform) == (32632, products.UTM)
    assert empty[:3, :4].all()
    assert empty.sum() == 12
    assert document["unit"] == "Reflectance × 10000"
    with Scene.open(image) as scene, Scene.open(metadata) as same:
        assert scene.bands == same.bands
        assert scene.sensor == "EnMAP L2A"
        assert scene.name == same.name == image.name.removesuffix("-SPECTRAL_IMAGE.TIF")
        assert scene.bands[0].wavelength == 420
        assert scene.bands[0].fwhm == 6.5


def test_of_enmaps_two_detectors_one_is_used_where_both_see_and_bands_without_data_are_left_out(tmp_path):
    with Scene.open(products.enmap(tmp_path)) as scene:
        assert reasons(scene) == {"the SWIR detector sees the same wavelengths", "holds only no-data"}
        overlap = [band for band in scene.bands if "SWIR" in band.reason]
        assert len(overlap) == 3
        assert all(band.fwhm == 6.5 and band.wavelength >= 902 for band in overlap)
        assert (np.diff(scene.wavelengths) > 0).all()


def test_enmap_is_read_out_of_the_archive_it_comes_in(tmp_path):
    metadata = products.enmap(tmp_path)
    archive = tmp_path / "delivery.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in tmp_path.glob("ENMAP*"):
            packed.write(file, f"{metadata.stem}/{file.name}")
    inside = (
        f"/vsizip/{archive}/{metadata.stem}/{metadata.name.replace('METADATA.XML', 'SPECTRAL_IMAGE.TIF')}"
    )
    with Scene.open(metadata) as scene, Scene.open(archive) as packed, Scene.open(inside) as named:
        assert packed.sensor == named.sensor == "EnMAP L2A"
        assert np.array_equal(packed.read()[0], scene.read()[0])
        assert np.array_equal(named.read()[0], scene.read()[0])


def test_hostile_or_damaged_metadata_are_refused_and_nothing_in_them_is_followed(tmp_path):
    metadata = products.enmap(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("0.5", encoding="utf-8")
    text = metadata.read_text(encoding="utf-8")
    entities = f'<!ENTITY file SYSTEM "{secret.as_uri()}"><!ENTITY a "0001"><!ENTITY bomb "&a;&a;&a;">'
    declared = text.replace("?>", f"?><!DOCTYPE level_X [{entities}]>", 1)
    hostile = [declared.replace(">0.0001<", f">{name}<") for name in ("&file;", "0.&bomb;")]
    for content in (*hostile, text[:500]):
        metadata.write_text(content, encoding="utf-8")
        with pytest.raises(SceneError, match="damaged, or no metadata"):
            Scene.open(metadata)


def test_enmap_is_read_from_an_address_that_the_user_gives(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    metadata = products.enmap(tmp_path)
    # A process of its own: GDAL waits for the answer and lets no thread of this one speak.
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            port = re.search(r"port (\d+)", server.stdout.readline())[1]
            address = f"/vsicurl/http://127.0.0.1:{port}/{metadata.name}"
            with Scene.open(address) as scene, Scene.open(metadata) as local:
                assert scene.bands == local.bands
                assert np.array_equal(scene.read()[0], local.read()[0])
        finally:
            server.terminate()


# ---- DESIS


def test_desis_is_unmixed_and_keeps_its_rotated_grid(tmp_path, unmix):
    image = products.desis(tmp_path)
    empty, _, transform, document = mapped(unmix(image))
    assert transform.almost_equals(products.TURNED)
    assert empty.sum() == 10
    assert document["unit"] == "Reflectance × 10000"
    assert document["bands"][0]["wavelength_nm"] == 401.5
    assert document["bands"][0]["fwhm_nm"] == 3.5
    with Scene.open(next(tmp_path.glob("*METADATA.xml"))) as scene:
        assert scene.sensor == "DESIS L2A"


# ---- PRISMA


def test_prisma_is_unmixed_on_its_map_grid_beyond_the_scene_without_data(tmp_path, unmix):
    empty, crs, transform, document = mapped(unmix(products.prisma(tmp_path)))
    assert crs.to_epsg() == 32632
    # Its corners are centres of pixels.
    assert transform == rasterio.Affine(30, 0, 565000 - 15, 0, -30, 5340000 + 15)
    assert empty[:, :4].all()
    assert empty[20, 21]
    assert empty.sum() == products.ROWS * 4 + 1
    assert document["unit"] == "Reflectance"


def test_prismas_numbers_become_reflectances_and_its_bad_and_double_bands_are_left_out(tmp_path):
    path = products.prisma(tmp_path)
    nm = np.concatenate([np.linspace(1010, 402, 22), np.linspace(2497, 943, 34)])
    truth = products.reflectances(nm)
    with Scene.open(path) as scene:
        assert len(scene.bands) == 22 + 3 + 34
        assert reasons(scene) == {
            "not delivered (flagged in the product's band list)",
            "flagged in 100% of the pixels of the product's error matrix",
            "the SWIR detector sees the same wavelengths",
        }
        assert (np.diff(scene.wavelengths) > 0).all()
        cube, valid = scene.read(None)
        places = [int(np.flatnonzero(np.isclose(nm, one, atol=1e-2))[-1]) for one in scene.wavelengths]
        assert cube[valid] == pytest.approx(truth[..., places][valid], abs=2e-5)


def test_prisma_is_read_out_of_the_archive_it_comes_in_and_by_gdals_name_of_its_cube(tmp_path):
    path = products.prisma(tmp_path)
    archive = tmp_path / "PRS.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(path, path.name)
    cube = f'HDF5:"{path}"://HDFEOS/SWATHS/PRS_L2D_HCO/Data_Fields/VNIR_Cube'
    with Scene.open(path) as scene, Scene.open(archive) as packed, Scene.open(cube) as named:
        assert np.array_equal(packed.read()[0], scene.read()[0])
        assert named.bands == scene.bands


def test_prisma_of_another_level_and_damaged_files_are_refused_with_what_to_do(tmp_path):
    other = tmp_path / "PRS_L1_STD.he5"
    with h5py.File(other, "w") as file:
        file.create_group("HDFEOS/SWATHS/PRS_L1_HCO/Data Fields")
    with pytest.raises(SceneError, match=r"not of level L2D.*Use the L2D product"):
        Scene.open(other)
    path = products.prisma(tmp_path)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(SceneError, match=r"truncated.*Download the file again"):
        Scene.open(path)


# ---- EMIT


def test_emit_is_unmixed_on_the_map_grid_that_its_lookup_table_gives(tmp_path, unmix):
    path = products.emit(tmp_path)
    empty, crs, transform, document = mapped(unmix(path))
    assert crs.to_epsg() == 4326
    assert transform.a == -transform.e == pytest.approx(0.000542232520256367)
    with h5py.File(path) as file:
        sample, line = file["location/glt_x"][()], file["location/glt_y"][()]
    reached = sample > 0
    # One pixel of the swath has no data: it is missing wherever the table names it.
    assert np.array_equal(empty, ~reached | ((sample == 4) & (line == 3)))
    assert document["unit"] == "Reflectance"


def test_emits_pixels_are_those_of_the_swath_and_its_bad_bands_are_left_out(tmp_path):
    path = products.emit(tmp_path)
    with h5py.File(path) as file:
        sample, line = file["location/glt_x"][()] - 1, file["location/glt_y"][()] - 1
        swath = file["reflectance"][()]
    for name in (path, f'NETCDF:"{path}":reflectance'):
        with Scene.open(name) as scene:
            assert reasons(scene) == {
                "flagged bad in the product (good_wavelengths: absorbed by water vapour)"
            }
            assert len(scene.kept) == 34
            cube, valid = scene.read(rasterio.windows.Window(9, 7, 20, 21))
            inside = np.s_[7:28, 9:29]
            numbers = [band.number - 1 for band in scene.kept]
            expected = swath[line[inside], sample[inside]][..., numbers]
            assert np.array_equal(cube[valid], expected[valid])
            assert valid.mean() > 0.9


# ---- aeroplanes and drones: ENVI


def test_an_aeroplanes_rotated_envi_image_in_micrometres_is_unmixed_where_it_lies(tmp_path, unmix):
    nm = np.linspace(380, 2500, 30)
    cube = np.rint(products.reflectances(nm) * 10000).astype(np.int16)
    cube[:2] = -50
    micrometres = ", ".join(f"{one / 1000:.5f}" for one in nm)
    path = products.envi(
        tmp_path / "f130410t01p00r10_refl",
        cube,
        "map info = {UTM, 1, 1, 565000, 5340000, 15.5, 15.5, 32, North, WGS-84, units=Meters, "
        f"rotation=21.0}}\ndata ignore value = -50\nreflectance scale factor = 10000\n"
        f"wavelength = {{{micrometres}}}\n"
        f"fwhm = {{{', '.join(['0.00980'] * 30)}}}\nbbl = {{{', '.join(['0'] + ['1'] * 29)}}}",
    )
    events = unmix(path)
    empty, _, transform, document = mapped(events)
    with rasterio.open(path) as raster:
        assert transform.almost_equals(raster.transform)
        assert abs(transform.b) > 1
    assert empty.sum() == 60
    assert document["bands"][1]["wavelength_nm"] == pytest.approx(nm[1], abs=0.01)
    assert document["bands"][1]["fwhm_nm"] == pytest.approx(9.8)
    assert not document["bands"][0]["kept"]
    said = [event["text"] for event in events if event["event"] == "message" and "unit" in event["text"]]
    assert len(said) == 1
    assert said[0].endswith("taken as micrometres.")


def test_a_drones_float_cube_without_georeference_opens_by_its_header_too(tmp_path, unmix):
    nm = np.linspace(410, 990, 25)
    cube = products.reflectances(nm, 21, 23).astype(np.float64)
    cube[5, 6] = np.nan
    header = f"wavelength units = nm\nwavelength = {{{', '.join(map(str, nm))}}}"
    path = products.envi(tmp_path / "capture.raw", cube, header)
    empty, crs, _, document = mapped(unmix(path.with_suffix(".hdr")))
    assert crs is None
    assert empty.sum() == 1
    assert empty[5, 6]
    assert document["scene"]["name"] == "capture"


# ---- few bands


def test_a_sentinel_2_stack_has_the_wavelengths_that_gdal_writes_into_its_descriptions(write_raster, unmix):
    centres = (490, 560, 665, 705, 740, 783, 842, 865, 1610, 2190)
    cube = np.rint(products.reflectances(centres) * 10000).astype(np.uint16)
    named = tuple(f"B{number}, central wavelength {one} nm" for number, one in enumerate(centres, 2))
    _, _, _, document = mapped(unmix(write_raster(cube, descriptions=named), endmembers=3))
    assert [band["wavelength_nm"] for band in document["bands"]] == list(map(float, centres))


# ---- archives and names


def test_an_image_without_its_metadata_opens_with_a_warning(tmp_path):
    products.enmap(tmp_path).unlink()
    with Scene.open(next(tmp_path.glob("*SPECTRAL_IMAGE.TIF"))) as scene:
        assert scene.wavelengths is None
        assert "METADATA.XML of this image is not beside it" in scene.warnings[0]


def test_an_archive_with_two_rasters_asks_which(write_raster, mixed, tmp_path):
    path = write_raster(mixed())
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as packed:
        packed.write(path, "a.tif")
        packed.write(path, "b.tif")
    with pytest.raises(SceneError, match=r"more than one raster.*/vsizip/.*a\.tif"):
        Scene.open(tmp_path / "two.zip")
    with Scene.open(f"/vsizip/{tmp_path}/two.zip/b.tif") as scene:
        assert scene.name == "b"


def test_an_xml_file_that_is_no_products_metadata_is_refused_with_what_to_do(tmp_path):
    metadata = products.enmap(tmp_path)
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    shutil.copy(metadata, alone)
    with pytest.raises(SceneError, match="its image is not beside it"):
        Scene.open(alone / metadata.name)
