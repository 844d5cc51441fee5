"""Ways to look at a spectrum: as measured, divided by its norm, without its continuum. Arrays in and out."""

from __future__ import annotations

from enum import Enum

import numpy as np

from ..results.result import Array


class View(Enum):
    """How spectra are shown."""

    VALUES = "values"
    NORM = "norm"
    CONTINUUM = "continuum"


def seen(x: Array, values: Array, view: View) -> Array:
    """Return ``values`` (bands, n) as ``view`` shows them; NaN stays NaN."""
    return values / divisor(x, values, view)


def divisor(x: Array, values: Array, view: View) -> Array:
    """Return what ``values`` (bands, n) are divided by in ``view``, (bands, n); NaN where that says nothing.

    A deviation of the values is divided by the same.
    """
    if view is View.NORM:
        norm = np.sqrt(np.nansum(values**2, axis=0, keepdims=True))
        return np.broadcast_to(np.where(norm > 0, norm, np.nan), values.shape)
    if view is View.CONTINUUM:
        return np.column_stack([continuum(x, one) for one in values.T])
    return np.ones_like(values)


def continuum(x: Array, values: Array) -> Array:
    """Return the upper convex hull of a spectrum (bands,), which absorption bands hang from.

    ``x`` ascends. Clark & Roush, 1984. NaN where the spectrum has no value or the hull is not positive.
    """
    there = np.isfinite(values)
    hull = np.full(len(x), np.nan)
    if not there.any():
        return hull
    corners: list[tuple[float, float]] = []
    for point in zip(x[there], values[there]):
        while len(corners) > 1 and _is_below(corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    over, height = zip(*corners)
    hull[there] = np.interp(x[there], over, height)
    return np.where(hull > 0, hull, np.nan)


def _is_below(left: tuple[float, float], middle: tuple[float, float], right: tuple[float, float]) -> bool:
    """Tell whether ``middle`` lies on or below the line from ``left`` to ``right``."""
    rise = (right[1] - left[1]) * (middle[0] - left[0])
    return bool((middle[1] - left[1]) * (right[0] - left[0]) <= rise)
