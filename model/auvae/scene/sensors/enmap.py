"""EnMAP: a GeoTIFF whose bands a METADATA.XML describes. The image itself is read by GDAL.

As the EnMAP-Box reads it (its document is DLR's product format specification EN-PCV-ICD-2009-2):
bandCharacterisation holds a bandID for every band of the image, in its order, and the product qualities list
which of them each detector delivers.
"""

from __future__ import annotations

import re

import numpy as np

from ..source import Source, SourceBand, without_overlap
from . import metadata_xml as xml

NAMED = re.compile(r"ENMAP.*-METADATA\.XML", re.IGNORECASE)


def open_product(path: str) -> Source | None:
    """The EnMAP product that an image or a METADATA.XML belongs to; None where it is no such product.

    VNIR bands are flagged where the SWIR detector sees the same wavelengths. Raises SceneError.
    """
    names = xml.pair(path)
    root = xml.parse(names[0]) if names else None
    if names is None or root is None:
        return None
    described = root.findall(".//{*}bandCharacterisation/{*}bandID")
    if not described:
        return None
    described.sort(key=lambda band: int(band.get("number", "0")))
    vnir, swir = xml.channels(root, "vnir"), xml.channels(root, "swir")
    delivered = (vnir | swir) or set(range(len(described)))
    bands = [
        SourceBand(
            xml.number(band, "wavelengthCenterOfBand"),
            xml.number(band, "FWHMOfBand"),
            "" if index in delivered else "not delivered (no expected channel)",
        )
        for index, band in enumerate(described)
    ]
    both = set(range(len(bands)))
    bands = without_overlap(bands, vnir & both, swir & both)
    calibration = xml.Calibration(
        np.array([xml.number(band, "GainOfBand") or 1.0 for band in described]),
        np.array([xml.number(band, "OffsetOfBand") or 0.0 for band in described]),
        xml.number(root, "backgroundValue"),
    )
    surface = xml.is_level(root, names[1], "L2A")
    sensor = "EnMAP L2A" if surface else "EnMAP"
    return xml.DescribedRaster(names[1], sensor, bands, calibration, reflectance=surface)
