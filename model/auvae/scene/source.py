"""What every opened raster or product gives a scene: its bands, where it lies, its pixels. Opens nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from rasterio.windows import Window

from .metadata import Origin


@dataclass(frozen=True)
class SourceBand:
    """A band as its metadata describe it; its number is its place in `Source.bands`, from 1.

    Attributes:
        wavelength: centre in nm, or None.
        fwhm: full width at half maximum in nm, or None.
        bad: why it is of no use, in words for the analyst; empty for a good band.
    """

    wavelength: float | None = None
    fwhm: float | None = None
    bad: str = ""


class Source(Protocol):
    """An open raster or product of one grid.

    Attributes:
        name: for people and files.
        sensor: such as "EnMAP L2A"; empty where none was recognised.
        rows, cols: its size in pixels.
        crs, transform, gcps, gcps_crs, rpcs: where it lies, as rasterio says it.
        bands: all of them.
        reflectance_scale: what a reflectance of 1 is in the values read, or None.
        unit: of the values where they are no reflectance, or None.
        notes: sentences on what was decided about its metadata.
        warnings: sentences on what the analyst should mend or know.
        origins: where each fact of metadata.py was found, by its name.
        line_bytes: the size of a line of all bands where the file is stored line by line, so that any part of
            a line costs the whole; None where it is stored in tiles.
    """

    name: str
    sensor: str
    rows: int
    cols: int
    crs: Any
    transform: Any
    gcps: list[Any]
    gcps_crs: Any
    rpcs: Any
    bands: tuple[SourceBand, ...]
    reflectance_scale: float | None
    unit: str | None
    notes: list[str]
    warnings: list[str]
    origins: dict[str, Origin]
    line_bytes: int | None

    def read(self, numbers: Sequence[int], window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Read bands (1-based numbers) in a window.

        Returns:
            Values (rows, cols, bands) float32, 0 where they are not good, and good of the same shape: neither
            no-data nor masked, and finite.

        Raises:
            SceneError: the file is damaged.
        """

    def close(self) -> None:
        """Let go of the file."""


def without_overlap(bands: Sequence[SourceBand], first: set[int], second: set[int]) -> list[SourceBand]:
    """The bands, those of the first detector flagged where the second one sees the same wavelengths.

    Two detectors never agree to the last digit; both in one spectrum would make a sawtooth of it. Of VNIR
    and SWIR the SWIR detector is kept, as the EnMAP-Box and prismaread do. first, second: indices.
    """
    starts = [bands[index].wavelength for index in second if not bands[index].bad]
    start = min((value for value in starts if value is not None), default=np.inf)
    kept = list(bands)
    for index in first:
        centre = bands[index].wavelength
        if not bands[index].bad and centre is not None and centre >= start:
            kept[index] = replace(bands[index], bad="the SWIR detector sees the same wavelengths")
    return kept
