"""Rare materials: patches of neighbouring pixels that agree in what the endmembers leave unexplained.

A target is a patch; noise and outliers are alone. It takes the place of an endmember that is hardly needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..contract.materials import ALIKE
from ..numerics.nonnegative import nonnegative_least_squares
from .judge import angles, growths, mean_angles
from .search_space import unnormalised

SPARE = 1.05
"""An endmember may give way when the scene's mean angle grows by this factor at most without it.

One that splits a common material in two costs nothing (0.8 to 1.0 in simulated scenes with rare materials);
one that is needed costs more (1.11 to 6 in real scenes and in those without rare materials).
"""

TWIN = 1.25
"""The same of one of two that are nearly the same: where a material varies each takes a part of it."""

AS_GOOD = 1.04
"""With the target in its place the angle may have grown, over all exchanges, by this factor at most."""

CHANCE = 6.0
"""Neighbours agree when the cosine of what is left of them is so many deviations of that of noise."""

LEAST_ALIKE, MOST_ASKED = 0.5, 0.9
"""They share at least so much of what is left without noise; the second is enough with few bands."""

LARGEST = 64
"""Pixels, at most, of a patch whose mean is the target's spectrum."""

PASSED_OVER = 4
"""After so many patches of no rare material no more are looked at; those that show most come first."""

FEW, COMMON, SHOWN = 64, 10, 0.2
"""A rare material holds the last, of a pixel, in so many pixels at most, or in so many times its patch's.

A kind of a common material forms patches, too, and shows in many more. Asked where a patch is faint, or where
the scene gets worse: a target that is much like a mixture of others shows in many pixels, too.
"""

PURE = 0.7
"""The patch's pixels with at least this share of its largest residual make the target's spectrum."""

EXPLAINED = 1.3
"""Mixtures leave at most so many times the noise of a patch. Those of the most likely simplex left 1.04 of a
dark pixel that was taken for a rare material; of the largest in scenes with rare materials 17 to 32."""

_STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
# Kinds of blocks: the steps that make a pair, or a square of 2 x 2 or 3 x 3 pixels, with their first one.
_PAIRS = ([[step] for step in range(8)],)
_SQUARES = ([[0, 1, 3], [1, 2, 4], [3, 5, 6], [4, 6, 7]], [list(range(8))])


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


@dataclass(frozen=True)
class Rarities:
    """What was taken for rare materials.

    Attributes:
        spectra: ``(n, B)``, softly normalised, as measured.
        sizes: how many pixels each is the mean of.
    """

    spectra: Tensor
    sizes: tuple[int, ...]

    def mixed(self, ends: Tensor, noise: float) -> bool:
        """Whether all are mixtures of ``ends`` ``(K, B)``, as far as `SearchSpace.noise` shows."""
        amounts = nonnegative_least_squares(self.spectra @ ends.T, ends @ ends.T)
        left = unnormalised(self.spectra).norm(dim=1).add(1) * (self.spectra - amounts @ ends).norm(dim=1)
        expected = [noise * math.sqrt(ends.shape[1] / size) for size in self.sizes]
        return all(rest < EXPLAINED * usual for rest, usual in zip(left.tolist(), expected, strict=True))


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
    spectra, free = spectra.clone(), list(range(held, len(spectra)))
    passed_over: list[Tensor] = []
    (before, leaving), allowed = growths(judges, spectra), _allowed(spectra)
    while len(free) > 1 and len(passed_over) < PASSED_OVER:
        spare = [place for place in free if leaving[place] <= allowed[place]]
        explained = torch.cat([spectra, *passed_over])
        patch = alike_patch(observed.pixels, neighbours, explained) if spare else None
        if patch is None:
            break
        spectrum = observed.pixels[list(patch.pixels)].mean(0).clamp_min(1e-6)
        angle, instead = min(zip(_exchanged(judges, spectra, spare, spectrum), spare, strict=True))
        growth = angle / before
        most = TWIN if allowed[instead] > SPARE else AS_GOOD
        rare = growth <= most
        if rare and (patch.faint or growth > AS_GOOD):
            holding = shown(observed.pixels, torch.cat([explained, spectrum[None]]))
            rare = holding <= max(FEW, COMMON * len(patch.pixels))
        if not rare:
            passed_over.append(spectrum[None])
            continue
        spectra[instead] = spectrum
        leaving, allowed = growths(judges, spectra)[1], _allowed(spectra)
        free.remove(instead)
        found.append(Target(spectrum, patch.pixels, instead, growth))
    return found


def _allowed(spectra: Tensor) -> list[float]:
    """By what factor the mean angle may grow without each of ``spectra`` ``(K, B)``."""
    unit = torch.nn.functional.normalize(spectra, dim=1)
    nearest = (unit @ unit.T).fill_diagonal_(-1).max(1).values.clamp(-1, 1).acos()
    return [TWIN if angle < ALIKE else SPARE for angle in nearest.tolist()]


def shown(pixels: Tensor, spectra: Tensor) -> int:
    """Of how many ``pixels`` ``(n, B)`` the last of ``spectra`` ``(K, B)`` holds more than `SHOWN`."""
    amounts = angles(pixels, spectra)[1]
    return int((amounts[:, -1] > SHOWN * amounts.sum(1).clamp_min(1e-9)).sum())


def _exchanged(judges: Tensor, spectra: Tensor, places: list[int], spectrum: Tensor) -> list[float]:
    """Mean angle when the spectrum stands in each of these places."""
    changed = spectra.repeat(len(places), 1, 1)
    changed[range(len(places)), places] = spectrum
    return mean_angles(judges, changed)


class Patch(NamedTuple):
    """Indices of a patch's purest pixels; ``faint``: no two of them agree, only more of them together."""

    pixels: tuple[int, ...]
    faint: bool


def alike_patch(pixels: Tensor, neighbours: Tensor, spectra: Tensor) -> Patch | None:
    """The purest pixels of the patch that agree most in what endmembers leave of them; None where none do.

    Two neighbours agree where a target is bright. In one that is dark noise hides it from two pixels, not
    from four or nine: the products of all pairs add up, what chance adds to them does not.

    Args:
        pixels: ``(n, B)``, softly normalised.
        neighbours: ``(n, 8)``, as `Observed.neighbours` gives them.
        spectra: ``(K, B)``, the endmembers.
    """
    amounts = nonnegative_least_squares(pixels @ spectra.T, spectra @ spectra.T)
    left = pixels - amounts @ spectra
    energy, noise = left.square().sum(1), torch.zeros_like(left[:, 0])
    members = _alike_block(left, energy, noise, neighbours, _PAIRS)
    faint = members is None
    if faint:
        # not before: where materials vary, what is left of most pixels is their variation, not noise
        noise = _noise_energy(pixels, left)
        members = _alike_block(left, energy, noise, neighbours, _SQUARES)
    if members is None:
        return None
    direction = torch.nn.functional.normalize(left[members].sum(0), dim=0)
    along = left @ direction
    usual = float(along[members].mean())
    signal, chance = (energy - noise).clamp_min(0).sqrt(), (noise / pixels.shape[1]).sqrt()
    member = (along + chance >= LEAST_ALIKE * signal) & (along + chance >= LEAST_ALIKE * usual)
    middle = int(members[along[members].argmax()])
    inside = _connected(middle, member, neighbours)
    enough = PURE * max(float(along[place] - chance[place]) for place in inside)
    return Patch(tuple(place for place in inside if float(along[place]) >= enough), faint)


def _noise_energy(pixels: Tensor, left: Tensor) -> Tensor:
    """Energy ``(n,)`` of the noise in what is left ``(n, B)``: noise is the same in the raster's unit."""
    darkness = (1 - pixels.norm(dim=1)).clamp_min(1e-6)
    return ((left.norm(dim=1) / darkness).median() * darkness).square()


def _alike_block(
    left: Tensor, energy: Tensor, noise: Tensor, neighbours: Tensor, kinds: Sequence[Sequence[list[int]]]
) -> Tensor | None:
    """The pixels of the block that shares most, of the first kind of blocks of which one agrees."""
    itself = torch.arange(len(left), device=left.device)[:, None]
    for kind in kinds:
        blocks = [torch.cat([itself, neighbours[:, others]], 1) for others in kind]
        shared = torch.stack([_shared(left, energy, noise, block) for block in blocks])
        which, middle = divmod(int(shared.argmax()), len(left))
        if float(shared[which, middle]) > 0:
            return blocks[which][middle]
    return None


def _shared(left: Tensor, energy: Tensor, noise: Tensor, block: Tensor) -> Tensor:
    """Mean product ``(n,)`` of what is left of two pixels of each block ``(n, m)``; 0 where none agree."""
    size = block.shape[1]
    pairs = size * (size - 1) / 2
    total = torch.zeros_like(left)
    for place in block.T:
        total += left[place.clamp_min(0)]
    mean, signal = energy[block].mean(1), (energy - noise)[block].mean(1)
    product = (total.square().sum(1) - size * mean) / (2 * pairs)
    alike = min(CHANCE / math.sqrt(pairs * left.shape[1]), MOST_ASKED)
    agrees = (block >= 0).all(1) & (product >= alike * mean) & (product >= LEAST_ALIKE * signal)
    return torch.where(agrees, product, 0)


def _connected(start: int, member: Tensor, neighbours: Tensor) -> list[int]:
    """At most `LARGEST` pixels that are connected to the first by neighbours that are ``member`` ``(n,)``."""
    inside = [start]
    for place in inside:  # grows while it is walked
        for other in neighbours[place].tolist():
            if len(inside) < LARGEST and other >= 0 and other not in inside and bool(member[other]):
                inside.append(other)
    return inside
