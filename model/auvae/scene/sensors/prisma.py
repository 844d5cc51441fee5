"""PRISMA L2D: one HDF-EOS5 file with a cube a detector, on a map grid. h5py reads it, GDAL cannot.

As SNAP's reader, prismaread and the EnMAP-Box read it (its document is ASI's PRISMA products specification):
/HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields holds VNIR_Cube and SWIR_Cube (lines, bands, samples) uint16, bands by
falling wavelength; attributes of the file give wavelength, width and whether a band is delivered, and the
reflectances that 0 and 65535 stand for; error matrices say which values are of no use (1: invalid, 2:
negative after atmospheric correction, 3: saturated).
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

from ...contract.errors import SceneError
from ..metadata import (
    AXES,
    BAD_BANDS,
    GRID,
    NO_DATA,
    PLACE,
    SCALE,
    WAVELENGTHS,
    WIDTHS,
    Origin,
    pixel_size,
)  # fmt: skip
from ..source import Source, SourceBand, without_overlap
from . import hdf

NAMED = re.compile(r"PRS_L2D.*\.he5", re.IGNORECASE)

_SWATHS = "HDFEOS/SWATHS"
_FIELDS = f"{_SWATHS}/PRS_L2D_HCO/Data Fields"
_DETECTORS = ("Vnir", "Swir")
_MOST = 65535
_INVALID = 1
_PIXEL_METRES = 30.0
_PIXEL_TOLERANCE = 0.02
# A band that the error matrix flags in more than this share of the pixels costs more than it tells.
_MOST_FLAGGED = 0.5
_LINES_PROBED = 16
_ORIGINS = {
    WAVELENGTHS: Origin("List_Cw_Vnir and List_Cw_Swir of the product"),
    WIDTHS: Origin("List_Fwhm_Vnir and List_Fwhm_Swir of the product"),
    BAD_BANDS: Origin("List_Cw_..._Flags and the error matrices of the product"),
    NO_DATA: Origin("0 in all bands, and values that the error matrices call invalid"),
    SCALE: Origin("L2Scale...Min and Max of the product"),
    GRID: Origin("corners of the product"),
    PLACE: Origin("Epsg_Code of the product"),
    AXES: Origin("lines, bands, samples in the product; here lines, samples, bands"),
}


def open_product(path: str) -> Source | None:
    """The PRISMA L2D product in a file; None where it is another file.

    Raises:
        SceneError: the file is damaged, or a PRISMA product of another level.
    """
    if not path.lower().endswith((".he5", ".h5")) or not hdf.is_hdf(path):
        return None
    with ExitStack() as stack:
        file = stack.enter_context(hdf.opened(path))
        swaths = list(file[_SWATHS]) if _SWATHS in file else []
        if _FIELDS not in file:
            if any(name.startswith("PRS_") for name in swaths):
                raise SceneError(
                    f"{path} is a PRISMA product, but not of level L2D (it holds {', '.join(swaths)}).",
                    "Use the L2D product: surface reflectance on a map grid.",
                )
            return None
        with hdf.in_time(), hdf.damage_named(path):
            product = Prisma(path, file)
        product.keep_open(stack.pop_all())
        return product


class Prisma:
    """An open PRISMA L2D product: a `Source`. Bands by rising wavelength, first VNIR, then SWIR."""

    def __init__(self, path: str, file: Any) -> None:
        """Describe the product in an open file; raises KeyError where a part is missing."""
        self.name = PurePath(path).stem
        self.sensor = "PRISMA L2D"
        self.gcps: list[Any] = []
        self.gcps_crs = self.rpcs = None
        self.reflectance_scale: float | None = 1.0
        self.unit: str | None = None
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.line_bytes: int | None = None
        self.origins = dict(_ORIGINS)
        self._path = path
        self._cubes = [file[f"{_FIELDS}/{name.upper()}_Cube"] for name in _DETECTORS]
        self._errors = [file.get(f"{_FIELDS}/{name.upper()}_PIXEL_L2_ERR_MATRIX") for name in _DETECTORS]
        self.rows, _, self.cols = (int(size) for size in self._cubes[0].shape)
        # By band number: which cube, and which of its bands.
        self._places: list[tuple[int, int]] = []
        bands: list[SourceBand] = []
        for detector, name in enumerate(_DETECTORS):
            for index, band in self._described(file.attrs, detector, name):
                self._places.append((detector, index))
                bands.append(band)
        first, second = (
            {place for place, (detector, _) in enumerate(self._places) if detector == wanted}
            for wanted in (0, 1)
        )
        self.bands = tuple(without_overlap(bands, first, second))
        lows = [float(hdf.numbers(file.attrs[f"L2Scale{name}Min"])[0]) for name in _DETECTORS]
        highs = [float(hdf.numbers(file.attrs[f"L2Scale{name}Max"])[0]) for name in _DETECTORS]
        self._lows = np.array(lows, np.float32)
        self._steps = ((np.array(highs) - np.array(lows)) / _MOST).astype(np.float32)
        self.crs, self.transform = self._placed(file.attrs)
        self.origins[GRID] = Origin(self.origins[GRID].source, self._grid_doubt())

    def keep_open(self, stack: ExitStack) -> None:
        """Take over the file, to close it in the end."""
        self._stack = stack

    def close(self) -> None:
        """Let go of the file."""
        self._stack.close()

    def read(self, numbers: Sequence[int], window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Reflectances and good, as `Source` has it; a pixel that is 0 in all these bands is none."""
        rows = slice(window.row_off, window.row_off + window.height)
        cols = slice(window.col_off, window.col_off + window.width)
        cube = np.zeros((window.height, window.width, len(numbers)), np.float32)
        good = np.ones(cube.shape, bool)
        inside = np.zeros(cube.shape[:2], bool)
        with hdf.in_time(window=True), hdf.damage_named(self._path):
            for detector in range(len(_DETECTORS)):
                wanted = [
                    (place, self._places[number - 1][1])
                    for place, number in enumerate(numbers)
                    if self._places[number - 1][0] == detector
                ]
                if not wanted:
                    continue
                places, indices = (list(part) for part in zip(*wanted, strict=True))
                # One slab: picking single bands of a packed file takes longer than reading them all.
                low, high = min(indices), max(indices) + 1
                picked = np.array(indices) - low
                stored = np.moveaxis(self._cubes[detector][rows, low:high, cols][:, picked], 1, -1)
                inside |= (stored != 0).any(axis=-1)
                cube[..., places] = self._lows[detector] + stored * self._steps[detector]
                if self._errors[detector] is not None:
                    flags = np.moveaxis(self._errors[detector][rows, low:high, cols][:, picked], 1, -1)
                    good[..., places] = flags != _INVALID
        good &= inside[..., None]
        cube[~good] = 0
        return cube, good

    def _described(self, attributes: Any, detector: int, name: str) -> list[tuple[int, SourceBand]]:
        """Index and description of a cube's bands, by rising wavelength, those without one last."""
        count = int(self._cubes[detector].shape[1])
        hdf.refuse_absurd(count * self.cols)
        centres = hdf.numbers(attributes[f"List_Cw_{name}"])[:count]
        widths = hdf.numbers(attributes[f"List_Fwhm_{name}"])[:count]
        flags = hdf.numbers(attributes.get(f"List_Cw_{name}_Flags", np.ones(count)))[:count]
        flagged = self._flagged(detector)
        bands = []
        for index in np.argsort(np.where(centres > 0, centres, np.inf), kind="stable").tolist():
            reason = ""
            if centres[index] <= 0 or flags[index] == 0:
                reason = "not delivered (flagged in the product's band list)"
            elif flagged[index] > _MOST_FLAGGED:
                reason = f"flagged in {flagged[index]:.0%} of the pixels of the product's error matrix"
            known = centres[index] > 0
            band = SourceBand(
                round(float(centres[index]), 4) if known else None,
                round(float(widths[index]), 4) if known and widths[index] > 0 else None,
                reason,
            )
            bands.append((index, band))
        return bands

    def _flagged(self, detector: int) -> np.ndarray:
        """The share of the pixels, from lines spread over the scene, that each band's errors flag."""
        cube, errors = self._cubes[detector], self._errors[detector]
        if errors is None:
            return np.zeros(cube.shape[1])
        seen = np.zeros(cube.shape[1])
        pixels = 0
        for line in np.unique(np.linspace(0, self.rows - 1, _LINES_PROBED, dtype=int)).tolist():
            inside = (cube[line] != 0).any(axis=0)
            seen += (errors[line][:, inside] != 0).sum(axis=1)
            pixels += int(inside.sum())
        return seen / max(1, pixels)

    def _grid_doubt(self) -> str:
        """A sentence where the corners and the size of the cubes do not make pixels of 30 m."""
        across, down = pixel_size(self.transform)
        if max(abs(across - _PIXEL_METRES), abs(down - _PIXEL_METRES)) <= _PIXEL_TOLERANCE * _PIXEL_METRES:
            return ""
        return (
            f"The corners of the product lie so that its {self.cols} x {self.rows} pixels are {across:.2f} x "
            f"{down:.2f} m, where PRISMA's are {_PIXEL_METRES:.0f} m: the maps may not lie where they should."
        )

    def _placed(self, attributes: Any) -> tuple[Any, Affine]:
        """The map grid: the corners are centres of the outermost pixels, or their edges in some versions."""

        def corner(name: str) -> float:
            return float(hdf.numbers(attributes[f"Product_{name}"])[0])

        left, top = corner("ULcorner_easting"), corner("ULcorner_northing")
        wide, high = corner("LRcorner_easting") - left, top - corner("LRcorner_northing")

        def misfit(cols: int, rows: int) -> float:
            return abs(wide / max(1, cols) - _PIXEL_METRES) + abs(high / max(1, rows) - _PIXEL_METRES)

        centres = misfit(self.cols - 1, self.rows - 1) <= misfit(self.cols, self.rows)
        between = (self.cols - 1, self.rows - 1) if centres else (self.cols, self.rows)
        across, down = (
            (wide / max(1, between[0])) or _PIXEL_METRES,
            (high / max(1, between[1])) or _PIXEL_METRES,
        )
        shift = 0.5 if centres else 0.0
        grid = Affine(across, 0.0, left - shift * across, 0.0, -down, top + shift * down)
        try:
            return CRS.from_epsg(int(hdf.numbers(attributes["Epsg_Code"])[0])), grid
        except (CRSError, KeyError, ValueError):
            self.warnings.append(
                "The product does not name a coordinate system that is known; maps have none."
            )
            return None, grid
