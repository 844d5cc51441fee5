"""Rare materials: patches of neighbouring pixels that agree in what the endmembers leave unexplained.

A target is a patch; noise and outliers are alone. It takes the place of an endmember that is hardly needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .judge import mean_angle, needed
from .nonnegative import nonnegative_least_squares

SPARE = 1.05
"""An endmember may give way when the scene's mean angle grows by this factor at most without it.

One that splits a common material in two costs nothing (0.8 to 1.0 in simulated scenes with rare materials);
one that is needed costs more (1.11 to 6 in real scenes and in those without rare materials).
"""

AS_GOOD = 1.04
"""With the target in its place the angle may have grown, over all exchanges, by this factor at most."""

CHANCE = 6.0
"""Neighbours agree when the cosine of what is left of them is so many deviations of that of noise."""

LEAST_ALIKE, MOST_ASKED = 0.5, 0.9
"""The cosine is at least the first; the second is enough where there are few bands."""

LARGEST = 64
"""Pixels, at most, of a patch whose mean is the target's spectrum."""

PURE = 0.7
"""The patch's pixels with at least this share of its largest residual make the target's spectrum."""

_STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


@dataclass(frozen=True)
class Observed:
    """The pixels as they were measured, and which are neighbours: cleaning takes from rare materials.

    Attributes:
        pixels: ``(n, B)``, softly normalised, not cleaned.
        places: ``(n, 3)``, patch, row and column of each.
    """

    pixels: Tensor
    places: Tensor

    @classmethod
    def of(cls, patches: Sequence[tuple[Tensor, Tensor]]) -> Observed:
        """Of patches: softly normalised pixels ``(rows, cols, B)`` and which are valid ``(rows, cols)``."""
        places = [
            nn.functional.pad(inside.nonzero(), (1, 0), value=number)
            for number, (_, inside) in enumerate(patches)
        ]
        return cls(torch.cat([pixels[inside] for pixels, inside in patches]), torch.cat(places))

    def neighbours(self) -> Tensor:
        """The eight neighbours of every pixel ``(n, 8)``; -1 where there is none."""
        patch, row, col = self.places.unbind(1)
        width, height = int(col.max()) + 3, int(row.max()) + 3
        keys = (patch * height + row + 1) * width + col + 1
        ordered, order = keys.sort()
        found = []
        for down, right in _STEPS:
            wanted = keys + down * width + right
            at = torch.searchsorted(ordered, wanted).clamp_max(len(ordered) - 1)
            found.append(torch.where(ordered[at] == wanted, order[at], -1))
        return torch.stack(found, 1)


@dataclass(frozen=True)
class Target:
    """A rare material that takes an endmember's place.

    Attributes:
        spectrum: ``(B,)``, softly normalised.
        pixels: indices of the pixels it is the mean of.
        instead: the endmember whose place it takes.
        growth: factor by which the scene's mean angle grows with it.
    """

    spectrum: Tensor
    pixels: tuple[int, ...]
    instead: int
    growth: float


def find_targets(observed: Observed, judges: Tensor, spectra: Tensor, held: int) -> list[Target]:
    """Rare materials that should take the place of endmembers.

    Args:
        observed: the pixels.
        judges: ``(m, B)``, cleaned pixels by which it is judged what the scene needs.
        spectra: ``(K, B)``, the endmembers so far.
        held: so many of these, the first, are known and stay.
    """
    neighbours = observed.neighbours()
    found: list[Target] = []
    before = max(mean_angle(judges, spectra), 1e-9)
    spectra, free = spectra.clone(), list(range(held, len(spectra)))
    while len(free) > 1:
        leaving = needed(judges, spectra)
        spare = [place for place in free if leaving[place] <= SPARE]
        patch = alike_patch(observed.pixels, neighbours, spectra)
        if patch is None or not spare:
            break
        spectrum = observed.pixels[list(patch)].mean(0).clamp_min(1e-6)
        growth, instead = min(
            (_exchanged(judges, spectra, place, spectrum) / before, place) for place in spare
        )
        if growth > AS_GOOD:
            break
        spectra[instead] = spectrum
        free.remove(instead)
        found.append(Target(spectrum, patch, instead, growth))
    return found


def _exchanged(judges: Tensor, spectra: Tensor, place: int, spectrum: Tensor) -> float:
    changed = spectra.clone()
    changed[place] = spectrum
    return mean_angle(judges, changed)


def alike_patch(pixels: Tensor, neighbours: Tensor, spectra: Tensor) -> tuple[int, ...] | None:
    """The purest pixels of the patch that agree most in what endmembers leave of them; None where none do.

    Args:
        pixels: ``(n, B)``, softly normalised.
        neighbours: ``(n, 8)``, as `Observed.neighbours` gives them.
        spectra: ``(K, B)``, the endmembers.
    """
    amounts = nonnegative_least_squares(pixels @ spectra.T, spectra @ spectra.T)
    left = pixels - amounts @ spectra
    size = left.norm(dim=1).clamp_min(1e-12)
    alike = min(max(LEAST_ALIKE, CHANCE / math.sqrt(pixels.shape[1])), MOST_ASKED)
    shared = torch.zeros_like(size)
    for step in range(neighbours.shape[1]):
        other = neighbours[:, step]
        product = (left * left[other.clamp_min(0)]).sum(1)
        agrees = (other >= 0) & (product >= alike * size * size[other.clamp_min(0)])
        shared = torch.maximum(shared, torch.where(agrees, product, 0))
    middle = int(shared.argmax())
    if float(shared[middle]) <= 0:
        return None
    direction = left[middle] / size[middle]
    along = left @ direction
    member = (along >= alike * size) & (along >= LEAST_ALIKE * along[middle])
    inside = _connected(middle, member, neighbours)
    largest = max(float(along[place]) for place in inside)
    return tuple(place for place in inside if float(along[place]) >= PURE * largest)


def _connected(start: int, member: Tensor, neighbours: Tensor) -> list[int]:
    """At most `LARGEST` pixels that are connected to the first by neighbours that are ``member`` ``(n,)``."""
    inside = [start]
    for place in inside:  # grows while it is walked
        for other in neighbours[place].tolist():
            if len(inside) < LARGEST and other >= 0 and other not in inside and bool(member[other]):
                inside.append(other)
    return inside
