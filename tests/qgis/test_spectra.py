"""Spectral libraries, matching, normalised views and export: what the dock shows is computed here."""

from __future__ import annotations

import json

import numpy as np
import pytest
from osgeo import ogr

NM = np.linspace(400, 2400, 201)


def smooth(phase):
    return 0.4 + 0.3 * np.sin(NM / 300 + phase) + 0.0001 * (NM - 400)


@pytest.fixture
def libraries(plugin_modules):
    return plugin_modules("model.auvae.contract.library")


@pytest.fixture
def profile(libraries):
    """A profile of values (NaN where there is none) at wavelengths."""

    def make(name, centres, values):
        there = np.isfinite(values)
        return libraries.Profile(
            name, centres[there], np.full(there.sum(), np.nan), np.asarray(values)[there], None
        )

    return make


@pytest.fixture
def matching(plugin_modules):
    return plugin_modules("auvae_qgis.spectra.matching")


def write_envi(folder, *, order="<", kind="f4", extra="", unit="Micrometers", factor=0.001, name="minerals"):
    code = {"f4": 4, "i2": 2}[kind]
    spectra = np.stack([smooth(0), smooth(2)])
    (folder / f"{name}.sli").write_bytes(np.ascontiguousarray(spectra, order + kind).tobytes())
    wavelengths = ",\n ".join(f"{one * factor:.6f}" for one in NM)
    (folder / f"{name}.hdr").write_text(
        f"ENVI\nsamples = {len(NM)}\nlines = 2\nbands = 1\nheader offset = 0\n"
        f"file type = ENVI Spectral Library\ndata type = {code}\nbyte order = {int(order == '>')}\n{extra}"
        f"wavelength units = {unit}\nspectra names = {{Green grass, Dry\n soil}}\n"
        f"wavelength = {{{wavelengths}}}\n",
        encoding="utf-8",
    )
    return folder / f"{name}.sli"


@pytest.mark.parametrize("chosen", [".sli", ".hdr"])
def test_an_envi_library_is_read_in_micrometres_and_either_byte_order(libraries, tmp_path, chosen):
    path = write_envi(tmp_path, order=">", extra="reflectance scale factor = 2\n")
    library = libraries.read_library(path.with_suffix(chosen))
    assert [one.name for one in library.profiles] == ["Green grass", "Dry soil"]
    assert library.profiles[1].centres == pytest.approx(NM, abs=0.01)
    assert library.profiles[1].values / library.profiles[1].scale == pytest.approx(smooth(2) / 2, rel=1e-5)


def test_an_envi_library_in_angstroms_lies_where_its_wavelengths_are(libraries, tmp_path):
    library = libraries.read_library(write_envi(tmp_path, unit="Angstroms", factor=10))
    assert library.profiles[0].centres == pytest.approx(NM, abs=0.01)


def test_a_truncated_library_and_one_without_header_are_refused_in_a_sentence(libraries, tmp_path):
    path = write_envi(tmp_path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(libraries.LibraryError, match="cut off"):
        libraries.read_library(path)
    path.with_suffix(".hdr").unlink()
    with pytest.raises(libraries.LibraryError, match="no header"):
        libraries.read_library(path)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_whatever_separates_its_cells(libraries, tmp_path, separator):
    decimal = "," if separator == ";" else "."
    rows = [separator.join(["wavelength_nm", "'=grass", "soil"])]
    rows += [
        separator.join(f"{value:.5f}".replace(".", decimal) for value in (x, a, b))
        for x, a, b in zip(NM, smooth(0), smooth(2), strict=True)
    ]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    library = libraries.read_library(path)
    assert [one.name for one in library.profiles] == ["=grass", "soil"]
    assert library.profiles[0].values == pytest.approx(smooth(0), abs=1e-4)


@pytest.mark.parametrize("driver", ["GeoJSON", "GPKG"])
def test_profiles_of_enmap_box_are_read_from_geojson_and_geopackage(libraries, tmp_path, driver):
    path = tmp_path / ("library.geojson" if driver == "GeoJSON" else "library.gpkg")
    profile = {
        "x": (NM / 1000).tolist(), "y": smooth(0).tolist(), "xUnit": "Micrometers", "bbl": [0] + [1] * 200,
    }  # fmt: skip
    if driver == "GeoJSON":
        feature = {"type": "Feature", "geometry": None, "properties": {"name": "grass", "profiles": profile}}
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    else:
        source = ogr.GetDriverByName(driver).CreateDataSource(str(path))
        layer = source.CreateLayer("library", geom_type=ogr.wkbNone)
        for field in ("name", "profiles"):
            layer.CreateField(ogr.FieldDefn(field, ogr.OFTString))
        feature = ogr.Feature(layer.GetLayerDefn())
        feature["name"], feature["profiles"] = "grass", json.dumps(profile)
        layer.CreateFeature(feature)
        feature = layer = source = None
    [found] = libraries.read_library(path).profiles
    assert found.name == "grass"
    assert found.centres == pytest.approx(NM[1:])
    assert found.values == pytest.approx(smooth(0)[1:])


def test_three_best_matches_come_in_order_of_the_angle_whatever_the_brightness(profile, matching):
    fine = np.linspace(350, 2500, 2151)
    phases = (0.0, 0.3, 0.9, 2.0, 3.0)
    profiles = [
        profile(f"{phase}", fine, np.interp(fine, NM, smooth(phase), left=np.nan, right=np.nan))
        for phase in phases
    ]
    endmembers = 7000 * np.column_stack([smooth(0.0), smooth(2.05)])
    endmembers[80:90] = np.nan  # water vapour
    first, second = matching.best_matches(NM, endmembers, np.full(len(NM), np.nan), profiles)
    assert [one.profile.name for one in first] == ["0.0", "0.3", "0.9"]
    assert first[0].angle < 1e-3
    assert first[0].scale == pytest.approx(7000, rel=1e-3)
    assert first[0].bands == len(NM) - 10
    assert second[0].profile.name == "2.0"
    common = np.isfinite(endmembers[:, 1])
    a, b = endmembers[common, 1], smooth(2.0)[common]
    assert second[0].angle == pytest.approx(
        np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)), abs=1e-3
    )


def test_a_multispectral_library_is_compared_at_its_own_bands(profile, matching):
    centres = np.array([443.0, 490, 560, 665, 705, 740, 783, 842, 865, 1610, 2190])
    soil = profile("soil", centres, np.interp(centres, NM, smooth(2)))
    [[match]] = matching.best_matches(NM, smooth(2)[:, None], np.full(len(NM), np.nan), [soil])
    assert match.bands == len(centres)
    assert match.angle < 1e-3


def test_a_match_on_a_sliver_of_the_range_comes_after_those_on_most_of_it(profile, matching):
    sliver = profile("sliver", NM[:20], smooth(0)[:20])
    whole = profile("whole", NM, smooth(0.2))
    [matches] = matching.best_matches(NM, smooth(0)[:, None], np.full(len(NM), np.nan), [sliver, whole])
    assert [one.profile.name for one in matches] == ["whole", "sliver"]


def test_a_library_beside_the_scenes_range_is_no_match(profile, matching):
    thermal = profile("quartz", np.linspace(8000, 12000, 100), np.ones(100))
    assert matching.best_matches(NM, smooth(0)[:, None], np.full(len(NM), np.nan), [thermal]) == [[]]


def test_the_continuum_is_the_hull_and_removing_it_leaves_the_absorption(plugin_modules):
    views = plugin_modules("auvae_qgis.spectra.views")
    straight = 0.2 + 0.0001 * NM
    band = np.exp(-(((NM - 1400) / 60) ** 2) / 2)
    values = (straight * (1 - 0.4 * band))[:, None]
    values[50:55] = np.nan
    removed = views.seen(NM, values, views.View.CONTINUUM)[:, 0]
    assert np.isnan(removed[50:55]).all()
    assert np.nanmax(removed) == pytest.approx(1)
    assert np.nanmin(removed) == pytest.approx(0.6, abs=1e-3)
    assert np.nansum(views.seen(NM, values, views.View.NORM) ** 2) == pytest.approx(1)


def test_an_exported_library_is_read_back_with_its_gaps_and_odd_names(plugin_modules, libraries, tmp_path):
    export = plugin_modules("auvae_qgis.spectra.export")
    values = np.column_stack([smooth(0), smooth(2)])
    values[10:20] = np.nan
    values[30, 1] = np.nan
    table = export.Table(("=SUM(A1)", "Sand {wet}"), NM, values, True, "Reflectance")
    export.write_envi(tmp_path / "out.sli", table)
    export.write_csv(tmp_path / "out.csv", table)
    for name in ("out.sli", "out.csv"):
        first, second = libraries.read_library(tmp_path / name).profiles
        assert first.name == "=SUM(A1)"
        assert second.name.startswith("Sand")
        assert len(first.centres) == len(NM) - 10
        assert len(second.centres) == len(NM) - 11
        assert first.values == pytest.approx(np.delete(smooth(0), range(10, 20)), rel=1e-5)
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").startswith("wavelength_nm,'=SUM(A1)")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.hdr", "out.sli"]
