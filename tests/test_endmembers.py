"""What the search for endmembers promises of a scene's bands."""

from __future__ import annotations

import numpy as np
import torch
from auvae.endmembers.brightness import Brightness
from auvae.simulation.simulate import spectra


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
