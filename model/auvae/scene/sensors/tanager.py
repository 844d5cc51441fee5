"""Tanager (Planet): an HDF-EOS5 file with a cube of bands, lines, pixels; GDAL drops its grid.

As Planet describes its products: /HDFEOS/SWATHS/HYP (basic, in the sensor's geometry, with latitude and
longitude of every pixel) or /HDFEOS/GRIDS/HYP (ortho, on a map grid) with Data Fields surface_reflectance or
toa_radiance, whose attributes list wavelengths, fwhm and good_wavelengths (0: of no use); nodata_pixels is 1
beyond the strip.
"""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from pathlib import PurePath
from typing import Any

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.transform import Affine
from rasterio.warp import transform as warp_points

from ..metadata import GRID, PLACE, Origin, grid_doubt
from ..source import Source
from . import hdf
from .arrays import Arrays, opened
from .axes import Axes
from .cube import Cube
from .placing import Position, position_of

NAMED = re.compile(r".*_(basic|ortho)_(sr|radiance|toa)\w*\.h5", re.IGNORECASE)

_CUBES = ("surface_reflectance", "toa_radiance")
_AXES = Axes(row=1, col=2, band=0)
_GRIDS, _SWATHS = "HDFEOS/GRIDS/HYP", "HDFEOS/SWATHS/HYP"
_CORNERS = re.compile(r"(UpperLeftPointMtrs|LowerRightMtrs)=\(([^,]+),([^)]+)\)")
_ZONE = re.compile(r"ZoneCode=(-?\d+)")


def open_product(path: str) -> Source | None:
    """The Tanager product in a file; None where it is another file. Raises SceneError where it is damaged."""
    if not path.lower().endswith((".h5", ".he5")) or not hdf.is_hdf(path):
        return None
    with ExitStack() as stack:
        arrays = stack.enter_context(opened(path))
        places = [f"{top}/Data Fields/{name}" for top in (_GRIDS, _SWATHS) for name in _CUBES]
        place = next((place for place in places if place in arrays.arrays), None)
        cube = None if place is None else arrays.arrays[place]
        if cube is None or len(cube.shape) != 3 or cube.attribute("wavelengths") is None:  # noqa: PLR2004
            return None
        with hdf.in_time(), hdf.damage_named(path):
            mask = arrays.arrays.get(f"{cube.group}/nodata_pixels")
            if mask is not None and mask.shape != cube.shape[1:]:
                mask = None
            level = "surface reflectance" if cube.name == _CUBES[0] else "radiance"
            position = _placed(path, arrays, place or "")
            product = Cube(path, arrays, cube, _AXES, f"Tanager {level}", mask, position, "nm")
            product.name = PurePath(path).stem
        product.keep_open(stack.pop_all())
        return product


def _placed(path: str, arrays: Arrays, place: str) -> Position:
    """Where the cube lies: on its map grid, or by the positions of its pixels."""
    cube = arrays.arrays[place]
    size = (cube.shape[_AXES.row], cube.shape[_AXES.col])
    by_pixels = position_of(path, cube, _AXES, arrays)
    ortho = place.startswith(_GRIDS)
    for found in (_of_structure(arrays, size) if ortho else None, _of_framing(arrays, size)):
        if found is not None and (ortho or not by_pixels.gcps or _agree(found, by_pixels)):
            return found
    return by_pixels


def _of_framing(arrays: Arrays, size: tuple[int, int]) -> Position | None:
    """The grid in the attribute Planet_Ortho_Framing, where it has the cube's size."""
    for group, attributes in arrays.groups.items():
        text = attributes.get("Planet_Ortho_Framing")
        if text is None:
            continue
        try:
            framing: dict[str, Any] = json.loads(hdf.text(text))
            if (int(framing["rows"]), int(framing["cols"])) != size:
                return None
            grid = Affine.from_gdal(*(float(one) for one in framing["geotransform"]))
            return _on_grid(
                CRS.from_epsg(int(framing["epsg_code"])), grid, f"Planet_Ortho_Framing of {group}"
            )
        except (ValueError, KeyError, TypeError, RecursionError, CRSError):
            return None
    return None


def _of_structure(arrays: Arrays, size: tuple[int, int]) -> Position | None:
    """The grid of HDF-EOS: corners in metres and the zone of UTM."""
    structure = arrays.arrays.get("HDFEOS INFORMATION/StructMetadata.0")
    text = "" if structure is None else hdf.text(structure.data[()])
    corners, zone = {one[0]: one[1:] for one in _CORNERS.findall(text)}, _ZONE.search(text)
    if len(corners) != 2 or zone is None:  # noqa: PLR2004  upper left, lower right
        return None
    try:
        left, top = (float(one) for one in corners["UpperLeftPointMtrs"])
        right, bottom = (float(one) for one in corners["LowerRightMtrs"])
        number = int(zone[1])
        crs = CRS.from_epsg((32600 if number > 0 else 32700) + abs(number))
    except (ValueError, KeyError, CRSError):
        return None
    grid = Affine((right - left) / size[1], 0.0, left, 0.0, (bottom - top) / size[0], top)
    return _on_grid(crs, grid, "grid of StructMetadata.0")


def _on_grid(crs: Any, grid: Affine, where: str) -> Position:
    return Position(crs, grid, origins={GRID: Origin(where, grid_doubt(grid, crs)), PLACE: Origin(where)})


def _agree(found: Position, by_pixels: Position) -> bool:
    """Whether a map grid puts the pixels where their latitude and longitude do, to some pixels."""
    points = by_pixels.gcps
    xs, ys = warp_points(
        by_pixels.gcps_crs, found.crs, [point.x for point in points], [point.y for point in points]
    )
    away = [
        np.hypot(*(np.subtract(found.transform @ (point.col, point.row), (x, y)))) / abs(found.transform.a)
        for point, x, y in zip(points, xs, ys, strict=True)
    ]
    return bool(np.median(away) < 3)  # noqa: PLR2004  pixels
