"""Copies a raster to where the user wants it, whole or not at all. Reads and writes files only."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from osgeo import gdal
from qgis.core import QgsRasterFileWriter

from ..translation import tr


class RasterCopyError(OSError):
    """The raster could not be written there; the text says why and what to do."""


def driver_for(destination: Path) -> str:
    """Return the GDAL driver that the file ending stands for; raises RasterCopyError when there is none."""
    driver = QgsRasterFileWriter.driverForExtension(destination.suffix.lstrip("."))
    if not driver:
        raise RasterCopyError(
            tr("QGIS writes no raster with the ending of “{}”. Choose a name that ends in .tif.").format(
                destination
            )
        )
    return driver


def copy_raster(source: Path, destination: Path) -> None:
    """Copy the GeoTIFF ``source`` to ``destination``, in the format its ending stands for.

    :raises RasterCopyError: and ``destination`` is as before.
    """
    driver = driver_for(destination)
    try:
        if destination.exists() and destination.samefile(source):
            return
        destination.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=destination.parent, prefix=f".{destination.name}.") as staging:
            staged = Path(staging) / destination.name
            if driver == "GTiff":
                shutil.copyfile(source, staged)
            else:
                _translate(source, staged, driver)
            # sidecars first: the raster itself appears last, complete
            for part in sorted(Path(staging).iterdir(), key=lambda path: path == staged):
                part.replace(destination.parent / part.name)
            written_aux = destination.with_name(destination.name + ".aux.xml")
            if driver == "GTiff":
                written_aux.unlink(missing_ok=True)  # statistics of a raster that is no more
    except OSError as error:
        raise RasterCopyError(
            tr("The abundances could not be written to “{}” ({}). The complete result is in “{}”.").format(
                destination, error.strerror or error, source.parent
            )
        ) from error


def _translate(source: Path, staged: Path, driver: str) -> None:
    try:
        written = gdal.Translate(str(staged), str(source), format=driver)
    except RuntimeError as error:  # with gdal.UseExceptions()
        raise OSError(str(error)) from error
    if written is None:
        raise OSError(gdal.GetLastErrorMsg())
