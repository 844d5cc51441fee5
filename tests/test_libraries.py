"""Libraries of spectra as others write them: names, units, layouts, scales, and what they cover."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from auvae.contract.errors import LibraryError
from auvae.contract.jobs import KnownChoice
from auvae.contract.library import read_library
from auvae.scene.scene import Scene
from auvae.spectra.known import known_spectra

from tests import products

NM = np.linspace(400, 2450, 40)
REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "real"


def spectra(nm=NM):
    """Three spectra that no factor of another makes alike."""
    return np.stack(
        [0.05 + 0.4 / (1 + np.exp((715 - nm) / 20)), 0.05 + 0.2 * (nm - 400) / 2000, 0.04 + 0 * nm]
    )


@pytest.fixture
def scene(tmp_path):
    """Write a scene of mixtures of the spectra, of a scale, that says its scale or not."""

    def make(scale=10000.0, *, stated=True, shade=1.0):
        shares = np.random.default_rng(1).dirichlet((0.7, 0.7, 0.7), (15, 16))
        cube = (scale * shade * shares @ spectra()).astype(np.float32)
        header = f"wavelength units = nm\nwavelength = {{{', '.join(map(str, NM))}}}\n"
        header += f"reflectance scale factor = {scale:g}" if stated else ""
        return products.envi(tmp_path / "scene.img", cube, header)

    return make


def envi(folder, values, names="{a, b, c}", nm=NM, unit="Nanometers", extra=""):
    path = folder / "lib.sli"
    path.write_bytes(np.asarray(values, "<f4").tobytes())
    lists = "" if nm is None else f"wavelength units = {unit}\nwavelength = {{{', '.join(map(str, nm))}}}\n"
    path.with_suffix(".hdr").write_text(
        f"ENVI\nsamples = {values.shape[1]}\nlines = {values.shape[0]}\nbands = 1\n"
        "file type = ENVI Spectral Library\ndata type = 4\nbyte order = 0\n"
        f"spectra names = {names}\n{lists}{extra}",
        encoding="utf-8",
    )
    return path


def known(path, scene_path, *names):
    with Scene.open(scene_path) as opened:
        found = known_spectra(KnownChoice(library=str(path), names=names), opened)
        return found, opened


# ---- names


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("{a, b, c}", ["a", "b", "c"]),
        ("{\n grass, dry,\n soil (clay, wet),\n asphalt}", ["grass, dry", "soil (clay, wet)", "asphalt"]),
        ("{soil (clay, wet), grass [a, b], c}", ["soil (clay, wet)", "grass [a, b]", "c"]),
        ('{"grass, dry", "soil", c}', ["grass, dry", "soil", "c"]),
        ("{Küste, 草, {x} y}", ["Küste", "草", "{x} y"]),
    ],
)
def test_names_stay_with_their_spectra_whatever_signs_they_hold(tmp_path, names, expected):
    library = read_library(envi(tmp_path, spectra(), names))
    assert [one.name for one in library.profiles] == expected
    assert not library.notes
    for one, values in zip(library.profiles, spectra(), strict=True):
        assert one.values == pytest.approx(values, rel=1e-5)


def test_names_that_cannot_be_told_apart_are_numbered_and_that_is_said(tmp_path):
    library = read_library(envi(tmp_path, spectra(), "{grass, dry, soil, clay, wet}"))
    assert [one.name for one in library.profiles] == ["Spectrum 1", "Spectrum 2", "Spectrum 3"]
    assert "cannot be told apart" in library.notes[0]


# ---- scale


@pytest.mark.parametrize("own", [1.0, 100.0, 1000.0, 10000.0, 65535.0])
@pytest.mark.parametrize("there", [1.0, 1000.0, 10000.0])
@pytest.mark.parametrize("stated", [True, False])
def test_the_scale_of_a_library_is_the_one_that_fits_the_pixels_and_is_said(
    tmp_path, scene, own, there, stated
):
    found, _ = known(envi(tmp_path, own * spectra()), scene(there, stated=stated))
    assert found.spectra == pytest.approx(there * spectra(), rel=1e-4)
    assert any(f"multiplied by {there / own:g}" in text for text in found.notes)


def test_dark_spectra_of_a_dark_scene_do_not_change_their_scale(tmp_path, scene):
    found, _ = known(envi(tmp_path, 100 * spectra()[1:], "{soil, water}"), scene())
    assert found.spectra == pytest.approx(10000 * spectra()[1:], rel=1e-4)


def test_scales_that_are_stated_count_whatever_would_fit_better(tmp_path, scene):
    path = envi(tmp_path, spectra(), extra="reflectance scale factor = 1\n")
    found, _ = known(path, scene(10000.0, shade=0.1))
    assert found.spectra == pytest.approx(10000 * spectra(), rel=1e-4)
    assert any("it states reflectance from 0 to 1" in text for text in found.notes)


# ---- layouts


def rows_of(header, cells):
    return "\n".join([",".join(map(str, row)) for row in (header, *cells)])


LAYOUTS = {
    "columns": rows_of(["nm", "a", "b", "c"], [[x, *y] for x, y in zip(NM, spectra().T, strict=True)]),
    "numbered columns": rows_of(
        ["band", "wavelength", "a", "b", "c"],
        [[n, x, *y] for n, (x, y) in enumerate(zip(NM, spectra().T, strict=True), 1)],
    ),
    "rows": rows_of(["name", *NM], [[n, *y] for n, y in zip("abc", spectra(), strict=True)]),
    "rows with metadata": rows_of(
        ["id", "species", "site", *NM, "date"],
        [[i, n, "x", *y, "2020-01-01"] for i, (n, y) in enumerate(zip("abc", spectra(), strict=True), 1)],
    ),
    "rows of a statistician": rows_of(
        ["", *(f"X{x:.2f}" for x in NM)], [[n, *y] for n, y in zip("abc", spectra(), strict=True)]
    ),
    "pairs": rows_of(
        ["nm", "a", "nm", "b", "nm", "c"],
        [[x, p, x + 1, q, x + 2, r] for x, (p, q, r) in zip(NM, spectra().T, strict=True)],
    ),
    "micrometres falling": rows_of(
        ["Wavelength (um)", "a", "b", "c"],
        [[x / 1000, *y] for x, y in zip(NM[::-1], spectra().T[::-1], strict=True)],
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_spectra_are_found_in_every_layout_of_a_table(tmp_path, layout):
    (tmp_path / "table.csv").write_text(LAYOUTS[layout], encoding="utf-8")
    profiles = read_library(tmp_path / "table.csv").profiles
    assert [one.name for one in profiles] == ["a", "b", "c"]
    for place, (one, values) in enumerate(zip(profiles, spectra(), strict=True)):
        shift = place if layout == "pairs" else 0
        assert one.centres == pytest.approx(NM + shift, abs=0.01)
        assert one.values == pytest.approx(values)


def test_a_table_without_wavelengths_says_what_was_seen_in_it(tmp_path):
    (tmp_path / "lib.csv").write_text(
        "name,level_1,level_2\nroof,built,tile\nlawn,green,grass\n", encoding="utf-8"
    )
    with pytest.raises(LibraryError, match=r"begins with “name”.*column with “roof”, “lawn”"):
        read_library(tmp_path / "lib.csv")
    envi(tmp_path, spectra())
    with pytest.raises(LibraryError, match=r"text about them.*Choose lib\.sli"):
        read_library(tmp_path / "lib.csv")
    (tmp_path / "lib.json").write_text('{"level_1": {"categories": []}}', encoding="utf-8")
    with pytest.raises(LibraryError, match=r"describes is level_1\. Choose lib\.sli"):
        read_library(tmp_path / "lib.json")


ECOSTRESS = (
    "Name: Brown loam\nType: soil\nX Units: Wavelength (micrometers)\nY Units: Reflectance (percent)\n"
    "First X Value: 2.45\n\n"
)
OCEAN_OPTICS = (
    "Data from sample_07.txt Node\n\nDate: Mon Jan 01\nIntegration Time (sec): 1.0E-1\n"
    "XAxis mode: Wavelengths\n>>>>>Begin Spectral Data<<<<<\n"
)
SVC = "/*** Spectra Vista SIG Data ***/\nname= field.00012.sig\nunits= Radiance, Radiance\ndata=\n"
TEXTS = {
    "soil.spectrum.txt": (ECOSTRESS, "{um}\t{percent}\n", "Brown loam", 100.0),
    "sample_07.txt": (OCEAN_OPTICS, "{nm}\t{value}\n", "sample_07", None),
    "field.00012.sig": (SVC, "{nm}  100.0  50.0  {percent}\n", "field.00012.sig", 100.0),
    "export.txt": ("Wavelength\tplot_3.asd\n", "{nm}\t{value}\n", "plot_3.asd", None),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_files_of_spectrometers_are_read_with_their_names(tmp_path, name):
    head, line, called, scale = TEXTS[name]
    lines = [
        line.format(nm=f"{x:.2f}", um=f"{x / 1000:.5f}", value=f"{y:.5f}", percent=f"{100 * y:.4f}")
        for x, y in zip(NM, spectra()[0], strict=True)
    ]
    (tmp_path / name).write_text(head + "".join(lines), encoding="utf-8")
    (one,) = read_library(tmp_path / name).profiles
    assert (one.name, one.scale) == (called, scale)
    assert one.values / (scale or 1) == pytest.approx(spectra()[0], abs=1e-4)
    assert one.centres == pytest.approx(NM, abs=0.01)


def test_a_file_of_an_asd_instrument_is_reflectance_against_its_white_reference(tmp_path):
    head = bytearray(484)
    head[:3], head[186], head[199] = b"as7", 0, 0
    struct.pack_into("<ff", head, 191, 400.0, 10.0)
    struct.pack_into("<H", head, 204, 40)
    values, white = np.linspace(10, 40, 40), np.full(40, 50.0)
    reference = bytes(18) + struct.pack("<h", 5) + b"white"
    content = bytes(head) + values.astype("<f4").tobytes() + reference + white.astype("<f4").tobytes()
    (tmp_path / "plot.asd").write_bytes(content)
    (one,) = read_library(tmp_path / "plot.asd").profiles
    assert one.centres[:2] == pytest.approx([400, 410])
    assert one.values == pytest.approx(values / 50)


# ---- wavelengths and coverage


@pytest.mark.parametrize(
    ("unit", "values"),
    [("Angstroms", NM * 10), ("Wavenumber", 1e7 / NM), ("Micrometers", NM), ("", NM / 1000)],
)
def test_a_library_lies_where_its_wavelengths_are_in_any_unit(tmp_path, unit, values):
    library = read_library(envi(tmp_path, spectra(), nm=values, unit=unit))
    assert library.profiles[0].centres == pytest.approx(NM, rel=1e-5)


def test_a_library_without_wavelengths_is_used_by_number_where_it_has_the_scenes_bands(tmp_path, scene):
    found, _ = known(envi(tmp_path, spectra(), nm=None), scene())
    assert found.spectra == pytest.approx(10000 * spectra(), rel=1e-4)
    assert any("numbers of the bands" in text for text in found.notes)
    with pytest.raises(LibraryError, match="12 bands, and the scene has 40"):
        known(envi(tmp_path, spectra()[:, :12], nm=None), scene())


def test_a_library_without_ending_opens_as_its_header_does(tmp_path):
    envi(tmp_path, spectra()).rename(tmp_path / "lib")
    for chosen in ("lib", "lib.hdr"):
        assert len(read_library(tmp_path / chosen).profiles) == 3


def test_of_a_library_that_covers_a_part_the_common_bands_are_used_and_the_others_named(tmp_path, scene):
    inside = (NM > 460) & (NM < 2300) & ~((NM > 1330) & (NM < 1530))
    found, opened = known(envi(tmp_path, spectra()[:, inside], nm=NM[inside]), scene())
    assert found.spectra == pytest.approx(10000 * spectra()[:, inside], rel=1e-4)
    assert [band.kept for band in opened.bands] == inside.tolist()
    assert any("do not cover" in text and "bands 1 to 2" in text for text in found.warnings)
    few = NM < 1000
    with pytest.raises(LibraryError, match="which cover 12 of the scene's 40 usable bands"):
        known(envi(tmp_path, spectra()[:, few], nm=NM[few]), scene())


def test_response_functions_are_no_spectra(tmp_path):
    nm = np.arange(400.0, 2400, 2)
    peaks = np.exp(-(((nm - np.linspace(500, 2300, 12)[:, None]) / 15) ** 2))
    with pytest.raises(LibraryError, match="response functions"):
        read_library(envi(tmp_path, peaks, "{" + ", ".join(f"band {n}" for n in range(12)) + "}", nm=nm))
    features = []
    for one in peaks:
        there = one > 1e-3
        profile = {"x": nm[there].tolist(), "y": one[there].tolist(), "xUnit": "nm"}
        features.append({"type": "Feature", "geometry": None, "properties": {"profiles": profile}})
    (tmp_path / "srf.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(LibraryError, match="response functions"):
        read_library(tmp_path / "srf.geojson")


@pytest.mark.skipif(not REAL.exists(), reason="needs ../shared/data/real")
@pytest.mark.parametrize("name", ["library_berlin.sli", "library_berlin.gpkg"])
def test_a_real_library_of_the_enmap_box_serves_jasper_ridge_in_the_common_bands(name):
    with Scene.open(REAL.parent / "jasper" / "jasper.img") as scene:
        choice = KnownChoice(library=str(REAL / name), names=("red clay tile 1", "red clay tile 2"))
        found = known_spectra(choice, scene)
        assert len(scene.kept) == 158
        assert found.spectra.shape == (2, 158)
        assert any("do not cover 40 of the scene's 198 usable bands" in text for text in found.warnings)
