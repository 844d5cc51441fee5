"""Which product a path is, and its opening: one sensor a file. All other rasters are opened by raster.py."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ...contract.errors import SceneError
from .. import files
from ..raster import Raster, data_of_header, file_of, part_of
from ..source import Source, SourceBand
from . import cube, desis, emit, enmap, metadata_xml, prisma, tanager

__all__ = ["Source", "SourceBand", "open_source"]

_RASTER = re.compile(r".*\.(tiff?|img|dat|bsq|bil|bip|raw|vrt|jp2|hdr)", re.IGNORECASE)
_BESIDE_DATA = (".hdr", ".xml", ".txt", ".json", ".csv", ".png", ".jpg", ".pdf", ".kml", ".enp", ".sta")
_SENSORS = (enmap, desis, prisma, emit, tanager)


def open_source(path: str) -> Source:
    """Open a raster or a product by the path that an analyst picks.

    path: of a raster, a product's image or METADATA.XML, an HDF5 or netCDF file or GDAL's name of a part of
    it, an ENVI header, or an archive (zip, tar) with one product in it; also within GDAL's virtual file
    systems. Raises SceneError.
    """
    chosen = _in_archive(data_of_header(path))
    for sensor in _SENSORS:
        source = sensor.open_product(file_of(chosen))
        if source is not None:
            return source
    source = cube.open_product(file_of(chosen), part_of(chosen))
    if source is not None:
        return source
    if chosen.lower().endswith(".xml") and files.read_bytes(chosen) is not None:
        raise SceneError(
            f"{chosen} is no METADATA.XML of EnMAP or DESIS, or its image is not beside it.",
            "Choose the image itself.",
        )
    raster = Raster(chosen)
    unknown = all(band.wavelength is None for band in raster.bands)
    if unknown and metadata_xml.IMAGE.fullmatch(_last(chosen)):
        raster.warnings.append(
            "The METADATA.XML of this image is not beside it, so wavelengths, unit and bad bands are unknown."
        )
    return raster


def _in_archive(path: str) -> str:
    """The one product or raster in an archive (zip, tar); other paths unchanged."""
    if not path.lower().endswith(files.ARCHIVES) or path.startswith("/vsi"):
        return path
    names = files.names_in(path)
    products = [name for name in names if any(sensor.NAMED.fullmatch(_last(name)) for sensor in _SENSORS)]
    rasters = [name for name in names if _RASTER.fullmatch(name) and not name.lower().endswith(".hdr")]
    cubes = [name for name in names if cube.NAMED.fullmatch(_last(name))]
    found = products or list(dict.fromkeys([*rasters, *_data_of_headers(names), *cubes]))
    if len(found) > 1:
        raise SceneError(
            f"{path} holds more than one raster, such as {found[0]} and {found[1]}.",
            f"Choose one of them, by a name such as {files.inside_archive(path, found[0])}, or unpack it.",
        )
    if not found and names:
        raise SceneError(
            f"{path} holds no raster that is known, but {', '.join(names[:3])}.",
            "Unpack the archive, and choose the raster in it.",
        )
    return files.inside_archive(path, found[0]) if found else path


def _data_of_headers(names: list[str]) -> list[str]:
    """The data files of the ENVI headers among some names, whatever their ending."""
    stems = {name[: -len(".hdr")] for name in names if name.lower().endswith(".hdr")}
    return [
        name for name in names
        if name in stems or (name.rpartition(".")[0] in stems and not name.lower().endswith(_BESIDE_DATA))
    ]  # fmt: skip


def _last(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name
