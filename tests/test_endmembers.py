"""What the search for endmembers promises of a scene's bands."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from auvae.endmembers.brightness import Brightness
from auvae.numerics import nonnegative
from auvae.numerics.nonnegative import nonnegative_least_squares
from auvae.simulation.materials import spectra
from scipy.optimize import nnls


def scene(bands=40, count=2000):
    draws = np.random.default_rng(3)
    _, endmembers = spectra(4, np.linspace(400, 2450, bands), draws)
    shares = draws.dirichlet(np.full(4, 0.5), size=count)
    return shares @ endmembers + 0.002 * draws.normal(size=(count, bands)), draws


def test_bands_that_are_mostly_noise_count_less_and_all_others_fully():
    pixels, draws = scene()
    striped = [5, 11, 30]
    pixels[:, striped] += 0.1 * draws.normal(size=(len(pixels), 3))
    weights = Brightness.of(torch.from_numpy(pixels).float(), 8).weights.numpy()
    assert set(np.flatnonzero(weights < 1)) == set(striped)
    assert (weights[striped] < 0.3).all()


def test_a_clean_scene_is_taken_as_it_is_and_spectra_come_back_in_its_unit():
    pixels = torch.from_numpy(5000 * scene()[0]).float()
    brightness = Brightness.of(pixels, 8)
    assert (brightness.weights == 1).all()
    assert torch.allclose(brightness.restore(brightness.normalise(pixels)), pixels, rtol=1e-3)


@pytest.mark.parametrize("count", [2, 4, 7, 13])
@pytest.mark.parametrize("alike", [1.0, 1e-2, 1e-3])
@pytest.mark.parametrize("stiffness", [0.0, 0.4, 30.0])
def test_nonnegative_mixtures_are_the_exact_ones_however_alike_two_endmembers_are(count, alike, stiffness):
    draws = np.random.default_rng(count)
    endmembers = draws.uniform(0.1, 1, (count, 25)) * draws.uniform(0.1, 3, (count, 1))
    endmembers[1] = endmembers[0] * (1 + alike * draws.uniform(-0.5, 0.5, 25))
    pixels = draws.dirichlet(np.full(count, 0.4), 60) @ endmembers + 0.05 * draws.normal(size=(60, 25))
    stiff = stiffness * draws.uniform(0.5, 2, 60)
    found = nonnegative_least_squares(
        torch.from_numpy(pixels @ endmembers.T),
        torch.from_numpy(endmembers @ endmembers.T),
        torch.from_numpy(stiff),
    )
    for pixel, held, mixture in zip(pixels, np.sqrt(stiff), found.numpy(), strict=True):
        rows = np.vstack([endmembers.T, np.full(count, held)])
        expected, _ = nnls(rows, np.append(pixel, held))
        assert np.allclose(mixture, expected, atol=1e-4)


@pytest.mark.parametrize("count", [3, 8, 12])
@pytest.mark.parametrize("at_once", [2**24, 2**10])
def test_problems_that_are_solved_together_are_solved_as_each_alone(count, at_once, monkeypatch):
    monkeypatch.setitem(nonnegative.AT_ONCE, "cpu", at_once)
    draws = torch.Generator().manual_seed(count)
    endmembers = torch.rand(5, count, 20, generator=draws, dtype=torch.float64)
    endmembers[3, 1] = 0  # left out
    pixels = torch.rand(300, count, generator=draws, dtype=torch.float64) ** 4 @ endmembers[0]
    products, gram = pixels @ endmembers.mT, endmembers @ endmembers.mT
    stiffness = torch.rand(5, 300, generator=draws, dtype=torch.float64)
    for held in (None, stiffness):
        together = nonnegative_least_squares(products, gram, held)
        for number, (target, own) in enumerate(zip(products, gram, strict=True)):
            alone = nonnegative_least_squares(target, own, None if held is None else held[number])
            assert torch.allclose(together[number], alone, atol=1e-9)
    left_out = nonnegative_least_squares(products, gram)[3]
    others = endmembers[3, torch.arange(count) != 1]
    smaller = nonnegative_least_squares(pixels @ others.T, others @ others.T)
    assert torch.allclose(left_out[:, torch.arange(count) != 1], smaller, atol=1e-9)
    assert (left_out[:, 1] == 0).all()


def test_mixtures_are_finite_where_endmembers_are_equal_or_a_pixel_is_black():
    draws = torch.Generator().manual_seed(5)
    endmembers = torch.rand(6, 200, generator=draws)
    endmembers[1:4] = endmembers[0]
    pixels = torch.rand(500, 6, generator=draws) @ endmembers
    pixels[::7] = 0
    for stiffness in (None, torch.tensor(2.0), torch.tensor(torch.inf)):
        mixtures = nonnegative_least_squares(pixels @ endmembers.T, endmembers @ endmembers.T, stiffness)
        assert (mixtures >= 0).all()
        assert mixtures.isfinite().all()
    assert torch.allclose(mixtures.sum(-1), torch.ones(500))
