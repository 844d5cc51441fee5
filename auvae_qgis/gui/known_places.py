"""The layer of places where a material is known: pixels that were clicked, and what is drawn beside them."""

from __future__ import annotations

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFillSymbol,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)

from ..results.result import Array
from ..translation import tr

_MARK = "auvae/known-places"  # custom property: the result folder that the places were clicked in
FIELD = "name"  # what Known places reads a material's name from


def add_place(scene: str, name: str, corners: Array, crs: QgsCoordinateReferenceSystem) -> QgsVectorLayer:
    """Add the outline of a pixel, (4, 2) in ``crs``, under the name of its material; returns the layer.

    The layer belongs to the image ``scene`` and is made with its first place. It is one like any other:
    polygons can be drawn into it, renamed and deleted.
    """
    layer = places_of(scene)
    if layer is None:
        layer = _make(scene, crs)
    feature = QgsFeature(layer.fields())
    feature.setAttribute(FIELD, name)
    feature.setGeometry(QgsGeometry.fromPolygonXY([[QgsPointXY(x, y) for x, y in corners]]))
    layer.dataProvider().addFeatures([feature])
    layer.updateExtents()
    layer.triggerRepaint()
    return layer


def places_of(scene: str) -> QgsVectorLayer | None:
    """Return the layer of the places that are known in an image; None where there is none yet."""
    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and layer.customProperty(_MARK) == scene:
            return layer
    return None


def names_in(layer: QgsVectorLayer) -> list[str]:
    """Return the materials that have a place, each once, in the order of their first ones."""
    return list(dict.fromkeys(str(feature[FIELD]) for feature in layer.getFeatures()))


def _make(scene: str, crs: QgsCoordinateReferenceSystem) -> QgsVectorLayer:
    layer = QgsVectorLayer(f"Polygon?field={FIELD}:string(80)", tr("Known places"), "memory")
    layer.setCrs(crs)
    layer.setCustomProperty(_MARK, scene)
    symbol = QgsFillSymbol.createSimple({"style": "no", "outline_color": "255,255,0", "outline_width": "0.6"})
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    QgsProject.instance().addMapLayer(layer, False)
    QgsProject.instance().layerTreeRoot().insertLayer(0, layer)
    return layer
