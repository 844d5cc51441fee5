"""The algorithm auvae:dominantmaterial: abundances in, classes out. Files are raster_classes.py's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from osgeo import gdal
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputString,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
)
from qgis.PyQt.QtGui import QColor

from ..inputs.scene_source import SceneSourceError, gdal_source, scene_file
from ..plain_text import as_plain
from ..results.raster_classes import RasterClassesError, write_dominant
from ..results.styles import ClassNames
from ..translation import tr
from .algorithm import Algorithm

MOST_CLASSES = 255


class DominantMaterial(Algorithm):
    """Says for every pixel which abundance is largest."""

    GROUP = "results"
    INPUT = "INPUT"
    MINIMUM = "MINIMUM"
    OUTPUT = "OUTPUT"
    NAMES = "NAMES"

    def createInstance(self) -> DominantMaterial:
        """Return a new algorithm of this kind."""
        return DominantMaterial()

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return "dominantmaterial"

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Dominant material")

    def tags(self) -> list[str]:
        """Return the words an analyst searches the toolbox for."""
        words = tr(
            "hyperspectral,unmixing,abundance,abundances,fraction,fractions,classification,classes,dominant,"
            "majority,largest,argmax,material,hard classification,threshold"
        )
        return words.split(",")

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("Makes classes of abundances: the largest one of every pixel.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters."""
        return tr(
            "<p>Makes a raster of classes of the abundances of an unmixing: for every pixel the number of "
            "the endmember whose abundance is largest, with the endmembers' names and colours.</p>"
            "<p>Pixels in which even the largest abundance is below the smallest abundance that "
            "counts get no class, as do those without data: 0.5 keeps the pixels that are mostly one "
            "material, 0.9 those that are nearly pure.</p>"
            "<p>Any raster with one abundance or fraction a band will do. A result folder holds the classes "
            "without a smallest abundance already, as <i>dominant.tif</i>.</p>"
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        abundances = QgsProcessingParameterRasterLayer(self.INPUT, tr("Abundances"))
        abundances.setHelp(tr("A raster with one abundance a band, such as abundances.tif of a result."))
        self.addParameter(abundances)
        least = QgsProcessingParameterNumber(
            self.MINIMUM,
            tr("Smallest abundance that counts"),
            QgsProcessingParameterNumber.Double,
            defaultValue=0.0,
            minValue=0.0,
            maxValue=1.0,
        )
        least.setMetadata({"widget_wrapper": {"decimals": 2}})
        least.setHelp(tr("Pixels whose largest abundance is smaller get no class. 0: all get one."))
        self.addParameter(least)
        classes = QgsProcessingParameterRasterDestination(self.OUTPUT, tr("Dominant material"))
        classes.setHelp(tr("The raster of classes: numbers from 1, in the order of the endmembers."))
        self.addParameter(classes)
        self.addOutput(QgsProcessingOutputString(self.NAMES, tr("Names of the classes, as a JSON list")))

    def checkParameterValues(
        self, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> tuple[bool, str]:
        """Refuse, before the dialog turns to its log, an image in the place of abundances."""
        layer = self.parameterAsRasterLayer(parameters, self.INPUT, context)
        if layer is not None and (layer.bandCount() > MOST_CLASSES or _has_wavelengths(gdal_source(layer))):
            text = tr(
                "“{}” is an image of {} bands: choose the abundances, which have a band for each material."
            ).format(layer.name(), layer.bandCount())
            return False, as_plain(text)
        return super().checkParameterValues(parameters, context)

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, _feedback: QgsProcessingFeedback
    ) -> bool:
        """Find the file, names and colours, on the thread the layer lives on."""
        layer = self.parameterAsRasterLayer(parameters, self.INPUT, context)
        if layer is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, self.INPUT))
        try:
            self._source = scene_file(layer)
        except SceneSourceError as error:
            raise QgsProcessingException(str(error)) from error
        self._classes = _names_and_colors(self._source)
        self._namer = ClassNames(self._classes)
        self.provider().keep([self._namer])
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Write the classes; a cancelled run raises and leaves nothing."""
        least = self.parameterAsDouble(parameters, self.MINIMUM, context)
        destination = self.parameterAsOutputLayer(parameters, self.OUTPUT, context)

        def reach(fraction: float) -> None:
            if feedback.isCanceled():
                raise QgsProcessingException(tr("Cancelled; nothing was written."))
            feedback.setProgress(100 * fraction)

        classes = [(name, (color.red(), color.green(), color.blue())) for name, color in self._classes]
        try:
            write_dominant(self._source, Path(destination), least, classes, reach)
        except RasterClassesError as error:
            raise QgsProcessingException(str(error)) from error
        if context.willLoadLayerOnCompletion(destination):
            context.layerToLoadOnCompletionDetails(destination).setPostProcessor(self._namer)
        names = [name for name, _color in self._classes]
        return {self.OUTPUT: destination, self.NAMES: json.dumps(names, ensure_ascii=False)}


def _has_wavelengths(source: str) -> bool:
    """Say whether the bands of a raster are those of a spectrometer, and no abundances."""
    raster = gdal.Open(source)  # kept: a band dies with its raster
    band = None if raster is None else raster.GetRasterBand(1)
    return band is not None and bool(
        band.GetMetadataItem("wavelength") or band.GetMetadataItem("CENTRAL_WAVELENGTH_UM", "IMAGERY")
    )


def _names_and_colors(source: str) -> list[tuple[str, QColor]]:
    """Return those that the bands of an unmixing have; for other rasters colours around the circle."""
    raster = gdal.Open(source)
    bands = [raster.GetRasterBand(band) for band in range(1, raster.RasterCount + 1)]
    return [
        (
            band.GetDescription() or tr("Band {}").format(place + 1),
            QColor(band.GetMetadataItem("COLOR") or QColor.fromHsvF(place / len(bands), 0.75, 0.8)),
        )
        for place, band in enumerate(bands)
    ]
