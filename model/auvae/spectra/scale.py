"""What the values of a library are multiplied by to be in a scene's unit. Reads no files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..endmembers.least_squares import abundances

if TYPE_CHECKING:
    from ..scene.scene import Scene

SCALES = (1.0, 100.0, 1000.0, 10000.0, 65535.0)
"""What a reflectance of 1 is written as: fractions, percent, and integers of sensors and programs."""

# No material reflects much more than all light, whatever the direction it is seen from.
_BRIGHTEST = 2.0
_PIXELS = 400
_SPECTRA = 40
# A factor whose misfit is within this share of the best one's is as likely.
_AS_LIKELY = 1.05


def scale_factor(
    spectra: np.ndarray, stated: set[float | None], scene: Scene, pixels: np.ndarray, library: str
) -> tuple[float, str]:
    """The factor, and a sentence that says it and where it is from.

    What library and scene state of their scales counts first. Where either states none, the usual scales are
    tried: that one is taken with which the spectra, mixed with shares that sum to one, fit the pixels best.

    Args:
        spectra: of the library, ``(n, B)`` in the scene's bands.
        stated: what a reflectance of 1 is in them, as their file says it; None among them: it does not.
        scene: for its own scale.
        pixels: of the scene, ``(m, B)``.
        library: the name of its file.
    """
    own = next(iter(stated)) if len(stated) == 1 else None
    there = scene.reflectance_scale
    if own is not None and there is not None:
        factor = there / own
        return factor, (
            f"The spectra of {library} were multiplied by {factor:g}: it states reflectance {_word(own)}, "
            f"the scene reflectance {_word(there)}."
        )
    owns = (own,) if own is not None else _possible(float(spectra.max()))
    theres = (there,) if there is not None else _possible(float(np.quantile(pixels, 0.99)))
    factors = {second / first: (first, second) for first in owns for second in theres}
    misfits = {factor: _misfit(factor * spectra, pixels) for factor in sorted(factors)}
    best = min(misfits, key=lambda factor: misfits[factor])
    first, second = factors[best]
    known = "the scene states" if there is not None else f"{library} states" if own is not None else ""
    text = f"The spectra of {library} were multiplied by {best:g}"
    if best == 1:
        text += ", taken to be in the scene's unit"
    elif there is not None:
        text += f", taken as reflectance {_word(first)}"
    elif own is not None:
        text += f", the scene taken as reflectance {_word(second)}"
    text += ", which fits the pixels best of the usual scales"
    if known:
        text += f" ({known} reflectance {_word(there if there is not None else own or 1.0)})"
    rivals = [
        f"{factor:g}" for factor, misfit in misfits.items()
        if factor != best and misfit <= _AS_LIKELY * misfits[best]
    ]  # fmt: skip
    if rivals:
        text += (
            f"; {' or '.join(rivals)} would fit nearly as well, so state the scale in the library's header"
        )
    return best, text + "."


def _word(scale: float) -> str:
    return {1.0: "from 0 to 1", 100.0: "in percent"}.get(scale, f"× {scale:g}")


def _possible(largest: float) -> tuple[float, ...]:
    """The scales in which no reflectance is impossible, of values of which this is the largest."""
    return tuple(scale for scale in SCALES if largest <= _BRIGHTEST * scale) or SCALES[-1:]


def _misfit(spectra: np.ndarray, pixels: np.ndarray) -> float:
    """The root mean square of what mixtures of the spectra leave of some pixels, as a share of these."""
    some = pixels[:: max(1, len(pixels) // _PIXELS)].astype(np.float64)
    few = spectra[:: max(1, len(spectra) // _SPECTRA)].astype(np.float64)
    if not len(some):
        return 0.0
    left = some - abundances(some, few, sum_to_one=True) @ few
    return float(np.sqrt((left**2).mean() / max(float((some**2).mean()), 1e-30)))
