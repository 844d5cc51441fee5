"""What an abundance map looks like in the project: colours, legend, group. For the main thread only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qgis.core import (
    QgsColorRampShader,
    QgsDataProvider,
    QgsGradientColorRamp,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsMapLayer,
    QgsMapLayerLegendUtils,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
    QgsRasterLayer,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtGui import QColor

from .rename import Renamed
from .result import Result, ResultError
from .scene_source import gdal_source
from .translation import tr

_GROUP_OF = "auvae/result"  # custom property of a layer-tree group: the result folder it was made for


def result_of(layer: QgsMapLayer | None) -> tuple[Result, int | None] | None:
    """Return the result that ``layer`` belongs to and which endmember it maps (None: another raster of it).

    The folder of the layer's own file is the result folder, so this holds after the project was saved,
    reopened or moved together with its files. None for any other layer.
    """
    if not isinstance(layer, QgsRasterLayer) or layer.providerType() != "gdal":
        return None
    path = Path(gdal_source(layer))
    if not (path.parent / "result.json").is_file():
        return None
    try:
        result = Result.read(path.parent)
    except ResultError:
        return None
    return result, result.index_of(path.name)


class AbundanceMap(QgsProcessingLayerPostProcessorInterface):
    """Styles and groups one abundance map that Processing has loaded.

    All it needs to know stands in the result folder beside the layer's file. Processing deletes it with its
    context, so every layer needs one of its own, and somebody must keep a reference until then.
    """

    def __init__(self, loaded: Callable[[str], None]) -> None:
        """``loaded`` is told the id of the layer once it is in its place."""
        super().__init__()
        self._loaded = loaded

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, _feedback: QgsProcessingFeedback
    ) -> None:
        """Give ``layer`` its endmember's colour and its place in the group of its scene."""
        found = result_of(layer)
        if found is None:
            return
        result, index = found
        if index is None:
            return
        style_abundance(layer, result.endmembers[index].color)
        project = context.project() or QgsProject.instance()
        _place(layer, result, index, project)
        _remove_replaced(layer, result, project)
        self._loaded(layer.id())


def style_abundance(layer: QgsRasterLayer, color: str) -> None:
    """Draw abundance 0 fully transparent and 1 in the full ``color``, with a continuous legend."""
    full = QColor(color)
    clear = QColor(full)
    clear.setAlpha(0)
    ramp = QgsGradientColorRamp(clear, full)
    shades = QgsColorRampShader(0.0, 1.0, ramp, QgsColorRampShader.Interpolated)
    shades.setColorRampItemList(
        [
            QgsColorRampShader.ColorRampItem(0.0, clear, "0"),
            QgsColorRampShader.ColorRampItem(0.5, ramp.color(0.5), "0.5"),
            QgsColorRampShader.ColorRampItem(1.0, full, "1"),
        ]
    )
    shader = QgsRasterShader(0.0, 1.0)
    shader.setRasterShaderFunction(shades)
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader)
    renderer.setClassificationMin(0.0)
    renderer.setClassificationMax(1.0)
    layer.setRenderer(renderer)
    layer.triggerRepaint()
    layer.emitStyleChanged()


def rename_layers(renamed: Renamed, project: QgsProject) -> None:
    """Let the layers of a renamed endmember show its new file; a name that the analyst gave a layer stays."""
    new_name = renamed.result.endmembers[renamed.index].name
    for layer in project.mapLayers().values():
        if not isinstance(layer, QgsRasterLayer) or Path(gdal_source(layer)) != renamed.old_file:
            continue
        name = new_name if layer.name() == renamed.old_name else layer.name()
        source = layer.source().replace(gdal_source(layer), str(renamed.new_file), 1)
        layer.setDataSource(source, name, "gdal", QgsDataProvider.ProviderOptions())
        layer.setName(name)
        layer.triggerRepaint()


def _place(layer: QgsMapLayer, result: Result, index: int, project: QgsProject) -> None:
    """Move the layer's node into the group of its result, in the order of the endmembers."""
    node = project.layerTreeRoot().findLayer(layer.id())
    if node is None:  # loaded into a project whose layer tree someone else keeps
        return
    group = _group(node, result, project)
    place = 0
    for position, other in enumerate(group.children(), 1):
        found = result_of(other.layer()) if isinstance(other, QgsLayerTreeLayer) else None
        if found is not None and found[1] is not None and found[1] < index:
            place = position
    moved = node.clone()
    QgsMapLayerLegendUtils.setLegendNodeUserLabel(moved, 0, tr("Abundance"))  # not “Band 1 (Gray)”
    group.insertChildNode(place, moved)  # first: a layer whose last node goes leaves the project with it
    node.parent().removeChildNode(node)


def _group(node: QgsLayerTreeLayer, result: Result, project: QgsProject) -> QgsLayerTreeGroup:
    """Return the group made for this result, or a new one, named after the scene, where the layer was put."""
    folder = str(result.folder)
    for group in project.layerTreeRoot().findGroups(True):
        if group.customProperty(_GROUP_OF) == folder:
            return group
    parent = node.parent()
    while parent.customProperty(_GROUP_OF) and parent.parent() is not None:
        parent = parent.parent()  # beside another result, not in it
    group = parent.insertGroup(0, result.scene)
    group.setCustomProperty(_GROUP_OF, folder)
    return group


def _remove_replaced(layer: QgsMapLayer, result: Result, project: QgsProject) -> None:
    """Remove the layers of an earlier run into the same folder: their files are gone or replaced."""
    mine = Path(gdal_source(layer))
    current = {Path(one.file).name for one in result.endmembers}
    for other in list(project.mapLayers().values()):
        if other.id() == layer.id() or not isinstance(other, QgsRasterLayer):
            continue
        path = Path(gdal_source(other))
        of_this_folder = path.parent == result.folder and path.name.startswith("abundance_")
        stale = of_this_folder and path.name not in current
        if path == mine or stale:
            project.removeMapLayer(other.id())
