"""EnMAP: a GeoTIFF whose bands a METADATA.XML describes. The image itself is read by GDAL.

As the EnMAP-Box reads it (its document is DLR's product format specification EN-PCV-ICD-2009-2):
bandCharacterisation holds a bandID for every band of the image, in its order, and the product qualities list
which of them each detector delivers.
"""

from __future__ import annotations

import re
from contextlib import closing
from xml.etree.ElementTree import Element

import numpy as np

from ...contract.errors import SceneError
from .. import files
from ..raster import Raster
from ..source import Source, SourceBand, without_overlap
from . import metadata_xml as xml

_DETECTOR = re.compile(
    r"(?P<product>ENMAP.*)-SPECTRAL_IMAGE_(?P<detector>VNIR|SWIR)(?:_COG)?\.(?:TIFF?|BSQ|BIL|BIP|JP2|VRT)",
    re.IGNORECASE,
)
NAMED = re.compile(r"ENMAP.*-METADATA\.XML", re.IGNORECASE)


def open_product(path: str) -> Source | None:
    """The EnMAP product that an image or a METADATA.XML belongs to; None where it is no such product.

    VNIR bands are flagged where the SWIR detector sees the same wavelengths. Raises SceneError.
    """
    detector = _of_detector(path)
    if detector is not None:
        return detector
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
        _band(band, "" if index in delivered else "not delivered (no expected channel)")
        for index, band in enumerate(described)
    ]
    both = set(range(len(bands)))
    bands = without_overlap(bands, vnir & both, swir & both)
    calibration = _calibration(root, described)
    surface = xml.is_level(root, names[1], "L2A")
    sensor = "EnMAP L2A" if surface else "EnMAP"
    return xml.DescribedRaster(names[1], sensor, bands, calibration, reflectance=surface)


def _band(described: Element, reason: str) -> SourceBand:
    return SourceBand(
        xml.number(described, "wavelengthCenterOfBand"), xml.number(described, "FWHMOfBand"), reason
    )


def _calibration(root: Element, described: list[Element]) -> xml.Calibration:
    return xml.Calibration(
        np.array([xml.number(band, "GainOfBand") or 1.0 for band in described]),
        np.array([xml.number(band, "OffsetOfBand") or 0.0 for band in described]),
        xml.number(root, "backgroundValue"),
    )


def _of_detector(path: str) -> Source | None:
    """The image of one detector of an L1B product; None for other files.

    Raises SceneError for the METADATA.XML of such a product: it has an image a detector.
    """
    name = re.split(r"[/\\]", path)[-1]
    match = _DETECTOR.fullmatch(name)
    if not match:
        product = xml.METADATA.fullmatch(name)
        images = [one for one in files.names_beside(path) if product and one.startswith(product["product"])]
        images = [one for one in images if _DETECTOR.fullmatch(one)]
        if product and images and not any(xml.IMAGE.fullmatch(one) for one in files.names_beside(path)):
            raise SceneError(
                f"{name} is an EnMAP product of level L1B: radiance as the two detectors saw it, in "
                f"{len(images)} images that do not lie on each other.",
                f"Use the L2A product, or choose the image of one detector, such as {images[0]}.",
            )
        return None
    beside = next(
        (one for one in files.names_beside(path)
         if (of := xml.METADATA.fullmatch(one)) and of["product"] == match["product"]), None
    )  # fmt: skip
    root = None if beside is None else xml.parse(files.beside(path, beside))
    if root is None:
        return None
    described = root.findall(".//{*}bandCharacterisation/{*}bandID")
    described.sort(key=lambda band: int(band.get("number", "0")))
    seen = xml.channels(root, match["detector"].lower())
    bands = [
        _band(band, "" if index in seen else "not delivered (no channel of this detector)")
        for index, band in enumerate(described)
    ]
    with closing(Raster(path)) as image:
        count = len(image.bands)
    if count == len(seen) < len(described):
        # the image holds the detector's own channels alone
        kept = sorted(seen)
        described, bands = [described[index] for index in kept], [bands[index] for index in kept]
    sensor = f"EnMAP L1B {match['detector'].upper()}"
    source = xml.DescribedRaster(path, sensor, bands, _calibration(root, described), reflectance=False)
    source.warnings.append(
        f"This is the {match['detector'].upper()} detector of an EnMAP L1B product alone: radiance in the "
        "sensor's geometry. The L2A product holds reflectance of both detectors on a map grid."
    )
    return source
