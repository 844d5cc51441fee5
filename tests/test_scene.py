"""Reading a raster as an analyst's file comes: bands, wavelengths, units, no-data, windows, patches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from auvae.contract.errors import SceneError
from auvae.endmembers.sampling import sample_patches
from auvae.scene.scene import Scene

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs the benchmark scenes in ../shared")
CENTRES = [400.0 + 50 * band for band in range(12)]


def listed(values):
    return "{" + ", ".join(map(str, values)) + "}"


@pytest.mark.parametrize(
    "where",
    [
        {"band_tags": [{"IMAGERY": {"CENTRAL_WAVELENGTH_UM": f"{nm / 1000:.5f}"}} for nm in CENTRES]},
        {"band_tags": [{"": {"wavelength": str(nm), "wavelength_units": "Nanometers"}} for nm in CENTRES]},
        {"band_tags": [{"": {"Wavelength": str(nm / 1000)}} for nm in CENTRES]},
        {"band_tags": [{"": {"wavelengths": str(nm / 1000), "wavelength units": "um"}} for nm in CENTRES]},
        {"tags": {"": {"wavelength": listed(CENTRES)}}},
        {
            "tags": {
                "ENVI": {"wavelength": listed(nm / 1000 for nm in CENTRES), "wavelength_units": "Micrometers"}
            }
        },
        {
            "tags": {
                "ENVI": {"wavelength": listed(nm / 1000 for nm in CENTRES), "wavelength_units": "Unknown"}
            }
        },
        {"descriptions": tuple(f"{nm:.2f} nm" for nm in CENTRES)},
        {"descriptions": tuple(f"{nm / 1000:.3f} Micrometers (something)" for nm in CENTRES)},
    ],
    ids=[
        "imagery",
        "band",
        "band-um-unsaid",
        "band-um",
        "dataset",
        "envi-um",
        "envi-unknown",
        "text",
        "text-um",
    ],
)
def test_wavelengths_are_found_in_each_place_and_given_in_nm(write_raster, mixed, where):
    with Scene.open(write_raster(mixed(), **where)) as scene:
        assert scene.wavelengths == pytest.approx(CENTRES, abs=1e-6)


def test_a_wavelength_rounded_by_gdal_gives_way_to_the_headers_own(write_raster, mixed):
    tags = [
        {
            "IMAGERY": {"CENTRAL_WAVELENGTH_UM": f"{(nm + 0.48) / 1000:.3f}"},
            "": {"wavelength": str(nm + 0.48), "wavelength_units": "nm"},
        }
        for nm in CENTRES
    ]
    with Scene.open(write_raster(mixed(), band_tags=tags)) as scene:
        assert scene.wavelengths == pytest.approx([nm + 0.48 for nm in CENTRES], abs=1e-9)


def test_widths_of_bands_are_read_too(write_raster, mixed):
    tags = [{"IMAGERY": {"CENTRAL_WAVELENGTH_UM": str(nm / 1000), "FWHM_UM": "0.0065"}} for nm in CENTRES]
    with Scene.open(write_raster(mixed(), band_tags=tags)) as scene:
        assert [band.fwhm for band in scene.bands] == [6.5] * 12


def test_without_wavelengths_a_scene_still_opens(write_raster, mixed):
    with Scene.open(write_raster(mixed())) as scene:
        assert scene.wavelengths is None
        assert scene.unit == "Value"


def test_bands_flagged_bad_in_the_header_are_left_out_unless_chosen(simulated):
    with Scene.open(simulated) as scene:
        flagged = [band.number for band in scene.bands if not band.kept]
        assert 1 in flagged
        assert len(flagged) > 3
        assert {band.reason for band in scene.bands if not band.kept} == {"flagged bad in the header"}
        assert scene.read()[0].shape[-1] == len(scene.kept) == 40 - len(flagged)
    with Scene.open(simulated, bands=[3, 1, 2]) as scene:
        assert [band.number for band in scene.kept] == [1, 2, 3]


def test_bands_without_information_are_left_out_and_say_why(write_raster, mixed):
    cube = mixed(rows=40, cols=40)
    cube[..., 2], cube[..., 5], cube[:30, :, 7] = 123, -9999, -9999
    path = write_raster(cube, nodata=-9999)
    with Scene.open(path) as scene:
        reasons = {band.number: band.reason for band in scene.bands if not band.kept}
        assert reasons == {3: "constant", 6: "holds only no-data", 8: "no-data in 75% of the pixels"}
    with Scene.open(path, bands=[1, 3, 4]) as scene:
        assert [band.number for band in scene.kept] == [1, 3, 4]


def test_a_pixel_is_valid_only_where_every_kept_band_has_a_finite_value(write_raster, mixed):
    cube = mixed().astype(np.float32)
    cube[0, 0, 3], cube[0, 1, 4], cube[0, 2, 5], cube[0, 3] = np.nan, np.inf, -1, 0
    with Scene.open(write_raster(cube, nodata=-1)) as scene:
        values, valid = scene.read()
    assert not valid[0, :4].any()
    assert valid.sum() == valid.size - 4
    assert np.isfinite(values).all()


def test_a_mask_band_hides_pixels(write_raster, mixed, tmp_path):
    path = write_raster(mixed())
    mask = np.full((20, 24), 255, np.uint8)
    mask[:5] = 0
    with rasterio.open(path, "r+") as raster:
        raster.write_mask(mask)
    with Scene.open(path) as scene:
        _, valid = scene.read()
    assert not valid[:5].any()
    assert valid[5:].all()


def test_gdals_band_scale_and_offset_are_applied_and_no_data_is_not(write_raster, mixed):
    cube = mixed()
    cube[0, 0] = -9999
    path = write_raster(cube, nodata=-9999)
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (0.0001,) * 12, (0.5,) * 12
    with Scene.open(path) as scene:
        values, valid = scene.read()
    assert not valid[0, 0]
    assert values[3, 4] == pytest.approx(cube[3, 4] * 0.0001 + 0.5, rel=1e-6)


def test_a_reflectance_scale_factor_names_the_unit_and_changes_no_value(simulated):
    with Scene.open(simulated) as scene, rasterio.open(simulated) as raster:
        assert scene.unit == "Reflectance × 10000"
        assert scene.reflectance_scale == 10000
        values, valid = scene.read()
        raw = np.moveaxis(raster.read([band.number for band in scene.kept]), 0, -1)
        assert np.array_equal(values[valid], raw[valid])


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "int32", "float32", "float64"])
def test_every_real_number_type_is_read(write_raster, mixed, kind):
    cube = (mixed() // 50).astype(kind)
    with Scene.open(write_raster(cube)) as scene:
        values, _ = scene.read()
    assert np.array_equal(values, cube.astype(np.float32))


def test_windows_cover_the_scene_once_and_overlap_only_outside(simulated):
    with Scene.open(simulated) as scene:
        seen = np.zeros((scene.rows, scene.cols), int)
        for inner, outer in scene.windows(16, 4):
            seen[
                inner.row_off : inner.row_off + inner.height, inner.col_off : inner.col_off + inner.width
            ] += 1
            assert outer.row_off == max(0, inner.row_off - 4)
            assert outer.col_off + outer.width == min(scene.cols, inner.col_off + inner.width + 4)
    assert (seen == 1).all()


def test_a_small_scene_is_learned_from_whole(simulated):
    with Scene.open(simulated) as scene:
        patches = list(sample_patches(scene, seed=0))
        whole = scene.read()[1].sum()
    assert sum(valid.sum() for _, valid in patches) == whole


def test_a_large_scene_gives_the_same_patches_for_the_same_seed_and_others_for_another(write_raster, mixed):
    cube = mixed(rows=90, cols=120)
    cube[:, :60] = 0
    path = write_raster(cube)
    with Scene.open(path) as scene:
        first, again, other = (
            list(sample_patches(scene, seed, window=16, budget=2048)) for seed in (5, 5, 6)
        )
    assert 4 <= len(first) <= 8
    assert all(valid.any() for _, valid in first)
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(first, again, strict=True))
    assert any(not np.array_equal(a, b) for (a, _), (b, _) in zip(first, other, strict=False))


@needs_shared
def test_the_delivered_jasper_scene_opens_as_the_cleaned_one():
    with (
        Scene.open(SHARED / "jasper" / "jasper_224.img") as whole,
        Scene.open(SHARED / "jasper" / "jasper.img") as clean,
    ):
        assert (len(whole.bands), len(whole.kept)) == (224, 198)
        assert np.array_equal(whole.wavelengths, clean.wavelengths)
        values, valid = whole.read()
        assert np.array_equal(values[valid], clean.read()[0].reshape(-1, 198))


def test_a_scene_with_spaces_and_accents_in_its_path_opens(write_raster, mixed):
    with Scene.open(write_raster(mixed(), name="Bilder für März/scène 1 #?.tif")) as scene:
        assert scene.name == "scène 1 #?"


def refusal(path, endmembers=3, bands=None):
    with pytest.raises(SceneError) as caught, Scene.open(path, bands) as scene:
        scene.check(endmembers)
    assert caught.value.remedy.endswith(".")
    return caught.value.text


def test_a_raster_with_one_band_is_refused(write_raster, mixed):
    assert "has one band" in refusal(write_raster(mixed(bands=1)))


def test_fewer_bands_than_endmembers_are_refused(write_raster, mixed):
    assert "12 usable bands; 13 endmembers" in refusal(write_raster(mixed()), 13)
    assert "2 usable bands" in refusal(write_raster(mixed(), name="other.tif"), bands=[4, 5])


def test_fewer_pixels_than_endmembers_are_refused(write_raster, mixed):
    cube = mixed()
    cube[:, 2:] = cube[1:] = 0
    assert "has 2 pixels with data for 3 endmembers" in refusal(write_raster(cube))


def test_a_raster_of_no_data_is_refused(write_raster, mixed):
    assert "holds no data" in refusal(write_raster(np.full_like(mixed(), -9999), nodata=-9999))


def test_a_constant_raster_is_refused(write_raster, mixed):
    cube = np.broadcast_to(mixed()[3, 3], mixed().shape).copy()
    assert "is constant" in refusal(write_raster(cube))


def test_complex_numbers_are_refused(write_raster, mixed):
    assert "complex numbers" in refusal(write_raster(mixed().astype(np.complex64)))


def test_a_missing_file_is_refused(tmp_path):
    assert "There is no file" in refusal(tmp_path / "nothing.tif")


def test_a_file_that_is_no_raster_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear reader")
    assert "cannot be opened" in refusal(tmp_path / "letter.txt")


@pytest.mark.parametrize("options", [{}, {"tiled": True, "compress": "deflate"}], ids=["plain", "compressed"])
def test_a_truncated_geotiff_is_refused_before_any_training(write_raster, mixed, options):
    path = write_raster(mixed(rows=200, cols=200), **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "truncated" in refusal(path)


def test_a_truncated_envi_file_is_refused_where_gdal_would_read_zeros(write_raster, mixed):
    path = write_raster(mixed(), name="scene.img", driver="ENVI")
    path.write_bytes(path.read_bytes()[:-1000])
    assert "is truncated" in refusal(path)


def test_a_band_that_does_not_exist_is_refused(write_raster, mixed):
    assert "no band 13" in refusal(write_raster(mixed()), bands=[1, 2, 13])
