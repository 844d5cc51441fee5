"""Writes the places where known materials are pure to a file that another process reads. Reads no pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qgis.core import QgsMapLayer, QgsProcessingUtils, QgsVectorLayer
from qgis.PyQt.QtCore import QMetaType

from ..translation import tr
from .mask_source import COORDINATE_DIGITS, crs_member
from .scene_source import SceneSourceError

_NAME_FIELDS = ("name", "title", "label", "class", "id")


def places_file(layer: QgsMapLayer) -> str:
    """Return a GeoJSON file with the points or polygons of ``layer``, each with the name of its material.

    The name stands in a field called name, title, label, class or id, or else in the first text field. Where
    features are selected, only these count.

    :raises SceneSourceError: for layers of another kind, and for layers without features.
    """
    if not isinstance(layer, QgsVectorLayer):
        raise SceneSourceError(tr("“{}” is no layer of points or polygons.").format(layer.name()))
    field = _name_field(layer)
    features = layer.selectedFeatures() if layer.selectedFeatureCount() else layer.getFeatures()
    written: list[dict[str, Any]] = []
    for number, feature in enumerate(features, 1):
        geometry = json.loads(feature.geometry().asJson(COORDINATE_DIGITS) or "null")
        value = feature[field] if field else None
        name = str(value).strip() if value else ""
        if geometry:
            properties = {"name": name or tr("Place {}").format(number)}
            written.append({"type": "Feature", "properties": properties, "geometry": geometry})
    if not written:
        raise SceneSourceError(
            tr("“{}” holds no point and no polygon. Draw some, or leave known places empty.").format(
                layer.name()
            )
        )
    document = {"type": "FeatureCollection", "crs": crs_member(layer.crs()), "features": written}
    path = Path(QgsProcessingUtils.generateTempFilename("places.geojson"))
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def _name_field(layer: QgsVectorLayer) -> str:
    fields = list(layer.fields())
    by_name = {field.name().lower(): field.name() for field in fields}
    named = next((by_name[name] for name in _NAME_FIELDS if name in by_name), "")
    texts = (field.name() for field in fields if int(field.type()) == int(QMetaType.Type.QString))
    return str(named or next(texts, ""))
