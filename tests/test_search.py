"""What the search for endmembers promises of scenes with rare materials, outliers and no pure pixels."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from auvae.endmembers import adversary
from auvae.endmembers.brightness import Brightness, signal_subspace
from auvae.endmembers.candidates import likelihood
from auvae.endmembers.search import find_endmembers
from auvae.endmembers.targets import Observed
from auvae.scene.scene import Scene
from auvae.simulation.simulate import Recipe, simulate


def searched(path, seed=0, count=None, extrapolate=None, **options):
    """What is found in a simulated scene and its true endmembers' angles to that.

    The scene is not cleaned; where mixed pixels are looked for, signal alone stands for the cleaned one.
    """
    recipe = Recipe(**{"rows": 60, "cols": 60, "bands": 60, "snr": 40, "seed": 5} | options)
    scene, truth = simulate(path, recipe)
    with Scene.open(scene) as opened, np.load(truth) as known:
        cube, valid = opened.read()
        expected = torch.from_numpy(known["endmembers"]).float()
    pixels = torch.from_numpy(cube)
    brightness = Brightness.of(pixels[torch.from_numpy(valid)], recipe.endmembers + 4)
    observed = Observed.of([(brightness.normalise(pixels), torch.from_numpy(valid))])
    chance = torch.Generator().manual_seed(seed)
    number = count or recipe.endmembers
    further = {} if extrapolate is None else {"extrapolate": True, "report": extrapolate}
    pixels = observed.pixels
    if "cap" in options or extrapolate is not None:
        axes = signal_subspace(pixels, number + 4 * ("variability" in options))
        pixels = pixels @ axes.T @ axes
    found = find_endmembers(pixels, number, 6, 100, chance, observed=observed, **further)
    unit = [torch.nn.functional.normalize(rows, dim=1) for rows in (expected, found.spectra[0])]
    return found, (unit[0] @ unit[1].T).clamp(-1, 1).acos().min(dim=1).values


def no_simplex(found):
    """Why the kind that reaches beyond all pixels was not weighed."""
    return {kind.name: kind.reason for kind in found.not_weighed}["the most likely simplex"]


def test_materials_that_fill_six_pixels_are_found_and_counted(tmp_path):
    recipe = {"endmembers": 5, "rare": 2, "target_pixels": 6}
    found, angles = searched(tmp_path / "rare.img", extrapolate=lambda _: None, **recipe)
    assert angles.max() < 0.1
    assert sum(size > 0 for size in found.targets) >= 2
    assert "materials of a few pixels" in " ".join(found.reasons)
    assert "materials of a few pixels" in no_simplex(found)


def test_a_dark_target_that_noise_hides_from_two_neighbours_is_found_by_nine(tmp_path):
    found, angles = searched(tmp_path / "dark.img", endmembers=5, rare=2, target_pixels=9, snr=30, seed=40)
    assert angles.max() < 0.1
    assert sum(size > 0 for size in found.targets) == 2


def test_outliers_that_are_alone_are_no_materials(tmp_path):
    found, angles = searched(tmp_path / "outliers.img", endmembers=4, outliers=0.01)
    assert found.targets == (0, 0, 0, 0)
    assert angles.max() < 0.1
    assert "of the pixels that are unlike all around them" in " ".join(found.reasons)
    assert "unlike all around them" in no_simplex(found)


def test_a_share_of_everything_that_every_pixel_holds_is_taken_off(tmp_path):
    found, angles = searched(tmp_path / "mixed.img", endmembers=4, rows=100, cols=100, pure_pixels=False)
    assert angles.mean() < 0.1
    assert "share of everything" in " ".join(found.reasons)
    assert "share of everything" in no_simplex(found)


def test_the_same_seed_finds_the_same_endmembers(tmp_path):
    first, again = (searched(tmp_path / f"{name}.img", endmembers=4)[0] for name in ("a", "b"))
    assert torch.equal(first.spectra, again.spectra)


def test_every_kind_of_candidates_says_why_it_was_chosen_or_not(tmp_path):
    found, _ = searched(tmp_path / "plain.img", endmembers=4)
    assert [kind.name for kind in found.weighed if kind.chosen] == [found.kind]
    assert len(found.weighed) > 1
    assert all(kind.reason for kind in found.weighed)


@pytest.mark.parametrize(
    ("recipe", "why"),
    [({"snr": 35}, "the purest pixels hold"), ({"variability": 0.05}, "materials vary")],
)
def test_where_the_simplex_is_not_weighed_the_reason_is_said(tmp_path, recipe, why):
    found, _ = searched(tmp_path / "scene.img", endmembers=3, extrapolate=lambda _: None, **recipe)
    assert why in no_simplex(found)


def test_more_endmembers_than_materials_are_named_as_not_needed(tmp_path):
    found, angles = searched(tmp_path / "three.img", count=6, endmembers=3)
    assert angles.max() < 0.2
    assert found.doubtful
    assert all(found.needed[number] < 1.01 for number in found.doubtful)


def test_endmembers_purer_than_all_pixels_are_found_and_draft_says_that_it_does_not_look(tmp_path):
    recipe = {"endmembers": 4, "rows": 70, "cols": 70, "cap": 0.75, "seed": 24}
    draft, without = searched(tmp_path / "draft.img", **recipe)
    told = []
    found, angles = searched(tmp_path / "capped.img", extrapolate=told.append, **recipe)
    assert angles.mean() < 0.3 * without.mean()
    assert found.kind == "the most likely simplex" != draft.kind
    assert "a critic tells" in found.reasons[0]
    assert all(kind.distance is not None for kind in found.weighed if kind.chosen)
    assert len(told) > 100
    assert "draft quality leaves that out" in " ".join(draft.reasons)
    assert no_simplex(draft) == "draft quality leaves it out"


def test_no_stage_of_a_standard_run_waits_for_torchs_compiler(tmp_path, environment):
    recipe = Recipe(endmembers=3, rows=48, cols=48, bands=40, snr=40, cap=0.7, seed=24)
    scene, _ = simulate(tmp_path / "linear.img", recipe)
    program = (
        "import sys\n"
        "from auvae.worker.quick_torch import load_torch\nload_torch()\n"
        "from auvae.command.main import main\n"
        "from auvae.endmembers import adversary\n"
        "from auvae.endmembers.candidates import likelihood\n"
        "from auvae.network.options import EFFORTS, Effort\n"
        "adversary.STEPS = adversary.FRESH_STEPS = 2\nlikelihood.STEPS = 20\n"
        "EFFORTS['standard'] = Effort(cleaning=30, unmixing=2, starts=1, rounds=20, crop=32)\n"
        "main(sys.argv[1:])\n"
        "print(*(name for name in sys.modules if name.startswith(('torch._dynamo', 'torch._inductor'))))\n"
    )
    asked = ["unmix", str(scene), "--endmembers", "3", "--output", str(tmp_path / "result")]
    run = subprocess.run(
        [sys.executable, "-c", program, *asked], capture_output=True, text=True, check=False, env=environment
    )
    assert run.returncode == 0, run.stderr
    weighed = json.loads((tmp_path / "result" / "result.json").read_text("utf-8"))["search"]["weighed"]
    assert [kind["name"] for kind in weighed if kind["distance"] is not None][-1] == likelihood.NAME
    assert run.stdout.splitlines()[-1] == ""


def test_a_climb_that_goes_on_ends_no_lower_than_the_one_before(tmp_path, monkeypatch):
    real, climbs = likelihood.fit, []

    def fit(*given):
        climbs.append((given, real(*given)))
        return climbs[-1][1]

    monkeypatch.setattr(likelihood, "fit", fit)
    monkeypatch.setattr(adversary, "STEPS", 2)
    monkeypatch.setattr(adversary, "FRESH_STEPS", 2)
    searched(tmp_path / "capped.img", endmembers=3, cap=0.75, seed=24, extrapolate=lambda _: None)
    (_, before), ((cloud, *how), _) = climbs
    after = real(cloud.some(likelihood.FEW), *how)
    assert (after.likelihood > before.likelihood.topk(likelihood.BEST).values - 0.01).all()


@pytest.mark.parametrize(
    ("radians", "sure", "taken"), [(0.01, True, 0), (0.04, True, 1), (0.04, False, 0), (0.1, False, 1)]
)
def test_a_simplex_near_to_what_stood_counts_where_pixels_lack_more_than_noise_hides(
    monkeypatch, radians, sure, taken
):
    so_far = torch.eye(4)[:3]
    moved = so_far * np.cos(radians) + torch.eye(4)[3] * np.sin(radians)
    monkeypatch.setattr(likelihood, "likeliest", lambda *_: (moved[None].float(), "", sure))
    found, reason = likelihood.propose(None, so_far)
    assert len(found) == taken
    assert bool(reason) != bool(taken)
