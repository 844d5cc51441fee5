"""The algorithm auvae:purity: its parameters, its help, one short run. The work is the worker's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
)

from ...model.auvae.contract import choices
from ..translation import tr
from ..worker.errors import WorkerCancelled, WorkerError
from ..worker.run import run_job
from .scene_algorithm import SceneAlgorithm


class Purity(SceneAlgorithm):
    """Maps how often each pixel of a hyperspectral raster is extreme in random projections."""

    GROUP = "endmembers"
    PROJECTIONS = "PROJECTIONS"
    THRESHOLD = "THRESHOLD"
    OUTPUT = "OUTPUT"
    EXTREME_PIXELS = "EXTREME_PIXELS"
    MOST = "MOST"

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return "purity"

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Purity map (PPI)")

    def tags(self) -> list[str]:
        """Return the words an analyst searches the toolbox for."""
        words = tr(
            "hyperspectral,purity,pure pixels,PPI,pixel purity index,endmember,endmembers,extreme,projection,"
            "projections,skewers,convex hull"
        )
        return words.split(",")

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("Maps how often each pixel is extreme in random projections: where pure pixels are.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters: what the numbers mean and how to use the map."""
        return tr(
            "<p>Looks at all pixels along random directions of the image's signal subspace and counts how "
            "often each one lies at an end (the pixel purity index). Pure pixels are the corners of the "
            "cloud and are extreme often; mixtures lie inside it and hardly ever are.</p>"
            "<p>Use it to see where pure pixels are: draw points or polygons there and give them to "
            "<i>Unmix</i> as known places. A map of single scattered pixels says that only odd pixels are "
            "extreme.</p>"
            "<p>The map holds counts, -1 where the image has no data. The image is read three times, window "
            "by window, and may be of any size.</p>"
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self._add_scene()
        self._add(
            QgsProcessingParameterNumber(
                self.PROJECTIONS,
                tr("Projections"),
                QgsProcessingParameterNumber.Integer,
                defaultValue=1000,
                minValue=choices.FEWEST_PROJECTIONS,
                maxValue=choices.MOST_PROJECTIONS,
            ),
            tr("From how many random directions the image is looked at."),
        )
        threshold = QgsProcessingParameterNumber(
            self.THRESHOLD,
            tr("Threshold (standard deviations of the noise)"),
            QgsProcessingParameterNumber.Double,
            defaultValue=2.5,
            minValue=0,
        )
        threshold.setMetadata({"widget_wrapper": {"decimals": 2}})
        self._add(
            threshold,
            tr(
                "A pixel counts as extreme within so many standard deviations of the noise from the end. "
                "With 0 only the outermost pixel of each side does."
            ),
            advanced=True,
        )
        self._add_seed()
        self._add(
            QgsProcessingParameterRasterDestination(self.OUTPUT, tr("Purity")),
            tr("The map of counts, a GeoTIFF."),
        )
        self.addOutput(QgsProcessingOutputNumber(self.EXTREME_PIXELS, tr("Pixels that are extreme")))
        self.addOutput(QgsProcessingOutputNumber(self.MOST, tr("Largest count")))

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Turn layers and parameters into a job, on the thread the layers live on."""
        self._job = {
            **self._prepare("purity", self._with_choices_as_numbers(parameters), context, feedback),
            "device": "cpu",
            "projections": self.parameterAsInt(parameters, self.PROJECTIONS, context),
            "threshold": self.parameterAsDouble(parameters, self.THRESHOLD, context),
        }
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the job; a cancelled or failed one raises, so that headless runs end with an error too."""
        output = Path(self.parameterAsOutputLayer(parameters, self.OUTPUT, context)).absolute()
        if output.suffix.lower() not in (".tif", ".tiff"):
            raise QgsProcessingException(tr("The map is a GeoTIFF: choose a name that ends with .tif."))
        try:
            result = run_job(self._python, {**self._job, "map": str(output)}, feedback)
        except WorkerCancelled as cancelled:
            raise QgsProcessingException(
                tr("The purity map was cancelled; nothing was written.")
            ) from cancelled
        except WorkerError as error:
            raise QgsProcessingException(str(error)) from error
        return {
            self.OUTPUT: str(output),
            self.EXTREME_PIXELS: result["extreme_pixels"],
            self.MOST: result["most"],
        }
