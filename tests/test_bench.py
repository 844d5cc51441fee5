"""The bench writes its tables from figures that are kept, and goes on where it was interrupted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from auvae.network import options
from auvae.simulation.score import rescaled

from bench import ours
from bench.cache import Cache
from bench.render import Bench, cell
from bench.scenes import Known
from bench.tables import simulated, uncertainty

ROOT = Path(__file__).resolve().parent.parent


def test_a_table_is_rendered_from_kept_figures(tmp_path):
    figures = {"mSAD": 0.1, "mRMSE": 0.2, "scaled": 0.05, "seconds": 9.0, "rank": 0.61, "coverage": 0.9}
    kept = {
        f"AUVAE-Net, {scene}, seed {seed}": {"version": "of old", "figures": {**figures, "mSAD": value}}
        for scene, value in (("plain", 0.1), ("many", 0.3))
        for seed in range(2)
    }
    (tmp_path / "runs.json").write_text(json.dumps(kept))
    bench = Bench(Cache(tmp_path, any_version=True), seeds=2)
    table = simulated.table(bench)
    assert "| plain | 0.100 ± 0.000 / 0.200 ± 0.000 / 0.050 ± 0.000 | –" in table
    assert "| **mean** | 0.200 ± 0.000 / 0.200 ± 0.000 / 0.050 ± 0.000 | –" in table
    assert "| **worst** | 0.300 ± 0.000 / 0.200 ± 0.000 / 0.050 ± 0.000 | –" in table
    assert "| many | 0.61 ± 0.00 | 90.0% ± 0.0% |" in uncertainty.table(bench)


def measure():
    return {"mSAD": 0.1}


def test_what_was_measured_is_not_measured_again_until_the_code_changes(tmp_path):
    for version, lacking in (("a", 1), ("a", 0), ("b", 1)):
        cache = Cache(tmp_path)
        cache.figures("runs", version, "ours, plain, seed 0", measure)
        assert len(cache.wanted) == lacking
        cache.measure(processes=1)
        assert cache.figures("runs", version, "ours, plain, seed 0", measure) == {"mSAD": 0.1}
    assert Cache(tmp_path, any_version=True).figures("runs", "c", "ours, plain, seed 0", measure)


def test_a_cell_says_mean_and_spread():
    assert cell([0.1, 0.3]) == "0.200 ± 0.141"
    assert cell([0.1]) == "0.100"


def test_an_unknown_table_is_refused():
    command = [sys.executable, "-m", "bench", "--tables", "beauty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no table 'beauty'" in done.stderr


def test_scaled_figures_are_free_of_the_brightness_convention():
    truth = np.random.default_rng(0).dirichlet([1, 1, 1], 500)
    other = truth * [1, 3, 0.5]
    other /= other.sum(axis=1, keepdims=True)
    assert np.abs(other - truth).max() > 0.2
    assert rescaled(other, truth) == pytest.approx(truth, abs=1e-3)


@pytest.mark.parametrize("part", [*ours.WITHOUT, "endmembers of its own"])
def test_the_network_trains_with_every_part_taken_away(part, mixed, monkeypatch):
    briefly = options.Effort(cleaning=2, unmixing=2, starts=1, rounds=5, crop=32, extrapolate=False)
    monkeypatch.setitem(options.EFFORTS, "draft", briefly)
    cube = mixed(rows=16, cols=16).astype(np.float32)
    scene = Known("mixed", cube, np.ones(cube.shape[:2], bool), ROOT / "no truth", 3, real=False)
    variation = ours.WITHOUT.get(part) or ours.with_endmembers(cube[0, :3])
    maps = ours.train(scene, 0, variation, "draft").predict(scene.cube, scene.valid)
    assert np.allclose(maps.abundances.sum(-1), 1, atol=1e-5)
    assert (maps.uncertainty.max() < 1e-5) == (part == "variance")


def test_what_is_measured_on_a_card_can_be_rehearsed_where_there_is_none(tmp_path):
    page = tmp_path / "CARD.md"
    done = subprocess.run(
        [sys.executable, "bench/card.py", "--rehearse", "--parts", "Times", "--output", str(page)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "A rehearsal on the processor" in done.stdout
    assert "| cleaning |" in done.stdout
    assert "Steps that a card did not record: none." in done.stdout
    assert not page.exists()
