"""Which results a project shows, which are of one image, which are missing. For the main thread only."""

from __future__ import annotations

import os
from pathlib import Path

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer

from .layers import KIND_OF, file_of, result_of
from .result import Result


def results_in(project: QgsProject) -> list[Result]:
    """Return the results that have a layer in the project, each once."""
    found = map(result_of, project.mapLayers().values())
    results = [one[0] for one in found if one is not None]
    return list({result.folder: result for result in results}.values())


def first_map(result: Result, project: QgsProject) -> QgsMapLayer | None:
    """Return the layer of the map of the first endmember, where the project has it."""
    for layer in project.mapLayers().values():
        found = result_of(layer)
        if found is not None and found[0].folder == result.folder and found[1] == 0:
            return layer
    return None


def missing_results(project: QgsProject) -> list[Path]:
    """Return the folders of results that layers of ours show, but that hold none, or a damaged one."""
    ours = [layer for layer in project.mapLayers().values() if layer.customProperty(KIND_OF)]
    return sorted(
        {Path(file_of(layer)).parent for layer in ours if file_of(layer) and result_of(layer) is None}
    )


def results_of_scene(scene: str, image: QgsRasterLayer | None, project: QgsProject) -> list[Result]:
    """Return the results in the project that show the same materials as an image.

    Args:
        scene: The file of the image.
        image: Its layer; None where QGIS has none.
        project: Where layers of results are looked for.

    Returns:
        Those of the image itself, then those of other images of its place, such as other dates; the oldest
        of each first.

    """
    found: dict[Path, tuple[bool, str, str, Result]] = {}
    for layer in project.mapLayers().values():
        known = result_of(layer)
        if known is None:
            continue
        result = known[0]
        same = _is_one_file(result.scene_file, scene)
        if same or (image is not None and _overlap(image, layer)):
            created = str(result.document.get("created", ""))
            found[result.folder] = (not same, created, str(result.folder), result)
    return [result for *_, result in sorted(found.values(), key=lambda one: one[:3])]


def _is_one_file(one: str, other: str) -> bool:
    try:
        return one == other or os.path.realpath(one) == os.path.realpath(other)
    except ValueError:  # no path can hold what a result from elsewhere says
        return False


def _overlap(one: QgsMapLayer, other: QgsMapLayer) -> bool:
    """Tell whether most of the smaller of two layers lies within the other, in one coordinate system."""
    if not one.crs().isValid() or one.crs() != other.crs():
        return False
    extents = one.extent(), other.extent()
    if not extents[0].intersects(extents[1]):
        return False  # in QGIS 3.40 even an empty intersection has an area
    common = extents[0].intersect(extents[1])
    smaller = min(extent.width() * extent.height() for extent in extents)
    return bool(common.width() * common.height() > smaller / 2)
