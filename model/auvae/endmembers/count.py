"""How many endmembers a scene has: HySime, and a count of the materials that it needs. Unmixes nothing.

Rare materials are counted in rare.py, beside those that the whole scene shows.

HySime counts the directions in which there is more signal than noise. Where light mixes linearly these are
the endmembers. In a real scene they are many more: every material varies, and every bend of the mixing adds
a direction. So materials are counted too: archetypes that the scene cannot do without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..numerics.nonnegative import nonnegative_least_squares
from .archetypes import CENTRES, archetypes, cluster
from .brightness import Brightness, signal_subspace
from .rare import count_rare
from .targets import Observed

MOST = 20
"""The most materials that are looked for."""

NEEDED = 0.02
"""An endmember counts when leaving it out costs this share of the scene's variety (see `_materials`).

Chosen on 47 simulated scenes (K 3 to 8; no pure pixels, 20 to 50 bands, uneven light, bilinear mixing,
outliers, noise at 20 dB) and Samson and Jasper: what was one too many was worth 1.8 % at most, and values
from 1.8 to 2.5 % gave as many exact counts. With the rule of `count_endmembers`, 48 of the 49 were within
one.
"""

EMPTY = 0.3
"""HySime is believed where the directions after its last hold less signal than this share of the noise.

Where light mixes linearly the signal ends in a cliff: this share was 0 in most simulated scenes, and 0.4 to
1.7 in real ones, where it fades out over dozens of directions.
"""

_STARTS, _ROUNDS = 12, 80
# Share of the work that is done when rare materials are looked for.
_COMMON = 0.8
# Pixels this many deviations more surprising than most are left out, in so many passes.
_OUTLYING, _TRIMS = 5, 3
# So many directions after HySime's last are looked at.
_BEYOND = 3
# Numbers that are one too many in a row, after which larger ones are no longer tried.
_PATIENCE = 3
# The noise that HySime's authors add to what they estimate, as a share of the mean power of a band.
_NOISE_FLOOR = 1e-5

Report = Callable[[float], None]


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against ``endmembers`` as the number; None where it was not looked at.

    Attributes:
        endmembers: K.
        signal: power of the signal in the K-th of HySime's directions, raster's unit squared.
        noise: power of the noise in it, raster's unit squared; HySime counts directions with more signal.
        angle: mean angle, in radians, between the pixels and mixtures of K archetypes.
        worth: what the least needed of these K is worth, as a share of the angle that K = 1 leaves.
    """

    endmembers: int
    signal: float | None
    noise: float | None
    angle: float | None
    worth: float | None


@dataclass(frozen=True)
class Count:
    """The estimate.

    Attributes:
        number: of endmembers, rare materials among them.
        hysime: what HySime says.
        materials: what the count of materials says, which does not see rare ones.
        evidence: by K.
        rare: in how many pixels each rare material shows.
    """

    number: int
    hysime: int
    materials: int
    evidence: tuple[Evidence, ...]
    rare: tuple[int, ...] = ()

    @property
    def without_rare(self) -> int:
        """The number without rare materials: for a map of what covers the land."""
        return max(2, self.number - len(self.rare))

    @property
    def sentence(self) -> str:
        """What was found and why, for the analyst."""
        said = (
            f"{self.number} endmembers: HySime finds {self.hysime}, the count of materials {self.materials}"
        )
        if not self.rare:
            return f"{said}{self._reason}"
        return (
            f"{said}, and {len(self.rare)} more that show in a few pixels only{self._reason} Without the "
            f"rare ones, for a map of what covers the land: {self.without_rare}."
        )

    @property
    def _reason(self) -> str:
        """The end of the sentence: why the number is not both HySime's and that of the materials."""
        common = self.number - len(self.rare)
        if self.number == self.hysime and common == self.materials:
            return "."
        if self.number > self.hysime:
            return ". HySime has missed some that differ little from the noise."
        if common <= self.materials:
            return ". The signal fades out slowly, so HySime also counts how the materials vary."
        return ". The signal ends sharply, so HySime also sees materials that are rare or alike."

    def document(self) -> dict[str, Any]:
        """The estimate as the worker protocol gives it."""
        return {
            "count": self.number,
            "hysime": self.hysime,
            "materials": self.materials,
            "with_rare": self.number,
            "without_rare": self.without_rare,
            "rare": list(self.rare),
            "sentence": self.sentence,
            "evidence": [asdict(row) for row in self.evidence],
        }


def count_endmembers(
    pixels: NDArray[np.float32],
    seed: int,
    device: str = "cpu",
    report: Report | None = None,
    places: NDArray[np.int64] | None = None,
) -> Count:
    """Estimate the number of endmembers of a scene, blind.

    The rule: the number is HySime's where the signal ends with its last direction (the `_BEYOND` after it
    hold less than `EMPTY`: light mixes linearly there, and HySime also finds materials that are rare or much
    alike) and where it is not below the count of materials. In all other scenes it is the count of materials.
    Rare materials come on top, unless HySime has seen them already.

    Args:
        pixels: ``(n, B)``, the raster's unit, without no-data.
        seed: of the random starts.
        device: "cpu" or "cuda".
        report: called with the share done, many times a second; what it raises ends the work.
        places: ``(n, 3)``, patch, row and column of each pixel; without them no rare materials are sought.
    """
    report = report or (lambda _done: None)
    measured = torch.from_numpy(np.ascontiguousarray(pixels, np.float32)).to(device)
    everything = _usual(measured)
    signal, noise = hysime_powers(everything)
    hysime = int((signal > noise).sum())
    first = 1.0 if places is None else _COMMON
    curve, sets, brightness = _materials(everything, seed, lambda done: report(first * done))
    materials = max((k for k, (_, worth) in curve.items() if worth >= NEEDED), default=1)
    materials = max(2, materials)
    evidence = []
    for k in range(1, max(len(curve), min(hysime + 2, MOST, len(signal))) + 1):
        angle, worth = curve.get(k, (None, None))
        power = float(signal[k - 1]) if k <= len(signal) else None
        background = float(noise[k - 1]) if k <= len(noise) else None
        evidence.append(Evidence(k, power, background, angle, worth if k > 1 else None))
    beyond = (signal / noise)[hysime : hysime + _BEYOND]
    ends = len(beyond) == _BEYOND and float(beyond.max()) < EMPTY
    number = hysime if ends and materials <= hysime <= MOST else materials
    rare: list[int] = []
    if places is not None:
        observed = Observed(brightness.normalise(measured), torch.from_numpy(places).to(device))
        rare = count_rare(
            observed, sets[min(materials, len(curve))], lambda done: report(first + (1 - first) * done)
        )
    number = min(MOST, max(number, materials + len(rare)))  # HySime may have seen some of the rare ones
    return Count(number, hysime, materials, tuple(evidence), tuple(rare))


def hysime_powers(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Power of signal and of noise in each direction of HySime, strongest signal first.

    Bioucas-Dias & Nascimento, Hyperspectral Subspace Identification, IEEE TGRS 46(8), 2008. Noise is what a
    linear regression of each band on all others leaves; the directions are eigenvectors of the signal's
    correlation matrix; the signal's dimensions are those in which its power exceeds that of the noise, which
    is where its projection error falls. With R the correlation matrix of pixels and D the diagonal of its
    inverse, the residuals are W = D^-1 R^-1 Y, so that everything follows from R.

    Args:
        pixels: ``(n, B)``.

    Returns:
        ``(B,)`` and ``(B,)`` float64, in the pixels' unit squared.
    """
    correlation = _correlation(pixels)
    inverse = _inverse(correlation)
    residual = torch.diag(1 / inverse.diagonal())
    noise = residual @ inverse @ residual
    signal = correlation - 2 * residual + noise
    _, directions = torch.linalg.eigh(signal)
    directions = directions.flip(1)
    floor = _NOISE_FLOOR * signal.diagonal().mean()
    of_all = (directions * (correlation @ directions)).sum(0)
    of_noise = (directions.square() * noise.diagonal()[:, None]).sum(0) + floor
    return (of_all - of_noise).clamp_min(0), of_noise


def _usual(pixels: Tensor) -> Tensor:
    """Pixels without the outliers: those whose bands foretell each other far worse than in most pixels.

    The few that look like nothing else (glint, dead detectors, a car) would each be a direction for HySime.
    """
    for _ in range(_TRIMS):
        inverse = _inverse(_correlation(pixels))
        foretell = (inverse / inverse.diagonal().sqrt()).to(pixels.dtype)
        surprise = (pixels @ foretell).norm(dim=1)
        median = surprise.median()
        deviation = 1.4826 * (surprise - median).abs().median()
        pixels = pixels[surprise <= median + _OUTLYING * deviation]
    return pixels


def _correlation(pixels: Tensor) -> Tensor:
    """Correlation matrix ``(B, B)`` float64 of ``pixels`` ``(n, B)``, not centred."""
    bands = pixels.shape[1]
    total = torch.zeros(bands, bands, dtype=torch.float64, device=pixels.device)
    for part in pixels.split(16384):
        total += part.T.double() @ part.double()
    return total / len(pixels)


def _inverse(correlation: Tensor) -> Tensor:
    """The inverse of a correlation matrix, a little of its scale added: bands may be copies of others."""
    ridge = 1e-10 * correlation.diagonal().mean().clamp_min(1e-300)
    return torch.linalg.inv(correlation + ridge * torch.eye(len(correlation), device=correlation.device))


def _materials(
    pixels: Tensor, seed: int, report: Report
) -> tuple[dict[int, tuple[float, float]], dict[int, Tensor], Brightness]:
    """For K = 1, 2, ...: the mean angle that K archetypes leave, and what the least needed of them is worth.

    Also the archetypes of each K, ``(K, B)``, and the brightness by which they are normalised.

    Worth is by how much the mean angle over the scene grows when an archetype is left out, as a share of the
    angle that one spectrum alone leaves: the scene's variety. A copy of another, a blend of others and a
    spike in a few pixels are worth nothing, so K may not exceed the materials. Pixels are stood for by
    cluster centres, in which noise averages out; with the noise in, angles would never come near zero.
    """
    bands = pixels.shape[1]
    dimensions = min(MOST, bands)
    brightness = Brightness.of(pixels, dimensions)
    normalised = brightness.normalise(pixels)
    chance = torch.Generator().manual_seed(seed)
    basis = signal_subspace(normalised, dimensions)
    centres, sizes = cluster(normalised @ basis.T, CENTRES, chance)
    share = sizes / sizes.sum()

    def misfit(spectra: Tensor) -> float:
        mixture = nonnegative_least_squares(centres @ spectra.T, spectra @ spectra.T) @ spectra
        cosine = torch.nn.functional.cosine_similarity(mixture, centres, dim=-1)
        return float((cosine.clamp(-1, 1).acos() * share).sum())

    variety = misfit(share[None] @ centres)
    sets = {1: (share[None] @ centres @ basis).clamp_min(1e-6)}
    curve, most = {1: (variety, 0.0)}, min(MOST, bands, len(centres))
    found_at = 1
    for k in range(2, most + 1):
        candidates = archetypes(centres, sizes.sqrt(), k, _STARTS, _ROUNDS, chance)
        angles: list[float] = []
        for candidate in candidates:
            report((k - 2 + len(angles) / _STARTS) / (most - 1))
            angles.append(misfit(candidate))
        angle = min(angles)
        found = candidates[angles.index(angle)]
        worth = min(misfit(found[torch.arange(k) != left_out]) for left_out in range(k)) - angle
        curve[k] = (angle, worth / max(variety, 1e-12))
        sets[k] = (found @ basis).clamp_min(1e-6)
        if curve[k][1] >= NEEDED:
            found_at = k
        elif k >= found_at + _PATIENCE:
            break
    return curve, sets, brightness
