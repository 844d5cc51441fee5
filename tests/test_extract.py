"""Purest spectra and the purity map of scenes of any size; spectra that leave for other programs."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from auvae.contract.errors import Cancelled, JobError
from auvae.contract.jobs import ExportJob, ExtractJob, PurityJob
from auvae.contract.library import read_library
from auvae.endmembers import extraction, extremes
from auvae.endmembers.extraction import extract
from auvae.endmembers.nfindr import nfindr
from auvae.scene.scene import Scene
from auvae.worker import dispatch as job_module


def run(job, cancelled=lambda: False):
    events = []
    job_module.run(job, events.append, cancelled)
    return events[-1]


@pytest.fixture
def corners(write_raster):
    """A scene (64, 50) of three spectra with a pure pixel of each, at known places, and the spectra."""
    draws = np.random.default_rng(5)
    nm = np.linspace(400, 2400, 30)
    spectra = np.stack([3000 + 2000 * np.sin(nm / 300 + phase) for phase in (0.0, 2.1, 4.2)])
    shares = draws.dirichlet((3, 3, 3), (64, 50))
    pure = [(3, 4), (40, 20), (60, 49)]
    for index, (row, col) in enumerate(pure):
        shares[row, col] = np.eye(3)[index]
    cube = shares @ spectra + draws.normal(0, 5, (64, 50, 30))
    tags = {"ENVI": {"wavelength": "{" + ", ".join(map(str, nm)) + "}", "wavelength_units": "Nanometers",
                     "reflectance_scale_factor": "10000"}}  # fmt: skip
    return write_raster(cube.astype("float32"), tags=tags), spectra, pure


@pytest.mark.parametrize("method", ["vca", "nfindr"])
@pytest.mark.parametrize("sampled", [65536, 400])
def test_pure_pixels_are_found_where_they_are_however_large_the_scene(corners, method, sampled, monkeypatch):
    scene, _, pure = corners
    monkeypatch.setattr(extraction, "SAMPLED", sampled)
    monkeypatch.setattr(extremes, "SAMPLED", sampled)
    with Scene.open(scene) as opened:
        cube, _ = opened.read()
        found = extract(opened, method, 3, 0, lambda done: None)
    assert {tuple(place) for place in found.places.tolist()} == set(pure)
    assert np.array_equal(found.spectra, np.stack([cube[tuple(place)] for place in found.places]))


def test_archetypes_have_the_shape_of_the_materials(corners):
    scene, spectra, _ = corners
    with Scene.open(scene) as opened:
        found = extract(opened, "archetypes", 3, 0, lambda done: None)
    assert found.places is None
    cosine = found.spectra @ spectra.T / np.linalg.norm(found.spectra, axis=1)[:, None]
    angles = np.arccos(np.clip(cosine / np.linalg.norm(spectra, axis=1), -1, 1))
    assert angles.min(axis=0).max() < 0.25


def test_nfindr_spans_no_less_than_any_other_choice_of_one_pixel():
    draws = np.random.default_rng(2)
    pixels = draws.dirichlet((0.5, 0.5, 0.5), 200) @ draws.random((3, 8))
    chosen = nfindr(pixels, np.array([0, 1, 2]))
    axes = np.linalg.svd(pixels - pixels.mean(axis=0), full_matrices=False)[2][:2]
    points = np.column_stack([np.ones(200), (pixels - pixels.mean(axis=0)) @ axes.T])
    largest = abs(np.linalg.det(points[chosen]))
    for k in range(3):
        for other in range(200):
            corners = chosen.copy()
            corners[k] = other
            assert abs(np.linalg.det(points[corners])) <= largest * (1 + 1e-6)


def test_the_purity_map_counts_the_pure_pixels_most_in_windows_as_in_one_piece(
    corners, tmp_path, monkeypatch
):
    scene, _, pure = corners
    last = run(PurityJob("x", str(scene), str(tmp_path / "one.tif"), projections=300))
    monkeypatch.setattr(extremes, "_WINDOW", 16)
    run(PurityJob("x", str(scene), str(tmp_path / "many.tif"), projections=300))
    with rasterio.open(tmp_path / "one.tif") as first, rasterio.open(tmp_path / "many.tif") as second:
        counts = first.read(1)
        assert np.array_equal(counts, second.read(1))
    most = np.argsort(counts, axis=None)[-3:]
    assert {divmod(int(place), 50) for place in most} == set(pure)
    assert (last["most"], last["extreme_pixels"]) == (counts.max(), (counts > 0).sum())


def test_a_cancelled_purity_map_leaves_nothing(corners, tmp_path, monkeypatch):
    scene, _, _ = corners
    monkeypatch.setattr(extremes, "_WINDOW", 16)
    asked = iter([False] * 20 + [True] * 1000)
    (tmp_path / "maps").mkdir()
    with pytest.raises(Cancelled):
        run(PurityJob("x", str(scene), str(tmp_path / "maps" / "a.tif")), lambda: next(asked))
    assert list((tmp_path / "maps").iterdir()) == []


@pytest.mark.parametrize("ending", ["csv", "sli", "gpkg"])
def test_spectra_that_are_written_are_read_as_the_same(corners, tmp_path, ending):
    scene, _, _ = corners
    path = tmp_path / f"pure.{ending}"
    last = run(ExtractJob("x", str(scene), 3, str(path)))
    assert last["files"]["library"] == str(path)
    with Scene.open(scene) as opened:
        found = extract(opened, "vca", 3, 0, lambda done: None)
        wavelengths = opened.wavelengths
    for profile, spectrum in zip(read_library(str(path)).profiles, found.spectra, strict=True):
        unit = 1 if ending == "csv" else 10000  # libraries for other programs are in reflectance
        assert profile.values * unit == pytest.approx(spectrum, rel=1e-5)
        assert profile.centres == pytest.approx(wavelengths)
    assert not [file for file in tmp_path.iterdir() if "partial" in file.name]


def test_the_spectral_python_library_reads_what_is_written(corners, tmp_path):
    envi = pytest.importorskip("spectral.io.envi", reason="the SPy library is not installed")
    scene, _, _ = corners
    run(ExtractJob("x", str(scene), 3, str(tmp_path / "pure.sli")))
    library = envi.open(str(tmp_path / "pure.hdr"))
    with Scene.open(scene) as opened:
        found = extract(opened, "vca", 3, 0, lambda done: None)
        assert library.bands.centers == pytest.approx(opened.wavelengths)
    assert library.names == ["Endmember 1", "Endmember 2", "Endmember 3"]
    assert 10000 * library.spectra == pytest.approx(found.spectra, rel=1e-6)


def test_the_endmembers_of_a_result_leave_under_their_names(unmix, simulated, tmp_path):
    unmix(simulated)
    run(ExportJob("x", str(tmp_path / "result"), str(tmp_path / "out" / "spectra.gpkg")))
    profiles = read_library(str(tmp_path / "out" / "spectra.gpkg")).profiles
    table = np.loadtxt(tmp_path / "result" / "endmembers.csv", delimiter=",", skiprows=1)
    document = json.loads((tmp_path / "result" / "result.json").read_text())
    assert [one.name for one in profiles] == [one["name"] for one in document["endmembers"]]
    for index, profile in enumerate(profiles):
        assert profile.values * 10000 == pytest.approx(table[:, index + 1], rel=1e-5)
    with pytest.raises(JobError, match="no result folder"):
        run(ExportJob("x", str(tmp_path), str(tmp_path / "no.csv")))
