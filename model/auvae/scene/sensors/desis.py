"""DESIS: a GeoTIFF whose bands a METADATA.xml describes. The image itself is read by GDAL.

As ACOLITE and the EnMAP-Box read it (its document is the DESIS product guide of DLR and Teledyne):
bandCharacterisation holds a band for every band of the image, in its order. Elements of the same name
elsewhere describe the geometry.
"""

from __future__ import annotations

import re

import numpy as np

from ..source import Source, SourceBand
from . import metadata_xml as xml

NAMED = re.compile(r"DESIS.*-METADATA\.XML", re.IGNORECASE)


def open_product(path: str) -> Source | None:
    """The DESIS product that an image or a METADATA.xml belongs to; None where it is no such product.

    Raises SceneError.
    """
    names = xml.pair(path)
    root = xml.parse(names[0]) if names else None
    if names is None or root is None:
        return None
    described = root.findall(".//{*}bandCharacterisation/{*}band")
    if not described:
        return None
    described.sort(key=lambda band: xml.number(band, "bandNumber") or 0.0)
    bands = [
        SourceBand(xml.number(band, "wavelengthCenterOfBand"), xml.number(band, "wavelengthWidthOfBand"))
        for band in described
    ]
    calibration = xml.Calibration(
        np.array([xml.number(band, "gainOfBand") or 1.0 for band in described]),
        np.array([xml.number(band, "offsetOfBand") or 0.0 for band in described]),
        xml.number(root, "backgroundValue"),
    )
    surface = xml.is_level(root, names[1], "L2A")
    sensor = "DESIS L2A" if surface else "DESIS"
    return xml.DescribedRaster(names[1], sensor, bands, calibration, reflectance=surface)
