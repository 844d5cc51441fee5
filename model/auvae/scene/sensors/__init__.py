"""Which product a path is, and its opening: one sensor a file. All other rasters are opened by raster.py."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ...contract.errors import SceneError
from ..raster import Raster, data_of_header, file_of
from ..source import Source, SourceBand
from . import desis, emit, enmap, files, metadata_xml, prisma

__all__ = ["Source", "SourceBand", "open_source"]

_RASTER = re.compile(r".*\.(tiff?|img|dat|bsq|bil|bip|raw|vrt|jp2|hdr)", re.IGNORECASE)
_SENSORS = (enmap, desis, prisma, emit)


def open_source(path: str) -> Source:
    """Open a raster or a product by the path that an analyst picks.

    path: of a raster, a product's image or METADATA.XML, an HDF5 or netCDF file or GDAL's name of a part of
    it, an ENVI header, or a zip archive with one product in it; also within GDAL's virtual file systems.
    Raises SceneError.
    """
    chosen = _in_archive(data_of_header(path))
    for sensor in _SENSORS:
        source = sensor.open_product(file_of(chosen))
        if source is not None:
            return source
    if chosen.lower().endswith(".xml") and files.read_bytes(chosen) is not None:
        raise SceneError(
            f"{chosen} is no METADATA.XML of EnMAP or DESIS, or its image is not beside it.",
            "Choose the image itself.",
        )
    raster = Raster(chosen)
    if metadata_xml.IMAGE.fullmatch(_last(chosen)):
        raster.warnings.append(
            "The METADATA.XML of this image is not beside it, so wavelengths, unit and bad bands are unknown."
        )
    return raster


def _in_archive(path: str) -> str:
    """The one product or raster in a zip archive; other paths unchanged."""
    if not path.lower().endswith(".zip") or path.startswith("/vsi"):
        return path
    names = files.names_in(path)
    products = [name for name in names if any(sensor.NAMED.fullmatch(_last(name)) for sensor in _SENSORS)]
    rasters = [name for name in names if _RASTER.fullmatch(name) and not name.lower().endswith(".hdr")]
    found = products or rasters
    if len(found) > 1:
        raise SceneError(
            f"{path} holds more than one raster, such as {found[0]} and {found[1]}.",
            f"Choose one of them, by a name such as /vsizip/{path}/{found[0]}, or unpack the archive.",
        )
    return f"/vsizip/{path}/{found[0]}" if found else path


def _last(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name
