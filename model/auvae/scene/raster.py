"""A raster as GDAL reads it: its bands as its tags describe them, its values, its no-data. Writes nothing."""

from __future__ import annotations

import math
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError
from rasterio.windows import Window

from ..contract import wavelengths
from ..contract.errors import SceneError
from .source import SourceBand

# Where QGIS or an analyst names the header of an ENVI file, the data lie beside it under one of these.
_ENVI_ENDINGS = ("", ".img", ".dat", ".bsq", ".bil", ".bip", ".raw", ".hyspex", ".cue", ".cub", ".sli")


# GDAL's name of a part of a file: NETCDF:"a.nc":reflectance.
_PART = re.compile(r'[A-Z0-9_]{3,}:(?!//)"?(?P<file>[^"]+?\.\w+)"?(?::.*)?', re.IGNORECASE)


class Raster:
    """A raster open in GDAL, whatever its format: a `Source`."""

    def __init__(self, path: str) -> None:
        """Open a file, or any other name that GDAL opens; raises SceneError."""
        self.name = Path(file_of(path)).stem or path
        self.sensor = ""
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self._dataset = _open(path)
        try:
            self._refuse_unusable()
            self._refuse_truncated()
            self._describe()
        except BaseException:
            self._dataset.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._dataset.close()

    def read(self, numbers: Sequence[int], window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Values, GDAL's band scale and offset applied as QGIS shows them, and good, as `Source` has it."""
        dataset = self._dataset
        with self._damage_named():
            raw = dataset.read(list(numbers), window=window)
            good = np.ones(raw.shape, bool)
            for index, number in enumerate(numbers):
                no_data, flags = self.no_data[number - 1], self._mask_flags[number - 1]
                if no_data is not None and _fits(no_data, raw.dtype):
                    good[index] &= raw[index] != np.asarray(no_data).astype(raw.dtype)
                elif MaskFlags.all_valid not in flags and MaskFlags.nodata not in flags:
                    good[index] &= dataset.read_masks(number, window=window) > 0
        cube = raw.astype(np.float32)
        for index, number in enumerate(numbers):
            scale, offset = self.scales[number - 1], self.offsets[number - 1]
            if scale != 1 or offset != 0:
                cube[index] = raw[index] * float(scale) + float(offset)
        good &= np.isfinite(cube)
        cube[~good] = 0
        return np.ascontiguousarray(np.moveaxis(cube, 0, -1)), np.moveaxis(good, 0, -1)

    def _describe(self) -> None:
        dataset = self._dataset
        self.rows, self.cols = int(dataset.height), int(dataset.width)
        self.crs, self.transform, self.rpcs = dataset.crs, dataset.transform, dataset.rpcs
        self.gcps, self.gcps_crs = dataset.gcps
        # Asked for once: rasterio asks GDAL for every band each time.
        self.no_data, self._mask_flags = list(dataset.nodatavals), dataset.mask_flag_enums
        self.scales, self.offsets = dataset.scales, dataset.offsets
        found = wavelengths.wavelengths(dataset)
        bad = wavelengths.bad_bands(dataset)
        reasons = [
            "transparency, not a measurement"
            if color == ColorInterp.alpha
            else "flagged bad in the header"
            if flagged
            else ""
            for color, flagged in zip(dataset.colorinterp, bad, strict=True)
        ]
        self.bands = tuple(
            SourceBand(centre, fwhm, reason) for (centre, fwhm), reason in zip(found, reasons, strict=True)
        )
        sizes = sum(np.dtype(kind).itemsize for kind in dataset.dtypes)
        self.line_bytes = sizes * self.cols if dataset.block_shapes[0][1] == self.cols else None
        self.notes += wavelengths.guesses(dataset)
        self.reflectance_scale = wavelengths.reflectance_scale(dataset)
        if self.reflectance_scale is not None:
            # What QGIS shows is already scaled: the header's factor speaks of the stored number.
            self.reflectance_scale = float(f"{self.reflectance_scale * self.scales[0]:.9g}")
        stated = set(dataset.units)
        self.unit = stated.pop() if len(stated) == 1 else None

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

    def _refuse_truncated(self) -> None:
        dataset = self._dataset
        if dataset.driver == "ENVI":
            # GDAL reads what is missing of a raw file as zeros.
            size = np.dtype(dataset.dtypes[0]).itemsize * dataset.height * dataset.width * dataset.count
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
            for row in (0, dataset.height - 1):
                for col in (0, dataset.width - 1):
                    with self._damage_named():
                        dataset.read(band, window=Window(col, row, 1, 1))

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


def file_of(path: str) -> str:
    """The file behind GDAL's name of a part of it, as NETCDF:"a.nc":reflectance; other names unchanged."""
    match = None if os.path.exists(path) else _PART.fullmatch(path)
    return match["file"] if match else path


def data_of_header(path: str) -> str:
    """The data file of an ENVI header; the path itself where it is none, or where nothing lies beside it."""
    stem, ending = os.path.splitext(path)
    if ending.lower() != ".hdr":
        return path
    tries = (stem + other for name in _ENVI_ENDINGS for other in (name, name.upper()))
    return next((data for data in tries if os.path.isfile(data)), path)


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
