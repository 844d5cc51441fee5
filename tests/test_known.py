"""Known spectra: read from any library, brought to the scene, kept; least squares with them alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from auvae.contract.errors import JobError, LibraryError
from auvae.contract.jobs import ApplyJob, FclsJob, KnownChoice, UnmixJob
from auvae.contract.library import read_library
from auvae.endmembers.least_squares import abundances
from auvae.network import options
from auvae.scene.scene import Scene
from auvae.spectra.bands import BandSet, resampling
from auvae.spectra.known import known_spectra
from auvae.worker import dispatch as job_module
from scipy.optimize import nnls

JASPER = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "jasper"


@pytest.fixture
def truth(simulated):
    """Endmembers (K, B) of the simulated scene as reflectance, its wavelengths and true abundances."""
    held = np.load(simulated.with_name(simulated.stem + "_truth.npz"))
    with Scene.open(simulated) as scene:
        return held["endmembers"].astype(float), scene.wavelengths, held["abundances"]


def write_table(path, wavelengths, spectra, names):
    rows = ["wavelength_nm," + ",".join(names)]
    rows += [",".join(f"{value:.9g}" for value in row) for row in zip(wavelengths, *spectra, strict=True)]
    path.write_text("\n".join(rows) + "\n")
    return path


def run(job):
    events = []
    job_module.run(job, events.append, lambda: False)
    return [event["text"] for event in events if event["event"] == "message"]


def maps_of(folder):
    with rasterio.open(folder / "abundances.tif") as raster:
        return np.moveaxis(raster.read(masked=True).filled(np.nan), 0, -1)


# ---- least squares


@pytest.mark.parametrize("count", [2, 5, 12])
def test_least_squares_of_many_pixels_are_those_of_each_alone(count):
    draws = np.random.default_rng(count)
    spectra = draws.random((count, 30)) + 0.1
    pixels = draws.dirichlet(np.full(count, 0.3), 400) * draws.uniform(0.3, 2, (400, 1)) @ spectra
    pixels += draws.normal(0, 0.1, pixels.shape)
    alone = np.array([nnls(spectra.T, pixel)[0] for pixel in pixels])
    assert np.abs(abundances(pixels, spectra, sum_to_one=False) - alone).max() < 1e-6
    # with a sum: a row of ones, as heavy as double precision bears
    heavy = np.vstack([spectra.T, np.full((1, count), 1e5)])
    alone = np.array([nnls(heavy, np.append(pixel, 1e5))[0] for pixel in pixels])
    found = abundances(pixels, spectra, sum_to_one=True)
    assert np.abs(found - alone).max() < 1e-5
    assert found.min() >= 0
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-12


def test_least_squares_stand_twins_and_black_pixels():
    spectra = np.array([[1.0, 2, 3], [1, 2, 3], [3, 1, 0]])
    found = abundances(np.array([[0.0, 0, 0], [1, 2, 3], [3, 1, 0]]), spectra, sum_to_one=True)
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-9
    assert found[1, :2].sum() == pytest.approx(1, abs=1e-6)
    assert abundances(np.zeros((1, 3)), spectra, sum_to_one=False).max() == 0


def test_fcls_finds_the_true_abundances_from_the_true_spectra(truth, simulated, tmp_path):
    spectra, wavelengths, shares = truth
    library = write_table(tmp_path / "known.csv", wavelengths, spectra, ["a", "b", "c"])
    given = FclsJob("x", str(simulated), KnownChoice(str(library)), str(tmp_path / "nnls"), sum_to_one=False)
    said = run(given)
    assert any("reflectance from 0 to 1" in text for text in said)
    amounts = maps_of(tmp_path / "nnls")
    inside = np.isfinite(amounts).all(axis=-1)
    found = amounts / amounts.sum(axis=-1, keepdims=True)
    assert np.abs(found - shares)[inside].mean() < 0.03
    assert np.nanmax(amounts.sum(axis=-1)) > 1.02  # brightness, which FCLS has no room for
    run(FclsJob("x", str(simulated), KnownChoice(str(library)), str(tmp_path / "fcls")))
    found = maps_of(tmp_path / "fcls")
    assert found[inside].min() >= 0
    assert found[inside].sum(axis=-1) == pytest.approx(1, abs=1e-5)
    document = json.loads((tmp_path / "fcls" / "result.json").read_text())
    assert [one["name"] for one in document["endmembers"]] == ["a", "b", "c"]
    assert document["options"]["variant"] == "fcls"


def test_known_spectra_give_areas_in_uneven_light_where_the_image_decides_on_brightness(
    truth, simulated, tmp_path
):
    spectra, wavelengths, shares = truth
    known = KnownChoice(str(write_table(tmp_path / "known.csv", wavelengths, spectra, ["a", "b", "c"])))
    errors = {}
    for brightness in ("fixed", "automatic"):
        run(FclsJob("x", str(simulated), known, str(tmp_path / brightness), brightness=brightness))
        errors[brightness] = np.nanmean(np.abs(maps_of(tmp_path / brightness) - shares))
    assert errors["automatic"] < 0.7 * errors["fixed"]
    document = json.loads((tmp_path / "automatic" / "result.json").read_text())
    assert document["brightness"]["text"].startswith("Abundances are shares of the area")
    model = str(tmp_path / "automatic" / "model.auvae")
    run(ApplyJob("x", str(simulated), model, str(tmp_path / "again"), device="cpu"))
    assert np.array_equal(maps_of(tmp_path / "again"), maps_of(tmp_path / "automatic"), equal_nan=True)
    with pytest.raises(JobError, match="need not sum to one"):
        FclsJob("x", str(simulated), known, str(tmp_path / "no"), sum_to_one=False, brightness="areas")


# ---- libraries


def profile(x, y, unit, **other):
    return {"x": list(x), "y": list(y), "xUnit": unit, **other}


def test_the_same_spectrum_is_read_from_a_table_envi_and_profiles(tmp_path):
    import sqlite3

    nm, values = np.linspace(400, 2400, 9), np.linspace(0.1, 0.5, 9)
    write_table(tmp_path / "a.csv", nm, [values], ["grass"])
    (tmp_path / "b.csv").write_text(
        "µm;grass\n"
        + "\n".join(f"{x / 1000:.5f};{y:.6f}".replace(".", ",") for x, y in zip(nm, values, strict=True))
    )
    np.append(values * 100, 1e9).astype(">f4").tofile(tmp_path / "c.sli")
    (tmp_path / "c.hdr").write_text(
        "ENVI\nsamples = 10\nlines = 1\nbands = 1\nfile type = ENVI Spectral Library\ndata type = 4\n"
        "byte order = 1\nwavelength units = Micrometers\nreflectance scale factor = 100\n"
        "spectra names = {\n grass}\n"
        "wavelength = {" + ", ".join(f"{x / 1000:.6f}" for x in [*nm, 2500]) + "}\n"
        "bbl = {" + ", ".join("1" * 9) + ", 0}\n"
    )
    text = json.dumps(profile(nm / 1000, values, "Micrometers"))
    feature = {"type": "Feature", "geometry": None, "properties": {"name": "grass", "profiles": text}}
    (tmp_path / "d.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    database = sqlite3.connect(tmp_path / "e.gpkg")
    database.execute("CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT)")
    database.execute("CREATE TABLE 'my lib' (fid INTEGER, name TEXT, profiles BLOB)")
    database.execute("INSERT INTO gpkg_contents VALUES ('my lib', 'attributes')")
    database.execute("INSERT INTO 'my lib' VALUES (1, 'grass', ?)", (text.encode(),))
    database.commit()
    database.close()
    for file in ("a.csv", "b.csv", "c.sli", "c.hdr", "d.geojson", "e.gpkg"):
        (found,) = read_library(str(tmp_path / file)).profiles
        assert found.name == "grass", file
        assert found.centres == pytest.approx(nm, abs=0.02), file
        assert found.values / (found.scale or 1) == pytest.approx(values, rel=1e-5), file


def test_what_is_no_library_is_refused_in_words(tmp_path):
    files = {
        "a.csv": "nothing here\n", "b.csv": "", "c.gpkg": "no database", "d.geojson": "[]", "e.sli": "",
        "f.xyz": "", "g.csv": "species,site\ngrass,a\nsoil,b\n", "h.geojson": '{"features": ' + "[" * 100000,
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(LibraryError):
            read_library(str(tmp_path / name))
    pickled = b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}."
    feature = {"type": "Feature", "geometry": None, "properties": {"profiles": pickled.decode("latin-1")}}
    (tmp_path / "p.geojson").write_text(json.dumps({"features": [feature]}))
    with pytest.raises(LibraryError, match="no spectra"):
        read_library(str(tmp_path / "p.geojson"))


# ---- in the scene's bands


def test_a_narrow_spectrum_is_averaged_over_the_width_of_broad_bands():
    fine = np.arange(400.0, 1000, 1)
    line = np.exp(-(((fine - 700) / 10) ** 2))
    given = BandSet(fine, np.full(len(fine), 1.0))
    wanted = BandSet(np.array([700.0, 750.0]), np.array([20.0, 20.0]))
    matrix, covered = resampling(given, wanted)
    sigma = 20 / np.sqrt(8 * np.log(2))
    response = np.exp(-(((fine - 700) / sigma) ** 2) / 2)
    assert covered.all()
    assert (line @ matrix)[0] == pytest.approx((response * line).sum() / response.sum(), rel=0.02)
    assert np.ones(len(fine)) @ matrix == pytest.approx(1)
    without = BandSet(np.array([700.3]), np.array([np.nan]))
    assert line @ resampling(given, without)[0] == pytest.approx([1.0], abs=1e-3)


def test_bands_in_a_gap_or_beyond_the_ends_are_not_covered():
    given = BandSet(np.r_[400:900:10.0, 1500:2000:10.0], np.full(100, np.nan))
    wanted = BandSet(np.array([395.0, 380, 455, 1200, 1990, 2100]), np.full(6, np.nan))
    assert resampling(given, wanted)[1].tolist() == [True, False, True, False, True, False]


def test_places_give_the_mean_of_their_pixels_and_mixed_ones_are_reported(tmp_path, write_raster, mixed):
    cube = mixed(30, 30)
    cube[5:10, 5:10] = np.linspace(1000, 4000, cube.shape[-1]).astype(np.int16)
    cube[20, 20] = 777
    path = write_raster(cube)

    def place(name, geometry):
        return {"type": "Feature", "properties": {"class": name}, "geometry": geometry}

    def square(left, top, right, bottom):
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        ring = [[565000 + 30 * col, 5340000 - 30 * row] for col, row in corners]
        return {"type": "Polygon", "coordinates": [ring]}

    features = [
        place("pure", square(5, 5, 10, 10)),
        place("mixture", square(12, 0, 28, 16)),
        place("point", {"type": "Point", "coordinates": [565000 + 30 * 20.5, 5340000 - 30 * 20.5]}),
    ]
    crs = {"type": "name", "properties": {"name": "EPSG:32632"}}
    file = tmp_path / "places.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    with Scene.open(path) as scene:
        found = known_spectra(KnownChoice(places=str(file)), scene)
        assert found.names == ("pure", "mixture", "point")
        assert found.spectra[0] == pytest.approx(cube[7, 7])
        assert found.spectra[1] == pytest.approx(cube[:16, 12:28].mean(axis=(0, 1)), rel=1e-5)
        assert found.spectra[2] == pytest.approx(777)
    assert any("mixture may not be pure" in text for text in found.warnings)
    assert not any("place pure" in text for text in found.warnings)
    elsewhere = [place("far", {"type": "Point", "coordinates": [0, 0]})]
    file.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": elsewhere}))
    with Scene.open(path) as scene, pytest.raises(LibraryError, match="outside the scene"):
        known_spectra(KnownChoice(places=str(file)), scene)


# ---- kept while the others are found


def test_known_spectra_stay_come_first_and_keep_their_names(truth, simulated, tmp_path, monkeypatch):
    briefly = options.Effort(cleaning=10, unmixing=10, starts=4, rounds=100, extrapolate=False)
    monkeypatch.setitem(options.EFFORTS, "draft", briefly)
    spectra, wavelengths, _ = truth
    library = write_table(tmp_path / "known.csv", wavelengths, spectra, ["a", "b", "c"])
    known = KnownChoice(str(library), names=("C", "a"))
    given = UnmixJob(
        "x", str(simulated), 3, str(tmp_path / "kept"), quality="draft", device="cpu", known=known
    )
    run(given)
    document = json.loads((tmp_path / "kept" / "result.json").read_text())
    assert [one["name"] for one in document["endmembers"]] == ["c", "a", "Endmember 3"]
    table = np.loadtxt(tmp_path / "kept" / "endmembers.csv", delimiter=",", skiprows=1)
    assert table[:, 1] == pytest.approx(10000 * spectra[2], rel=1e-3)
    assert table[:, 2] == pytest.approx(10000 * spectra[0], rel=1e-3)
    assert "--known-name" in document["command"]
    # with some freedom they move, and not far; angle to what was given
    bent = [spectrum * np.linspace(0.8, 1.2, len(wavelengths)) for spectrum in spectra]
    write_table(library, wavelengths, bent, ["a", "b", "c"])
    moved = {}
    for freedom in (0.0, 0.5, 1.0):
        known = KnownChoice(str(library), names=("a",), freedom=freedom)
        run(
            UnmixJob(
                "x", str(simulated), 3, str(tmp_path / "free"), quality="draft", device="cpu", known=known
            )
        )
        found = np.loadtxt(tmp_path / "free" / "endmembers.csv", delimiter=",", skiprows=1)[:, 1]
        cosine = found @ bent[0] / np.linalg.norm(found) / np.linalg.norm(bent[0])
        moved[freedom] = np.arccos(np.clip(cosine, -1, 1))
    assert moved[0.0] < 1e-3 < moved[0.5] < moved[1.0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"names": ("d",)}, "no spectrum 'd'"),
        ({"narrow": True}, "half of them are needed"),
        ({"count": 2}, "only 2 endmembers"),
        ({"black": True}, "zero in all bands"),
    ],
)
def test_known_spectra_that_do_not_fit_are_refused_in_words(truth, simulated, tmp_path, change, reason):
    spectra, wavelengths, _ = truth
    if change.get("narrow"):
        wavelengths, spectra = wavelengths[:15], spectra[:, :15]
    if change.get("black"):
        spectra = np.vstack([spectra[:2], 0 * spectra[:1]])
    library = write_table(tmp_path / "known.csv", wavelengths, spectra, ["a", "b", "c"])
    known = KnownChoice(str(library), names=change.get("names", ()))
    with pytest.raises(LibraryError, match=reason):
        run(
            UnmixJob(
                "x", str(simulated), change.get("count", 3), str(tmp_path / "no"), device="cpu", known=known
            )
        )
    assert not (tmp_path / "no").exists()
