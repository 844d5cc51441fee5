"""No-data that nobody declared: one impossible value in all bands of many pixels. Opens no raster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Rarer ones are a few damaged pixels, not the rim of a strip.
_FEWEST_PIXELS = 4
_LEAST_SHARE = 0.0005
_FEWEST_OTHERS = 16
# No reflectance or radiance is as far below zero: noise is a small share of what is brightest.
_FAR_BELOW = 0.1


@dataclass(frozen=True)
class Fill:
    """A value that stands for "no data", and the share of the pixels looked at that have it.

    apart: whether it lies so far from all measured values that a single band with it is no-data too.
    """

    value: float
    share: float
    apart: bool


def undeclared_fill(values: np.ndarray, good: np.ndarray) -> Fill | None:
    """The fill value of pixels ``(n, B)``, of which `good` are no declared no-data; None where there is none.

    It is the same in all bands of a pixel, and impossible: negative, or brighter than all other pixels.
    """
    count, bands = values.shape
    whole = good.all(axis=1)
    if bands < 3 or whole.sum() < _FEWEST_PIXELS:  # noqa: PLR2004  two bands are alike by chance
        return None
    flat = whole & (values == values[:, :1]).all(axis=1) & (values[:, 0] != 0)
    if flat.sum() < max(_FEWEST_PIXELS, _LEAST_SHARE * count):
        return None
    others = values[whole & ~flat]
    found, counts = np.unique(values[flat, 0], return_counts=True)
    value, times = float(found[counts.argmax()]), int(counts.max())
    if times < max(_FEWEST_PIXELS, _LEAST_SHARE * count):
        return None
    if len(others) < _FEWEST_OTHERS:
        return (
            Fill(value, times / count, apart=True) if value < 0 and len(found) == 1 and len(others) else None
        )
    low, high = float(others.min()), float(others.max())
    if value >= 0 and value <= high:
        return None
    if value < 0:
        usual = float(np.quantile(np.abs(others), 0.99))
        apart = value < low or value < -_FAR_BELOW * usual
    else:
        apart = True
    return Fill(value, times / count, apart=apart)
