"""Bands in which water vapour absorbs the light, and whether they hold more than noise. Opens no raster."""

from __future__ import annotations

import numpy as np

WINDOWS = ((1350.0, 1450.0), (1800.0, 1950.0))
"""Wavelengths (nm) between which hardly any light passes a humid atmosphere."""

MOSTLY_NOISE = 0.5
"""A band is mostly noise where more than this share of its variance has nothing to do with other bands."""

# So many directions of the other bands explain nearly all that varies in a scene.
_DIRECTIONS = 12
_PIXELS_EACH = 8
_FEWEST_PIXELS = 64
_FEWEST_OTHERS = 4


def in_water_window(wavelength: float | None) -> bool:
    """Whether a wavelength (nm) lies where water vapour absorbs."""
    return wavelength is not None and any(low <= wavelength <= high for low, high in WINDOWS)


def noise_shares(others: np.ndarray, bands: np.ndarray) -> np.ndarray | None:
    """The share of each band's variance over the pixels that the other bands do not explain.

    Materials are known by all bands: what varies in one of them alone is noise. The band is regressed on the
    leading principal components of the others, each pixel's from the half of the pixels it is not in.

    others: (pixels, B), bands: (pixels, b). Returns (b,) from 0 to 1; None where too few pixels or bands are
    there to say.
    """
    pixels = len(others)
    if pixels < _FEWEST_PIXELS or others.shape[1] < _FEWEST_OTHERS:
        return None
    directions = min(_DIRECTIONS, others.shape[1], pixels // (2 * _PIXELS_EACH))
    spectra = others.astype(np.float64)
    spectra -= spectra.mean(axis=0)
    _, axes = np.linalg.eigh(spectra.T @ spectra)
    known = np.column_stack([spectra @ axes[:, -directions:], np.ones(pixels)])
    target = bands.astype(np.float64)
    halves = np.arange(pixels) % 2 == 0
    left = np.empty_like(target)
    for half in (halves, ~halves):
        weights, *_ = np.linalg.lstsq(known[~half], target[~half], rcond=None)
        left[half] = target[half] - known[half] @ weights
    variance = target.var(axis=0)
    share = np.divide((left**2).mean(axis=0), variance, out=np.ones(len(variance)), where=variance > 0)
    return np.clip(share, 0.0, 1.0)
