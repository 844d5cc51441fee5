"""Finds or writes the file behind a mask layer, so that another process can read it. Masks nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsMapLayer,
    QgsProcessingUtils,
    QgsRasterLayer,
    QgsVectorLayer,
)

from ..translation import tr
from .scene_source import SceneSourceError, scene_file

COORDINATE_DIGITS = 17  # of a coordinate: none of a double is lost


def mask_file(layer: QgsMapLayer) -> str:
    """Return a raster file, or a GeoJSON file that the polygons of ``layer`` were written to.

    Polygons may be of any format, in memory or filtered: what the layer shows is written.

    :raises SceneSourceError: for layers that are neither, hold no polygon or lie where no process reads them.
    """
    if isinstance(layer, QgsRasterLayer):
        return scene_file(layer)
    if not isinstance(layer, QgsVectorLayer):
        raise SceneSourceError(
            tr("The mask “{}” is neither a raster nor a polygon layer.").format(layer.name())
        )
    geometries = [
        json.loads(feature.geometry().asJson(COORDINATE_DIGITS) or "null") for feature in layer.getFeatures()
    ]
    features: list[dict[str, Any]] = [
        {"type": "Feature", "properties": {}, "geometry": geometry} for geometry in geometries if geometry
    ]
    if not features:
        raise SceneSourceError(
            tr("The mask “{}” holds no polygon. Draw one, or leave the mask empty.").format(layer.name())
        )
    document = {"type": "FeatureCollection", "crs": crs_member(layer.crs()), "features": features}
    path = Path(QgsProcessingUtils.generateTempFilename("mask.geojson"))
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def crs_name(crs: QgsCoordinateReferenceSystem) -> str:
    """Return a name by which another process knows ``crs``; empty where there is none."""
    if not crs.isValid():
        return ""
    authority = crs.authid()
    if authority.startswith(("EPSG:", "ESRI:", "OGC:", "IAU")):
        return str(authority)
    return str(crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED))


def crs_member(crs: QgsCoordinateReferenceSystem) -> dict[str, Any] | None:
    """Return the member "crs" of GeoJSON in ``crs``: null where there is none."""
    name = crs_name(crs)
    return {"type": "name", "properties": {"name": name}} if name else None
