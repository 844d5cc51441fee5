"""Areas in hectares: right where they can be given, and a reason where they cannot."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import rasterio
from auvae.contract.areas import in_hectares
from auvae.contract.jobs import FclsJob, KnownChoice
from auvae.report.area import no_area
from auvae.simulation.simulate import spectra
from auvae.worker.dispatch import run
from rasterio.transform import Affine

BANDS, ROWS, COLS = 12, 20, 24
UTM = {"crs": "EPSG:32632", "transform": Affine(30.0, 0.0, 565000.0, 0.0, -30.0, 5340000.0)}
DEGREES = {"crs": "EPSG:4326", "transform": Affine(0.5, 0.0, 10.0, 0.0, -0.5, 60.0)}
FEET = {"crs": "EPSG:2263", "transform": Affine(100.0, 0.0, 985000.0, 0.0, -100.0, 200000.0)}
MERCATOR = {"crs": "EPSG:3857", "transform": Affine(30.0, 0.0, 1.3e6, 0.0, -30.0, 6e6)}
NOWHERE = {"crs": None, "transform": Affine.identity()}


@pytest.fixture
def unmixed(write_raster, tmp_path):
    """Unmix a scene on a grid into its three materials; returns result.json, abundances and report."""
    draws = np.random.default_rng(0)
    nm = np.linspace(400, 2450, BANDS)
    _, endmembers = spectra(3, nm, draws)
    cube = (10000 * draws.dirichlet((0.5, 0.5, 0.5), size=(ROWS, COLS)) @ endmembers).astype(np.int16)
    cube[:5] = -9999
    table = tmp_path / "known.csv"
    rows = [",".join(map(str, [x, *row])) for x, row in zip(nm, endmembers.T.tolist(), strict=True)]
    table.write_text("\n".join(["wavelength_nm,a,b,c", *rows]) + "\n", encoding="utf-8")

    def unmix(grid, **changes):
        tags = [{"": {"wavelength": str(x), "wavelength_units": "nm"}} for x in nm]
        scene = write_raster(cube, nodata=-9999, band_tags=tags, **grid)
        output = tmp_path / "result"
        job = FclsJob("1", str(scene), KnownChoice(str(table)), str(output), **changes)
        run(job, lambda _event: None, lambda: False)
        with rasterio.open(output / "abundances.tif") as raster:
            shares = raster.read(masked=True).filled(0)
        document = json.loads((output / "result.json").read_text(encoding="utf-8"))
        return document, shares, (output / "report.html").read_text(encoding="utf-8")

    return unmix


def cell(south, degrees=0.5):
    """Square metres of a cell of the WGS 84 ellipsoid (Snyder 1987, equation 3-12), not by its middle."""
    e = np.sqrt(0.00669437999014)
    sines = np.sin(np.radians([south, south + degrees]))
    q = (1 - e**2) * (sines / (1 - (e * sines) ** 2) - np.log((1 - e * sines) / (1 + e * sines)) / (2 * e))
    return 6378137.0**2 * np.radians(degrees) * (q[1] - q[0]) / 2


@pytest.mark.parametrize(
    ("grid", "pixel"),
    [
        (UTM, np.full(ROWS, 900.0)),
        (FEET, np.full(ROWS, (100 * 1200 / 3937) ** 2)),
        (DEGREES, np.array([cell(60 - 0.5 * (row + 1)) for row in range(ROWS)])),
    ],
    ids=["metres", "feet", "degrees"],
)
def test_hectares_are_abundances_times_what_a_pixel_covers(unmixed, grid, pixel):
    document, shares, report = unmixed(grid)
    expected = shares.sum(axis=2) @ pixel / 1e4
    assert [one["hectares"] for one in document["endmembers"]] == pytest.approx(expected.tolist(), rel=1e-5)
    assert document["area"]["hectares"] == pytest.approx(expected.sum(), rel=1e-5)
    assert document["area"]["reason"] == ""
    assert "Area (ha)" in report
    for one in document["endmembers"]:
        assert f">{in_hectares(one['hectares'])}</td>" in re.sub(r"\s*\n\s*", "", report)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("grid", "changes", "reason", "words"),
    [
        (NOWHERE, {}, "no-crs", "the scene has no coordinate system"),
        (MERCATOR, {}, "stretched", "stretches areas"),
        (UTM, {"sum_to_one": False}, "amounts", "abundances need not sum to one"),
    ],
)
def test_where_there_are_no_areas_the_report_says_why(unmixed, grid, changes, reason, words):
    document, _, report = unmixed(grid, **changes)
    assert document["area"]["reason"] == reason
    assert document["area"]["hectares"] is None
    assert {one["hectares"] for one in document["endmembers"]} == {None}
    assert words in report
    assert "Area (ha)" not in report


def test_shares_of_reflectance_are_no_areas():
    assert no_area({"areas": False}, "", shares=True) == "reflectance"
    assert no_area({"areas": True}, "", shares=True) == ""
    assert no_area(None, "", shares=True) == "unknown"


def test_areas_have_three_digits_and_never_an_exponent():
    assert [in_hectares(area) for area in (0, 0.1234, 5.678, 56.78, 567.8, 123456.7)] == [
        "0.00", "0.12", "5.68", "56.8", "568", "123457",
    ]  # fmt: skip
