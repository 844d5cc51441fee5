"""EMIT L2A (and L1B): one netCDF 4 file of a swath, put on its map grid by its lookup table. h5py reads it.

As NASA's EMIT data resources and emit-utils read it (its document is LP DAAC's EMITL2ARFL user guide):
/reflectance (downtrack, crosstrack,
bands) float32; /sensor_band_parameters holds wavelengths, fwhm and good_wavelengths (0: no reflectance was
estimated, water vapour absorbs there); /location holds glt_x and glt_y (ortho_y, ortho_x): for every pixel of
the map grid the sample and line of the swath, from 1, and 0 for none. The attributes geotransform and
spatial_ref place that grid.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import PurePath
from typing import Any

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.transform import Affine
from rasterio.windows import Window

from ..metadata import AXES, BAD_BANDS, GRID, NO_DATA, PLACE, SCALE, WAVELENGTHS, WIDTHS, Origin
from ..source import Source, SourceBand
from . import hdf

NAMED = re.compile(r"EMIT_L(2A_RFL|1B_RAD)_.*\.nc", re.IGNORECASE)

_CUBES = ("reflectance", "radiance")
_BANDS = "sensor_band_parameters"
_LOOKUP = ("location/glt_x", "location/glt_y")
_NO_DATA = -9999.0
_ORIGINS = {
    WAVELENGTHS: Origin("sensor_band_parameters/wavelengths"),
    WIDTHS: Origin("sensor_band_parameters/fwhm"),
    BAD_BANDS: Origin("sensor_band_parameters/good_wavelengths"),
    NO_DATA: Origin("_FillValue of the cube"),
    SCALE: Origin("level of the product"),
    GRID: Origin("geotransform of the product"),
    PLACE: Origin("spatial_ref of the product"),
    AXES: Origin("downtrack, crosstrack, bands; by the lookup table (glt_x, glt_y) to lines, pixels, bands"),
}


def open_product(path: str) -> Source | None:
    """The EMIT product in a file; None where it is another file. Raises SceneError where it is damaged."""
    if not path.lower().endswith((".nc", ".nc4", ".h5")) or not hdf.is_hdf(path):
        return None
    with ExitStack() as stack:
        file = stack.enter_context(hdf.opened(path))
        cube = next((name for name in _CUBES if name in file), None)
        if cube is None or _BANDS not in file or not all(name in file for name in _LOOKUP):
            return None
        with hdf.in_time(), hdf.damage_named(path):
            product = Emit(path, file, cube)
        product.keep_open(stack.pop_all())
        return product


class Emit:
    """An open EMIT product on its map grid: a `Source`. Nearest neighbour."""

    def __init__(self, path: str, file: Any, cube: str) -> None:
        """Describe the product in an open file; raises KeyError where a part is missing."""
        self.name = PurePath(path).stem
        self.sensor = "EMIT L2A" if cube == "reflectance" else "EMIT L1B"
        self.gcps: list[Any] = []
        self.gcps_crs = self.rpcs = None
        self.reflectance_scale = 1.0 if cube == "reflectance" else None
        self.unit: str | None = None if cube == "reflectance" else "Radiance"
        self.notes = [
            "The swath is put on its map grid by the product's lookup table (GLT), nearest neighbour."
        ]
        self.warnings: list[str] = []
        self.line_bytes: int | None = None
        self.origins = dict(_ORIGINS)
        self._path = path
        self._cube = file[cube]
        self._no_data = float(hdf.numbers(self._cube.attrs.get("_FillValue", _NO_DATA))[0])
        self.no_data = [self._no_data]
        self._lookup = [file[name] for name in _LOOKUP]
        self.rows, self.cols = (int(size) for size in self._lookup[0].shape)
        centres, widths = (hdf.numbers(file[f"{_BANDS}/{name}"]) for name in ("wavelengths", "fwhm"))
        flags = file.get(f"{_BANDS}/good_wavelengths")
        good = np.ones(len(centres)) if flags is None else hdf.numbers(flags)
        self.bands = tuple(
            SourceBand(
                round(float(centre), 4),
                round(float(width), 4),
                "" if flag else "flagged bad in the product (good_wavelengths: absorbed by water vapour)",
            )
            for centre, width, flag in zip(centres, widths, good, strict=True)
        )
        self.transform = Affine.from_gdal(*hdf.numbers(file.attrs["geotransform"])[:6])
        try:
            self.crs = CRS.from_wkt(hdf.text(file.attrs["spatial_ref"]))
        except CRSError:
            self.crs = None
            self.warnings.append(
                "The product does not name a coordinate system that is known; maps have none."
            )

    def keep_open(self, stack: ExitStack) -> None:
        """Take over the file, to close it in the end."""
        self._stack = stack

    def close(self) -> None:
        """Let go of the file."""
        self._stack.close()

    def read(self, numbers: Sequence[int], window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Values and good, as `Source` has it: not good where the swath does not reach."""
        rows = slice(window.row_off, window.row_off + window.height)
        cols = slice(window.col_off, window.col_off + window.width)
        cube = np.zeros((window.height, window.width, len(numbers)), np.float32)
        good = np.zeros(cube.shape, bool)
        with hdf.in_time(window=True), hdf.damage_named(self._path):
            sample, line = (np.asarray(table[rows, cols], np.int64) for table in self._lookup)
            reached = (
                (sample > 0) & (line > 0) & (sample <= self._cube.shape[1]) & (line <= self._cube.shape[0])
            )
            if not reached.any():
                return cube, good
            lines, samples = line[reached] - 1, sample[reached] - 1
            top, left = int(lines.min()), int(samples.min())
            indices = np.array(numbers) - 1
            hdf.refuse_absurd(
                (int(lines.max()) + 1 - top)
                * (int(samples.max()) + 1 - left)
                * (int(indices.max()) + 1 - int(indices.min()))
            )
            # One slab of the swath: picking single pixels or bands of a packed file takes far longer.
            swath = self._cube[
                top : int(lines.max()) + 1,
                left : int(samples.max()) + 1,
                int(indices.min()) : int(indices.max()) + 1,
            ]
        values = swath[lines - top, samples - left][:, indices - indices.min()].astype(np.float32)
        usable = np.isfinite(values) & (values != np.float32(self._no_data))
        cube[reached], good[reached] = np.where(usable, values, 0), usable
        return cube, good
