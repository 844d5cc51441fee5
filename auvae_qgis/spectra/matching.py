"""Which library spectra look most like an endmember, by spectral angle. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...model.auvae.contract.library import Profile
from ..results.result import Array

FEWEST_BANDS = 5
HALF = 0.5  # of the bands: a match on fewer comes after all that are compared on more
WEIGHT_NEEDED = 0.5  # of a band's response must fall on values that a library spectrum has
FINER = 1.5  # times as wide a step: the other is then the finer one
REACH = 2.5  # usual steps: farther from a library's nearest band nothing is interpolated
FEW_SAMPLES = 3  # of a library within a band's width: fewer are interpolated
SIGMA = 2.3548  # full width at half maximum of a Gaussian, in standard deviations


@dataclass(frozen=True)
class Match:
    """A library spectrum beside an endmember: ``angle`` in radians, over ``bands`` common wavelengths.

    ``share``: of all that could be compared. ``scale`` makes the profile as bright as the endmember: least
    squares over the same wavelengths.
    """

    profile: Profile
    angle: float
    bands: int
    share: float
    scale: float


def best_matches(
    x: Array, endmembers: Array, fwhm: Array, profiles: list[Profile], most: int = 3
) -> list[list[Match]]:
    """Return for every endmember its most similar profiles, the most similar first.

    The finer of the two is brought to the bands of the coarser: through Gaussian bands where their widths are
    known, by linear interpolation otherwise. What either lacks (left out, bad, out of range) is not compared.

    Profiles that know no wavelengths are not compared.

    ``x``: (bands,) nm, ascending. ``endmembers``: (bands, n), NaN in gaps. ``fwhm``: (bands,) nm or NaN.
    """
    there = np.isfinite(endmembers).all(axis=1) & np.isfinite(x)
    x, endmembers, fwhm = x[there], endmembers[there], fwhm[there]
    grids: dict[bytes, list[Profile]] = {}
    for profile in (one for one in profiles if not one.numbered):
        grids.setdefault(profile.centres.tobytes(), []).append(profile)
    found: list[list[Match]] = [[] for _ in range(endmembers.shape[1])]
    for group in grids.values():
        angles, bands, scales, share = _compared(x, endmembers, fwhm, group)
        for index, matches in enumerate(found):
            order = _ranked(angles[index], share)[:most]
            matches += [
                Match(
                    group[one],
                    float(angles[index, one]),
                    int(bands[one]),
                    float(share[one]),
                    float(scales[index, one]),
                )
                for one in order
                if np.isfinite(angles[index, one])
            ]
    return [sorted(one, key=lambda match: (match.share < HALF, match.angle))[:most] for one in found]


def best_names(matches: list[list[Match]]) -> list[str]:
    """Return a name for every endmember, each its best match's; the closer of two gets one that both want.

    Empty for an endmember whose matches are all taken.
    """
    names, taken = [""] * len(matches), set()
    wanted = sorted(
        (match.angle, index, match.profile.name) for index, one in enumerate(matches) for match in one
    )
    for _, index, name in wanted:
        if not names[index] and name.casefold() not in taken:
            names[index] = name
            taken.add(name.casefold())
    return names


def _ranked(angles: Array, share: Array) -> Array:
    return np.lexsort((np.where(np.isfinite(angles), angles, np.inf), share < HALF))


def _compared(
    x: Array, endmembers: Array, fwhm: Array, group: list[Profile]
) -> tuple[Array, Array, Array, Array]:
    """Compare profiles on one grid: angles (n, m), bands (m,), scales (n, m), share compared (m,)."""
    grid = group[0].centres
    spectra = np.column_stack([profile.values for profile in group])
    within = grid[(grid >= x[0]) & (grid <= x[-1])]
    ours, theirs = _step(x), _step(within)
    if theirs > FINER * ours:  # a multispectral library
        ours_there, wanted = _resampled(x, endmembers, grid, np.full(len(grid), np.nan))
        values, there = np.nan_to_num(spectra), np.isfinite(spectra) & ours_there.all(axis=1)[:, None]
        total = max(1, len(grid))
    else:
        there, values = _resampled(grid, spectra, x, fwhm)
        wanted, total = endmembers, len(x)
    mask = there.astype(float)
    values = values * mask
    product = wanted.T @ values
    energy, own = (values**2).sum(axis=0), (wanted**2).T @ mask
    bands = mask.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = product / np.sqrt(energy * own)
        angles = np.where(bands >= min(FEWEST_BANDS, total), np.arccos(np.clip(cosine, -1, 1)), np.nan)
        scales = np.where(energy > 0, product / energy, np.nan)
    return angles, bands, scales, bands / total


def _resampled(grid: Array, spectra: Array, x: Array, fwhm: Array) -> tuple[Array, Array]:
    """Return which of ``x`` each spectrum reaches, (bands, m) bool, and its values there, (bands, m)."""
    weights = _weights(grid, x, fwhm)
    good = np.isfinite(spectra)
    known = weights @ good
    values = weights @ np.where(good, spectra, 0.0)
    reached = known > WEIGHT_NEEDED
    return reached, np.where(reached, values / np.where(reached, known, 1.0), 0.0)


def _weights(grid: Array, x: Array, fwhm: Array) -> Array:
    """Return the (bands, samples) matrix that brings a spectrum on ``grid`` to ``x``; rows sum to 1 or 0."""
    right = np.clip(np.searchsorted(grid, x), 1, max(1, len(grid) - 1))
    left = right - 1
    weights = np.zeros((len(x), len(grid)))
    if len(grid) > 1:
        steps = np.diff(grid)
        part = (x - grid[left]) / steps[left]
        close = steps[left] <= REACH * max(np.median(steps), np.median(np.diff(x)) if len(x) > 1 else 0.0)
        inside = (x >= grid[0]) & (x <= grid[-1]) & close
        rows = np.flatnonzero(inside)
        weights[rows, left[rows]] = 1 - part[rows]
        weights[rows, right[rows]] += part[rows]
    for row in np.flatnonzero(np.isfinite(fwhm) & (fwhm > 0)):
        near = np.flatnonzero(np.abs(grid - x[row]) <= fwhm[row])
        if (
            len(near) >= FEW_SAMPLES and grid[0] <= x[row] <= grid[-1]
        ):  # finer than the band: its response, not a point
            response = np.exp(-0.5 * ((grid[near] - x[row]) / (fwhm[row] / SIGMA)) ** 2)
            weights[row] = 0.0
            weights[row, near] = response / response.sum()
    return weights


def _step(x: Array) -> float:
    return float(np.median(np.diff(x))) if len(x) > 1 else np.inf
