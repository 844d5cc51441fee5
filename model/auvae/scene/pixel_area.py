"""How much ground a pixel of a scene covers, or why that cannot be said. Reads no pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.crs import CRS

from ..contract.areas import square_degree
from ..contract.errors import SceneError
from .grid import to_crs

if TYPE_CHECKING:
    from .scene import Scene

MOST_STRETCHED = 0.01
"""Share by which areas in a projection may be wrong; UTM stays below 0.002."""


@dataclass(frozen=True)
class PixelArea:
    """The area of the pixels of a scene.

    Attributes:
        by_row: (rows,) square metres of a pixel in each row; None where that is not known.
        reason: why, a word of contract/areas.py; empty where it is known.
    """

    by_row: np.ndarray | None
    reason: str

    @classmethod
    def of(cls, scene: Scene) -> PixelArea:
        """The area of a scene's pixels: in the plane of a projection, on the ellipsoid of degrees."""
        if scene.transform.is_identity and (scene.gcps or scene.rpcs):
            return cls(None, "irregular")
        if scene.crs is None or scene.transform.is_identity:
            return cls(None, "no-crs")
        area = abs(float(scene.transform.determinant))
        if scene.crs.is_geographic:
            place = scene.transform
            latitudes = place.d * scene.cols / 2 + place.e * (np.arange(scene.rows) + 0.5) + place.f
            return cls(area * square_degree(np.clip(latitudes, -90, 90)), "")
        metres = _metres_per_unit(scene.crs)
        if metres is None:
            return cls(None, "no-unit")
        if _stretch(scene, area * metres**2) > MOST_STRETCHED:
            return cls(None, "stretched")
        return cls(np.full(scene.rows, area * metres**2), "")


def _metres_per_unit(crs: Any) -> float | None:
    if not crs.is_projected:
        return None
    try:
        _, metres = crs.linear_units_factor
    except (AttributeError, ValueError):
        return None
    return float(metres)


def _stretch(scene: Scene, area: float) -> float:
    """By which share `area` (m2) of the scene's middle pixel differs from that on the ellipsoid.

    0 where its coordinate system has no way to longitude and latitude, as that of a site plan.
    """
    cols = np.array([0, 1, 1, 0]) + scene.cols / 2
    rows = np.array([0, 0, 1, 1]) + scene.rows / 2
    place = scene.transform
    xs, ys = place.a * cols + place.b * rows + place.c, place.d * cols + place.e * rows + place.f
    try:
        lon, lat = to_crs(xs, ys, scene.crs, CRS.from_epsg(4326))
    except SceneError:
        return 0.0
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return 0.0
    lon = lon - lon.mean()  # the area of a polygon loses digits far from zero
    lat_from_middle = lat - lat.mean()
    shoelace = lon * np.roll(lat_from_middle, -1) - np.roll(lon, -1) * lat_from_middle
    true = abs(shoelace.sum()) / 2 * float(square_degree(lat.mean()))
    return abs(area / true - 1) if true > 0 else 0.0
