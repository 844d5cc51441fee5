"""Cubes of HDF5 and netCDF files by CF conventions, and of others by the names and lengths of their axes.

NEON's and PACE's files, EMIT put on a map, whatever xarray writes. GDAL takes the first axis for the bands,
even where it holds the lines; here names, coordinates and lists of wavelengths tell which is which, or the
file is refused. Products with rules of their own have rooms of their own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import PurePath
from typing import Any

import numpy as np
from rasterio.windows import Window

from ...contract import envi, wavelengths
from ...contract.errors import SceneError
from ...contract.names import plain_name
from ..metadata import AXES, BAD_BANDS, NO_DATA, SCALE, WAVELENGTHS, WIDTHS, Origin
from ..raster import fits
from ..source import Source, SourceBand
from . import hdf
from .arrays import Array, Arrays, is_file_of_arrays, opened
from .axes import Axes, axes_of, refuse, wavelength_lists
from .placing import Position, position_of

NAMED = re.compile(r".*\.(nc|nc4|cdf|h5|hdf5|he5)", re.IGNORECASE)

_ENDINGS = (".nc", ".nc4", ".cdf", ".h5", ".hdf5", ".he5", ".hdf")
_REFLECTANCE = re.compile(r"(reflectance|(^|_)refl?($|_)|rfl|(^|_)rhos?($|_)|rrs|albedo)", re.IGNORECASE)
_RADIANCE = re.compile(r"(radiance|(^|_)rad($|_)|rhot|(^|_)l1)", re.IGNORECASE)
_NO_SPECTRA = re.compile(
    r"(unc|error|std|sigma|quality|qa|mask|flag|angle|obs|weight|cloud|lut|glt|covariance|noise)",
    re.IGNORECASE,
)
_WIDTHS = re.compile(r"(fwhm|bandwidth|band_?width|full_?width)", re.IGNORECASE)
_GOOD = re.compile(r"(good|valid)_?(wave|band|chan)|^bbl$", re.IGNORECASE)
_BAD = re.compile(r"bad_?(wave|band|chan)", re.IGNORECASE)
_FILLS = ("_FillValue", "missing_value", "Data_Ignore_Value", "data ignore value", "NoData", "NoDataValue")
_FEWEST_BANDS, _FEWEST_AXES = 3, 3
# A factor from here on is what a reflectance of 1 is, not what numbers are to be multiplied by.
_DIVISOR = 10.0


def open_product(path: str, part: str = "") -> Source | None:
    """The cube in a file; None where it is no file of arrays or holds no cube.

    part: the name of an array in the file, where one is chosen. Raises SceneError where axes cannot be told.
    """
    if not path.lower().endswith(_ENDINGS) or not is_file_of_arrays(path):
        return None
    with ExitStack() as stack:
        arrays = stack.enter_context(opened(path))
        with hdf.in_time(), hdf.damage_named(path):
            found = find_cube(arrays, PurePath(path).name, part)
            if found is None:
                return None
            cube = Cube(path, arrays, *found)
        cube.keep_open(stack.pop_all())
        return cube


def find_cube(arrays: Arrays, file: str, part: str) -> tuple[Array, Axes] | None:
    """The array that holds the spectra, and its axes; None where no array has three.

    Raises SceneError where several may be meant, or where its axes cannot be told.
    """
    cubes = [
        one for one in arrays.arrays.values()
        if one.kind in "fiu" and sum(size > 1 for size in one.shape) >= _FEWEST_AXES
    ]  # fmt: skip
    if part:
        wanted = re.sub(r"\W", "_", part.strip("/"))
        cubes = [one for one in cubes if re.sub(r"\W", "_", one.path) == wanted]
    if not cubes:
        return None
    ranks = {one.path: _rank(one) for one in cubes}
    best = max(ranks.values())
    likely = [one for one in cubes if ranks[one.path] == best]
    placed = [(one, axes) for one in likely if (axes := axes_of(one, arrays)) is not None]
    placed = [(one, axes) for one, axes in placed if one.shape[axes.band] >= _FEWEST_BANDS] or placed
    if not placed:
        raise refuse(likely[0], file)
    if len(placed) > 1:
        names = " and ".join(f"/{one.path}" for one, _ in placed[:3])
        first = placed[0][0].path
        raise SceneError(
            f"{file} holds several cubes: {names}.",
            f'Choose one of them, by a name such as HDF5:"{file}"://{first} with the path of the file.',
        )
    return placed[0]


def _rank(array: Array) -> int:
    """How likely an array holds the spectra, by its name."""
    said = f"{array.name} {array.text('standard_name', 'long_name')}"
    if _NO_SPECTRA.search(array.name):
        return 0
    return 3 if _REFLECTANCE.search(said) else 2 if _RADIANCE.search(said) else 1


class Cube:
    """An open cube, whatever the order of its axes: a `Source`. Bands in the file's order."""

    def __init__(
        self, path: str, arrays: Arrays, cube: Array, axes: Axes, sensor: str = "", mask: Array | None = None,
        position: Position | None = None, unit: str = "",
    ) -> None:  # fmt: skip
        """Describe a cube of an open file.

        mask: of the pixels (lines, pixels), not zero where there is no data. position: where the cube lies,
        where its product says it in a way of its own. unit: of wavelengths that state none.
        """
        self.name = PurePath(path).stem
        self.sensor = sensor or _sensor(arrays)
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.line_bytes: int | None = None
        self.rpcs = None
        self._path, self._cube, self._axes, self._mask = path, cube, axes, mask
        self.rows, self.cols = cube.shape[axes.row], cube.shape[axes.col]
        self.origins = {AXES: Origin(axes.said(cube))}
        self.bands = self._described(arrays, unit)
        self._read_values()
        where = position or position_of(path, cube, axes, arrays)
        self.crs, self.transform = where.crs, where.transform
        self.gcps, self.gcps_crs = where.gcps, where.gcps_crs
        self.origins |= where.origins

    def keep_open(self, stack: ExitStack) -> None:
        """Take over the file, to close it in the end."""
        self._stack = stack

    def close(self) -> None:
        """Let go of the file."""
        self._stack.close()

    def read(self, numbers: Sequence[int], window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Values and good, as `Source` has it."""
        axes, indices = self._axes, np.asarray(numbers) - 1
        low, high = int(indices.min()), int(indices.max()) + 1
        wanted: list[Any] = [0] * len(self._cube.shape)
        wanted[axes.row] = slice(window.row_off, window.row_off + window.height)
        wanted[axes.col] = slice(window.col_off, window.col_off + window.width)
        wanted[axes.band] = slice(low, high)
        order = np.argsort(np.argsort([axes.row, axes.col, axes.band]))
        with hdf.in_time(window=True), hdf.damage_named(self._path):
            hdf.refuse_absurd(int(window.height) * int(window.width) * (high - low))
            # one slab: picking single bands of a packed file takes longer than reading them all
            stored = np.asarray(self._cube.data[tuple(wanted)]).transpose(order)[..., indices - low]
            hidden = (
                None
                if self._mask is None
                else np.asarray(self._mask.data[wanted[axes.row], wanted[axes.col]])
            )
        cube = stored.astype(np.float32)
        good = np.isfinite(cube)
        for value in self._fills:
            if fits(value, stored.dtype):
                good &= stored != np.asarray(value).astype(stored.dtype)
        if hidden is not None:
            good &= (hidden == 0)[..., None]
        if self._factor != 1 or self._offset != 0:
            cube = (stored * self._factor + self._offset).astype(np.float32)
        cube[~good] = 0
        return cube, good

    # ---- what the file says of its bands and values

    def _described(self, arrays: Arrays, usual: str) -> tuple[SourceBand, ...]:
        count = self._cube.shape[self._axes.band]
        centres, unit, where = self._centres(arrays, count)
        widths, widths_from = self._list(arrays, count, _WIDTHS)
        reading = wavelengths.read(centres, unit or usual, widths)
        self.origins[WAVELENGTHS] = Origin(where, reading.doubt)
        self.origins[WIDTHS] = Origin(widths_from)
        flags = self._flags(arrays, count)
        return tuple(
            SourceBand(
                None if centre is None else round(centre, 4), None if width is None else round(width, 4),
                "" if good else "flagged bad in the file",
            )
            for centre, width, good in zip(reading.centres, reading.widths, flags, strict=True)
        )  # fmt: skip

    def _centres(self, arrays: Arrays, count: int) -> tuple[list[float | None], str, str]:
        """Wavelengths as written, their unit and where they stand; the coordinate of the bands is first."""
        lists = [one for one in wavelength_lists(arrays) if one.shape == (count,)]
        coordinate = arrays.beside(self._cube, self._cube.dims[self._axes.band] or "?")
        if coordinate is not None and coordinate in lists:
            lists.insert(0, coordinate)
        lists.sort(key=lambda one: (one is not coordinate, -_shared(one.path, self._cube.path)))
        for key, value in self._cube.attributes.items():
            if (
                re.search(r"wave|cent(er|re)", key, re.IGNORECASE)
                and np.size(value) == count
                and not _GOOD.search(key)
            ):
                unit = self._cube.text("wavelength_units", "wavelengths_units", "wavelength_unit")
                return _plain(value), unit, f"{key} of {self._cube.path}"
        for one in lists:
            unit = one.text("units", "unit") or unit_beside(arrays, one)
            return _plain(one.numbers()), unit, one.path
        return [None] * count, "", "looked for in coordinates, attributes and lists of the file"

    def _list(
        self, arrays: Arrays, count: int, words: re.Pattern[str]
    ) -> tuple[list[float | None] | None, str]:
        """A list with an entry for every band by its name, and where it stands; None where there is none."""
        for key, value in self._cube.attributes.items():
            if words.search(key) and np.size(value) == count:
                return _plain(value), f"{key} of {self._cube.path}"
        named = [
            one for one in arrays.arrays.values()
            if one.shape == (count,) and one.kind in "fiub" and words.search(one.name)
        ]  # fmt: skip
        named.sort(key=lambda one: -_shared(one.path, self._cube.path))
        return (_plain(named[0].numbers()), named[0].path) if named else (None, "")

    def _flags(self, arrays: Arrays, count: int) -> list[bool]:
        for words, bad in ((_GOOD, False), (_BAD, True)):
            listed, where = self._list(arrays, count, words)
            if listed is not None:
                self.origins[BAD_BANDS] = Origin(where)
                return [(one is not None and one != 0) != bad for one in listed]
        self.origins[BAD_BANDS] = Origin("no list of bad bands")
        return [True] * count

    def _read_values(self) -> None:
        """No-data, factor and offset, and what a reflectance of 1 is."""
        cube, integers = self._cube, self._cube.kind in "iu"
        self._fills: list[float] = []
        for name in _FILLS:
            value = cube.attribute(name)
            for one in [] if value is None else hdf.numbers(value):
                if np.isfinite(one) and one not in self._fills:
                    self._fills.append(float(one))
        self.no_data = list(self._fills)
        self.origins[NO_DATA] = Origin(f"attributes of {cube.path}" if self._fills else "none declared")
        self._factor = _number(cube.attribute("scale_factor", "scale"), 1.0)
        self._offset = _number(cube.attribute("add_offset"), 0.0)
        self.reflectance_scale: float | None = None
        where = f"attributes of {cube.path}"
        if self._factor >= _DIVISOR:
            self.reflectance_scale, self._factor, self._offset = self._factor, 1.0, 0.0
        else:
            stated = _number(cube.attribute("reflectance_scale_factor", "reflectance_scale"), 0.0)
            said = f"{cube.name} {cube.text('standard_name', 'long_name')}"
            if stated > 0:
                self.reflectance_scale = stated if stated >= 1 else 1 / stated
            elif _REFLECTANCE.search(said) and (not integers or self._factor != 1):
                self.reflectance_scale, where = 1.0, f"name of {cube.path}"
                if cube.text("units") in ("%", "percent"):
                    self.reflectance_scale, where = 100.0, f"units of {cube.path}"
        unit = cube.text("units", "unit")
        dimensionless = unit.strip().lower() in ("", "1", "unitless", "none", "-", "dimensionless")
        self.unit = None if self.reflectance_scale is not None or dimensionless else plain_name(unit)[:40]
        self.origins[SCALE] = Origin(where if self.reflectance_scale is not None else "not stated")


def unit_beside(arrays: Arrays, one: Array) -> str:
    """The unit of a list that stands as text beside it, as Wavelength_Units; empty where there is none."""
    for ending in ("_Units", "_units", "_unit", " Units"):
        held = arrays.arrays.get(one.path + ending)
        if held is not None and held.shape in ((), (1,)):
            return hdf.text(held.data[()])
    return ""


def _sensor(arrays: Arrays) -> str:
    """The sensor that the file names; empty where it names none."""
    for key in ("instrument", "sensor"):
        for name, value in arrays.groups[""].items():
            if name.lower() == key:
                text = plain_name(hdf.text(value)).strip()
                return text.split("(")[0].strip()[:30]
    return ""


def _plain(values: Any) -> list[float | None]:
    """A list of numbers, or one that is written as text."""
    if isinstance(values, (str, bytes)):
        return list(envi.numbers(hdf.text(values)))
    return [float(one) if np.isfinite(one) else None for one in hdf.numbers(values)]


def _number(value: Any, otherwise: float) -> float:
    found = hdf.numbers(value) if value is not None and np.asarray(value).dtype.kind in "fiu" else np.zeros(0)
    return float(found[0]) if len(found) == 1 and np.isfinite(found[0]) and found[0] != 0 else otherwise


def _shared(first: str, second: str) -> int:
    """How many groups two paths have in common."""
    count = 0
    for one, other in zip(first.split("/"), second.split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count
