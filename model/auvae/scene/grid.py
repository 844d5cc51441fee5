"""Where a scene's pixels lie on the ground, and which pixels a place on the ground is. Reads no pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import TransformNotInvertibleError
from rasterio import windows
from rasterio._err import CPLE_BaseError  # GDAL's errors, which some calls let through as they are
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioError
from rasterio.transform import Affine, GCPTransformer
from rasterio.warp import transform as warp_points
from rasterio.windows import Window

from ..contract.errors import SceneError
from ..contract.selection import Extent

# Points on each side of a rectangle: its sides are curves in another coordinate system.
_ON_A_SIDE = 21


@dataclass(frozen=True)
class Grid:
    """The grid of a raster: its size, and how it lies in its coordinate system (crs, or None).

    Placed by ground control points where it has these, by its affine transform otherwise; a raster without
    either is placed as QGIS shows it: a unit a pixel, the first row below zero.
    """

    rows: int
    cols: int
    crs: Any
    transform: Affine
    gcps: tuple[Any, ...] = ()

    @classmethod
    def of(cls, raster: Any) -> Grid:
        """The grid of a `Source`."""
        gcps = tuple(raster.gcps) if raster.transform.is_identity else ()
        return cls(raster.rows, raster.cols, raster.gcps_crs if gcps else raster.crs, raster.transform, gcps)

    @property
    def placed(self) -> bool:
        """Whether it lies anywhere on the ground."""
        return bool(self.gcps) or not self.transform.is_identity

    def ground(self, cols: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates of places in the raster, in pixels from its upper left corner.

        Raises:
            SceneError: its ground control points place nothing.
        """
        if self.gcps:
            with _unplaceable_named(), GCPTransformer(list(self.gcps)) as points:
                xs, ys = points.xy(rows.ravel(), cols.ravel(), offset="ul")
            return np.reshape(xs, cols.shape), np.reshape(ys, cols.shape)
        affine = self._affine
        return (
            affine.a * cols + affine.b * rows + affine.c,
            affine.d * cols + affine.e * rows + affine.f,
        )

    def pixels(self, xs: np.ndarray, ys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places in the raster (cols, rows), in pixels from its upper left corner, of coordinates.

        Raises:
            SceneError: its ground control points or its transform place nothing.
        """
        if self.gcps:
            with _unplaceable_named(), GCPTransformer(list(self.gcps)) as points:
                rows, cols = points.rowcol(xs.ravel(), ys.ravel(), op=lambda value: value)
            return np.reshape(cols, xs.shape), np.reshape(rows, xs.shape)
        with _unplaceable_named():
            back = ~self._affine
        return back.a * xs + back.b * ys + back.c, back.d * xs + back.e * ys + back.f

    def window(self, extent: Extent) -> Window:
        """The pixels that an extent touches; raises SceneError where there are none."""
        left, bottom, right, top = extent.bounds
        along = np.linspace(0, 1, _ON_A_SIDE)
        xs = np.concatenate(
            [left + along * (right - left)] * 2 + [np.full(_ON_A_SIDE, x) for x in (left, right)]
        )
        ys = np.concatenate(
            [np.full(_ON_A_SIDE, y) for y in (bottom, top)] + [bottom + along * (top - bottom)] * 2
        )
        cols, rows = self.pixels(*to_crs(xs, ys, named_crs(extent.crs), self.crs))
        fine = np.isfinite(cols) & np.isfinite(rows)
        if fine.any():
            # A border that only differs by rounding is on the pixel's edge.
            first_col, last_col = _between(cols[fine], self.cols)
            first_row, last_row = _between(rows[fine], self.rows)
            if first_col < last_col and first_row < last_row:
                return Window(first_col, first_row, last_col - first_col, last_row - first_row)
        raise SceneError(
            "The extent lies outside the raster.",
            "Choose an extent that the raster covers, and check its coordinate system.",
        )

    @property
    def _affine(self) -> Affine:
        return self.transform if not self.transform.is_identity else Affine(1, 0, 0, 0, -1, 0)


def moved(source: Any, part: Window) -> tuple[Affine, list[Any], Any]:
    """Transform, ground control points and RPCs of a part of a `Source`."""
    if not part.col_off and not part.row_off:
        return source.transform, source.gcps, source.rpcs
    transform, rpcs = source.transform, source.rpcs
    if not transform.is_identity:
        transform = windows.transform(part, transform)
    gcps = [
        GroundControlPoint(
            point.row - part.row_off,
            point.col - part.col_off,
            point.x,
            point.y,
            point.z,
            point.id,
            point.info,
        )
        for point in source.gcps
    ]
    if rpcs is not None:
        rpcs = copy(rpcs)
        rpcs.line_off -= part.row_off
        rpcs.samp_off -= part.col_off
    return transform, gcps, rpcs


def named_crs(name: str) -> Any:
    """The coordinate system of a name such as EPSG:32632, or of WKT; None for an empty name."""
    if not name:
        return None
    try:
        return CRS.from_user_input(name)
    except CRSError as error:
        raise SceneError(
            f"The coordinate system {name[:60]} is not known.", "Give a name such as EPSG:32632, or WKT."
        ) from error


def to_crs(xs: np.ndarray, ys: np.ndarray, source: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in another system, infinite where they have none there; unchanged where one is unknown.

    Raises:
        SceneError: there is no way from one system to the other, or no place of these has one.
    """
    if source is None or target is None or source == target:
        return xs, ys
    with _unplaceable_named():
        moved_xs, moved_ys = warp_points(source, target, xs.ravel(), ys.ravel())
    return np.asarray(moved_xs).reshape(xs.shape), np.asarray(moved_ys).reshape(ys.shape)


@contextmanager
def _unplaceable_named() -> Iterator[None]:
    """Name a place on the ground that cannot be computed."""
    try:
        yield
    except (RasterioError, CPLE_BaseError, TransformNotInvertibleError, OverflowError) as error:
        raise SceneError(
            f"A place on the ground cannot be computed ({str(error)[:120].rstrip('.')}).",
            "Check coordinates and coordinate system of the scene, and of its mask, extent or places.",
        ) from error


def _between(places: np.ndarray, size: int) -> tuple[int, int]:
    first, last = math.floor(places.min() + 1e-6), math.ceil(places.max() - 1e-6)
    return max(0, first), min(size, last)
