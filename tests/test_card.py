"""What a graphics card promises; `make test-gpu` runs it where there is one, with torch, numpy and pytest.

Where there is no card the same is tried on the processor, and what compares the two is skipped.
"""

from __future__ import annotations

import gc
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from auvae.contract.errors import Cancelled
from auvae.endmembers import adversary
from auvae.endmembers.candidates import likelihood
from auvae.network.options import EFFORTS, Options
from auvae.network.published.training import ROUNDS
from auvae.network.train import restore, train
from auvae.network.trainer import Trainer
from auvae.network.trial import seconds_to_unmix

pytestmark = pytest.mark.card

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
needs_card = pytest.mark.skipif(DEVICE == "cpu", reason="there is no graphics card here")

MATERIALS, BANDS = 4, 60


def scene(rows=64, cols=72, seed=0):
    """A cube ``(rows, cols, B)`` of four bent spectra in smooth shares, 30 dB, and its valid pixels."""
    draws = np.random.default_rng(seed)
    centres = draws.uniform(0, 1, (MATERIALS, 5, 1))
    spectra = 0.05 + np.exp(-(((np.linspace(0, 1, BANDS) - centres) / 0.15) ** 2)).sum(1) / 5
    down, across = np.mgrid[0:rows, 0:cols] / 12
    waves = np.stack(
        [np.sin(down + a) * np.cos(across + b) for a, b in draws.uniform(0, 6, (MATERIALS, 2))], -1
    )
    shares = np.exp(5 * waves)
    cube = shares / shares.sum(-1, keepdims=True) @ spectra
    cube += np.sqrt((cube**2).mean() / 1000) * draws.standard_normal(cube.shape)
    valid = np.ones((rows, cols), bool)
    valid[:9, :11] = False
    return cube.astype(np.float32), valid


def capped(rows=48, cols=48, most=0.7):
    """A cube as of `scene`, but no pixel holds more than ``most`` of one material, and noise is 50 dB."""
    draws = np.random.default_rng(1)
    shares = draws.dirichlet((0.4,) * 3, 40 * rows * cols)
    shares = shares[shares.max(1) <= most][: rows * cols]
    spectra = draws.uniform(0, 1, (3, 6)) @ np.exp(
        -(((np.linspace(0, 1, BANDS) - np.linspace(0, 1, 6)[:, None]) / 0.2) ** 2)
    )
    cube = (shares @ (0.05 + spectra)).reshape(rows, cols, BANDS)
    cube += np.sqrt((cube**2).mean() / 1e5) * draws.standard_normal(cube.shape)
    return cube.astype(np.float32), np.ones((rows, cols), bool)


def trained(device=DEVICE, seed=0, quality="draft", variant="auvae-net", report=lambda _progress: None):
    return train([scene()], Options(MATERIALS, quality, seed, device, variant), report)


def matched(one, other):
    """Spectral angles of endmembers to their likes, and where each of ``one`` lies in ``other``."""
    shares = one @ other.T / np.outer(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1))
    angles = np.arccos(np.clip(shares, -1, 1))
    return angles.min(1), angles.argmin(1)


@pytest.mark.parametrize("variant", ["auvae-net", "aae-net"])
def test_the_same_seed_gives_the_same_maps_bit_by_bit(variant, monkeypatch):
    monkeypatch.setitem(ROUNDS, "draft", 1)
    first, again = (trained(seed=3, variant=variant) for _ in range(2))
    assert np.array_equal(first.endmembers, again.endmembers)
    assert np.array_equal(*(m.predict(*scene()).abundances for m in (first, again)), equal_nan=True)


def test_endmembers_purer_than_all_pixels_are_the_same_bit_by_bit(monkeypatch):
    monkeypatch.setattr(adversary, "STEPS", 20)
    monkeypatch.setattr(adversary, "FRESH_STEPS", 20)
    monkeypatch.setattr(likelihood, "STEPS", 60)
    monkeypatch.setattr(adversary, "CONVINCING", np.inf)
    monkeypatch.setitem(EFFORTS, "standard", replace(EFFORTS["standard"], cleaning=80, unmixing=5, starts=4))
    models = [train([capped()], Options(3, seed=1, device=DEVICE), lambda _progress: None) for _ in range(2)]
    kinds = [[kind for kind in model.search["weighed"] if kind["chosen"]] for model in models]
    assert kinds[0] == kinds[1]
    assert kinds[0][0]["name"] == likelihood.NAME
    assert np.array_equal(*(model.endmembers for model in models))


def test_a_scene_is_unmixed_and_nothing_is_made_up_where_it_holds_nothing():
    cube, valid = scene()
    maps = trained().predict(cube, valid)
    assert np.allclose(maps.abundances[valid].sum(-1), 1, atol=1e-5)
    assert maps.abundances[valid].min() >= 0
    assert np.isnan(maps.abundances[~valid]).all()


def test_the_check_of_set_up_passes_on_this_device():
    assert seconds_to_unmix(torch.device(DEVICE)) > 0


def test_progress_moves_and_a_cancel_stops_within_two_seconds():
    begun, fractions = [], []

    def cancel(progress):
        fractions.append(progress.fraction)
        if progress.losses and len(fractions) > 3:
            begun.append(time.monotonic())
            raise Cancelled

    with pytest.raises(Cancelled):
        trained(quality="high", report=cancel)
    assert time.monotonic() - begun[0] < 2
    assert fractions == sorted(fractions)


@needs_card
def test_a_card_finds_what_the_processor_finds():
    cube, valid = scene()
    card, processor = trained("cuda"), trained("cpu")
    angles, place = matched(processor.endmembers, card.endmembers)
    assert angles.max() < 0.02
    ours, theirs = (m.predict(cube, valid).abundances[valid] for m in (card, processor))
    assert np.sqrt(((ours[:, place] - theirs) ** 2).mean()) < 0.02


@needs_card
def test_a_model_gives_the_same_maps_on_a_card_and_on_the_processor():
    cube, valid = scene()
    model = trained("cuda")
    elsewhere = restore(model.state(), model.settings(), "cpu")
    ours, theirs = (m.predict(cube, valid).abundances[valid] for m in (model, elsewhere))
    assert np.abs(ours - theirs).max() < 1e-3


@needs_card
def test_recorded_steps_are_the_steps_that_were_recorded():
    found = []
    for recorded in (True, False):
        trainer = Trainer(
            [scene()], Options(MATERIALS, "draft"), EFFORTS["draft"], torch.device("cuda"), lambda _: None
        )
        trainer.recorded = recorded
        found.append(trainer.run().endmembers)
    assert np.abs(matched(*found)[0]).max() < 0.005


@needs_card
def test_a_large_scene_takes_less_than_two_gigabytes_of_the_card():
    cube, valid = np.random.default_rng(0).random((4, 128, 128, 224), np.float32), np.ones((128, 128), bool)
    gc.collect()  # what the tests before recorded holds memory
    torch.cuda.empty_cache()
    before = torch.cuda.memory_reserved()
    torch.cuda.reset_peak_memory_stats()
    train([(patch, valid) for patch in cube], Options(MATERIALS, "draft", device="cuda"), lambda _: None)
    assert torch.cuda.max_memory_reserved() - before < 2 * 2**30
