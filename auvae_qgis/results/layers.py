"""The layers of a result in the project: which, in what order and group, what they say.

What they look like is styles.py's. For the main thread only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from qgis.core import (
    QgsDataProvider,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsMapLayer,
    QgsMapLayerLegendUtils,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QCoreApplication, QEventLoop

from ...model.auvae.contract.result_files import FILES
from ..inputs.scene_source import gdal_source
from ..plain_text import as_plain
from ..translation import tr
from .layer_metadata import layer_metadata
from .rename import Renamed
from .result import Result, ResultError, unlike
from .styles import rename_in_style, style, style_points

_GROUP_OF = "auvae/result"  # custom property of a layer-tree group: the result folder it was made for
_CALLED = "auvae/called"  # of the same: the name that was made for it
_PLACED = "auvae/placed"  # of a layer's node: it stands in the group of its result
_RESULT_OF = "auvae/result"  # of a layer: its result folder, seen from the folder of the layer's own file
KIND_OF = "auvae/kind"  # of a layer: what it shows, a key of _KINDS
_KINDS = ("purest", "composite", "dominant", "abundance", "uncertainty", "error")  # from top to bottom
OTHERS = len(_KINDS)  # layers besides one for each abundance, the user's own copy of all among them


def result_of(layer: QgsMapLayer | None) -> tuple[Result, int | None] | None:
    """Return the result that ``layer`` belongs to and which endmember it maps (None: another raster of it).

    The folder of the layer's own file is the result folder, or a custom property tells the way from there:
    either holds after the project was saved, reopened or moved together with its files. None for any
    other layer.
    """
    folder = None if layer is None else _folder_of(layer)
    if layer is None or folder is None:
        return None
    try:
        result = _read(folder, (folder / "result.json").stat().st_mtime_ns)
    except (OSError, ResultError):
        return None
    path = Path(file_of(layer))
    return result, result.index_of(path.name) if folder == path.parent else None


def result_that_wrote(layer: QgsRasterLayer) -> Result | None:
    """Return the result that ``layer`` shows a raster of; None for any other layer."""
    found = result_of(layer)
    if found is None:
        return None
    result, index = found
    return result if index is not None or _kind(layer, result) else None


def file_of(layer: QgsMapLayer) -> str:
    """Return the file of a raster, or of the purest pixels; empty for a layer of another kind."""
    if isinstance(layer, QgsRasterLayer) and layer.providerType() == "gdal":
        return gdal_source(layer)
    if isinstance(layer, QgsVectorLayer) and layer.providerType() == "ogr":
        file = str(layer.source()).split("|", maxsplit=1)[0]
        return file if Path(file).name == FILES["purest"] else ""
    return ""


def _folder_of(layer: QgsMapLayer) -> Path | None:
    """Return the result folder that ``layer`` belongs to; looks for its result.json and does not read it."""
    file = file_of(layer)
    if not file:
        return None
    folder = Path(file).parent
    if _holds_result(folder):
        return folder
    way = layer.customProperty(_RESULT_OF)
    folder = Path(os.path.normpath(folder / str(way)))
    return folder if way and _holds_result(folder) else None


def _holds_result(folder: Path) -> bool:
    try:
        return (folder / "result.json").is_file()
    except OSError:  # on a drive that does not answer
        return False


def layer_of_scene(result: Result) -> QgsRasterLayer | None:
    """Return the layer of the image that was unmixed, where the project has one."""
    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsRasterLayer) and layer.providerType() == "gdal":
            source = gdal_source(layer)
            if result.scene_file in (source, os.path.realpath(source)):
                return layer
    return None


@lru_cache(maxsize=32)
def _read(folder: Path, _changed: int) -> Result:
    """Read a result once for all its layers; anew when its file has changed."""
    return Result.read(folder)


def layers_of(result: Result) -> list[tuple[str, str]]:
    """Return (file, name) of each layer of ``result`` that belongs in the project, from top to bottom.

    QGIS shows a layer's name as HTML among its properties.
    """
    names = {
        "purest": tr("Purest pixels"),
        "composite": tr("Composite"),
        "dominant": tr("Dominant material"),
        "uncertainty": tr("Uncertainty"),
        "error": tr("Reconstruction error"),
    }
    found: list[tuple[str, str]] = []
    for kind in _KINDS:
        if kind == "abundance":
            found += [(endmember.file, as_plain(endmember.name)) for endmember in result.endmembers]
        else:
            found.append((str(result.document["files"].get(kind, "")), names[kind]))
    return [(str(result.folder / file), name) for file, name in found if (result.folder / file).is_file()]


def load_details(file: str, name: str, project: QgsProject | None) -> QgsProcessingContext.LayerDetails:
    """Return how Processing is to load a file of ``layers_of``."""
    kinds = QgsProcessingUtils.LayerHint
    kind = kinds.Vector if Path(file).name == FILES["purest"] else kinds.Raster
    details = QgsProcessingContext.LayerDetails(name, project, "", kind)
    details.forceName = True
    return details


class ResultLayer(QgsProcessingLayerPostProcessorInterface):
    """Styles, describes and groups one layer of a result that Processing has loaded.

    All it needs to know stands in the result folder beside the layer's file. Processing deletes it with its
    context, so every layer needs one of its own, and somebody must keep a reference until then.
    """

    def __init__(self, loaded: Callable[[str], None]) -> None:
        """``loaded`` is told the id of the layer once it is in its place."""
        super().__init__()
        self._loaded = loaded
        self.folder: Path | None = None  # of the result, where the layer's file lies elsewhere

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, _feedback: QgsProcessingFeedback
    ) -> None:
        """Give ``layer`` its colours, its words and its place in the group of its scene."""
        if self.folder is not None:
            layer.setCustomProperty(_RESULT_OF, _way(Path(file_of(layer)).parent, self.folder))
        found = result_of(layer)
        if found is None:
            return
        result, index = found
        kind = "abundance" if index is not None else _kind(layer, result)
        layer.setMetadata(layer_metadata(layer, result, kind, index))
        if kind not in _KINDS:
            return  # the user's own copy stays where they put it
        if layer.customProperty(KIND_OF):  # of an earlier run into this folder, whose file it holds open
            options = QgsDataProvider.ProviderOptions()
            layer.setDataSource(layer.source(), layer.name(), layer.providerType(), options)
        layer.setCustomProperty(_RESULT_OF, ".")
        layer.setCustomProperty(KIND_OF, kind)
        if isinstance(layer, QgsVectorLayer):
            style_points(layer, result)
        else:
            style(layer, result, kind, index)
        project = context.project() or QgsProject.instance()
        _place(layer, result, kind, project)
        _remove_replaced(layer, result, project)
        self._loaded(layer.id())
        # a result has many layers, and Processing loads them all before the window may go on
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)


def _way(start: Path, folder: Path) -> str:
    """Return the path from one folder to the other, with slashes; the whole path to another drive."""
    try:
        return Path(os.path.relpath(folder, start)).as_posix()
    except ValueError:
        return folder.as_posix()


def _kind(layer: QgsMapLayer, result: Result) -> str:
    """Return which of the result's files ``layer`` shows; empty for a file elsewhere."""
    path = Path(file_of(layer))
    names = {file: kind for kind, file in result.document["files"].items()}
    return str(names.get(path.name, "")) if path.parent == result.folder else ""


def rename_layers(renamed: Renamed, project: QgsProject) -> None:
    """Let every layer of a result speak of a renamed endmember by its new name, and show its new file.

    A name that the analyst gave a layer stays.
    """
    result, new_name = renamed.result, renamed.result.endmembers[renamed.index].name
    shown, shown_before = as_plain(new_name), as_plain(renamed.old_name)
    for layer in project.mapLayers().values():
        if _folder_of(layer) != result.folder:
            continue
        if Path(file_of(layer)) == renamed.old_file:
            name = shown if layer.name() == shown_before else layer.name()
            source = layer.source().replace(gdal_source(layer), str(renamed.new_file), 1)
            layer.setDataSource(source, name, "gdal", QgsDataProvider.ProviderOptions())
            layer.setName(name)
        if isinstance(layer, QgsVectorLayer):
            layer.reload()  # whose file has the new name
            style_points(layer, result)
        else:
            rename_in_style(layer, renamed.old_name, new_name)
        index = result.index_of(Path(file_of(layer)).name)
        kind = "abundance" if index is not None else _kind(layer, result)
        layer.setMetadata(layer_metadata(layer, result, kind, index))
        layer.triggerRepaint()


def move_layers(before: Result, now: Result, project: QgsProject) -> None:
    """Let every layer of a result show its files in the folder that it was copied to."""
    for layer in project.mapLayers().values():
        if _folder_of(layer) != before.folder:
            continue
        path = Path(file_of(layer))
        if path.parent == before.folder:
            source = layer.source().replace(str(path), str(now.folder / path.name), 1)
            layer.setDataSource(source, layer.name(), layer.providerType(), QgsDataProvider.ProviderOptions())
        else:  # the user's own copy of the maps elsewhere
            layer.setCustomProperty(_RESULT_OF, _way(path.parent, now.folder))
    for group in project.layerTreeRoot().findGroups(True):
        if group.customProperty(_GROUP_OF) == str(before.folder):
            group.setCustomProperty(_GROUP_OF, str(now.folder))


def _place(layer: QgsMapLayer, result: Result, kind: str, project: QgsProject) -> None:
    """Move the layer's node into the group of its result, in the order of ``layers_of``."""
    node = project.layerTreeRoot().findLayer(layer.id())
    if node is None:  # loaded into a project whose layer tree someone else keeps
        return
    group = _group(node, result, project)
    order = [Path(file).name for file, _name in layers_of(result)]
    mine = order.index(Path(file_of(layer)).name)
    place = 0
    for position, other in enumerate(group.children(), 1):
        theirs = Path(file_of(other.layer())).name if _is_of(other, result) else ""
        if theirs in order and order.index(theirs) < mine:
            place = position
    moved = node.clone()
    _label(moved, kind)
    moved.setCustomProperty(_PLACED, True)
    group.insertChildNode(place, moved)  # first: a layer whose last node goes leaves the project with it
    node.parent().removeChildNode(node)
    moved.setExpanded(False)
    # The composite hides what lies under it, and drawing that takes time; old results have none.
    on_top = kind == "composite" or (kind == "abundance" and "composite.tif" not in order)
    moved.setItemVisibilityChecked(on_top)


def _label(node: QgsLayerTreeLayer, kind: str) -> None:
    """Say in the legend what is shown, instead of “Band 1 (Gray)”."""
    labels = {
        "dominant": tr("Largest abundance"),
        "abundance": tr("Abundance"),
        "uncertainty": tr("Standard deviation"),
        "error": tr("Spectral angle (radians)"),
    }
    if kind == "purest":
        return  # its classes are the endmembers
    if kind == "composite":
        QgsMapLayerLegendUtils.setLegendNodeOrder(node, [])  # red, green and blue say nothing here
    else:
        QgsMapLayerLegendUtils.setLegendNodeUserLabel(node, 0, labels[kind])


def _is_of(node: object, result: Result) -> bool:
    layer = node.layer() if isinstance(node, QgsLayerTreeLayer) else None
    return layer is not None and _folder_of(layer) == result.folder


def _group(node: QgsLayerTreeLayer, result: Result, project: QgsProject) -> QgsLayerTreeGroup:
    """Return the group made for this result, or a new one, named after the scene, where the layer was put."""
    folder = str(result.folder)
    for group in project.layerTreeRoot().findGroups(True):
        if not group.customProperty(_GROUP_OF):
            continue
        # A project that was moved with its files knows the old folder only; the layers know the new one. But
        # not those that QGIS put there just now, because a map in this group was the active layer.
        placed = [one for one in group.children() if _is_of(one, result) and one.customProperty(_PLACED)]
        if group.customProperty(_GROUP_OF) == folder or placed:
            if group.name() == group.customProperty(_CALLED):  # the result may have become another one
                _call(group, result, project)
            return group
    parent = node.parent()
    while parent.customProperty(_GROUP_OF) and parent.parent() is not None:
        parent = parent.parent()  # beside another result, not in it
    group = parent.insertGroup(0, "")
    _call(group, result, project)
    group.setCustomProperty(_GROUP_OF, folder)
    return group


def _call(group: QgsLayerTreeGroup, result: Result, project: QgsProject) -> None:
    """Name the group of a result, unlike all others."""
    names = [other.name() for other in project.layerTreeRoot().findGroups(True)]
    names.remove(group.name())
    group.setName(unlike(set(names), result))
    group.setCustomProperty(_CALLED, group.name())


def _remove_replaced(layer: QgsMapLayer, result: Result, project: QgsProject) -> None:
    """Remove the layers of an earlier run into the same folder: their files are gone or replaced."""
    mine = Path(file_of(layer))
    current = {Path(one.file).name for one in result.endmembers}
    for other in list(project.mapLayers().values()):
        if other.id() == layer.id() or not file_of(other):
            continue
        path = Path(file_of(other))
        of_this_folder = path.parent == result.folder and path.name.startswith("abundance_")
        stale = of_this_folder and path.name not in current
        if path == mine or stale:
            project.removeMapLayer(other.id())
