"""What the adversary is worth as judge: the same generators, trained by it, by a distance, or not at all."""

from __future__ import annotations

import time
from typing import Any
from unittest.mock import patch

import torch
from auvae.endmembers import adversary, search
from auvae.endmembers.adversary import Generator, Report, Training
from auvae.endmembers.candidates import likelihood
from auvae.endmembers.search_space import SearchSpace
from auvae.numerics.optimiser import Adam, steady
from auvae.numerics.steps import repeat
from torch import Tensor

from . import ours
from .cache import Figures
from .judge import angles
from .scenes import known

DRAWS, BATCH = 20, 384
"""As in `adversary`; fewer, since an energy distance compares all with all."""


def train_by_energy_distance(generator: Generator, real: Tensor, report: Report) -> None:
    """As `adversary.train_against_critics`, but to a small energy distance (Szekely & Rizzo 2013)."""
    steps = adversary.STEPS
    optimiser = Adam(generator.parameters(), steady(steps, adversary.RATE, 0.5), spread_decay=0.95)
    drawn = adversary.batches(real, steps, BATCH)

    def step(number: Tensor) -> None:
        made, weight = generator(DRAWS)
        made, seen = adversary.blurred(made, real[drawn.index_select(0, number)[0]], number)
        across = (weight * torch.cdist(made, seen).mean(2)).sum()
        within = (weight[:, :, None] * weight[:, None] * _apart(made)).sum()
        optimiser.forget_gradient()
        (2 * across - within).backward()
        optimiser.step(number)

    repeat(step, steps, real.device, report)


def _apart(pixels: Tensor) -> Tensor:
    """Distances ``(C, n, n)`` between pixels ``(C, n, K)`` of a set, with a gradient where they are zero."""
    return ((pixels[:, :, None] - pixels[:, None]).square().sum(3) + 1e-8).sqrt()


def not_at_all(_generator: Generator, _real: Tensor, _report: Report) -> None:
    """The generator stays as it begins."""


TRAININGS: dict[str, Training] = {
    "against critics": adversary.train_against_critics,
    "by energy distance": train_by_energy_distance,
    "untrained": not_at_all,
}
"""How a generator learns, by name; the first is the product's."""


class _Weighed(Exception):
    """Training ends: what was to be weighed is."""

    def __init__(self, figures: Figures) -> None:
        super().__init__()
        self.figures = figures


def weigh(name: str, seed: int) -> Figures:
    """On one scene: mSAD of the endmembers so far and of the simplex, and what share each training says.

    The share is the fresh critic's distance of the simplex over that of the endmembers so far.
    """
    scene = known(name)

    def instead(pixels: Tensor, count: int, starts: int, rounds: int, *more: Any, **_: object) -> None:
        generator, given, observed = more
        space = SearchSpace.of(pixels, count, starts, rounds, generator, given, observed.pixels)
        so_far = search.find_endmembers(pixels, count, starts, rounds, generator, given, observed)
        sets = [so_far.spectra[0] @ space.basis.T]
        sets.append(likelihood.likeliest(space, sets[0])[0][0])
        figures: Figures = {}
        for kind, ends in zip(("so far", "simplex"), sets, strict=True):
            found = (ends @ space.basis).clamp_min(1e-6)
            figures[kind] = round(float(angles(scene.spectra, found.double().numpy()).mean()), 4)
        for training, train in TRAININGS.items():
            begun = time.perf_counter()
            generator.manual_seed(seed)
            near, far = adversary.distances(space, torch.stack(sets), train).tolist()
            figures[training] = round(far / max(near, 1e-9), 3)
            figures[f"{training}, seconds"] = round(time.perf_counter() - begun, 2)
        raise _Weighed(figures)

    with patch.object(ours.training, "find_endmembers", instead):
        try:
            ours.train(scene, seed)
        except _Weighed as done:
            return done.figures
    raise RuntimeError("training no longer asks for endmembers")
