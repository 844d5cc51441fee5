"""A scene's pixels, in their signal subspace and summarised, as candidates see them. Decides nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from .archetypes import CENTRES, Known, cluster
from .brightness import signal_subspace

JUDGES = 5000
"""Pixels, spread over the scene, by which sets of endmembers are judged."""

BEYOND = 2
"""Dimensions of the subspace beyond the number of endmembers."""

# Of a normal distribution of deviation one, the median distance from its mean.
_MEDIAN_OF_NORMAL = 0.6745

# A softly normalised pixel is shorter than 1; the nearer, the more its noise counts in the raster's unit.
_LONGEST = 0.995


@dataclass(frozen=True)
class SearchSpace:
    """What candidates are made from.

    Attributes:
        count: K, the number of endmembers.
        pixels: ``(n, B)``, softly normalised.
        basis: ``(d, B)``, orthonormal, the signal subspace.
        points: ``(n, d)``, the pixels' coordinates in it.
        centres: ``(m, d)``, cluster centres of the points.
        sizes: ``(m,)``, how many points each stands for.
        starts: random starts of iterative methods.
        rounds: of iterative methods.
        generator: on the CPU; the same seed gives the same candidates.
        known: endmembers that are known, in coordinates; None where there are none.
        noise: deviation of the noise in every dimension, in the unit of `unnormalised`.
        report: told what is being done in a long search; what it raises ends the search.
    """

    count: int
    pixels: Tensor
    basis: Tensor
    points: Tensor
    centres: Tensor
    sizes: Tensor
    starts: int
    rounds: int
    generator: torch.Generator
    known: Known | None
    noise: float
    report: Callable[[str], None]

    @classmethod
    def of(
        cls,
        pixels: Tensor,
        count: int,
        starts: int,
        rounds: int,
        generator: torch.Generator,
        known: Known | None = None,
        observed: Tensor | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> SearchSpace:
        """Measure the subspace of ``pixels`` ``(n, B)`` and summarise them; known endmembers as spectra.

        ``observed`` ``(n, B)`` are the pixels before they were cleaned; without them noise counts as zero.
        """
        basis = signal_subspace(pixels, min(count + BEYOND, pixels.shape[1]))
        points = pixels @ basis.T
        centres, sizes = cluster(points, CENTRES, generator)
        inside = None if known is None else Known(known.spectra @ basis.T, known.freedom)
        noise = 0.0 if observed is None else _noise(pixels, observed, points)
        return cls(
            count, pixels, basis, points, centres, sizes, starts, rounds, generator, inside, noise, report
        )

    @cached_property
    def judges(self) -> Tensor:
        """``(m, d)``: points by which candidates are judged, at most `JUDGES`."""
        return self.points[:: -(-len(self.points) // JUDGES)]

    @cached_property
    def unnormalised(self) -> Tensor:
        """``(n, d)``: the points in the raster's unit, in units of what softens brightness."""
        return unnormalised(self.points)

    @property
    def excess(self) -> float:
        """Signal in the dimensions beyond the K strongest, over the noise; robust against outliers."""
        beyond = self.unnormalised[:, self.count :]
        if not self.noise or not beyond.shape[1]:
            return math.inf
        return float(beyond.abs().median()) / _MEDIAN_OF_NORMAL / self.noise

    @property
    def held(self) -> int:
        """How many endmembers are known; they are the first."""
        return 0 if self.known is None else len(self.known.spectra)


def _noise(cleaned: Tensor, observed: Tensor, points: Tensor) -> float:
    """Deviation, in the unit of `unnormalised`, of what cleaning took from pixels ``(n, B)``, by band."""
    bands, dimensions = cleaned.shape[1], points.shape[1]
    taken = (observed - cleaned).square().mean(1).sqrt() * (1 + unnormalised(points).norm(dim=1))
    return float(taken.median()) * math.sqrt(bands / max(1, bands - dimensions))


def unnormalised(points: Tensor) -> Tensor:
    """Undo the soft normalisation of points ``(..., d)``: to multiples of what brightness was softened by."""
    return points / (1 - points.norm(dim=-1, keepdim=True).clamp_max(_LONGEST))


def normalised(points: Tensor) -> Tensor:
    """Undo `unnormalised`."""
    return points / (1 + points.norm(dim=-1, keepdim=True))
