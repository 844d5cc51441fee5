"""Endmembers of a scene without unmixing it: VCA, N-FINDR, archetypes. The scene may be of any size.

Pixels that no direction shows at the end of the scene are no corners of it, so that of a large scene those at
its ends, and a sample for its noise and its middle, are all that is searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..contract.errors import SceneError
from .brightness import Brightness
from .candidates import centres
from .extremes import SAMPLED, Sides, extremes, sampled
from .judge import mean_angles
from .nfindr import nfindr
from .search import most_abundant_first
from .search_space import SearchSpace
from .vca import vca

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..scene.scene import Scene

DIRECTIONS = 1000
STARTS, ROUNDS = 24, 300
"""Of the archetypes: as unmixing in standard quality has them."""


@dataclass(frozen=True)
class Extracted:
    """Spectra ``(K, B)`` in the raster's unit; their pixels' rows and cols ``(K, 2)``, None for mixtures."""

    spectra: np.ndarray
    places: np.ndarray | None


def extract(scene: Scene, method: str, count: int, seed: int, report: Callable[[float], None]) -> Extracted:
    """The ``count`` purest spectra of a scene.

    Args:
        scene: of any size; it is read once, a large one twice.
        method: one of `choices.METHODS`.
        count: K.
        seed: of the random numbers.
        report: told the share that is done; what it raises ends the work.

    Raises:
        SceneError: pixels that do not differ enough.
    """
    whole = scene.rows * scene.cols <= SAMPLED
    found = sampled(scene, seed, lambda done: report(done if whole else done / 2))
    spectra, places = found.spectra, found.places
    if not whole:
        sides = Sides.of(spectra, DIRECTIONS, seed)
        ends = extremes(scene, sides, lambda done: report(0.5 + done / 2))[2]
        spectra, places = np.concatenate([spectra, ends.spectra]), np.concatenate([places, ends.places])
    if len(spectra) < count or not spectra.std(axis=0).any():
        raise SceneError(
            f"{scene.name} has too few pixels that differ for {count} endmembers.",
            "Ask for fewer, or choose a larger scene.",
        )
    pixels = torch.from_numpy(np.ascontiguousarray(spectra, np.float32))
    generator = torch.Generator().manual_seed(seed)
    if method == "archetypes":
        brightness = Brightness.of(pixels, min(count + 4, pixels.shape[1]))
        normalised = brightness.normalise(pixels)
        space = SearchSpace.of(normalised, count, STARTS, ROUNDS, generator)
        sets = centres.propose(space)
        angles = mean_angles(space.judges, sets)
        best = sets[angles.index(min(angles))]
        best = (most_abundant_first(space, best) @ space.basis).clamp_min(1e-6)
        return Extracted(brightness.restore(best).numpy(), None)
    corners = _nearest(spectra, vca(pixels, count, generator).numpy())
    if method == "nfindr":
        corners = nfindr(spectra, corners)
    return Extracted(spectra[corners], places[corners])


def _nearest(pixels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Which pixel each spectrum is, which VCA gives without what lies outside the signal subspace."""
    return np.array([int(((pixels - one) ** 2).sum(axis=1).argmin()) for one in wanted])
