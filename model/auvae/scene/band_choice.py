"""Which bands of a scene are unmixed, and why the others are not. Opens no raster."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import water
from .source import SourceBand

FEWEST_PROBED = 16
"""Fewer pixels say nothing about a band."""

# A band that is no-data in more than this share of the otherwise good pixels would cost more than it tells.
_MOST_NO_DATA = 0.5
_WET = "water vapour absorbs here"
# Two runs of wavelengths that share more than this part of the shorter are no two detectors.
_MOST_OVERLAP = 0.5


class BandChoice:
    """The reasons to leave out bands, by number; empty for those that are used.

    Args:
        bands: of the source.
        chosen: numbers that the analyst asked for, whatever is said of them; None for none.
        water_bands: "auto", "drop" or "keep", as `Selection` has it.
    """

    def __init__(self, bands: Sequence[SourceBand], chosen: Sequence[int] | None, water_bands: str) -> None:
        self._bands = bands
        self._chosen, self._water = chosen, water_bands
        numbers = range(1, len(bands) + 1)
        if chosen is not None:
            self.reasons = {number: "" if number in set(chosen) else "not chosen" for number in numbers}
        else:
            self.reasons = {number: band.bad for number, band in zip(numbers, bands, strict=True)}
            self._leave_out_overlap()
        if water_bands == "drop":
            self._leave_out_water(list(numbers), _WET)

    @property
    def left(self) -> list[int]:
        """The numbers of the bands that are used, by rising wavelength where all have one."""
        left = [number for number, reason in self.reasons.items() if not reason]
        centres = [self._bands[number - 1].wavelength for number in left]
        known = [centre for centre in centres if centre is not None]
        if len(known) < len(left):
            return left
        return [left[index] for index in np.argsort(known, kind="stable")]

    def judge(self, numbers: list[int], values: np.ndarray, good: np.ndarray) -> None:
        """Leave out bands without information, judged by values and good (pixels, bands) of these numbers."""
        if self._chosen is not None:
            return
        self.reasons.update(_empty_bands(numbers, values, good))
        if self._water == "auto":
            noisy = self._noisy_water(numbers, values, good)
            self._leave_out_water(noisy, f"{_WET}, and it is mostly noise")

    def _leave_out_overlap(self) -> None:
        """Of two detectors of one instrument use one where both see: the later in the file, as SWIR is."""
        numbers = [
            number for number, band in enumerate(self._bands, 1)
            if not self.reasons[number] and band.wavelength is not None
        ]  # fmt: skip
        centres = [self._bands[number - 1].wavelength or 0.0 for number in numbers]
        breaks = [place for place in range(1, len(centres)) if centres[place] < centres[place - 1]]
        if len(breaks) != 1:
            return
        first, second = centres[: breaks[0]], centres[breaks[0] :]
        start = second[0]
        shared = [place for place, centre in enumerate(first) if centre >= start]
        shorter = min(len(first), len(second))
        if not 0 < len(shared) <= _MOST_OVERLAP * shorter or first[0] >= start:
            return
        for place in shared:
            self.reasons[numbers[place]] = "another detector sees the same wavelengths"

    def _leave_out_water(self, numbers: Sequence[int], reason: str) -> None:
        for number in numbers:
            if not self.reasons[number] and water.in_water_window(self._bands[number - 1].wavelength):
                self.reasons[number] = reason

    def _noisy_water(self, numbers: list[int], values: np.ndarray, good: np.ndarray) -> list[int]:
        """The bands, of those still used, in which water vapour leaves mostly noise."""
        left = [index for index, number in enumerate(numbers) if not self.reasons[number]]
        wet = [index for index in left if water.in_water_window(self._bands[numbers[index] - 1].wavelength)]
        dry = [index for index in left if index not in wet]
        if not wet:
            return []
        whole = good[:, left].all(axis=-1)
        shares = water.noise_shares(values[whole][:, dry], values[whole][:, wet])
        if shares is None:
            return []
        return [
            numbers[index] for index, share in zip(wet, shares, strict=True) if share > water.MOSTLY_NOISE
        ]


def _empty_bands(numbers: list[int], values: np.ndarray, good: np.ndarray) -> dict[int, str]:
    """Reasons to leave out bands without information, judged by their values and good (pixels, bands)."""
    if len(values) < FEWEST_PROBED:
        return {}
    reasons = {}
    for index, number in enumerate(numbers):
        band, missing = values[good[:, index], index], 1 - good[:, index].mean()
        if not len(band):
            reasons[number] = "holds only no-data"
        elif missing > _MOST_NO_DATA:
            reasons[number] = f"no-data in {missing:.0%} of the pixels"
        elif band.min() == band.max():
            reasons[number] = "constant"
    # A scene that is constant altogether gets its own error: see Scene.check().
    return {} if len(reasons) == len(numbers) else reasons
