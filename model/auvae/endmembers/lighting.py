"""How free a scene's brightness is: measured once a scene, and what that makes of amounts. Reads no files.

A pixel is ``y = b sum_k a_k e_k`` and noise. Where its brightness b is free, dark materials and shade look
alike, and only shares of *reflectance* can be told; where b is known to vary little, the darkness of a pixel
says how much of its *area* is dark. The scene decides: `measure_lighting` compares the brightness of mixed
pixels with that of nearly pure ones, whose composition is known.

Everything here is in units of the soft normalisation (`Brightness`): pixels ``y / offset``, and the darkness
``offset / (|y| + offset)`` of pixels and endmembers, between 0 and 1.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract.choices import AREAS, AUTOMATIC, FIXED, SHAPES
from ..numerics.nonnegative import nonnegative_least_squares, ridged, to_simplex

PURE = 0.9
"""Share of a pixel's radiance from which on it is nearly pure."""

FEWEST_PURE, PUREST = 30, 0.003
"""How much brightness spreads is measured on so many pure pixels of a material at least, and on this share
of all pixels."""

FEWEST_LEVEL = 5
"""So many pure pixels, if they agree, tell how bright a material is."""

LEAST_SPREAD = 0.005
"""Of the logarithm of brightness among nearly pure pixels."""

CALIBRATION = 0.05
"""Deviation of the logarithm of an endmember's own brightness, as it is measured."""

UNSURE_LEVEL = 0.1
"""The same of a material without pure pixels, which only mixtures tell, where as many others have pure pixels
as have none; with the root of the odds, since errors add up. Else one of eight would decide for all."""

ROUNDS, LEAST_REST, BRIGHTEST = 20, 0.02, 5.0
"""Steps towards the brightness of materials without pure pixels; the least that others may leave of a pixel;
how many times as bright as its spectrum, or as dark, such a material may be."""

BEYOND = 2.0
"""Deviations beyond which a pixel's brightness contradicts mixing by area."""

ALLOWED, REFUSED = 0.20, 0.40
"""Share of such mixed pixels up to which areas hold, and from which on they do not."""

CLASSES = 20
"""Classes of brightness in which the misfit is measured."""

JUDGES = 20_000
"""Pixels, spread over the scene, on which misfit and contradiction are measured."""

DRAWS = 3000
"""Pixels of the parametric bootstrap."""

EQUAL_LIGHT = 0.005
"""Spread of brightness where every pixel is taken to be equally lit: fully constrained least squares."""

NEGLIGIBLE_WEIGHT = 0.05
"""A reading that counts less than this is not computed."""


@dataclass(frozen=True)
class Lighting:
    """What a scene shows of its brightness.

    Attributes:
        shifts: K logarithms: by how much an endmember's purest pixels are brighter than its spectrum.
        floor: variance of the misfit of a dark pixel, per coordinate, in units of the offset squared.
        relative: what that variance grows by with the pixel's squared length.
        spread: deviation of the logarithm of brightness among pixels whose composition is known.
        contradicting: share of mixed pixels whose brightness mixing by area does not explain.
        noisy: weight of the reading as shapes because areas are noisy, from a bootstrap.
        usual: median brightness of its pixels, near 1: an endmember's purest pixels have 1.
        tested: some material has pure pixels, so that brightness could contradict; else the spread is that
            of all pixels.
    """

    shifts: tuple[float, ...]
    floor: float
    relative: float
    spread: float
    contradicting: float = 0.0
    noisy: float = 0.0
    usual: float = 1.0
    tested: bool = True

    @property
    def shape_weight(self) -> float:
        """How much the reading as shapes counts, 0 to 1, where the scene decides."""
        refused = (self.contradicting - ALLOWED) / (REFUSED - ALLOWED)
        return 1 - (1 - self.noisy) * (1 - min(1.0, max(0.0, refused)))

    def lit(self, times: float) -> Lighting:
        """The same endmembers in a light that makes all of them so many times as bright."""
        return replace(self, shifts=tuple(shift + math.log(times) for shift in self.shifts))

    def document(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {**asdict(self), "shifts": list(self.shifts)}

    @classmethod
    def parse(cls, document: dict[str, Any], endmembers: int) -> Lighting:
        """The lighting that a document describes; ValueError, KeyError or TypeError where it is invalid."""
        found = cls(**{**document, "shifts": tuple(float(shift) for shift in document["shifts"])})
        sizes = (found.floor, found.relative, found.spread, found.contradicting, found.noisy, found.usual)
        if len(found.shifts) != endmembers or not all(map(math.isfinite, (*found.shifts, *sizes))):
            raise ValueError("the lighting does not fit the endmembers")
        if min(sizes) < 0 or 0 in (found.spread, found.usual) or max(found.contradicting, found.noisy) > 1:
            raise ValueError("the lighting is out of range")
        return found


@dataclass(frozen=True)
class Reading:
    """How amounts are read as abundances: what the scene shows, and what was chosen.

    Attributes:
        lighting: of the scene.
        shape_weight: of the reading as shapes; the rest is areas.
        dimmed: ``(K,)``, one over the brightness of the endmembers' purest pixels, on the pixels' device.
    """

    lighting: Lighting
    shape_weight: float
    dimmed: Tensor

    @classmethod
    def of(cls, lighting: Lighting, choice: str, device: torch.device) -> Reading:
        """The reading for a choice of `BRIGHTNESS`."""
        weights = {AUTOMATIC: lighting.shape_weight, AREAS: 0.0, FIXED: 0.0, SHAPES: 1.0}
        if choice == FIXED:
            lighting = replace(lighting, spread=EQUAL_LIGHT)
        return cls(lighting, weights[choice], torch.tensor(lighting.shifts, device=device).neg().exp())

    def brightness(self, endmembers: Tensor) -> Tensor:
        """What an amount of 1 of softly normalised endmembers with this darkness ``(K,)`` adds to it."""
        return endmembers * self.dimmed.to(endmembers.dtype)

    def as_areas(
        self, products: Tensor, gram: Tensor, endmembers: Tensor, pixels: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same problem with amounts counted by area: target, Gram matrix and stiffness of its solution.

        Arguments as of `abundances`. In it the amounts sum to the pixel's brightness, which is expected to be
        one; the stiffness is the misfit's variance divided by that of the brightness.
        """
        counted = self.brightness(endmembers)
        length = 1 / pixels - 1
        misfit = self.lighting.floor + self.lighting.relative * length.square()
        target = products / (pixels[:, None] * counted)
        return target, gram / (counted[:, None] * counted), misfit / self.lighting.spread**2

    def mixing(self, endmembers: Tensor) -> Tensor:
        """Brightness ``(K,)`` of endmembers of darkness ``(K,)`` in mixtures: between areas' and shapes'."""
        areas = self.brightness(torch.ones_like(endmembers)).reciprocal()
        return areas ** (1 - self.shape_weight) * endmembers**self.shape_weight

    def abundances(
        self, products: Tensor, gram: Tensor, endmembers: Tensor, pixels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Abundances of softly normalised pixels, and the mixtures that they stand for.

        Areas are the most probable mixture with the brightness ``b ~ N(1, spread^2)``, divided by its sum:
        fully constrained least squares where the spread is nothing, non-negative ones where it is large.

        Args:
            products: ``(n, K)``, pixels times endmembers, both softly normalised.
            gram: ``(K, K)``, of the endmembers.
            endmembers: ``(K,)``, their darkness.
            pixels: ``(n,)``, theirs.

        Returns:
            abundances and mixtures, each ``(n, K)``, non-negative, summing to one; a pixel has the shape of
            its mixture times the softly normalised endmembers.
        """
        weight = self.shape_weight
        if weight > 1 - NEGLIGIBLE_WEIGHT:
            shapes = to_simplex(nonnegative_least_squares(products, gram))
            return shapes, shapes
        amounts = nonnegative_least_squares(*self.as_areas(products, gram, endmembers, pixels))
        areas, mixture = to_simplex(amounts), to_simplex(amounts / self.brightness(endmembers))
        if weight < NEGLIGIBLE_WEIGHT:
            return areas, mixture
        shapes = to_simplex(nonnegative_least_squares(products, gram))
        return torch.lerp(areas, shapes, weight), torch.lerp(mixture, shapes, weight)


@dataclass(frozen=True)
class _Scene:
    """Pixels ``(n, d)`` and endmembers ``(K, d)`` in units of the offset, and amounts ``(n, K)`` of them."""

    pixels: Tensor
    endmembers: Tensor
    amounts: Tensor

    @property
    def radiance(self) -> Tensor:
        """Each endmember's share of a pixel's radiance ``(n, K)``: no convention of brightness enters."""
        return to_simplex(self.amounts * self.endmembers.norm(dim=1))

    def darkness(self) -> tuple[Tensor, Tensor]:
        """Of endmembers ``(K,)`` and pixels ``(n,)``."""
        return tuple(1 / (1 + points.norm(dim=1)) for points in (self.endmembers, self.pixels))

    def some(self, count: int) -> _Scene:
        """The same with about so many of the pixels, evenly spread."""
        step = -(-len(self.pixels) // count)
        return _Scene(self.pixels[::step], self.endmembers, self.amounts[::step])


def measure_lighting(pixels: Tensor, endmembers: Tensor, seed: int) -> Lighting:
    """Measure how free a scene's brightness is.

    Args:
        pixels: ``(n, d)`` without noise, as the U-Net cleans them, in units of the offset.
        endmembers: ``(K, d)`` in the same unit.
        seed: of the bootstrap.
    """
    pixels, endmembers = pixels.double(), endmembers.double()
    scene = _Scene(
        pixels, endmembers, nonnegative_least_squares(pixels @ endmembers.T, endmembers @ endmembers.T)
    )
    pure = _brightness_of_pure_pixels(scene)
    light = pure.shifts.exp()
    scene = _Scene(pixels, endmembers * light[:, None], scene.amounts / light).some(JUDGES)
    usual = float(scene.amounts.sum(1).median().clamp_min(1e-3))
    shifts = tuple(pure.shifts.tolist())
    found = Lighting(shifts, *_misfit(scene), pure.spread, usual=usual, tested=pure.known)
    if found.tested:
        found = replace(found, contradicting=_contradicting(scene, found, pure.unsure))
    return replace(found, noisy=_noisy(scene, found, seed))


def usual_brightness(pixels: Tensor, endmembers: Tensor, lighting: Lighting) -> float:
    """Median brightness of a scene's pixels, in the light of another: 1 where it is lit alike.

    Args:
        pixels: ``(n, d)``, as of `measure_lighting`.
        endmembers: ``(K, d)``.
        lighting: of the scene that the endmembers are from.
    """
    lit = endmembers.double() * torch.tensor(lighting.shifts, device=pixels.device).double().exp()[:, None]
    pixels = pixels.double()[:: max(1, len(pixels) // JUDGES)]
    return float(nonnegative_least_squares(pixels @ lit.T, lit @ lit.T).sum(1).median()) / lighting.usual


@dataclass(frozen=True)
class _PureBrightness:
    """What pixels of nearly one material show of brightness: shifts ``(K,)`` and spread as of `Lighting`.

    ``unsure``: deviation of each shift ``(K,)`` of a material without pure pixels, else 0.
    ``known``: some material has pure pixels enough, so that other brightness can contradict.
    """

    shifts: Tensor
    unsure: Tensor
    spread: float
    known: bool


def _brightness_of_pure_pixels(scene: _Scene) -> _PureBrightness:
    """How bright the endmembers' purest pixels are, and how much that varies.

    A material with pure pixels is as bright as these. One without is as bright as leaves its purest pixels,
    mixtures of it with the others, a brightness of one. The spread is the median over the materials with
    many pure pixels; where there is no such material, that of all pixels.
    """
    shares = scene.radiance
    fewest = min(len(shares), max(FEWEST_PURE, int(PUREST * len(shares))))
    limits = shares.topk(fewest, 0).values[-1].clamp_max(PURE)
    size = scene.endmembers.square().sum(1)
    shifts, spreads, mixed = torch.zeros_like(size), [], {}
    for material, (share, limit) in enumerate(zip(shares.T, limits, strict=True)):
        pure = share >= PURE
        count = int(pure.sum())
        chosen = pure if count >= FEWEST_LEVEL else share >= limit
        logs = (scene.pixels[chosen] @ scene.endmembers[material] / size[material]).clamp_min(1e-3).log()
        shifts[material], deviation = logs.median(), _deviation(logs)
        if count >= FEWEST_PURE:
            spreads.append(deviation)
        if count < FEWEST_LEVEL or deviation > CALIBRATION * math.sqrt(count):
            mixed[material] = scene.amounts[share >= limit]
    shifts = _shifts_of_mixed(shifts, mixed)
    unsure = torch.zeros_like(shifts)
    odds = len(mixed) / max(1, len(size) - len(mixed))
    unsure[list(mixed)] = UNSURE_LEVEL * math.sqrt(odds)
    known = bool(spreads)
    if not known:
        spreads = [_deviation((scene.amounts @ (-shifts).exp()).clamp_min(1e-3).log())]
    return _PureBrightness(shifts, unsure, max(LEAST_SPREAD, float(np.median(spreads))), known)


def _deviation(logs: Tensor) -> float:
    """Standard deviation from the median, winsorised at three: a few pixels are something else."""
    away = (logs - logs.median()).abs()
    return float(away.clamp_max(3 * 1.4826 * away.median()).square().mean().sqrt())


def _shifts_of_mixed(shifts: Tensor, mixed: dict[int, Tensor]) -> Tensor:
    """Shifts ``(K,)``, those of materials without pure pixels found from amounts ``(m, K)`` in their purest.

    Their purest pixels shall have a brightness of one: ``c_k exp(-shift_k) = 1 - sum_j c_j exp(-shift_j)``.
    Several such materials depend on each other: damped steps towards where all hold.
    """
    for _ in range(ROUNDS if mixed else 0):
        wanted = shifts.clone()
        for material, amounts in mixed.items():
            by_area = amounts * (-shifts).exp()
            rest = 1 - (by_area.sum(1) - by_area[:, material])
            ratio = (amounts[:, material] / rest.clamp_min(LEAST_REST)).median()
            wanted[material] = ratio.clamp(1 / BRIGHTEST, BRIGHTEST).log()
        shifts = (shifts + wanted) / 2
    return shifts


def _misfit(scene: _Scene) -> tuple[float, float]:
    """Floor and relative part of the misfit's variance: the line through medians by class of brightness."""
    freedom = max(1, scene.pixels.shape[1] - len(scene.endmembers))
    left = (scene.pixels - scene.amounts @ scene.endmembers).square().sum(1) / freedom
    energy = scene.pixels.square().sum(1)
    classes = energy.argsort().chunk(CLASSES)
    # The median of a chi-squared variable is (1 - 2 / (9 freedom))^3 of its mean (Wilson & Hilferty, 1931).
    medians = torch.stack([left[part].median() for part in classes]) / (1 - 2 / (9 * freedom)) ** 3
    energies = torch.stack([energy[part].mean() for part in classes])
    unit = energies.mean().clamp_min(1e-12)
    medians = medians.clamp_min(1e-12 * unit)
    design = torch.stack([torch.ones_like(energies), energies / unit], 1) / medians[:, None]
    floor, relative = nonnegative_least_squares(
        (design.T @ torch.ones_like(medians))[None], design.T @ design
    )[0].tolist()
    return floor, relative / float(unit)


def _contradicting(scene: _Scene, lighting: Lighting, unsure: Tensor) -> float:
    """Share of the mixed pixels whose brightness lies beyond what mixing by area and light explain.

    ``unsure`` ``(K,)``: as of `_PureBrightness`; the more such materials hold of a pixel, the less it says.
    """
    mixed = scene.radiance.amax(1) < PURE
    if int(mixed.sum()) < FEWEST_PURE:
        return 0.0
    pixels, amounts = scene.pixels[mixed], scene.amounts[mixed]
    brightness = amounts.sum(1).clamp_min(1e-3)
    misfit = lighting.floor + lighting.relative * pixels.square().sum(1)
    inside = (amounts > 0).double()
    both = inside[:, :, None] * inside[:, None, :]
    gram = ridged(scene.endmembers @ scene.endmembers.T) * both + torch.diag_embed(1 - inside)
    of_sum = (torch.linalg.solve(gram, inside[..., None])[..., 0] * inside).sum(1) * misfit
    levels = (to_simplex(amounts) * unsure).square().sum(1)
    known = (lighting.spread**2 + CALIBRATION**2 + levels + of_sum / brightness.square()).sqrt()
    return float((brightness.log().abs() > BEYOND * known).double().mean())


def _noisy(scene: _Scene, lighting: Lighting, seed: int) -> float:
    """How much of the reading as shapes would lower the error of areas, were areas true (a bootstrap)."""
    chance = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(scene.pixels), generator=chance)[:DRAWS].to(scene.pixels.device)
    scene = _Scene(scene.pixels[chosen], scene.endmembers, scene.amounts[chosen])
    # The endmembers are as bright as their purest pixels here, so that nothing is left to shift.
    level = replace(lighting, shifts=(0.0,) * len(lighting.shifts))
    by_area, by_shape = (Reading.of(level, choice, scene.pixels.device) for choice in (AREAS, SHAPES))

    def draws(*shape: int) -> Tensor:
        return torch.randn(shape, generator=chance, dtype=torch.float64).to(scene.pixels.device)

    truth = _read(scene.pixels, scene, by_area)
    misfit = lighting.floor + lighting.relative * scene.pixels.square().sum(1, keepdim=True)
    light = (lighting.spread * draws(len(truth), 1)).exp()
    again = light * (truth @ scene.endmembers) + misfit.sqrt() * draws(*scene.pixels.shape)
    areas, shapes = (_read(again, scene, reading) for reading in (by_area, by_shape))
    gap = areas - shapes
    return float((((areas - truth) * gap).sum() / gap.square().sum().clamp_min(1e-12)).clamp(0, 1))


def _read(pixels: Tensor, scene: _Scene, reading: Reading) -> Tensor:
    """Abundances of pixels ``(n, d)`` in the scene's endmembers, in units of the offset."""
    endmembers, darkness = _Scene(pixels, scene.endmembers, scene.amounts).darkness()
    spectra = scene.endmembers * endmembers[:, None]
    products = (pixels * darkness[:, None]) @ spectra.T
    return reading.abundances(products, spectra @ spectra.T, endmembers, darkness)[0]
