"""What is known of a scene: each fact with its value, where it was found, and what speaks against it.

Log, report and Inspect bands say these facts and no others. Where tags and headers are read: tags.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from ..contract.result_document import FactDocument

WAVELENGTHS, WIDTHS, BAD_BANDS, NO_DATA = "Wavelengths", "Band widths", "Bad bands", "No-data"
SCALE, GRID, PLACE, AXES = "Scale", "Grid", "Coordinate system", "Axes"
NAMES = (WAVELENGTHS, WIDTHS, BAD_BANDS, NO_DATA, SCALE, GRID, PLACE, AXES)

MEDIAN_REFLECTANCE = (0.001, 2.0)
"""A scale that makes the median pixel darker or brighter than this is none of reflectance."""

MOST_UNNAMED_BANDS = 20
"""An image of more bands comes from a spectrometer, whose wavelengths should be known."""

SQUARE = 1.01
"""Sides of a pixel that differ by more than this factor make it no square."""


@dataclass(frozen=True)
class Origin:
    """Where a fact was found, or looked for; and a sentence on what is doubtful about it, or nothing."""

    source: str
    doubt: str = ""


@dataclass(frozen=True)
class Fact:
    """Something that was read, assumed or missed of a scene.

    Attributes:
        name: one of `NAMES`.
        value: as people read it.
        source: where it was found, or where it was looked for in vain.
        doubt: a sentence for the analyst, empty for none.
    """

    name: str
    value: str
    source: str
    doubt: str = ""

    @property
    def line(self) -> str:
        """The fact in one line."""
        source = f" ({self.source})" if self.source and self.source != self.value else ""
        return f"{self.name}: {self.value}{source}"

    def document(self) -> FactDocument:
        """The same for events and reports."""
        return {"name": self.name, "value": self.value, "source": self.source, "doubt": self.doubt}


def facts(values: dict[str, str], origins: dict[str, Origin]) -> tuple[Fact, ...]:
    """The facts of these values, in the order in which they are said; what has no value is none."""
    found = []
    for name in NAMES:
        origin = origins.get(name, Origin(""))
        if name == AXES and origin.source:
            found.append(Fact(name, origin.source, "", origin.doubt))
        elif values.get(name):
            found.append(Fact(name, values[name], origin.source, origin.doubt))
    return tuple(found)


def reach_said(values: Sequence[float | None]) -> str:
    """Wavelengths or widths in nm, from the least to the largest."""
    known = [one for one in values if one is not None]
    if not known:
        return "not known"
    missing = len(values) - len(known)
    text = f"{min(known):g} to {max(known):g} nm" if max(known) > min(known) else f"{known[0]:g} nm"
    return text + (f", {missing} of {len(values)} bands without" if missing else "")


def bad_bands_said(bands: Sequence[Any]) -> str:
    """The bands that the file flags."""
    flagged = [band for band in bands if "flagged" in band.reason or "not delivered" in band.reason]
    return f"{len(flagged)} flagged: {named_bands(flagged)}" if flagged else "none flagged"


def no_data_said(
    declared: Sequence[float | None], ranges: Sequence[tuple[float, float]], fill: float | None
) -> str:
    """The values that stand for no data: declared in the file, given with the job, and found."""
    parts = [listed_values(declared)] if listed_values(declared) else []
    parts += [f"{low:.9g}" if low == high else f"{low:.9g} to {high:.9g}" for low, high in ranges]
    if fill is not None:
        parts.append(f"{fill:.9g}, not declared")
    return "; ".join(parts)


def named_bands(bands: Sequence[Any]) -> str:
    """Bands as runs, such as "bands 1 to 4 (400 to 430 nm), band 9 (520 nm)"."""
    runs: list[list[Any]] = []
    for _, run in groupby(
        enumerate(sorted(bands, key=lambda band: band.number)), lambda at: at[1].number - at[0]
    ):
        runs.append([band for _, band in run])
    shown = [_run(run) for run in runs[:6]]
    return ", ".join(shown) + (f" and {len(runs) - 6} more runs" if len(runs) > 6 else "")  # noqa: PLR2004


def _run(run: Sequence[Any]) -> str:
    first, last = run[0], run[-1]
    text = f"band {first.number}" if len(run) == 1 else f"bands {first.number} to {last.number}"
    if first.wavelength is None or last.wavelength is None:
        return text
    reach = f"{first.wavelength:.0f}" if len(run) == 1 else f"{first.wavelength:.0f} to {last.wavelength:.0f}"
    return f"{text} ({reach} nm)"


def grid_said(rows: int, cols: int, transform: Any, crs: Any, gcps: Sequence[Any]) -> str:
    """Size and place of a grid in words."""
    text = f"{cols} x {rows} pixels"
    if transform.is_identity:
        return text + (f", placed by {len(gcps)} ground control points" if gcps else ", not georeferenced")
    across, down = pixel_size(transform)
    unit = "°" if crs is not None and crs.is_geographic else " m" if crs is not None else ""
    turned = abs(transform.b) + abs(transform.d) > 1e-9 * (abs(transform.a) + abs(transform.e))
    return text + f" of {across:.6g} x {down:.6g}{unit}" + (", rotated" if turned else "")


def pixel_size(transform: Any) -> tuple[float, float]:
    """Width and height of a pixel on the ground."""
    return math.hypot(transform.a, transform.d), math.hypot(transform.b, transform.e)


def grid_doubt(transform: Any, crs: Any) -> str:
    """A sentence where pixels on the ground are no squares; nothing where they are, or lie in degrees."""
    if transform.is_identity or (crs is not None and crs.is_geographic):
        return ""
    across, down = pixel_size(transform)
    if min(across, down) <= 0:
        return "The pixels of the grid have no size: check its georeference."
    if max(across, down) <= SQUARE * min(across, down):
        return ""
    return (
        f"The pixels are {across:.4g} x {down:.4g} on the ground, no squares: check the grid, areas and maps "
        "follow it."
    )


def crs_said(crs: Any) -> str:
    """The name of a coordinate system; "none" where there is none."""
    if crs is None:
        return "none"
    try:
        code = crs.to_epsg()
    except Exception:  # noqa: BLE001  what GDAL raises of odd systems differs by version
        code = None
    if code:
        return f"EPSG:{code}"
    wkt = crs.to_wkt()
    return wkt.split('"')[1] if '"' in wkt else "unnamed"


def listed_values(values: Iterable[float | None]) -> str:
    """No-data values, each once."""
    known = dict.fromkeys(one for one in values if one is not None)
    return ", ".join(f"{one:.9g}" for one in known)


def scale_is_possible(median: float, scale: float) -> bool:
    """Whether a pixel of this value can be the median of a scene whose reflectance of 1 is `scale`."""
    low, high = MEDIAN_REFLECTANCE
    return bool(np.isfinite(median)) and low <= median / scale <= high
