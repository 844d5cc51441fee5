"""Whatever people really have opens right, or says why not: headers, cubes, archives, libraries."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
from auvae.contract.errors import OutputError, SceneError
from auvae.contract.selection import Selection
from auvae.scene.scene import Scene

from tests import products

NM = np.linspace(400, 2450, 40)
ROWS, COLS = 14, 17
CASES = Path(__file__).resolve().parent.parent.parent / "shared" / "cases"


def cube(scale=10000.0, dtype=np.int16):
    return (products.reflectances(NM, ROWS, COLS) * scale).astype(dtype)


def listed(values):
    return "{" + ", ".join(f"{one:.10g}" for one in values) + "}"


def envi(folder, header, name="scene.img", values=None):
    return products.envi(folder / name, cube() if values is None else values, header)


def facts(scene):
    return {fact.name: fact for fact in scene.facts}


# ---- wavelengths


@pytest.mark.parametrize(
    ("unit", "values"),
    [
        ("Nanometers", NM),
        ("Micrometers", NM / 1000),
        ("m", NM * 1e-9),
        ("Angstroms", NM * 10),
        ("Wavenumber", 1e7 / NM),
        ("cm-1", 1e7 / NM),
        ("GHz", 299792458.0 / NM),
        ("THz", 299792.458 / NM),
    ],
)
def test_wavelengths_in_every_unit_are_nanometres(tmp_path, unit, values):
    path = envi(tmp_path, f"wavelength units = {unit}\nwavelength = {listed(values)}")
    with Scene.open(path, bands=range(1, 41)) as scene:
        assert scene.wavelengths == pytest.approx(NM, rel=1e-6)
        assert not scene.warnings


@pytest.mark.parametrize(
    ("unit", "values", "said"),
    [
        ("Micrometers", NM, "said to be in “Micrometers”, which they cannot be: taken as nanometres"),
        ("Nanometers", NM / 1000, "taken as micrometres"),
        ("Unknown", NM / 1000, "“Unknown”, is not known: taken as micrometres"),
        ("", 1e7 / NM, "not stated: taken as wavenumbers"),
    ],
)
def test_wavelengths_that_cannot_be_light_in_their_unit_are_read_in_the_one_in_which_they_can(
    tmp_path, unit, values, said
):
    stated = f"wavelength units = {unit}\n" if unit else ""
    with Scene.open(envi(tmp_path, f"{stated}wavelength = {listed(values)}")) as scene:
        centres = [band.wavelength for band in scene.bands]
        assert centres == pytest.approx(NM, rel=1e-6)
        assert any(said in text for text in scene.warnings)


def test_numbers_of_bands_are_no_wavelengths_and_a_spectrometers_image_without_any_says_where_it_was_looked(
    tmp_path,
):
    path = envi(tmp_path, f"wavelength units = Index\nwavelength = {listed(range(1, 41))}")
    with Scene.open(path) as scene:
        assert scene.wavelengths is None
        assert any("40 bands and no wavelengths (looked for in tags" in text for text in scene.warnings)
        assert facts(scene)["Wavelengths"].value == "not known"


@pytest.mark.parametrize(
    "names",
    ["Band {number} ({nm:.2f})", "{nm:.2f} nm", "Resample (Band {number}:x) ({nm:.2f})", "Band_{nm:.1f}"],
)
def test_wavelengths_in_the_names_of_bands_are_read(tmp_path, names):
    written = ", ".join(names.format(number=index, nm=nm) for index, nm in enumerate(NM, 1))
    with Scene.open(envi(tmp_path, f"band names = {{{written}}}")) as scene:
        assert [band.wavelength for band in scene.bands] == pytest.approx(NM, abs=0.06)


def test_numbered_names_of_bands_are_no_wavelengths(tmp_path):
    with Scene.open(
        envi(tmp_path, f"band names = {{{', '.join(f'Band {n}' for n in range(5, 45))}}}")
    ) as scene:
        assert scene.wavelengths is None


def test_an_envi_header_beside_a_geotiff_and_a_stac_item_are_read(tmp_path):
    products.write_image(tmp_path / "scene.tif", cube(), -9999)
    header = f"ENVI\nbands = 40\nfile type = TIFF\nwavelength units = nm\nwavelength = {listed(NM)}\n"
    (tmp_path / "scene.hdr").write_text(f"{header}bbl = {{0, {', '.join(['1'] * 39)}}}\n", encoding="utf-8")
    for chosen in ("scene.tif", "scene.hdr"):
        with Scene.open(tmp_path / chosen) as scene:
            assert [band.wavelength for band in scene.bands] == pytest.approx(NM)
            assert scene.bands[0].reason == "flagged bad in the header"
    products.write_image(tmp_path / "image.tif", cube(), -9999)
    bands = [{"name": f"B{index}", "center_wavelength": nm / 1000} for index, nm in enumerate(NM)]
    item = {
        "stac_version": "1.0.0", "type": "Feature", "properties": {},
        "assets": {"image": {"href": "https://host/image.tif", "eo:bands": bands}},
    }  # fmt: skip
    (tmp_path / "item.json").write_text(json.dumps(item), encoding="utf-8")
    with Scene.open(tmp_path / "image.tif") as scene:
        assert [band.wavelength for band in scene.bands] == pytest.approx(NM, abs=1e-3)
        assert "STAC item item.json" in facts(scene)["Wavelengths"].source


def test_a_virtual_raster_of_some_bands_has_their_wavelengths(tmp_path):
    flags = ", ".join(["1"] * 5 + ["0"] + ["1"] * 34)
    header = f"wavelength units = nm\nwavelength = {listed(NM)}\nbbl = {{{flags}}}\n"
    envi(tmp_path, f"{header}reflectance scale factor = 10000")
    bands = "".join(
        f'<VRTRasterBand dataType="Int16" band="{band}"><SimpleSource><SourceFilename relativeToVRT="1">'
        f"scene.img</SourceFilename><SourceBand>{source}</SourceBand></SimpleSource></VRTRasterBand>"
        for band, source in enumerate((3, 6, 9), 1)
    )
    text = f'<VRTDataset rasterXSize="{COLS}" rasterYSize="{ROWS}">{bands}</VRTDataset>'
    (tmp_path / "some.vrt").write_text(text, encoding="utf-8")
    with Scene.open(tmp_path / "some.vrt") as scene:
        assert [band.wavelength for band in scene.bands] == pytest.approx(NM[[2, 5, 8]])
        assert [band.kept for band in scene.bands] == [True, False, True]
        assert scene.reflectance_scale == 10000


# ---- lists


@pytest.mark.parametrize(
    "flags", [("0", "1"), ("0.0", "1.0"), ("False", "True"), ("no", "yes"), ("bad", "good")]
)
def test_bad_bands_are_flagged_in_any_words(tmp_path, flags):
    written = ", ".join(flags[0] if index in (0, 19) else flags[1] for index in range(40))
    with Scene.open(envi(tmp_path, f"bbl = [{written}]")) as scene:
        assert [band.number for band in scene.bands if not band.kept] == [1, 20]


def test_a_list_that_cannot_be_used_is_named(tmp_path):
    header = f"wavelength units = nm\nwavelength = {listed(NM[:39])}\nbbl = {{{', '.join(['1'] * 39)}}}"
    with Scene.open(envi(tmp_path, header)) as scene:
        assert any("bad bands" in text and "39 entries for 40 bands" in text for text in scene.warnings)
        assert any("wavelengths" in text and "39 entries for 40 bands" in text for text in scene.warnings)


# ---- no-data and scale


def with_fill(value, share=0.4):
    values = cube()
    values.reshape(-1, 40)[: int(share * ROWS * COLS)] = value
    return values


@pytest.mark.parametrize("value", [-9999, -32768, 32767])
@pytest.mark.parametrize("declared", ["", "data ignore value = -1\n"])
def test_fill_that_nobody_declared_is_no_data_as_if_it_were_declared(tmp_path, value, declared):
    path = envi(
        tmp_path, f"{declared}wavelength units = nm\nwavelength = {listed(NM)}", values=with_fill(value)
    )
    with Scene.open(path) as scene:
        valid = scene.read()[1]
        said = [text for text in scene.warnings if "in all bands" in text]
        assert len(said) == 1
        assert str(value) in said[0]
        assert "%" in said[0]
    twin = envi(tmp_path, f"data ignore value = {value}", "twin.img", with_fill(value))
    with Scene.open(twin) as scene:
        assert np.array_equal(scene.read()[1], valid)
        assert not any("in all bands" in text for text in scene.warnings)
    with Scene.open(path, selection=Selection(keep_fill=True)) as scene:
        assert scene.read()[1].sum() > valid.sum()


def test_fill_at_the_rim_of_a_large_scene_is_found(write_raster, mixed):
    values = mixed(rows=300, cols=320)
    values[:, :9] = -9999
    with Scene.open(write_raster(values)) as scene:
        assert scene.read()[1].sum() == 300 * 311


def test_dark_and_saturated_pixels_are_measured_ones(tmp_path):
    values = cube()
    values[0, 0], values[3, 3] = -1, 9000
    with Scene.open(envi(tmp_path, "", values=values)) as scene:
        assert not any("in all bands" in text for text in scene.warnings)


def test_no_data_and_a_coordinate_system_given_with_the_job_count(tmp_path):
    info = "map info = {UTM, 1, 1, 565000, 5340000, 30, 30, 32, North, WGS-84}"
    path = envi(tmp_path, info, values=with_fill(-5, 0.2))
    selection = Selection(no_data=((-6.0, -4.0),), crs="EPSG:32633", keep_fill=True)
    with Scene.open(path, selection=selection) as scene:
        assert scene.crs.to_epsg() == 32633
        assert 1 - scene.read()[1].mean() == pytest.approx(0.2, abs=0.01)
        assert Selection.parse(selection.document()) == selection


def test_a_scale_that_cannot_be_is_not_used_and_says_so(tmp_path):
    path = envi(tmp_path, "reflectance scale factor = 1", values=cube())
    with Scene.open(path) as scene:
        assert scene.reflectance_scale is None
        assert any("cannot be: not used" in text for text in scene.warnings)


# ---- headers and archives


@pytest.mark.parametrize("ending", [".rfl", ".bin", ".xyz", ""])
def test_the_data_file_of_a_header_is_found_whatever_its_ending(tmp_path, ending):
    path = envi(tmp_path, f"wavelength = {listed(NM)}")
    path.rename(tmp_path / f"scene{ending}")
    (tmp_path / "scene.txt").write_text("notes", encoding="utf-8")
    with Scene.open(tmp_path / "scene.hdr") as scene:
        assert len(scene.bands) == 40


def test_a_header_alone_names_what_is_missing(tmp_path):
    envi(tmp_path, "").unlink()
    with pytest.raises(SceneError, match=r"data file of the header scene\.hdr is missing.*scene\.img"):
        Scene.open(tmp_path / "scene.hdr")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_a_header_in_any_encoding_is_read(tmp_path, encoding):
    path = envi(tmp_path, f"description = {{Wälder, µm}}\nwavelength units = nm\nwavelength = {listed(NM)}")
    header = tmp_path / "scene.hdr"
    header.write_bytes(header.read_text(encoding="utf-8").encode(encoding))
    for chosen in (path, header):
        with Scene.open(chosen) as scene:
            assert [band.wavelength for band in scene.bands] == pytest.approx(NM)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_a_raster_without_ending_opens_out_of_every_archive(tmp_path, kind):
    path = envi(tmp_path, f"wavelength units = nm\nwavelength = {listed(NM)}", "f17_rfl")
    header = path.with_suffix(".hdr")
    archive = tmp_path / f"delivery.{kind}"
    files = [(path, "f17/f17_rfl"), (header, "f17/f17_rfl.hdr"), (header, "__MACOSX/f17/._f17_rfl.hdr")]
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as packed:
            for file, name in files:
                packed.write(file, name)
    else:
        with tarfile.open(archive, "w:gz" if kind.endswith("gz") else "w") as tape:
            for file, name in files:
                tape.add(file, name)
    with Scene.open(archive) as packed, Scene.open(path) as plain:
        assert np.array_equal(packed.read()[0], plain.read()[0])
        assert packed.bands == plain.bands


# ---- cubes of HDF5 and netCDF


def netcdf(path, order, *, named=True, ascending=False, attributes=None, name="reflectance", values=None):
    """A cube with its axes in an order such as "yxb", and coordinates where they are named."""
    stored = cube(1.0, np.float32) if values is None else values
    names = {"y": "latitude", "x": "longitude", "b": "wavelengths"}
    with h5py.File(path, "w") as file:
        held = file.create_dataset(name, data=stored.transpose(["yxb".index(axis) for axis in order]))
        held.attrs["_FillValue"] = np.float32(-9999)
        for key, value in (attributes or {}).items():
            held.attrs[key] = value
        y = 48.2 - 0.001 * np.arange(ROWS)
        lists = {"y": y[::-1] if ascending else y, "x": 11.8 + 0.001 * np.arange(COLS), "b": NM}
        units = {"y": "degrees_north", "x": "degrees_east", "b": "nm"}
        for place, axis in enumerate(order):
            if named:
                scale = file.create_dataset(names[axis], data=lists[axis])
                scale.attrs["units"] = units[axis]
                scale.make_scale(names[axis])
                held.dims[place].attach_scale(scale)
            elif axis == "b":
                file.create_dataset("metadata/Wavelength", data=lists["b"])
    return path


@pytest.mark.parametrize("order", ["yxb", "byx", "ybx", "xyb"])
def test_a_cube_is_read_with_its_bands_wherever_they_are_stored(tmp_path, order):
    with Scene.open(netcdf(tmp_path / "cube.nc", order)) as scene:
        assert (scene.rows, scene.cols, len(scene.bands)) == (ROWS, COLS, 40)
        assert [band.wavelength for band in scene.bands] == pytest.approx(NM, abs=1e-3)
        values, good = scene.values(range(1, 41), None)
        assert values[good] == pytest.approx(cube(1.0, np.float32)[good])
        assert scene.crs.to_epsg() == 4326
        assert scene.transform.c == pytest.approx(11.8 - 0.0005)
        assert scene.transform.f == pytest.approx(48.2 + 0.0005)


def test_a_cube_without_names_is_told_by_the_length_of_its_list_of_wavelengths(tmp_path):
    stated = {"Scale_Factor": 10000.0, "Data_Ignore_Value": -9999.0}
    path = netcdf(tmp_path / "cube.h5", "yxb", named=False, attributes=stated, values=cube())
    with h5py.File(path, "r+") as file:
        file["metadata/Map_Info"] = "UTM, 1.000, 1.000, 299000.00, 4102000.0, 2.0, 2.0, 11, North, WGS-84"
        file["metadata/EPSG Code"] = "32611"
    with Scene.open(path) as scene:
        assert (scene.rows, scene.cols, len(scene.bands)) == (ROWS, COLS, 40)
        assert scene.reflectance_scale == 10000
        assert scene.crs.to_epsg() == 32611
        assert (scene.transform.a, scene.transform.c, scene.transform.f) == (2, 299000, 4102000)


def test_a_cube_whose_axes_cannot_be_told_is_refused_with_its_axes_named(tmp_path):
    with h5py.File(tmp_path / "cube.h5", "w") as file:
        file["data"] = np.ones((12, 13, 14), np.float32)
    with pytest.raises(SceneError, match=r"which axis of data holds the bands.*12, 13, 14"):
        Scene.open(tmp_path / "cube.h5")


def test_positions_of_every_pixel_become_ground_control_points(tmp_path):
    path = netcdf(tmp_path / "swath.nc", "yxb", named=False)
    rows, cols = np.mgrid[:ROWS, :COLS]
    with h5py.File(path, "r+") as file:
        file["navigation_data/latitude"] = (48 - 0.01 * rows + 0.001 * cols).astype(np.float32)
        file["navigation_data/longitude"] = (11 + 0.01 * cols + 0.001 * rows).astype(np.float32)
    with Scene.open(path) as scene:
        assert scene.gcps_crs.to_epsg() == 4326
        point = scene.gcps[0]
        assert (point.row, point.col, point.x, point.y) == pytest.approx((0.5, 0.5, 11, 48))


def test_a_classic_netcdf_file_is_read_as_well(tmp_path):
    from scipy.io import netcdf_file

    with netcdf_file(tmp_path / "old.nc", "w") as file:
        for name, values in (
            ("y", np.arange(ROWS) * -30.0),
            ("x", np.arange(COLS) * 30.0),
            ("wavelength", NM),
        ):
            file.createDimension(name, len(values))
            file.createVariable(name, "f8", (name,))[:] = values
        file.createVariable("refl", "f4", ("y", "x", "wavelength"))[:] = cube(1.0, np.float32)
    with Scene.open(tmp_path / "old.nc") as scene:
        assert (scene.rows, scene.cols, len(scene.bands)) == (ROWS, COLS, 40)
        assert (scene.transform.a, scene.transform.e) == (30, -30)


def test_tanager_is_opened_as_a_product(tmp_path):
    path = products.tanager(tmp_path)
    with Scene.open(path) as scene:
        assert scene.sensor == "Tanager surface reflectance"
        assert [band.number for band in scene.bands if "flagged" in band.reason] == [1, 20]
        assert not scene.read()[1][:2].any()
        assert scene.gcps_crs.to_epsg() == 4326


# ---- detectors and places


def test_of_two_detectors_one_is_used_where_both_see_whatever_wrote_the_file(tmp_path):
    centres = [*np.linspace(420, 1000, 30), *np.linspace(905, 2440, 10)]
    with Scene.open(envi(tmp_path, f"wavelength units = nm\nwavelength = {listed(centres)}")) as scene:
        assert (np.diff(scene.wavelengths) > 0).all()
        assert sum("another detector" in band.reason for band in scene.bands) == 5


def test_points_without_a_coordinate_system_make_maps_with_the_points_and_none(tmp_path, unmix):
    points = "geo points = {\n 1.0, 1.0, 48.2, 11.8,\n 18.0, 1.0, 48.2, 11.82,\n 1.0, 15.0, 48.19, 11.8,\n"
    points += f" 18.0, 15.0, 48.19, 11.82}}\nwavelength units = nm\nwavelength = {listed(NM)}"
    events = unmix(envi(tmp_path, points))
    with rasterio.open(Path(events[-1]["output"]) / "abundances.tif") as raster:
        assert len(raster.gcps[0]) == 4
        assert raster.gcps[1] is None or not raster.gcps[1].to_wkt()
        assert raster.crs is None
    assert any("ground control points name no coordinate system" in event.get("text", "") for event in events)


def test_what_cannot_be_written_is_found_before_the_training(tmp_path, unmix, monkeypatch):
    from auvae.mapping import map_rasters
    from auvae.tasks import train as learning

    monkeypatch.setattr(learning, "train", lambda *_: pytest.fail("it was trained"))
    path = envi(tmp_path, f"wavelength units = nm\nwavelength = {listed(NM)}")
    full = type("Usage", (), {"free": 1000})
    with monkeypatch.context() as patch:
        patch.setattr(map_rasters.shutil, "disk_usage", lambda _: full)
        with pytest.raises(OutputError, match="the disk is full"):
            unmix(path)
    monkeypatch.setattr(map_rasters.MapRasters, "_create", refuse_grid)
    with pytest.raises(SceneError, match="cannot be written on the scene's grid: no such grid"):
        unmix(path)
    assert {one.name for one in tmp_path.iterdir()} == {"scene.img", "scene.hdr"}


def refuse_grid(*_args, **_other):
    raise ValueError("no such grid")


@pytest.mark.skipif(not CASES.exists(), reason="needs ../shared/cases")
@pytest.mark.parametrize(
    ("case", "rows", "cols", "bands", "unit"),
    [
        ("c01_names_nounit/prisma.bsq", 30, 36, 40, "Reflectance × 10000"),
        ("n02_emit_ortho/EMIT_L2A_RFL_001_20230216T211910_clipped.nc", 30, 36, 40, "Reflectance"),
        ("n04_neon/NEON_D17_SOAP_DP3_299000_4101000_reflectance.h5", 30, 36, 40, "Reflectance × 10000"),
        ("n01_tanager/20250301_143913_32_4001_basic_sr.h5", 30, 36, 40, "Reflectance"),
        ("n07_wyvern/wyvern_dragonette-001_20240608T144036.tiff", 30, 36, 40, "Reflectance"),
        ("c16_bom/a.img", 30, 36, 40, "Reflectance × 10000"),
        ("c17_tifhdr/scene.tif", 30, 36, 40, "Reflectance × 10000"),
        ("g04_tar/f171204t01p00r18.tar.gz", 30, 36, 40, "Reflectance × 10000"),
        ("d02_noextzip/noext.zip", 30, 36, 40, "Reflectance × 10000"),
        ("../data/real/enmap_potsdam_tile_128_32.tif", 32, 32, 224, "Reflectance"),
        ("../data/real/cubus_gamsberg_subset", 25, 10, 189, "Reflectance × 10000"),
    ],
)
def test_files_of_public_reports_and_real_products_open_right(case, rows, cols, bands, unit):
    with Scene.open(CASES / case) as scene:
        assert (scene.rows, scene.cols, len(scene.bands)) == (rows, cols, bands)
        assert scene.unit == unit
        assert (np.diff(scene.wavelengths) > 0).all()
        assert 200 <= scene.wavelengths.min() < scene.wavelengths.max() <= 20_000
