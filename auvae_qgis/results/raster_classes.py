"""Turns abundances into classes: the largest one of every pixel. Reads and writes files only."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal
from qgis.core import QgsRasterFileWriter

from ..translation import tr

NO_CLASS = 0
ROWS = 256  # read at a time


class RasterClassesError(OSError):
    """The classes could not be made or written; the text says why and what to do."""


def write_dominant(
    abundances: str,
    destination: Path,
    least: float,
    classes: Sequence[tuple[str, tuple[int, int, int]]],
    progress: Callable[[float], None],
) -> None:
    """Write which band of ``abundances`` is largest, as 1 to K; a file that appears whole or not at all.

    ``least``: pixels whose largest abundance is smaller get NO_CLASS, as do those without data. ``classes``:
    name and (red, green, blue) of each band. ``progress`` is told 0 to 1 and may raise to give up.

    :raises RasterClassesError: and ``destination`` is as before.
    """
    driver = QgsRasterFileWriter.driverForExtension(destination.suffix.lstrip("."))
    if not driver:
        raise RasterClassesError(
            tr("QGIS writes no raster with the ending of “{}”. Choose a name that ends in .tif.").format(
                destination
            )
        )
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=destination.parent, prefix=f".{destination.name}.") as staging:
            staged = Path(staging) / "classes.tif"
            _classify(abundances, staged, least, classes, progress)
            made = Path(staging) / "made" / destination.name
            made.parent.mkdir()
            options = ["TILED=YES", "COMPRESS=DEFLATE"] if driver == "GTiff" else []
            _checked(gdal.Translate(str(made), str(staged), format=driver, creationOptions=options))
            # sidecars first: the raster itself appears last, complete
            for part in sorted(made.parent.iterdir(), key=lambda path: path == made):
                part.replace(destination.parent / part.name)
    except (OSError, RuntimeError) as error:  # RuntimeError: GDAL's, with gdal.UseExceptions()
        if isinstance(error, RasterClassesError):
            raise
        raise RasterClassesError(
            tr("The classes could not be written to “{}” ({}). Choose another place.").format(
                destination, getattr(error, "strerror", None) or error
            )
        ) from error


def _classify(
    abundances: str,
    path: Path,
    least: float,
    classes: Sequence[tuple[str, tuple[int, int, int]]],
    progress: Callable[[float], None],
) -> None:
    source = _checked(gdal.Open(abundances))
    cols, rows = source.RasterXSize, source.RasterYSize
    empty = source.GetRasterBand(1).GetNoDataValue()
    target = _checked(gdal.GetDriverByName("GTiff").Create(str(path), cols, rows, 1, gdal.GDT_Byte))
    if source.GetGeoTransform(can_return_null=True):
        target.SetGeoTransform(source.GetGeoTransform())
    if source.GetSpatialRef() is not None:
        target.SetSpatialRef(source.GetSpatialRef())
    if source.GetGCPCount():
        target.SetGCPs(source.GetGCPs(), source.GetGCPSpatialRef())
    band = target.GetRasterBand(1)
    table = gdal.ColorTable()
    for number, (_name, color) in enumerate(classes, 1):
        table.SetColorEntry(number, (*color, 255))
    band.SetColorTable(table)
    band.SetNoDataValue(NO_CLASS)
    band.SetCategoryNames(["", *(name for name, _color in classes)])
    for top in range(0, rows, ROWS):
        progress(top / rows)
        count = min(ROWS, rows - top)
        values = _checked(source.ReadAsArray(0, top, cols, count))
        values = values.reshape(source.RasterCount, count, cols)  # one band comes without its axis
        known = np.isfinite(values).all(axis=0)
        if empty is not None:
            known &= (values != empty).all(axis=0)
        largest = np.where(known, values.argmax(axis=0) + 1, NO_CLASS)
        largest[known & (values.max(axis=0) < least)] = NO_CLASS
        band.WriteArray(largest.astype(np.uint8), 0, top)
    progress(1.0)


def _checked(made: Any) -> Any:
    """Return what GDAL made, or raise what it said; without exceptions it returns None for a failure."""
    if made is None:
        raise RasterClassesError(gdal.GetLastErrorMsg())
    return made
