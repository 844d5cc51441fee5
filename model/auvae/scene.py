"""A raster opened for unmixing: bands, grid, no-data, pixels by window. Writes nothing."""

from __future__ import annotations

import math
import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError
from rasterio.windows import Window

from . import wavelengths
from .errors import SceneError

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
# Tries to find a patch with data in one cell of the grid; a tilted swath leaves a third of its rectangle
# empty.
_TRIES = 6


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

    Attributes: path, name, rows, cols; crs, transform (affine), gcps, gcps_crs, rpcs as in the file; bands
    (all of them), kept (those unmixed, in the file's order), wavelengths (B,) in nm or None, unit (label of
    the values), reflectance_scale (what a reflectance of 1 is in these values, or None), warnings (sentences
    for the analyst).
    """

    def __init__(self, path: str, dataset: Any, bands: Sequence[int] | None) -> None:
        self.path = path
        self.name = Path(path).stem or path
        self._dataset = dataset
        self.rows, self.cols = int(dataset.height), int(dataset.width)
        self.crs = dataset.crs
        self.transform = dataset.transform
        self.gcps, self.gcps_crs = dataset.gcps
        self.rpcs = dataset.rpcs
        # Asked for once: rasterio asks GDAL for every band each time.
        self._no_data, self._mask_flags = dataset.nodatavals, dataset.mask_flag_enums
        self._scales, self._offsets = dataset.scales, dataset.offsets
        self.warnings: list[str] = []
        self._refuse_unusable()
        self._refuse_truncated()
        self._describe(bands)

    @classmethod
    def open(cls, path: str | os.PathLike[str], bands: Sequence[int] | None = None) -> Scene:
        """Open a raster.

        path: a file, or any other name GDAL opens. bands: 1-based numbers to unmix, whatever the header says
        of them; None takes every band that is neither flagged bad nor empty. Raises SceneError.
        """
        path = os.fspath(path)
        if path.startswith("/vsimem/"):
            raise SceneError(
                f"{path} lies in the memory of another program.", "Save the raster to a file and use that."
            )
        dataset = _open(path)
        try:
            return cls(path, dataset, bands)
        except BaseException:
            dataset.close()
            raise

    def __enter__(self) -> Scene:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dataset.close()

    def read(self, window: Window | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The kept bands' values in a window (None: everything).

        Returns the cube (rows, cols, B) float32 in the raster's unit, GDAL's band scale and offset applied
        as QGIS shows them and 0 where a pixel is not valid, and valid (rows, cols) bool: False where a kept
        band is no-data, masked or not finite, and where all kept bands are zero. Raises SceneError when the
        file is damaged.
        """
        numbers = [band.number for band in self.kept]
        cube, good = self._values(numbers, window)
        valid = good.all(axis=-1) & (cube != 0).any(axis=-1)
        cube[~valid] = 0
        return cube, valid

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

    def sample_patches(
        self, seed: int, size: int = 128, budget: int = 65536
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Patches (cube, valid) to learn from, as `read` gives them, at most about `budget` pixels in all.

        The whole scene in tiles when it fits; otherwise windows spread over it on a regular grid, each moved
        within its cell by a seeded draw. Patches without a valid pixel are left out. The same seed gives the
        same patches.
        """
        if self.rows * self.cols <= budget:
            for window in self._tiles(size):
                cube, valid = self.read(window)
                if valid.any():
                    yield cube, valid
            return
        draws = np.random.default_rng(seed)
        for top, bottom, left, right in self._cells(max(1, budget // size**2)):
            for _ in range(_TRIES):
                height, width = min(size, self.rows), min(size, self.cols)
                row = int(draws.integers(top, max(top, bottom - height) + 1))
                col = int(draws.integers(left, max(left, right - width) + 1))
                row, col = min(row, self.rows - height), min(col, self.cols - width)
                cube, valid = self.read(Window(col, row, width, height))
                if valid.any():
                    yield cube, valid
                    break

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

    def _refuse_unusable(self) -> None:
        dataset = self._dataset
        if dataset.count == 0:
            inside = ", ".join(dataset.subdatasets[:4])
            raise SceneError(
                f"{self.name} is a container that holds no raster of its own.",
                f"Choose one of the rasters in it, such as {inside}." if inside else "Choose another raster.",
            )
        if any(
            np.dtype(kind).kind == "c" for kind in dataset.dtypes if not kind.startswith("complex_int")
        ) or any(kind.startswith("complex_int") for kind in dataset.dtypes):
            raise SceneError(
                f"{self.name} holds complex numbers, which are not spectra.",
                "Choose a raster of reflectance or radiance values.",
            )
        if dataset.count < _FEWEST_BANDS:
            raise SceneError(
                f"{self.name} has one band, and unmixing needs a spectrum in every pixel.",
                "Choose a raster with many bands (hyperspectral or multispectral).",
            )

    def _refuse_truncated(self) -> None:
        dataset = self._dataset
        if dataset.driver == "ENVI":
            # GDAL reads what is missing of a raw file as zeros.
            size = np.dtype(dataset.dtypes[0]).itemsize * self.rows * self.cols * dataset.count
            offset = dataset.tags(ns="ENVI").get("header_offset", "0")
            needed = size + (int(offset) if offset.isdigit() else 0)
            file = dataset.files[0] if dataset.files else ""
            packed = dataset.tags(ns="ENVI").get("file_compression", "0") == "1"
            if os.path.isfile(file) and not packed and os.path.getsize(file) < needed:
                raise SceneError(
                    f"{self.name} is truncated: the header promises {needed} bytes, the file has "
                    f"{os.path.getsize(file)}.",
                    "Copy or download the file again.",
                )
        # The corners of the first and last band: what is cut off a file is nearly always its end.
        for band in {1, dataset.count}:
            for row, col in ((0, 0), (0, self.cols - 1), (self.rows - 1, 0), (self.rows - 1, self.cols - 1)):
                with self._damage_named():
                    dataset.read(band, window=Window(col, row, 1, 1))

    def _describe(self, chosen: Sequence[int] | None) -> None:
        """Decide for every band whether it is unmixed, and what its values are."""
        dataset = self._dataset
        numbers = list(range(1, dataset.count + 1))
        reasons = dict.fromkeys(numbers, "")
        if chosen is not None:
            unknown = sorted(set(chosen) - set(numbers))
            if unknown:
                raise SceneError(
                    f"{self.name} has {dataset.count} bands and no band {unknown[0]}.",
                    f"Choose bands from 1 to {dataset.count}.",
                )
            reasons.update((number, "not chosen") for number in numbers if number not in set(chosen))
        else:
            for number, bad in zip(numbers, wavelengths.bad_bands(dataset), strict=True):
                if dataset.colorinterp[number - 1] == ColorInterp.alpha:
                    reasons[number] = "transparency, not a measurement"
                elif bad:
                    reasons[number] = "flagged bad in the header"
            reasons.update(self._empty_bands([number for number in numbers if not reasons[number]]))
        self.bands = tuple(
            Band(number, centre, fwhm, not reasons[number], reasons[number])
            for number, (centre, fwhm) in zip(numbers, wavelengths.wavelengths(dataset), strict=True)
        )
        self.kept = tuple(band for band in self.bands if band.kept)
        self.wavelengths = self._wavelengths()
        self.reflectance_scale, self.unit = self._unit()

    def _wavelengths(self) -> np.ndarray | None:
        known = [band.wavelength for band in self.kept if band.wavelength is not None]
        if known and len(known) < len(self.kept):
            self.warnings.append(
                f"{len(self.kept) - len(known)} of {len(self.kept)} bands have no wavelength, so spectra are "
                "given by band number."
            )
        return np.array(known) if known and len(known) == len(self.kept) else None

    def _unit(self) -> tuple[float | None, str]:
        dataset = self._dataset
        factor = wavelengths.reflectance_scale(dataset)
        if factor is not None and self.kept:
            # What QGIS shows is already scaled: the header's factor speaks of the stored number.
            factor = float(f"{factor * self._scales[self.kept[0].number - 1]:.9g}")
        if factor is not None:
            return factor, "Reflectance" if factor == 1 else f"Reflectance × {factor:.9g}"
        stated = {dataset.units[band.number - 1] for band in self.kept}
        unit = stated.pop() if len(stated) == 1 else None
        return None, unit or "Value"

    def _empty_bands(self, numbers: list[int]) -> dict[int, str]:
        """Reasons to leave out bands without information, judged by windows spread over the scene."""
        if not numbers:
            return {}
        read = [self._values(numbers, window) for window in self._probes()]
        values = np.concatenate([cube.reshape(-1, len(numbers)) for cube, _ in read])
        good = np.concatenate([part.reshape(-1, len(numbers)) for _, part in read])
        inside = (good & (values != 0)).any(axis=-1)
        values, good = values[inside], good[inside]
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

    def _probes(self) -> list[Window]:
        if self.rows * self.cols <= _PROBE_WHOLE:
            return list(self._tiles(256))
        height, width = min(_PROBE, self.rows), min(_PROBE, self.cols)
        rows = np.linspace(0, self.rows - height, _PROBES + 2, dtype=int)[1:-1]
        cols = np.linspace(0, self.cols - width, _PROBES + 2, dtype=int)[1:-1]
        return [Window(int(col), int(row), width, height) for row in rows for col in cols]

    def _tiles(self, size: int) -> Iterator[Window]:
        """Windows of nearly equal size, at most size x size, that cover the scene without slivers."""
        rows = np.linspace(0, self.rows, math.ceil(self.rows / size) + 1, dtype=int).tolist()
        cols = np.linspace(0, self.cols, math.ceil(self.cols / size) + 1, dtype=int).tolist()
        for top, bottom in pairwise(rows):
            for left, right in pairwise(cols):
                yield Window(left, top, right - left, bottom - top)

    def _cells(self, count: int) -> Iterator[tuple[int, int, int, int]]:
        """About `count` cells (top, bottom, left, right) of the scene, as nearly square as they can be."""
        down = min(count, max(1, round(math.sqrt(count * self.rows / self.cols))))
        rows = np.linspace(0, self.rows, down + 1, dtype=int).tolist()
        cols = np.linspace(0, self.cols, max(1, count // down) + 1, dtype=int).tolist()
        for top, bottom in pairwise(rows):
            for left, right in pairwise(cols):
                yield top, bottom, left, right

    def _values(self, numbers: list[int], window: Window | None) -> tuple[np.ndarray, np.ndarray]:
        """Values (rows, cols, bands) float32, scaled, and where each is neither no-data nor NaN."""
        dataset = self._dataset
        with self._damage_named():
            raw = dataset.read(numbers, window=window)
            good = np.ones(raw.shape, bool)
            for index, number in enumerate(numbers):
                no_data, flags = self._no_data[number - 1], self._mask_flags[number - 1]
                if no_data is not None and _fits(no_data, raw.dtype):
                    good[index] &= raw[index] != np.asarray(no_data).astype(raw.dtype)
                elif MaskFlags.all_valid not in flags and MaskFlags.nodata not in flags:
                    good[index] &= dataset.read_masks(number, window=window) > 0
        cube = raw.astype(np.float32)
        for index, number in enumerate(numbers):
            scale, offset = self._scales[number - 1], self._offsets[number - 1]
            if scale != 1 or offset != 0:
                cube[index] = raw[index] * float(scale) + float(offset)
        good &= np.isfinite(cube)
        cube[~good] = 0
        return np.ascontiguousarray(np.moveaxis(cube, 0, -1)), np.moveaxis(good, 0, -1)

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        """Name a read that fails: GDAL finds missing blocks only when it comes to them."""
        try:
            yield
        except RasterioIOError as error:
            raise SceneError(
                f"{self.name} cannot be read to its end: the file is truncated or damaged.",
                "Copy or download the file again.",
            ) from error


def _open(path: str) -> Any:
    # A Path is opened as it stands, whatever signs it holds; other names are for GDAL to understand.
    existing = Path(path) if os.path.exists(path) else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return rasterio.open(existing or path)
    except (RasterioError, ValueError, OSError) as error:
        if existing is None and ":" not in path[2:]:
            raise SceneError(f"There is no file {path}.", "Check the path of the raster.") from error
        raise SceneError(
            f"{path} cannot be opened: it is no raster, it is truncated, or GDAL has no driver for it.",
            "Check the file, or convert it to GeoTIFF or ENVI.",
        ) from error


def _fits(no_data: float, kind: np.dtype[Any]) -> bool:
    """Whether a pixel of this type can hold the no-data value; NaN is found as a value that is not finite."""
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return float(no_data).is_integer() and limits.min <= no_data <= limits.max
    return not math.isnan(no_data)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
