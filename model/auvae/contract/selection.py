"""Which part of a scene is unmixed, beside its bands: the analyst's choice. Reads no raster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .choices import WATER_BANDS
from .errors import JobError

# What a job may leave out: jobs of version 0.1.0 did not say it.
_OF_THE_FILE = {"no_data", "crs", "keep_fill"}


@dataclass(frozen=True)
class Extent:
    """A rectangle: bounds (xmin, ymin, xmax, ymax) and its coordinate system, empty for the scene's own."""

    bounds: tuple[float, float, float, float]
    crs: str = ""


@dataclass(frozen=True)
class Selection:
    """Part of a scene.

    Attributes:
        water_bands: what happens to the bands in which water vapour absorbs: "drop", "keep", or "auto",
            which drops those that are mostly noise.
        mask: a raster that is not zero, or GeoJSON polygons, where the scene is to be unmixed; None for all.
        extent: the rectangle to be unmixed, None for all.
        no_data: ranges of values (lowest, highest) that stand for no data, beside those the file declares.
        crs: the coordinate system that the scene is in, whatever its file says; empty for the file's own.
        keep_fill: whether pixels that hold one impossible value in all bands are measured ones.
    """

    water_bands: str = "auto"
    mask: str | None = None
    extent: Extent | None = None
    no_data: tuple[tuple[float, float], ...] = ()
    crs: str = ""
    keep_fill: bool = False

    def __post_init__(self) -> None:
        if self.water_bands not in WATER_BANDS:
            raise JobError(f"Water_bands is {self.water_bands!r}.", f"Give one of {', '.join(WATER_BANDS)}.")
        if self.mask is not None and not (isinstance(self.mask, str) and self.mask.strip()):
            raise JobError(f"Mask is {self.mask!r}.", "Give the path of a raster or a GeoJSON file, or null.")
        if not isinstance(self.crs, str):
            raise JobError(f"Crs is {self.crs!r}.", "Give the name of a coordinate system, or an empty text.")
        if not isinstance(self.keep_fill, bool):
            raise JobError(f"Keep_fill is {self.keep_fill!r}.", "Give true or false.")

    @classmethod
    def parse(cls, document: object) -> Selection:
        """The selection that a job's document describes; raises JobError."""
        wanted = {"water_bands", "mask", "extent"}
        if not isinstance(document, dict) or not wanted <= set(document) <= wanted | _OF_THE_FILE:
            raise JobError(
                f"Selection is {document!r}.",
                "Give an object with water_bands, mask and extent, and no_data, crs and keep_fill if wanted.",
            )
        extent = document["extent"]
        return cls(
            document["water_bands"], document["mask"], None if extent is None else _extent(extent),
            _ranges(document.get("no_data", [])), document.get("crs", ""), document.get("keep_fill", False),
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """The same as a job's document has it."""
        extent = self.extent and {"bounds": list(self.extent.bounds), "crs": self.extent.crs}
        return {
            "water_bands": self.water_bands, "mask": self.mask, "extent": extent,
            "no_data": [list(one) for one in self.no_data], "crs": self.crs, "keep_fill": self.keep_fill,
        }  # fmt: skip

    def arguments(self) -> list[str]:
        """The command-line arguments that say the same."""
        given = [] if self.water_bands == "auto" else ["--water-bands", self.water_bands]
        if self.mask is not None:
            given += ["--mask", self.mask]
        if self.extent is not None:
            given.append(f"--extent={','.join(map(repr, self.extent.bounds))}")
            given += ["--extent-crs", self.extent.crs] if self.extent.crs else []
        for low, high in self.no_data:
            given.append(f"--no-data={low!r}" if low == high else f"--no-data={low!r},{high!r}")
        given += ["--crs", self.crs] if self.crs else []
        return given + (["--keep-fill"] if self.keep_fill else [])


def _ranges(document: Any) -> tuple[tuple[float, float], ...]:
    try:
        ranges = tuple((float(low), float(high)) for low, high in document)
    except (TypeError, ValueError):
        ranges = ((math.nan, math.nan),)
    if any(math.isnan(low) or math.isnan(high) or low > high for low, high in ranges):
        raise JobError(
            f"No_data is {document!r}.", "Give a list of ranges [lowest, highest], an empty one for none."
        )
    return ranges


def _extent(document: Any) -> Extent:
    try:
        bounds = tuple(float(value) for value in document["bounds"])
        left, bottom, right, top = bounds
        crs = document["crs"]
        fine = set(document) == {"bounds", "crs"} and isinstance(crs, str) and all(map(math.isfinite, bounds))
    except (KeyError, TypeError, ValueError):
        fine = False
    if not fine or left >= right or bottom >= top:
        raise JobError(
            f"Extent is {document!r}.",
            "Give bounds [xmin, ymin, xmax, ymax], smaller numbers first, and crs.",
        )
    return Extent((left, bottom, right, top), crs)
