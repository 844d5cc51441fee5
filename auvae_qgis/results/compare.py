"""Compares two results: where the maps that they have of one material differ."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal

from ...model.auvae.contract.materials import Pair
from ..translation import tr
from .probe import NO_DATA
from .result import Result


class CompareError(ValueError):
    """The two results cannot be compared in this way; the text says why."""


def write_differences(one: Result, other: Result, pairs: list[Pair], folder: Path) -> list[tuple[Path, str]]:
    """Write for each pair the abundance in ``one`` minus that in ``other``; returns files and materials.

    Raises:
        CompareError: The maps do not lie on one grid, or cannot be read or written.

    """
    written = []
    for pair in pairs:
        name = one.endmembers[pair.first].name
        path = folder / f"difference_{pair.first + 1}.tif"
        first = _opened(one.folder / one.endmembers[pair.first].file)
        second = _opened(other.folder / other.endmembers[pair.second].file)
        _check_grid(first, second)
        values = [raster.ReadAsArray().astype(np.float32) for raster in (first, second)]
        missing = (values[0] == NO_DATA) | (values[1] == NO_DATA)
        difference = np.where(missing, NO_DATA, values[0] - values[1])
        made = gdal.GetDriverByName("GTiff").Create(
            str(path),
            first.RasterXSize,
            first.RasterYSize,
            1,
            gdal.GDT_Float32,
            ["COMPRESS=DEFLATE", "TILED=YES"],
        )
        if made is None:
            raise CompareError(tr("{} cannot be written").format(path.name))
        made.SetProjection(first.GetProjection())
        made.SetGeoTransform(first.GetGeoTransform())
        band = made.GetRasterBand(1)
        band.SetNoDataValue(NO_DATA)
        band.SetDescription(name)
        band.WriteArray(difference)
        made.FlushCache()
        written.append((path, name))
    return written


def _check_grid(first: Any, second: Any) -> None:
    places = zip(first.GetGeoTransform(), second.GetGeoTransform())
    same_place = all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in places)
    if (first.RasterXSize, first.RasterYSize) != (second.RasterXSize, second.RasterYSize) or not same_place:
        raise CompareError(
            tr("The maps of the two results do not lie on one grid: there is no difference of them.")
        )


def _opened(path: Path) -> Any:
    raster = gdal.OpenEx(str(path), gdal.OF_RASTER) if path.is_file() else None
    if raster is None:
        raise CompareError(tr("“{}” is gone or cannot be read.").format(path))
    return raster
