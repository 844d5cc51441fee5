"""How each raster of a result is drawn: the styles in resources/styles/, with its own colours and names.

People may edit those files; what comes from the result is put in here. For the main thread only.
"""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsColorRampShader,
    QgsCoordinateReferenceSystem,
    QgsGradientColorRamp,
    QgsGradientStop,
    QgsMapLayer,
    QgsMarkerSymbol,
    QgsPalettedRasterRenderer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsRasterLayer,
    QgsRasterShader,
    QgsRendererCategory,
    QgsSingleBandPseudoColorRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from ..paths import RESOURCES
from .probe import grid_crs
from .result import Endmember, Result

HEAD = 200  # characters: what stands before the features of a GeoJSON file of ours
STYLES = RESOURCES / "styles"
WORST_ANGLE = 3.0  # times the mean angle of a result: from there on its error map has one colour


def style(layer: QgsRasterLayer, result: Result, kind: str, index: int | None) -> None:
    """Draw ``layer`` as its kind of raster is drawn; ``index``: the endmember of an abundance map."""
    layer.loadNamedStyle(str(STYLES / f"{kind}.qml"))
    if kind == "abundance" and index is not None:
        _color(layer, result.endmembers[index].color)
    elif kind == "dominant":
        _show_classes(layer, [(endmember.name, QColor(endmember.color)) for endmember in result.endmembers])
    elif kind == "uncertainty":
        _offer_a_style_for_each_band(layer, result.endmembers)
    elif kind == "error":
        _stretch(layer, WORST_ANGLE * float(result.document["metrics"]["mean_angle"]))
    layer.triggerRepaint()
    layer.emitStyleChanged()


def style_points(layer: QgsVectorLayer, result: Result) -> None:
    """Draw the purest pixels in the colours of their endmembers, as classes with their names."""
    classes = []
    for number, endmember in enumerate(result.endmembers, 1):
        look = {
            "name": "circle",
            "size": "2.4",
            "color": endmember.color,
            "outline_color": "#ffffff",  # to be seen on a map of the same colour
            "outline_width": "0.4",
        }
        classes.append(QgsRendererCategory(number, QgsMarkerSymbol.createSimple(look), endmember.name))
    layer.setRenderer(QgsCategorizedSymbolRenderer("endmember", classes))
    if _has_no_crs(layer):  # GDAL takes it for degrees all the same
        layer.setCrs(QgsCoordinateReferenceSystem.fromWkt(grid_crs(result)))
    layer.triggerRepaint()
    layer.emitStyleChanged()


def _has_no_crs(layer: QgsVectorLayer) -> bool:
    """Tell whether the file says that its coordinates are the scene's own, not degrees."""
    with Path(str(layer.source()).split("|", maxsplit=1)[0]).open(encoding="utf-8") as file:
        return '"crs": null' in file.read(HEAD)


def _color(layer: QgsRasterLayer, color: str) -> None:
    """Give every step of the layer's ramp this colour; each keeps its value, label and opacity."""
    drawn = layer.renderer()
    if not isinstance(drawn, QgsSingleBandPseudoColorRenderer):
        return  # somebody's own style: as they want it
    items = drawn.shader().rasterShaderFunction().colorRampItemList()
    for item in items:
        item.color = _with_opacity_of(item.color, color)
    _redraw(layer, items)


def _stretch(layer: QgsRasterLayer, top: float) -> None:
    """Let the ramp of the layer end at ``top`` instead of where it ends in its file."""
    drawn = layer.renderer()
    if not isinstance(drawn, QgsSingleBandPseudoColorRenderer) or top <= 0:
        return
    items = drawn.shader().rasterShaderFunction().colorRampItemList()
    highest = items[-1].value
    for item in items:
        item.value *= top / highest
        item.label = f"{item.value:.2g}"
    _redraw(layer, items)


def _redraw(layer: QgsRasterLayer, items: list[QgsColorRampShader.ColorRampItem]) -> None:
    """Put changed steps into the layer's renderer, and into the ramp that its properties show."""
    old = layer.renderer()
    lowest, highest = items[0].value, items[-1].value
    reach = (highest - lowest) or 1.0
    stops = [QgsGradientStop((item.value - lowest) / reach, item.color) for item in items[1:-1]]
    ramp = QgsGradientColorRamp(items[0].color, items[-1].color, False, stops)
    before = old.shader().rasterShaderFunction()
    shades = QgsColorRampShader(lowest, highest, ramp, before.colorRampType(), before.classificationMode())
    shades.setColorRampItemList(items)
    shades.setClip(before.clip())
    shader = QgsRasterShader(lowest, highest)
    shader.setRasterShaderFunction(shades)
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), old.band(), shader)
    renderer.setClassificationMin(lowest)
    renderer.setClassificationMax(highest)
    renderer.setOpacity(old.opacity())
    layer.setRenderer(renderer)


def _show_classes(layer: QgsRasterLayer, classes: list[tuple[str, QColor]]) -> None:
    """Show these classes, numbered from 1, and no others: a GeoTIFF's palette always has 256."""
    old = layer.renderer()
    shown = [
        QgsPalettedRasterRenderer.Class(value, color, name) for value, (name, color) in enumerate(classes, 1)
    ]
    renderer = QgsPalettedRasterRenderer(layer.dataProvider(), 1, shown)
    renderer.setOpacity(old.opacity())
    layer.setRenderer(renderer)


def _offer_a_style_for_each_band(layer: QgsRasterLayer, endmembers: tuple[Endmember, ...]) -> None:
    """Name a style after each endmember (right-click, Styles): a layer shows one band at a time."""
    drawn = layer.renderer()
    if not isinstance(drawn, QgsSingleBandPseudoColorRenderer):
        return
    styles = layer.styleManager()
    styles.renameStyle(styles.currentStyle(), endmembers[0].name)
    for band, endmember in enumerate(endmembers[1:], 2):
        drawn = layer.renderer().clone()
        drawn.setBand(band)
        styles.addStyleFromLayer(endmember.name)
        styles.setCurrentStyle(endmember.name)
        layer.setRenderer(drawn)
    styles.setCurrentStyle(endmembers[0].name)


def rename_in_style(layer: QgsRasterLayer, old_name: str, new_name: str) -> None:
    """Call an endmember by its new name among the classes and the styles of ``layer``."""
    drawn = layer.renderer()
    if isinstance(drawn, QgsPalettedRasterRenderer):
        for one in drawn.classes():
            if one.label == old_name:
                drawn.setLabel(one.value, new_name)
        layer.emitStyleChanged()
    styles = layer.styleManager()
    if old_name in styles.styles():
        styles.renameStyle(old_name, new_name)


def style_difference(layer: QgsRasterLayer) -> None:
    """Draw a difference of abundances: blue where it is negative, red where it is positive, none at zero."""
    colors = ((-1.0, "#2166ac", 255), (0.0, "#f7f7f7", 0), (1.0, "#b2182b", 255))
    items = []
    for value, name, opacity in colors:
        color = QColor(name)
        color.setAlpha(opacity)
        items.append(QgsColorRampShader.ColorRampItem(value, color, f"{value:+g}"))
    shades = QgsColorRampShader(-1.0, 1.0)
    shades.setColorRampItemList(items)
    shader = QgsRasterShader(-1.0, 1.0)
    shader.setRasterShaderFunction(shades)
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader)
    renderer.setClassificationMin(-1.0)
    renderer.setClassificationMax(1.0)
    layer.setRenderer(renderer)


def _with_opacity_of(old: QColor, color: str) -> QColor:
    new = QColor(color)
    new.setAlpha(old.alpha())
    return new


class ClassNames(QgsProcessingLayerPostProcessorInterface):
    """Gives a raster of classes that Processing has loaded their names and colours, and no more classes.

    Processing deletes it with its context; somebody must keep a reference to it until then.
    """

    def __init__(self, classes: list[tuple[str, QColor]]) -> None:
        """``classes``: name and colour of the classes from 1 on."""
        super().__init__()
        self._classes = classes

    def postProcessLayer(
        self, layer: QgsMapLayer, _context: QgsProcessingContext, _feedback: QgsProcessingFeedback
    ) -> None:
        """Style ``layer``."""
        layer.loadNamedStyle(str(STYLES / "dominant.qml"))
        _show_classes(layer, self._classes)
        layer.triggerRepaint()
        layer.emitStyleChanged()
