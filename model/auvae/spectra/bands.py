"""Spectra and scenes brought from one set of bands to another: matrices, by wavelength. Reads no files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SAME_NM = 0.5
"""Bands whose centres differ by less are the same: sensors are calibrated no better."""

BROADER = 1.2
"""From so many times the width of the bands given, a wanted band is a weighted mean of several."""

GAP = 2.5
"""Neighbours that lie farther apart than so many usual steps have bands missing between them."""

_SIGMA = 1 / math.sqrt(8 * math.log(2))  # of a Gaussian, in full widths at half maximum


@dataclass(frozen=True)
class BandSet:
    """Centres (n,) in nm, in any order, and full widths at half maximum (n,) in nm, NaN where not known."""

    centres: np.ndarray
    widths: np.ndarray

    @classmethod
    def of(cls, centres: Sequence[float], widths: Sequence[float | None] | None) -> BandSet:
        """Bands as metadata list them: widths may be None, all of them or some."""
        known = widths if widths is not None else [None] * len(centres)
        return cls(
            np.asarray(centres, float), np.array([np.nan if one is None else one for one in known], float)
        )


def resampling(given: BandSet, wanted: BandSet) -> tuple[np.ndarray, np.ndarray]:
    """How values in the bands given become values in the bands wanted.

    A wanted band is, in this order: a band of the same centre; where both widths are known and it is
    broader, the mean of the bands in it, weighted so that it gets its Gaussian response (of variance
    ``wanted - given``, as variances of Gaussians add up); the line between its neighbours; the outermost band
    when it lies within half a step of it. It is not covered where there is a gap in the bands given.

    Returns:
        matrix ``(given, wanted)``, so that ``values @ matrix`` are in the wanted bands, zero where not
        covered; and covered ``(wanted,)``.
    """
    order = np.argsort(given.centres, kind="stable")
    centres, widths = given.centres[order], given.widths[order]
    matrix = np.zeros((len(order), len(wanted.centres)))
    if not len(order):
        return matrix, np.zeros(len(wanted.centres), bool)
    steps = np.diff(centres)
    usual = float(np.median(steps[steps > SAME_NM])) if (steps > SAME_NM).any() else 0.0
    shares = np.gradient(centres) if len(centres) > 1 else np.ones(1)
    for column, (centre, width) in enumerate(zip(wanted.centres, wanted.widths, strict=True)):
        matrix[order, column] = _weights(centres, widths, shares, usual, centre, width)
    return matrix, np.asarray(matrix.any(axis=0))


def _weights(
    centres: np.ndarray, widths: np.ndarray, shares: np.ndarray, usual: float, centre: float, width: float
) -> np.ndarray:
    """What each of ascending bands adds to a band at ``centre``; zeros where they do not cover it."""
    weights = np.zeros(len(centres))
    nearest = int(np.abs(centres - centre).argmin())
    narrow = bool(width > BROADER * widths[nearest])  # False where a width is not known
    if not narrow and abs(centres[nearest] - centre) <= SAME_NM:
        weights[nearest] = 1
        return weights
    right = int(np.searchsorted(centres, centre))
    reach = max(GAP * usual, width / 2 if np.isfinite(width) else 0.0)
    if right in (0, len(centres)):
        # beyond the outermost band
        weights[nearest] = float(abs(centres[nearest] - centre) <= max(usual / 2, SAME_NM))
        return weights
    inside = np.abs(centres - centre) <= width
    if narrow and inside.sum() > 1 and centres[right] - centres[right - 1] <= reach:
        sigma = _SIGMA * math.sqrt(width**2 - widths[nearest] ** 2)
        response = np.exp(-(((centres - centre) / sigma) ** 2) / 2) * np.maximum(shares, 0) * inside
        if response.sum() > 0:
            return np.asarray(response / response.sum())
    step = centres[right] - centres[right - 1]
    if step <= reach:
        weights[right] = (centre - centres[right - 1]) / step if step > 0 else 0.5
        weights[right - 1] = 1 - weights[right]
    return weights


def filled(matrix: np.ndarray, covered: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    """Let the covered bands foretell the others: by least squares with spectra that span the scene.

    Args:
        matrix: ``(given, B)``, as `resampling` gives it.
        covered: ``(B,)``.
        spectra: ``(d, B)``, of which every spectrum is nearly a mixture.

    Returns:
        The matrix with the columns of the bands that were not covered.
    """
    if covered.all():
        return matrix
    _, sizes, axes = np.linalg.svd(np.asarray(spectra, float), full_matrices=False)
    axes = axes[sizes > 1e-6 * sizes[0]]
    seen, unseen = axes[:, covered], axes[:, ~covered]
    completed = matrix.copy()
    completed[:, ~covered] = matrix[:, covered] @ np.linalg.pinv(seen) @ unseen
    return completed
