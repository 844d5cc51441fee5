"""Finds the file behind a raster layer, so that another process can open it. Reads no pixels."""

from __future__ import annotations

import re
from pathlib import Path

from osgeo import gdal
from qgis.core import QgsRasterLayer

from ..translation import tr

# /vsicurl/ needs no more than an address, which the user gave; the other stores need QGIS's own keys
_REMOTE = re.compile(r"^(https?|ftp|s3)://|/vsi(s3|gs|az|adls|oss|swift|hdfs|webhdfs)|^<", re.IGNORECASE)
_MEMORY = re.compile(r"/vsimem/|^MEM:", re.IGNORECASE)
_PART = re.compile(r"(HDF5|NETCDF):", re.IGNORECASE)
_QGIS_SUFFIX = re.compile(r"\|(option:|credential:|authcfg=|layername=|layerid=)")
_SERVICES = {"WMS", "WMTS", "WCS", "TMS", "HTTP", "EEDA", "EEDAI", "OGCAPI", "PLMOSAIC", "PostGISRaster"}


class SceneSourceError(ValueError):
    """The layer is no file that the unmixing process could open; the text says what to do about it."""


def scene_file(layer: QgsRasterLayer) -> str:
    """Return what GDAL opens in another process to read the raster of ``layer``.

    :raises SceneSourceError: for web layers, layers in memory and layers of other providers than GDAL.
    """
    remedy = tr(
        "Export it first: right-click the layer, Export ▸ Save As…, format GeoTIFF; then unmix the file."
    )
    if layer.providerType() != "gdal":
        problem = tr("The layer “{}” is no raster file but comes from a service ({}).")
        raise SceneSourceError(f"{problem.format(layer.name(), layer.providerType())} {remedy}")
    source = gdal_source(layer)
    if _MEMORY.search(source):
        problem = tr("The layer “{}” lies in the memory of QGIS, where no other process can read it.")
        raise SceneSourceError(f"{problem.format(layer.name())} {remedy}")
    if _REMOTE.search(source) or gdal_driver(source) in _SERVICES:
        problem = tr("The layer “{}” is read over the network and has no file on this computer.")
        raise SceneSourceError(f"{problem.format(layer.name())} {remedy}")
    return str(Path(source).resolve()) if Path(source).exists() else source


def named_file(name: str) -> str:
    """Return the file that ``name`` is, where QGIS makes no layer of it; empty where there is none.

    Products of some sensors are no raster to GDAL: their METADATA.XML, an .he5 file, a zip archive, an ENVI
    header. The unmixing process knows them, and says so where it does not.
    """
    name = _QGIS_SUFFIX.split(name, maxsplit=1)[0]
    if name.startswith(("/vsizip/", "/vsitar/", "/vsicurl/")) or _PART.match(name):
        return name
    return str(Path(name).resolve()) if name and Path(name).is_file() else ""


def gdal_source(layer: QgsRasterLayer) -> str:
    """Return the name GDAL knows the layer's raster by: its source without QGIS's ``|option:`` parts."""
    return _QGIS_SUFFIX.split(str(layer.source()), maxsplit=1)[0]


def gdal_driver(source: str) -> str:
    """Return the short name of GDAL's driver for ``source``; empty where no driver knows it."""
    try:
        driver = gdal.IdentifyDriverEx(source, gdal.OF_RASTER)
    except RuntimeError:  # with gdal.UseExceptions(): the worker will say what is wrong with the file
        return ""
    return driver.ShortName if driver else ""
