"""The METADATA.XML that DLR puts beside the images of EnMAP and DESIS: safely parsed. Opens no image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException, ElementTree
from rasterio.windows import Window

from ...contract.errors import SceneError
from .. import files
from ..metadata import BAD_BANDS, NO_DATA, SCALE, WAVELENGTHS, WIDTHS, Origin
from ..raster import Raster
from ..source import SourceBand

# PRODUCT-METADATA.XML stands beside PRODUCT-SPECTRAL_IMAGE.TIF, whatever the product is called.
METADATA = re.compile(r"(?P<product>.*)-METADATA\.XML", re.IGNORECASE)
IMAGE = re.compile(r"(?P<product>.*)-SPECTRAL_IMAGE(?:_COG)?\.(?:TIFF?|BSQ|BIL|BIP|JP2|VRT)", re.IGNORECASE)


@dataclass(frozen=True)
class Calibration:
    """How the numbers of a product become values: value = number * gain + offset, each (bands,)."""

    gains: np.ndarray
    offsets: np.ndarray
    background: float | None


def pair(path: str) -> tuple[str, str] | None:
    """The names (metadata, image) of the product that either of them belongs to; None where it is neither."""
    name = re.split(r"[/\\]", path)[-1]
    match = METADATA.fullmatch(name) or IMAGE.fullmatch(name)
    if not match:
        return None
    if path.startswith("/vsicurl/"):
        # Folders of the web cannot be listed: products are published with these endings, both in one case.
        stem, lower = path[: -len(name)] + match["product"], name[-1].islower()
        metadata = f"{stem}-METADATA.{'xml' if lower else 'XML'}"
        return metadata, path if IMAGE.fullmatch(
            name
        ) else f"{stem}-SPECTRAL_IMAGE.{'tif' if lower else 'TIF'}"
    found: dict[re.Pattern[str], str] = {}
    for kind in (METADATA, IMAGE):
        for other in files.names_beside(path):
            beside = kind.fullmatch(other)
            if beside and beside["product"] == match["product"]:
                found.setdefault(kind, files.beside(path, other))
    if IMAGE.fullmatch(name):
        found[IMAGE] = path
    return (found[METADATA], found[IMAGE]) if len(found) == 2 else None  # noqa: PLR2004 (both)


def parse(path: str) -> Element | None:
    """The root of an XML file; None where it cannot be had. SceneError where it is damaged or hostile."""
    content = files.read_bytes(path)
    if content is None:
        return None
    try:
        root: Element = ElementTree.fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise SceneError(
            f"The metadata {path} are damaged, or no metadata of a product: {type(error).__name__}.",
            "Download the product again, or rename this file to use the image without it.",
        ) from error
    return root


def number(element: Element | None, name: str) -> float | None:
    """The number in the first element of this name; None where there is none."""
    try:
        return float((element.findtext(f".//{{*}}{name}") or "").strip()) if element is not None else None
    except ValueError:
        return None


def channels(root: Element, detector: str) -> set[int]:
    """The indices of the bands that a detector ("vnir") delivers, from its list of expected channels."""
    text = root.findtext(f".//{{*}}{detector}ProductQuality/{{*}}expectedChannelsList") or ""
    return {int(cell) - 1 for cell in re.split(r"[,\s]+", text) if cell.isdigit()}


def is_level(root: Element, path: str, level: str) -> bool:
    """Whether the product is of a level such as "L2A": its metadata say so, or its file name."""
    stated = (root.findtext(f".//{{*}}{name}") or "" for name in ("level", "productType", "processingLevel"))
    return level in re.split(r"[/\\]", path)[-1].upper() or any(level in text.upper() for text in stated)


class DescribedRaster:
    """An image whose bands are described in a METADATA.XML: a `Source`."""

    def __init__(
        self,
        image: str,
        sensor: str,
        bands: Sequence[SourceBand],
        calibration: Calibration,
        *,
        reflectance: bool,
    ) -> None:
        """Open the image; raises SceneError, also where image and metadata do not fit.

        A gain that is the same for all bands only names the unit, as a reflectance scale factor does: values
        stay the numbers that QGIS shows. Others are applied.
        """
        self._raster = raster = Raster(image)
        if len(raster.bands) != len(bands):
            raster.close()
            raise SceneError(
                f"{raster.name} has {len(raster.bands)} bands, its metadata describe {len(bands)}.",
                "Choose the image that the product was delivered with, or rename its METADATA.XML.",
            )
        self.name = raster.name.removesuffix("_COG").removesuffix("-SPECTRAL_IMAGE")
        self.sensor = sensor
        self.rows, self.cols = raster.rows, raster.cols
        self.crs, self.transform, self.rpcs = raster.crs, raster.transform, raster.rpcs
        self.gcps, self.gcps_crs = raster.gcps, raster.gcps_crs
        self.bands = tuple(bands)
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.line_bytes = raster.line_bytes
        if calibration.background is not None:
            raster.no_data = [calibration.background if one is None else one for one in raster.no_data]
            raster.origins[NO_DATA] = Origin("METADATA.XML of the product")
        gains, offsets = calibration.gains, calibration.offsets
        # A file that GDAL scales already would be scaled twice.
        scaled = any(scale != 1 for scale in raster.scales) or any(offset != 0 for offset in raster.offsets)
        same = len(set(gains)) == 1 and not offsets.any() and gains[0] > 0
        self._gains = None if same or scaled else gains
        self._offsets = offsets
        factor = 1 / (gains[0] / raster.scales[0]) if same else 1.0
        self.reflectance_scale = float(f"{factor:.9g}") if reflectance else None
        self.unit = raster.unit or (None if reflectance else "Radiance")
        described = Origin("METADATA.XML of the product")
        facts = {WAVELENGTHS: described, WIDTHS: described, BAD_BANDS: described}
        self.origins = {**raster.origins, **facts, SCALE: described if reflectance else raster.origins[SCALE]}
        self.no_data = raster.no_data

    def close(self) -> None:
        """Let go of the file."""
        self._raster.close()

    def read(self, numbers: Sequence[int], window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Values and good, as `Source` has it."""
        cube, good = self._raster.read(numbers, window)
        if self._gains is not None:
            chosen = np.asarray(numbers) - 1
            cube = np.where(good, cube * self._gains[chosen] + self._offsets[chosen], 0).astype(np.float32)
        return cube, good
