"""A raster as GDAL reads it: its bands as its tags describe them, its values, its no-data. Writes nothing."""

from __future__ import annotations

import math
import os
import re
import tempfile
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

from ..contract import envi
from ..contract.errors import SceneError
from . import files, tags
from .metadata import AXES, GRID, NO_DATA, PLACE, SCALE, Origin, grid_doubt, listed_values
from .source import SourceBand

# A factor of GDAL's that turns the integers of a product into reflectances from 0 to 1.
_TO_REFLECTANCE = 0.0001

# GDAL's name of a part of a file: NETCDF:"a.nc":reflectance.
_PART = re.compile(r'[A-Z0-9_]{3,}:(?!//)"?(?P<file>[^"]+?\.\w+)"?(?::(?P<part>.*))?', re.IGNORECASE)


class Raster:
    """A raster open in GDAL, whatever its format: a `Source`."""

    def __init__(self, path: str) -> None:
        """Open a file, or any other name that GDAL opens; raises SceneError."""
        self.name = Path(file_of(path)).stem or path
        self.sensor = ""
        self.notes: list[str] = []
        self.warnings: list[str] = []
        _refuse_library(path)
        self._dataset, self._borrowed = _open(path)
        try:
            self._refuse_unusable()
            self._refuse_truncated()
            self._describe()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._dataset.close()
        if self._borrowed is not None:
            self._borrowed.cleanup()

    def read(self, numbers: Sequence[int], window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Values, GDAL's band scale and offset applied as QGIS shows them, and good, as `Source` has it."""
        dataset = self._dataset
        with self._damage_named():
            raw = dataset.read(list(numbers), window=window)
            good = np.ones(raw.shape, bool)
            for index, number in enumerate(numbers):
                no_data, flags = self.no_data[number - 1], self._mask_flags[number - 1]
                if no_data is not None and fits(no_data, raw.dtype):
                    good[index] &= raw[index] != np.asarray(no_data).astype(raw.dtype)
                elif MaskFlags.all_valid not in flags and MaskFlags.nodata not in flags:
                    good[index] &= dataset.read_masks(number, window=window) > 0
        cube = raw.astype(np.float32, copy=False)
        scaled = False
        for index, number in enumerate(numbers):
            scale, offset = self.scales[number - 1], self.offsets[number - 1]
            if scale != 1 or offset != 0:
                cube[index], scaled = raw[index] * float(scale) + float(offset), True
        if scaled or raw.dtype.kind == "f":
            good &= np.isfinite(cube)
        if not good.all():
            cube[~good] = 0
        # Band after band in memory, as GDAL gives them: turning them round would take longer than reading.
        return np.moveaxis(cube, 0, -1), np.moveaxis(good, 0, -1)

    def _describe(self) -> None:
        dataset = self._dataset
        self.rows, self.cols = int(dataset.height), int(dataset.width)
        self.crs, self.transform, self.rpcs = dataset.crs, dataset.transform, dataset.rpcs
        self.gcps, self.gcps_crs = dataset.gcps
        # Asked for once: rasterio asks GDAL for every band each time.
        self.no_data, self._mask_flags = list(dataset.nodatavals), dataset.mask_flag_enums
        self.scales, self.offsets = dataset.scales, dataset.offsets
        described = tags.describe(dataset)
        self.bands = tuple(
            SourceBand(band.wavelength, band.fwhm, "transparency, not a measurement")
            if color == ColorInterp.alpha
            else band
            for color, band in zip(dataset.colorinterp, described.bands, strict=True)
        )
        sizes = sum(np.dtype(kind).itemsize for kind in dataset.dtypes)
        self.line_bytes = sizes * self.cols if dataset.block_shapes[0][1] == self.cols else None
        self.warnings += described.warnings
        self.origins = described.origins
        self._say_place()
        self.reflectance_scale = described.scale
        if self.reflectance_scale is not None:
            # What QGIS shows is already scaled: the header's factor speaks of the stored number.
            self.reflectance_scale = float(f"{self.reflectance_scale * self.scales[0]:.9g}")
        elif all(abs(scale / _TO_REFLECTANCE - 1) < 1e-6 for scale in self.scales):  # noqa: PLR2004  rounding
            self.reflectance_scale = 1.0
            self.origins[SCALE] = Origin("the scale 0.0001 of its bands, which is applied")
        stated = set(dataset.units)
        self.unit = stated.pop() if len(stated) == 1 else None

    def _say_place(self) -> None:
        """Note where no-data, grid and coordinate system were found."""
        dataset, driver = self._dataset, self._dataset.driver
        declared = listed_values(self.no_data)
        masked = any(
            MaskFlags.all_valid not in flags and MaskFlags.nodata not in flags for flags in self._mask_flags
        )
        where = f"{driver}, declared for its bands" if declared else "a mask in the file" if masked else ""
        self.origins[NO_DATA] = Origin(where or "none declared")
        self.origins[GRID] = Origin(driver, grid_doubt(self.transform, self.crs))
        known = self.crs is not None or self.gcps_crs is not None
        doubt = ""
        if not known and self.gcps:
            doubt = "The ground control points name no coordinate system, so the maps have none either."
        self.origins[PLACE] = Origin(driver if known else f"{driver} names none", doubt)
        if dataset.driver in ("netCDF", "HDF5"):
            self.origins[AXES] = Origin(f"the last two are lines and pixels, as {driver} gives them")

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


def part_of(path: str) -> str:
    """The part of a file that GDAL's name of it chooses, as reflectance of NETCDF:"a.nc":reflectance."""
    match = None if os.path.exists(path) else _PART.fullmatch(path)
    return (match["part"] or "") if match else ""


def data_of_header(path: str) -> str:
    """The data file of an ENVI header; the path itself where it is none. Raises SceneError.

    The data lie beside it under its name with any ending, and are as large as the header promises.
    """
    stem, ending = os.path.splitext(path)
    if ending.lower() != ".hdr":
        return path
    content = files.read_bytes(path)
    header = envi.parse_header(envi.decoded(content)) if content is not None else None
    if header is None:
        return path
    if path.startswith("/vsi"):
        own = os.path.basename(stem)
        alike = [name for name in files.names_beside(path) if own in (name, os.path.splitext(name)[0])]
        data = next((name for name in alike if not name.lower().endswith((".hdr", ".xml", ".txt"))), None)
        found = None if data is None else files.beside(path, data)
    else:
        local = envi.data_file(Path(path), header)
        found = None if local is None else str(local)
    if found is None:
        name = os.path.basename(path)
        raise SceneError(
            f"The data file of the header {name} is missing: there is none of "
            f"{envi.names_looked_for(Path(path))}, nor any other of this name.",
            "Put header and data file into one folder, under one name.",
        )
    return found


def _refuse_library(path: str) -> None:
    """Refuse a spectral library: GDAL would take it for an image of one band, or not know it."""
    header = envi.header_of(Path(path)) if os.path.isfile(path) else None
    content = files.read_bytes(str(header)) if header is not None else None
    keys = envi.parse_header(envi.decoded(content)) if content else None
    if keys is not None and "spectral library" in keys.get("file type", "").lower():
        raise SceneError(
            f"{Path(path).name} is a spectral library, no image.",
            "Choose an image, and give the library as known spectra.",
        )


def _open(path: str) -> tuple[Any, tempfile.TemporaryDirectory[str] | None]:
    """The dataset, and the folder to remove after it where its header had to be written anew."""
    # A Path is opened as it stands, whatever signs it holds; other names are for GDAL to understand.
    existing = Path(path) if os.path.exists(path) else None
    rewritten = _header_rewritten(existing) if existing is not None else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            if rewritten is not None and existing is not None:
                return rasterio.open(Path(rewritten.name) / existing.name), rewritten
            return rasterio.open(existing or path), None
    except (RasterioError, ValueError, OSError) as error:
        if rewritten is not None:
            rewritten.cleanup()
        if existing is None and ":" not in path[2:]:
            raise SceneError(f"There is no file {path}.", "Check the path of the raster.") from error
        raise SceneError(
            f"{path} cannot be opened: it is no raster, it is truncated, or GDAL has no driver for it.",
            "Check the file, or convert it to GeoTIFF or ENVI.",
        ) from error


def _header_rewritten(data: Path) -> tempfile.TemporaryDirectory[str] | None:
    """A folder with the data file and its ENVI header in plain UTF-8; None where that is what it is in.

    GDAL knows no header that begins with a byte order mark, and none in the letters of another encoding.
    """
    header = envi.header_of(data)
    content = files.read_bytes(str(header)) if header is not None else None
    if (
        header is None
        or not content
        or _is_plain(content)
        or envi.parse_header(envi.decoded(content)) is None
    ):
        return None
    folder = tempfile.TemporaryDirectory(prefix="auvae-header-")
    place = Path(folder.name)
    try:
        text = envi.decoded(content).replace("\r\n", "\n").lstrip()
        (place / header.name).write_text(text, encoding="utf-8")
        try:
            (place / data.name).symlink_to(data.resolve())
        except OSError:  # Windows lets few users make symbolic links
            os.link(data, place / data.name)
    except OSError as error:
        folder.cleanup()
        raise SceneError(
            f"The header {header.name} is not in plain UTF-8, which GDAL cannot read.",
            "Open the header in a text editor and save it as UTF-8 without a byte order mark.",
        ) from error
    return folder


def _is_plain(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))


def fits(no_data: float, kind: np.dtype[Any]) -> bool:
    """Whether a pixel of this type can hold a no-data value; NaN is found as a value that is not finite."""
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return float(no_data).is_integer() and limits.min <= no_data <= limits.max
    return not math.isnan(no_data)
