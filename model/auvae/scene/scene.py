"""A raster opened for unmixing: bands, grid, no-data, pixels by window. Writes nothing.

How each kind of file is opened is told in raster.py and sensors/; what is decided about it, here.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rasterio import windows
from rasterio._err import CPLE_BaseError  # GDAL's errors, which some calls let through as they are
from rasterio.control import GroundControlPoint
from rasterio.errors import RasterioError
from rasterio.windows import Window

from ..contract.errors import SceneError
from ..contract.selection import Selection
from . import water
from .grid import Grid
from .mask import open_mask
from .raster import data_of_header, file_of
from .sensors import Source, open_source
from .windows import tiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

# A band that is no-data in more than this share of the otherwise good pixels would cost more than it tells.
_MOST_NO_DATA = 0.5
# Pixels a band is judged by, in windows spread over the scene: a whole read would take as long as the
# mapping.
_PROBE = 32
_PROBES = 4
_PROBE_WHOLE = 256 * 256
_FEWEST_PROBED = 16
_FEWEST_BANDS = 2
_MOST_BANDS = 5000
_MOST_PIXELS = 4_000_000_000
_WET = "water vapour absorbs here"


@dataclass(frozen=True)
class Band:
    """A band: 1-based number, wavelength and FWHM in nm, and whether it is unmixed or why not."""

    number: int
    wavelength: float | None
    fwhm: float | None
    kept: bool
    reason: str


class Scene:
    """A raster with its kept bands; a context manager. Make one with `Scene.open`.

    Attributes: path, name, sensor (such as "EnMAP L2A", or empty); rows, cols; crs, transform (affine), gcps,
    gcps_crs, rpcs of the part that is unmixed; bands (all of them), kept (those unmixed, in the file's
    order), line_bytes (see `Source`), wavelengths (B,) in nm or None, unit (label of the values),
    reflectance_scale (what a reflectance of 1 is in these values, or None), warnings and notes (sentences for
    the analyst: what to mend, what was decided).
    """

    def __init__(self, path: str, source: Source, bands: Sequence[int] | None, selection: Selection) -> None:
        self.path = path
        self._state = _state(path)
        self.name, self.sensor = source.name, source.sensor
        self._source, self.line_bytes = source, source.line_bytes
        self.warnings, self.notes = list(source.warnings), list(source.notes)
        self._refuse_too_large()
        if len(source.bands) < _FEWEST_BANDS:
            raise SceneError(
                f"{self.name} has one band, and unmixing needs a spectrum in every pixel.",
                "Choose a raster with many bands (hyperspectral or multispectral).",
            )
        grid = Grid.of(source)
        self._to_kept: np.ndarray | None = None
        self._mask = None if selection.mask is None else open_mask(selection.mask, grid)
        self._place(grid.window(selection.extent) if selection.extent else Window(0, 0, grid.cols, grid.rows))
        self._describe(bands, selection.water_bands)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        bands: Sequence[int] | None = None,
        selection: Selection | None = None,
    ) -> Scene:
        """Open a raster or a product of a sensor.

        path: a file, or any other name GDAL opens. bands: 1-based numbers to unmix, whatever the header says
        of them; None takes every band that is neither flagged bad nor empty. selection: the part of it to
        unmix, None for all. Raises SceneError.
        """
        path = os.fspath(path)
        if path.startswith("/vsimem/"):
            raise SceneError(
                f"{path} lies in the memory of another program.", "Save the raster to a file and use that."
            )
        with _damage_named(path):
            source = open_source(path)
            try:
                return cls(path, source, bands, selection or Selection())
            except BaseException:
                source.close()
                raise

    def __enter__(self) -> Scene:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()
        if self._mask is not None:
            self._mask.close()

    @property
    def masked(self) -> bool:
        """Whether only the pixels of a mask are unmixed."""
        return self._mask is not None

    def read(self, window: Window | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The kept bands' values in a window (None: everything).

        Returns the cube (rows, cols, B) float32 in the raster's unit, GDAL's band scale and offset applied
        as QGIS shows them and 0 where a pixel is not valid, and valid (rows, cols) bool: False where a kept
        band is no-data, masked or not finite, where all kept bands are zero, and outside the analyst's mask.
        Raises SceneError when the file is damaged.
        """
        wanted = None if self._mask is None else self._mask.read(self._in_source(window))
        if wanted is not None and not wanted.any():
            return np.zeros((*wanted.shape, len(self.kept)), np.float32), wanted
        cube, good = self.values(self._read_bands, window)
        valid = good.all(axis=-1) & (cube != 0).any(axis=-1)
        if wanted is not None:
            valid &= wanted
        cube[~valid] = 0
        return cube if self._to_kept is None else cube @ self._to_kept, valid

    def see_as(
        self,
        bands: Sequence[Band],
        numbers: Sequence[int],
        matrix: np.ndarray | None,
        unit: str,
        reflectance_scale: float | None,
    ) -> None:
        """From here on give the pixels in other bands and another unit: those of a saved model.

        bands: all kept, instead of the scene's. numbers: which of the scene's bands are read for them. matrix
        (numbers, bands): what `read` multiplies these by; None where they are the bands already.
        """
        self.bands = self.kept = tuple(bands)
        self._read_bands = list(numbers)
        self._to_kept = None if matrix is None else np.ascontiguousarray(matrix, np.float32)
        self.wavelengths = self._wavelengths()
        self.unit, self.reflectance_scale = unit, reflectance_scale

    def values(self, numbers: Sequence[int], window: Window | None) -> tuple[np.ndarray, np.ndarray]:
        """Any bands' values (rows, cols, bands) float32 in a window (None: everything), and good, likewise.

        Of the file alone: neither the analyst's mask nor other bands count. Raises SceneError.
        """
        with _damage_named(self.path):
            return self._source.read(numbers, self._in_source(window))

    def windows(self, size: int, overlap: int) -> Iterator[tuple[Window, Window]]:
        """Windows (inner, outer): the inner ones, at most size x size, cover the scene, each pixel once."""
        for row in range(0, self.rows, size):
            for col in range(0, self.cols, size):
                inner = Window(col, row, min(size, self.cols - col), min(size, self.rows - row))
                yield inner, self.grown(inner, overlap)

    def grown(self, window: Window, overlap: int) -> Window:
        """The window with `overlap` more pixels on every side, cut at the scene's edges."""
        col, row = max(0, window.col_off - overlap), max(0, window.row_off - overlap)
        right = min(self.cols, window.col_off + window.width + overlap)
        bottom = min(self.rows, window.row_off + window.height + overlap)
        return Window(col, row, right - col, bottom - row)

    def check(self, endmembers: int) -> None:
        """Raise SceneError unless these bands and pixels can be unmixed into this many endmembers."""
        needed = max(_FEWEST_BANDS, endmembers)
        if len(self.kept) < needed:
            usable = _count(len(self.kept), "usable band")
            raise SceneError(
                f"{self.name} has {usable}; {endmembers} endmembers need at least {needed}.",
                "Ask for fewer endmembers, or choose more bands.",
            )
        pixels, first, varies = 0, None, False
        for window, _ in self.windows(256, 0):
            cube, valid = self.read(window)
            spectra = cube[valid]
            pixels += len(spectra)
            if len(spectra):
                first = spectra[0] if first is None else first
                varies = varies or bool((spectra != first).any())
            if pixels >= endmembers and varies:
                return
        if pixels == 0:
            raise SceneError(
                f"{self.name} holds no data: every pixel is no-data, not a number or zero.",
                "Choose another raster, or check its no-data value.",
            )
        if pixels < endmembers:
            raise SceneError(
                f"{self.name} has {_count(pixels, 'pixel')} with data for {endmembers} endmembers.",
                "Ask for fewer endmembers, or choose a larger raster.",
            )
        raise SceneError(
            f"{self.name} is constant: all its pixels have the same spectrum.",
            "Choose a raster whose pixels differ.",
        )

    def _refuse_too_large(self) -> None:
        """Refuse what no sensor makes and a damaged header claims: it would take memory and time for ever."""
        source = self._source
        if len(source.bands) > _MOST_BANDS or source.rows * source.cols > _MOST_PIXELS:
            raise SceneError(
                f"{self.name} claims {len(source.bands)} bands of {source.cols} x {source.rows} pixels.",
                f"Check its header: {_MOST_BANDS} bands and {_MOST_PIXELS // 10**6} megapixels are the most.",
            )

    def check_unchanged(self) -> None:
        """Raise SceneError if the file was changed since it was opened: maps would be of two scenes.

        What is missing of a raw file GDAL reads as zeros, so nothing else would tell.
        """
        if _state(self.path) != self._state:
            raise SceneError(
                f"The file of {self.name} was changed while it was read.",
                "Wait until nothing writes to it any more, then unmix it again.",
            )

    def _place(self, part: Window) -> None:
        """Take a part of the source for the scene, and move what says where it lies."""
        source, self._part = self._source, part
        self.rows, self.cols = int(part.height), int(part.width)
        self.crs, self.gcps_crs, self.rpcs = source.crs, source.gcps_crs, source.rpcs
        self.transform, self.gcps = source.transform, source.gcps
        if not part.col_off and not part.row_off:
            return
        if not source.transform.is_identity:
            self.transform = windows.transform(part, source.transform)
        self.gcps = [
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
        if source.rpcs is not None:
            self.rpcs = copy(source.rpcs)
            self.rpcs.line_off -= part.row_off
            self.rpcs.samp_off -= part.col_off

    def _in_source(self, window: Window | None) -> Window:
        part = self._part
        if window is None:
            return part
        return Window(
            part.col_off + window.col_off, part.row_off + window.row_off, window.width, window.height
        )

    def _describe(self, chosen: Sequence[int] | None, water_bands: str) -> None:
        """Decide for every band whether it is unmixed, and what its values are."""
        described = self._source.bands
        numbers = list(range(1, len(described) + 1))
        reasons = dict.fromkeys(numbers, "")
        if chosen is not None:
            unknown = sorted(set(chosen) - set(numbers))
            if unknown:
                raise SceneError(
                    f"{self.name} has {len(numbers)} bands and no band {unknown[0]}.",
                    f"Choose bands from 1 to {len(numbers)}.",
                )
            reasons.update((number, "not chosen") for number in numbers if number not in set(chosen))
        else:
            reasons.update((number, band.bad) for number, band in zip(numbers, described, strict=True))
        self._leave_out_water(reasons, numbers if water_bands == "drop" else [], _WET)
        if chosen is None:
            left = [number for number in numbers if not reasons[number]]
            values, good = self._probed(left)
            reasons.update(_empty_bands(left, values, good))
            if water_bands == "auto":
                noisy = self._noisy_water(left, values, good, reasons)
                self._leave_out_water(reasons, noisy, f"{_WET}, and it is mostly noise")
        self.bands = tuple(
            Band(number, band.wavelength, band.fwhm, not reasons[number], reasons[number])
            for number, band in zip(numbers, described, strict=True)
        )
        self.kept = tuple(band for band in self.bands if band.kept)
        self._read_bands = [band.number for band in self.kept]
        self.wavelengths = self._wavelengths()
        self.reflectance_scale, self.unit = self._unit()
        if self.sensor:
            self.notes.insert(0, f"{self.sensor}: {len(self.kept)} of {len(self.bands)} bands are used.")

    def _wavelengths(self) -> np.ndarray | None:
        known = [band.wavelength for band in self.kept if band.wavelength is not None]
        if known and len(known) < len(self.kept):
            self.warnings.append(
                f"{len(self.kept) - len(known)} of {len(self.kept)} bands have no wavelength, so spectra are "
                "given by band number."
            )
        return np.array(known) if known and len(known) == len(self.kept) else None

    def _unit(self) -> tuple[float | None, str]:
        factor = self._source.reflectance_scale
        if factor is not None:
            return factor, "Reflectance" if factor == 1 else f"Reflectance × {factor:.9g}"
        return None, self._source.unit or "Value"

    def _leave_out_water(self, reasons: dict[int, str], numbers: Sequence[int], reason: str) -> None:
        for number in numbers:
            if not reasons[number] and water.in_water_window(self._source.bands[number - 1].wavelength):
                reasons[number] = reason

    def _noisy_water(
        self, numbers: list[int], values: np.ndarray, good: np.ndarray, reasons: dict[int, str]
    ) -> list[int]:
        """The bands, of those still used, in which water vapour leaves mostly noise."""
        left = [index for index, number in enumerate(numbers) if not reasons[number]]
        wet = [
            index
            for index in left
            if water.in_water_window(self._source.bands[numbers[index] - 1].wavelength)
        ]
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

    def _probed(self, numbers: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Values and good (pixels, bands) of pixels with data, in windows spread over the scene."""
        if not numbers:
            return np.zeros((0, 0), np.float32), np.zeros((0, 0), bool)
        read = [self.values(numbers, window) for window in self._probes()]
        values = np.concatenate([cube.reshape(-1, len(numbers)) for cube, _ in read])
        good = np.concatenate([part.reshape(-1, len(numbers)) for _, part in read])
        inside = (good & (values != 0)).any(axis=-1)
        return values[inside], good[inside]

    def _probes(self) -> list[Window]:
        if self.rows * self.cols <= _PROBE_WHOLE:
            return list(tiles(self.rows, self.cols, 256))
        height, width = min(_PROBE, self.rows), min(_PROBE, self.cols)
        rows = np.linspace(0, self.rows - height, _PROBES + 2, dtype=int)[1:-1]
        cols = np.linspace(0, self.cols - width, _PROBES + 2, dtype=int)[1:-1]
        return [Window(int(col), int(row), width, height) for row in rows for col in cols]


@contextmanager
def _damage_named(path: str) -> Iterator[None]:
    """Name what nonsense in a header or in metadata makes of those who read it."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise SceneError(
            f"The header of {path} holds letters that are not in UTF-8.",
            "Open the header in a text editor and save it as UTF-8, or write um in the place of µm.",
        ) from error
    except (ValueError, LookupError, TypeError, ArithmeticError, RasterioError, CPLE_BaseError) as error:
        said = (str(error).splitlines() or [""])[0][:120].rstrip(".")
        raise SceneError(
            f"{path} cannot be understood, its header or metadata are damaged ({said}).",
            "Copy or download the file again.",
        ) from error


def _state(path: str) -> tuple[int, int, int] | None:
    """What tells a file from another one, or from itself after a change; None for a name of GDAL's."""
    try:
        found = os.stat(file_of(data_of_header(path)))
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _empty_bands(numbers: list[int], values: np.ndarray, good: np.ndarray) -> dict[int, str]:
    """Reasons to leave out bands without information, judged by their values and good (pixels, bands)."""
    if len(values) < _FEWEST_PROBED:
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
    # A scene that is constant altogether gets its own error: see check().
    return {} if len(reasons) == len(numbers) else reasons


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
