"""In which unit a scene's values are: what is stated, if it can be, or what they can only be. No files."""

from __future__ import annotations

import numpy as np

from .metadata import MOST_UNNAMED_BANDS, SCALE, Origin, scale_is_possible
from .source import Source

# Where spectrometers see sunlight reflected, and the values of which these are the upper end can only be
# reflectances of the scale: least, most, scale.
_SUNLIT_NM = (350.0, 2600.0)
_ASSUMED = ((0.05, 1.6, 1.0), (2000.0, 16000.0, 10000.0))
_BRIGHT = 0.999


def unit_of(
    source: Source, wavelengths: np.ndarray | None, pixels: np.ndarray
) -> tuple[float | None, str, Origin]:
    """What a reflectance of 1 is in a source's values, or None; their unit; and where that is from.

    Args:
        source: for what it states.
        wavelengths: of the bands that are used, ``(B,)`` in nm, or None.
        pixels: some of the scene, ``(n, B)``.
    """
    factor, origin = source.reflectance_scale, source.origins.get(SCALE, Origin("not stated"))
    median = float(np.median(pixels)) if pixels.size else np.nan
    if factor is not None and np.isfinite(median) and not scale_is_possible(median, factor):
        doubt = (
            f"The scale that is stated, reflectance × {factor:g}, would make the median value {median:.4g} a "
            f"reflectance of {median / factor:.3g}, which cannot be: not used."
        )
        return None, source.unit or "Value", Origin(origin.source, doubt)
    if factor is None and source.unit is None:
        factor = _concluded(source, wavelengths, pixels)
        if factor is not None:
            bright = float(np.quantile(pixels, _BRIGHT))
            origin = Origin(f"not stated; concluded from its values, up to {bright:.4g}")
    if factor is None:
        return None, source.unit or "Value", origin
    return factor, "Reflectance" if factor == 1 else f"Reflectance × {factor:.9g}", origin


def _concluded(source: Source, wavelengths: np.ndarray | None, pixels: np.ndarray) -> float | None:
    """The scale that the values of a spectrometer's image can only have; None where it cannot be told."""
    if wavelengths is None or len(wavelengths) < MOST_UNNAMED_BANDS or not len(pixels):
        return None
    low, high = _SUNLIT_NM
    if wavelengths.min() < low or wavelengths.max() > high or "rad" in source.name.lower():
        return None
    bright = float(np.quantile(pixels, _BRIGHT))
    return next((scale for least, most, scale in _ASSUMED if least <= bright <= most), None)
