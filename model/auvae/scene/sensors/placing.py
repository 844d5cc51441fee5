"""Where a cube of an HDF5 or netCDF file lies: CF coordinates, map info of ENVI, positions of every pixel."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError  # GDAL's errors, which some calls let through as they are
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioError
from rasterio.transform import Affine

from ..metadata import GRID, PLACE, Origin, grid_doubt
from . import hdf
from .arrays import Array, Arrays
from .axes import Axes

_POINTS_A_SIDE = 15
# Steps between coordinates of a grid differ by less than this share: they are stored as float32.
_EVEN = 0.02
_MOST_POSITIONS = 1 << 26
_POLE, _ROUND = 90.0, 360.0
# Axes in the sensor's geometry: what the file says of a map grid is not about them.
_SWATH = re.compile(
    r"(downtrack|crosstrack|along|across|scan|number_of_lines|pixels_per_line)", re.IGNORECASE
)


@dataclass
class Position:
    """Where a cube lies, as a `Source` says it, and where that was found."""

    crs: Any = None
    transform: Affine = field(default_factory=Affine.identity)
    gcps: list[Any] = field(default_factory=list)
    gcps_crs: Any = None
    origins: dict[str, Origin] = field(default_factory=dict)


def position_of(path: str, cube: Array, axes: Axes, arrays: Arrays) -> Position:
    """Find out where a cube lies, in the order of what is most exact."""
    crs, crs_from = _crs(cube, arrays)
    for find in (_coordinates, _geotransform, _map_info):
        found = find(cube, axes, arrays)
        if found is not None:
            transform, where = found
            if crs is None and where.startswith("coordinates"):
                crs, crs_from = _crs_of_coordinates(path, cube, axes, arrays)
            doubt = (
                "" if crs is not None else "No coordinate system was found in the file: the maps have none."
            )
            return Position(
                crs, transform,
                origins={GRID: Origin(where, grid_doubt(transform, crs)), PLACE: Origin(crs_from, doubt)},
            )  # fmt: skip
    points = _points(cube, axes, arrays)
    if points is not None:
        gcps, where = points
        origins = {
            GRID: Origin(f"{where}, of which {len(gcps)} are taken as ground control points"),
            PLACE: Origin("longitude and latitude"),
        }
        return Position(gcps=gcps, gcps_crs=CRS.from_epsg(4326), origins=origins)
    looked = "looked for in coordinates, geotransform, map info, and latitude and longitude of the pixels"
    doubt = "The file does not say where the scene lies: its maps are not georeferenced."
    return Position(origins={GRID: Origin(looked, doubt), PLACE: Origin("none found")})


# ---- the grid


def _coordinates(cube: Array, axes: Axes, arrays: Arrays) -> tuple[Affine, str] | None:
    """The grid of coordinates of lines and pixels, which are centres of pixels and evenly spaced."""
    lists = []
    for place in (axes.col, axes.row):
        name = cube.dims[place]
        coordinate = arrays.beside(cube, name) if name else None
        if coordinate is None or coordinate.shape != (cube.shape[place],) or coordinate.kind not in "fiu":
            return None
        lists.append(coordinate.numbers())
    (left, across), (top, down) = (_even(values) for values in lists)
    if across == 0 or down == 0:
        return None
    transform = Affine(across, 0.0, left - across / 2, 0.0, down, top - down / 2)
    if transform == Affine.identity() or (_counts(lists[0]) and _counts(lists[1])):
        return None
    return transform, f"coordinates {cube.dims[axes.col]} and {cube.dims[axes.row]}"


def _even(values: np.ndarray) -> tuple[float, float]:
    """First value and step of evenly spaced ones; a step of 0 where they are not."""
    if len(values) < 2 or not np.isfinite(values).all():  # noqa: PLR2004  a step lies between two
        return 0.0, 0.0
    steps = np.diff(values)
    step = float((values[-1] - values[0]) / (len(values) - 1))
    even = step != 0 and np.abs(steps - step).max() <= _EVEN * abs(step)
    return (float(values[0]), step) if even else (0.0, 0.0)


def _counts(values: np.ndarray) -> bool:
    """Whether coordinates only number the pixels."""
    return bool((np.diff(values) == 1).all() and values[0] in (0, 1))


def _geotransform(cube: Array, axes: Axes, arrays: Arrays) -> tuple[Affine, str] | None:
    """A geotransform in the attributes of a grid mapping, of the groups, or of the file."""
    if any(_SWATH.search(cube.dims[place]) for place in (axes.row, axes.col)):
        return None
    mapping = _mapping(cube, arrays)
    holders = [(mapping.path, mapping.attributes)] if mapping is not None else []
    group = cube.group
    while True:
        holders.append((group or "the file", arrays.groups.get(group, {})))
        if not group:
            break
        group = group.rpartition("/")[0]
    for where, attributes in holders:
        for key, value in attributes.items():
            if re.sub(r"[^a-z]", "", key.lower()) in ("geotransform", "geotransformation"):
                numbers = _listed(value)
                if len(numbers) == 6 and numbers[1] and numbers[5]:  # noqa: PLR2004  as GDAL has it
                    return Affine.from_gdal(*numbers), f"{key} of {where}"
    return None


def _listed(value: Any) -> list[float]:
    try:
        if isinstance(value, (str, bytes)) or np.asarray(value).dtype.kind in "OSU":
            return [float(one) for one in re.split(r"[\s,]+", hdf.text(value).strip("[]() ")) if one]
        return [float(one) for one in hdf.numbers(value)]
    except ValueError:
        return []


def _map_info(_cube: Array, _axes: Axes, arrays: Arrays) -> tuple[Affine, str] | None:
    """The map info of an ENVI header, which NEON and others keep as text."""
    for array in arrays.arrays.values():
        if not re.fullmatch(r"map_?info", array.name, re.IGNORECASE) or array.shape not in ((), (1,)):
            continue
        cells = [one.strip() for one in hdf.text(array.data[()]).strip("{} ").split(",")]
        try:
            col, row, x, y, across, down = (float(one) for one in cells[1:7])
        except ValueError:
            continue
        turned = next((one.split("=")[1] for one in cells if one.lower().startswith("rotation=")), "0")
        grid = Affine.translation(x, y) * Affine.rotation(-float(turned)) * Affine.scale(across, -down)
        return grid * Affine.translation(1 - col, 1 - row), array.path
    return None


def _points(cube: Array, axes: Axes, arrays: Arrays) -> tuple[list[Any], str] | None:
    """Ground control points from the latitude and longitude of every pixel."""
    shape = (cube.shape[axes.row], cube.shape[axes.col])
    found = {}
    for key, words in (("lat", r"lat(itude)?s?"), ("lon", r"lon(gitude)?s?")):
        found[key] = next(
            (
                one for one in arrays.arrays.values()
                if re.fullmatch(words, one.name, re.IGNORECASE) and one.shape in (shape, shape[::-1])
                and one.kind == "f"
            ),
            None,
        )  # fmt: skip
    lat, lon = found["lat"], found["lon"]
    if lat is None or lon is None or shape[0] * shape[1] > _MOST_POSITIONS:
        return None
    turned = lat.shape != shape
    rows, cols = (
        np.unique(np.linspace(0, size - 1, min(size, _POINTS_A_SIDE), dtype=int)).tolist() for size in shape
    )
    gcps = []
    for row in rows:
        line = [
            np.asarray(one.data[:, row] if turned else one.data[row], np.float64).ravel()
            for one in (lat, lon)
        ]
        for col in cols:
            y, x = float(line[0][col]), float(line[1][col])
            if abs(y) <= _POLE and abs(x) <= _ROUND and (x, y) != (0.0, 0.0):
                gcps.append(GroundControlPoint(row + 0.5, col + 0.5, x, y))
    return (gcps, f"{lat.path} and {lon.path}") if len(gcps) >= 4 else None  # noqa: PLR2004  a plane needs 3


# ---- the coordinate system


def _mapping(cube: Array, arrays: Arrays) -> Array | None:
    name = cube.text("grid_mapping").split(":")[0].strip()
    if name:
        return arrays.beside(cube, name)
    return arrays.beside(cube, "spatial_ref") or arrays.beside(cube, "crs")


def _crs(cube: Array, arrays: Arrays) -> tuple[Any, str]:
    """The coordinate system that the file names as WKT or by its EPSG code."""
    mapping = _mapping(cube, arrays)
    texts: list[tuple[str, str]] = []
    if mapping is not None:
        texts += [
            (mapping.text(key), f"{key} of {mapping.path}") for key in ("crs_wkt", "spatial_ref", "epsg_code")
        ]
    for group in (cube.group, ""):
        own = arrays.groups.get(group, {})
        for key in ("crs_wkt", "spatial_ref", "proj4", "epsg_code", "epsg", "crs"):
            if key in own:
                texts.append((hdf.text(own[key]), f"{key} of {group or 'the file'}"))
    for array in arrays.arrays.values():
        if re.fullmatch(
            r"epsg[ _]?(code)?|(coordinate_system_string|crs_wkt|projection_wkt)", array.name, re.IGNORECASE
        ):
            texts.append((hdf.text(array.data[()]), array.path))
    for text, where in texts:
        crs = crs_named(text)
        if crs is not None:
            return crs, where
    if mapping is not None and mapping.text("grid_mapping_name") == "latitude_longitude":
        return CRS.from_epsg(4326), f"grid_mapping_name of {mapping.path}"
    return None, "none found in the file"


def crs_named(text: str) -> Any:
    """The coordinate system of a text; None where it is none."""
    text = text.strip()
    if not text or len(text) > 20_000:  # noqa: PLR2004  no system is described as long
        return None
    try:
        return (
            CRS.from_epsg(int(float(text)))
            if re.fullmatch(r"\d{4,6}(\.0)?", text)
            else CRS.from_user_input(text)
        )
    except (CRSError, CPLE_BaseError, ValueError):
        return None


def _crs_of_coordinates(path: str, cube: Array, axes: Axes, arrays: Arrays) -> tuple[Any, str]:
    """Longitude and latitude where coordinates are such; otherwise what GDAL makes of the grid mapping."""
    units = [arrays.beside(cube, cube.dims[place]) for place in (axes.col, axes.row)]
    said = " ".join(one.text("units") + " " + one.name for one in units if one is not None).lower()
    if re.search(r"degrees?_(north|east)|\blat|\blon", said):
        return CRS.from_epsg(4326), "coordinates in degrees"
    try:
        with rasterio.open(f'NETCDF:"{path}":{cube.path}') as raster:
            if raster.crs is not None:
                return raster.crs, "grid mapping, as GDAL understands it"
    except (RasterioError, CPLE_BaseError, ValueError, OSError):
        pass
    return None, "none found in the file"
