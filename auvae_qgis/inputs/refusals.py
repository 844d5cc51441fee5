"""What a dialog can refuse at once, without the unmixing process. Reads no pixels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsRasterLayer,
)

from ..translation import tr
from .output_folder import SCENE
from .scene_source import gdal_driver, gdal_source

LEAST_BANDS = 2
_ANY_IMAGE = {"inspect"}  # algorithms that look at images that cannot be unmixed, too
_WHOLE = {"GTiff", "ENVI"}  # drivers that show all bands; those of a product may lie in several arrays


def refusal(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> str:
    """Return why a run of ``algorithm`` on an image is sure to fail; empty where it may succeed."""
    problems = []
    layer = algorithm.parameterAsRasterLayer(parameters, "INPUT", context)
    if layer is not None and algorithm.name() not in _ANY_IMAGE:
        chosen = len(algorithm.parameterAsInts(parameters, "BANDS", context))
        endmembers = algorithm.parameterAsInt(parameters, "ENDMEMBERS", context)
        problems.append(too_few_bands(layer, chosen, endmembers))
    for definition in algorithm.parameterDefinitions():
        name = definition.name()
        given = parameters.get(name)
        if isinstance(definition, QgsProcessingParameterFile) and isinstance(given, str):
            problems.append(lost_file(definition.description(), given))
        elif isinstance(definition, QgsProcessingParameterFolderDestination) and _is_place(given):
            problems.append(out_of_reach(algorithm.parameterAsFileOutput(parameters, name, context)))
    return next(filter(None, problems), "")


def _is_place(given: Any) -> bool:
    """Tell whether a folder for the result was named, and not left to QGIS."""
    value = given.sink.staticValue() if isinstance(given, QgsProcessingOutputLayerDefinition) else given
    return isinstance(value, str) and value not in ("", QgsProcessing.TEMPORARY_OUTPUT)


def too_few_bands(layer: QgsRasterLayer, chosen: int, endmembers: int) -> str:
    """Return why an image has too few bands to be unmixed; empty where it has enough.

    Args:
        layer: The image.
        chosen: How many of its bands are to be used; 0 for all.
        endmembers: How many are asked for; 0 where their number is estimated.

    """
    count = layer.bandCount()
    if gdal_driver(gdal_source(layer)) not in _WHOLE:
        return ""
    if count < LEAST_BANDS:
        return tr(
            "“{}” has one band, and unmixing needs a spectrum in every pixel: choose an image of many bands."
        ).format(layer.name())
    if chosen and chosen < max(LEAST_BANDS, endmembers):
        return tr(
            "The number of chosen bands is {}, too few for {} endmembers: choose more, or ask for fewer."
        ).format(chosen, max(LEAST_BANDS, endmembers))
    if count < endmembers:
        return tr(
            "“{}” has {} bands, too few for {} endmembers: choose a hyperspectral image, or ask for fewer."
        ).format(layer.name(), count, endmembers)
    return ""


def lost_file(label: str, path: str) -> str:
    """Return that the file of the parameter ``label`` is not there; empty where it is, or none is named."""
    if not path or path.startswith("/vsi") or Path(path).exists():
        return ""
    return tr("{}: there is no file “{}”. Choose one that is there.").format(label, path)


def out_of_reach(folder: str) -> str:
    """Return why no result can be written to ``folder``; empty where nothing speaks against it."""
    place = Path(folder.split(SCENE, 1)[0]).absolute() if SCENE in folder else Path(folder).absolute()
    there = next((one for one in (place, *place.parents) if one.exists()), place)
    if not there.is_dir():
        return tr("“{}” is a file, and a result needs a folder: choose another result folder.").format(there)
    if not os.access(there, os.W_OK | os.X_OK):
        return tr("Nothing can be written to “{}”: choose another result folder.").format(there)
    return ""
