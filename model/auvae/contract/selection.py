"""Which part of a scene is unmixed, beside its bands: the analyst's choice. Reads no raster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .choices import WATER_BANDS
from .errors import JobError


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
    """

    water_bands: str = "auto"
    mask: str | None = None
    extent: Extent | None = None

    def __post_init__(self) -> None:
        if self.water_bands not in WATER_BANDS:
            raise JobError(f"Water_bands is {self.water_bands!r}.", f"Give one of {', '.join(WATER_BANDS)}.")
        if self.mask is not None and not (isinstance(self.mask, str) and self.mask.strip()):
            raise JobError(f"Mask is {self.mask!r}.", "Give the path of a raster or a GeoJSON file, or null.")

    @classmethod
    def parse(cls, document: object) -> Selection:
        """The selection that a job's document describes; raises JobError."""
        if not isinstance(document, dict) or set(document) != {"water_bands", "mask", "extent"}:
            raise JobError(f"Selection is {document!r}.", "Give an object with water_bands, mask and extent.")
        extent = document["extent"]
        return cls(document["water_bands"], document["mask"], None if extent is None else _extent(extent))

    def document(self) -> dict[str, Any]:
        """The same as a job's document has it."""
        extent = self.extent and {"bounds": list(self.extent.bounds), "crs": self.extent.crs}
        return {"water_bands": self.water_bands, "mask": self.mask, "extent": extent}

    def arguments(self) -> list[str]:
        """The command-line arguments that say the same."""
        given = [] if self.water_bands == "auto" else ["--water-bands", self.water_bands]
        if self.mask is not None:
            given += ["--mask", self.mask]
        if self.extent is not None:
            given.append(f"--extent={','.join(map(repr, self.extent.bounds))}")
            given += ["--extent-crs", self.extent.crs] if self.extent.crs else []
        return given


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
