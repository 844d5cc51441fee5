"""What a layer of a result says of itself in its properties: what it is, and how the result came about."""

from __future__ import annotations

from qgis.core import QgsLayerMetadata, QgsMapLayer

from ..plain_text import as_plain
from ..translation import tr
from .result import Result


def layer_metadata(layer: QgsMapLayer, result: Result, kind: str, index: int | None) -> QgsLayerMetadata:
    """Say what the layer is, how its values read, and how the result came about."""
    abstracts = {
        "purest": tr("The pixels that hold most of each endmember, with row, column and abundance."),
        "composite": tr("The colours of the endmembers, mixed in every pixel by their abundances."),
        "dominant": tr("The endmember with the largest abundance of every pixel, as classes."),
        "uncertainty": tr(
            "Posterior standard deviation of each abundance, one band an endmember. The layer's styles show "
            "one endmember each."
        ),
        "error": tr("Spectral angle between each pixel and its reconstruction, in radians."),
    }
    if index is not None:
        abstract = tr("Abundance of “{}”: the fraction of each pixel, from 0 to 1.").format(
            result.endmembers[index].name
        )
    else:
        abstract = abstracts.get(kind, tr("Abundances, one band an endmember: fractions from 0 to 1."))
    document = result.document
    options = document.get("options") or {}
    parameters = {
        tr("Scene"): (document.get("scene") or {}).get("path"),
        tr("Number of endmembers"): len(result.endmembers),
        tr("Endmembers"): ", ".join(one.name for one in result.endmembers),
        tr("Quality"): options.get("quality"),
        tr("Network"): options.get("variant"),
        tr("Seed"): document.get("seed"),
        tr("Bands used"): sum(bool(band.get("kept")) for band in document.get("bands") or []),
        tr("Computed on"): document.get("device"),
    }
    lines = [as_plain(f"{name}: {value}") for name, value in parameters.items() if value not in (None, "")]
    versions = ", ".join(f"{name} {number}" for name, number in (document.get("versions") or {}).items())
    metadata = QgsLayerMetadata()
    metadata.setType("dataset")
    metadata.setTitle(as_plain(f"{layer.name()} · {result.scene}"))
    metadata.setAbstract(as_plain("\n".join([abstract, "", *lines])))
    metadata.setKeywords({"AUVAE Unmixing": [tr("hyperspectral"), tr("unmixing"), tr("abundance")]})
    metadata.setCrs(layer.crs())
    metadata.setHistory(
        [
            as_plain(text)
            for text in (
                tr("Unmixed by AUVAE Unmixing on {} ({})").format(document.get("created", "?"), versions),
                *lines,
                tr("To repeat it: {}").format(document.get("command", "")),
            )
        ]
    )
    return metadata
