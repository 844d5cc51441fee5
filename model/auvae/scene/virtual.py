"""Which file and band each band of a virtual raster (VRT) shows. Opens no raster."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException, ElementTree

from . import files

_LONGEST = 1 << 24
_SOURCES = ("SimpleSource", "ComplexSource", "AveragedSource", "KernelFilteredSource", "NoDataFromMaskSource")


def sources(dataset: Any) -> list[tuple[str, int]]:
    """File and band (from 1) that each band of a virtual raster shows first; empty where that is not said."""
    name = dataset.name
    content = name.encode() if name.lstrip().startswith("<") else files.read_bytes(name, _LONGEST)
    try:
        root = ElementTree.fromstring(content or b"", forbid_dtd=True)
        found = []
        for band in root.findall("VRTRasterBand"):
            source = next(one for kind in _SOURCES for one in band.findall(kind))
            file = source.find("SourceFilename")
            path = (file.text or "").strip()
            if file.get("relativeToVRT") == "1" and not name.lstrip().startswith("<"):
                path = files.beside(name, path)
            found.append((path, int(source.findtext("SourceBand") or 1)))
    except (ParseError, DefusedXmlException, ValueError, StopIteration, AttributeError):
        return []
    return found if len(found) == dataset.count and all(path for path, _ in found) else []
