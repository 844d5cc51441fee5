"""What an endmember may be: the rules on spectra whose features are known, and on those of real scenes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
NM = np.arange(420.0, 2450.0, 10.0)


def dip(centre, width, depth):
    return 1 - depth * np.exp(-0.5 * ((NM - centre) / width) ** 2)


def rise(low, high, middle=900.0, width=300.0):
    return low + (high - low) / (1 + np.exp(-(NM - middle) / width))


def green():
    edge = 0.05 + 0.45 / (1 + np.exp(-(NM - 715) / 12))
    return edge * dip(970, 30, 0.1) * dip(1200, 40, 0.15) * dip(1450, 60, 0.6) * dip(1940, 80, 0.7)


SIMULATED = {
    "green vegetation": green(),
    "dry vegetation": rise(0.08, 0.5) * dip(2100, 40, 0.12) * dip(1730, 25, 0.05),
    "water": 0.08 * np.exp(-(((NM - 540) / 150) ** 2)) + 0.001,
    "snow": np.where(NM < 1000, 0.9, 0.9 * np.exp(-(NM - 1000) / 200)) * dip(1030, 25, 0.2),
    "clay": rise(0.25, 0.6, 700, 200) * dip(2205, 20, 0.25),
    "carbonate": rise(0.4, 0.6, 700, 200) * dip(2337, 20, 0.3),
    "iron oxide": rise(0.05, 0.45, 600, 60) * dip(880, 60, 0.25),
    "bare soil": rise(0.08, 0.4, 900, 350),
    "asphalt or shade": rise(0.06, 0.08),
    "bright roof or pavement": np.full_like(NM, 0.7),
}


@pytest.fixture
def rules(plugin_modules):
    return plugin_modules("auvae_qgis.spectra.first_names")


def kinds(rules, x, spectra):
    return [one and one.kind for one in rules.suggest(x, spectra)]


def test_every_kind_of_material_is_suggested_for_a_spectrum_with_its_features(rules):
    assert tuple(SIMULATED) == rules.KINDS
    spectra = np.column_stack(list(SIMULATED.values()))
    assert kinds(rules, NM, spectra) == list(SIMULATED)


def test_the_unit_of_the_spectra_and_gaps_in_them_change_no_suggestion(rules):
    spectra = 10000 * np.column_stack(list(SIMULATED.values()))
    spectra[(NM > 1340) & (NM < 1450)] = np.nan
    spectra[(NM > 1790) & (NM < 1960)] = np.nan
    assert kinds(rules, NM, spectra) == list(SIMULATED)


def test_what_shows_no_feature_gets_no_name(rules):
    spectra = [np.full_like(NM, 0.7), 0.5 - (NM - 420) / 20000, np.full_like(NM, np.nan)]
    assert kinds(rules, NM, np.column_stack(spectra)) == ["bright roof or pavement", None, None]


def test_vegetation_is_told_by_its_red_edge_where_there_is_no_short_wave_infrared(rules):
    visible = NM < 900
    [found] = rules.suggest(NM[visible], green()[visible, None])
    assert found.kind == "green vegetation"
    assert dict(found.features)["red edge"] == pytest.approx(715, abs=10)


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ("samson", {"soil": "bare soil", "tree": "green vegetation", "water": "water"}),
        (
            "jasper",
            {
                "tree": "green vegetation",
                "water": "water",
                "soil": "dry vegetation",  # a field of dry grass
                "road": "bright roof or pavement",
            },
        ),
    ],
)
def test_the_endmembers_of_real_scenes_get_their_names(rules, scene, expected):
    folder = SHARED / scene
    if not folder.is_dir():
        pytest.skip(f"needs ../shared/data/{scene}")
    with np.load(folder / "truth.npz") as truth:
        names, spectra = list(truth["names"]), truth["endmembers"].T.astype(float)
    header = (folder / f"{scene}.hdr").read_text(encoding="utf-8")
    x = np.array([float(nm) for nm in re.search(r"wavelength = \{([^}]*)\}", header)[1].split(",")])
    assert dict(zip(names, kinds(rules, x, spectra), strict=True)) == expected
