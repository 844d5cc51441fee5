"""What the algorithms that write a result share: its folder, its layers, its outputs. No task of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingOutputMultipleLayers,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterRasterDestination,
    QgsProcessingUtils,
)

from ..layers import OTHERS, layers_of
from ..raster_copy import RasterCopyError, copy_raster, driver_for
from ..result import Result
from ..translation import tr
from ..worker import WorkerCancelled, WorkerError, run_job
from .scene_algorithm import SceneAlgorithm

MOST_ENDMEMBERS = 30


class ResultAlgorithm(SceneAlgorithm):
    """Has the worker map a hyperspectral image into a result folder; subclasses say with what."""

    OUTPUT = "OUTPUT"
    ABUNDANCES = "ABUNDANCES"
    ENDMEMBERS_FILE = "ENDMEMBERS_FILE"
    TRAINED = "MODEL"
    REPORT = "REPORT"
    OUTPUT_LAYERS = "OUTPUT_LAYERS"
    RMSE = "RMSE"
    MEAN_ANGLE = "MEAN_ANGLE"

    def _add_result(self) -> None:
        """Declare where the result goes, and what it gives the next step."""
        self._add(
            QgsProcessingParameterFolderDestination(self.OUTPUT, tr("Result folder")),
            tr(
                "The folder for maps, spectra, report and model. A new or empty folder, or one with an "
                "earlier result: that is replaced once the new one is complete."
            ),
        )
        self._add(
            QgsProcessingParameterRasterDestination(
                self.ABUNDANCES, tr("Abundances in one raster"), optional=True, createByDefault=False
            ),
            tr(
                "A copy of all maps as the bands of one raster, where you want it. One is in the result "
                "folder anyway."
            ),
        )
        self.addOutput(QgsProcessingOutputMultipleLayers(self.OUTPUT_LAYERS, tr("Abundance maps")))
        self.addOutput(QgsProcessingOutputFile(self.ENDMEMBERS_FILE, tr("Endmember spectra")))
        if self.parameterDefinition(self.TRAINED) is None:  # else it is the model that is put in
            self.addOutput(QgsProcessingOutputFile(self.TRAINED, tr("Trained model")))
        # no QgsProcessingOutputHtml: QGIS 3.22's batch dialog fails on it
        self.addOutput(QgsProcessingOutputFile(self.REPORT, tr("Unmixing report")))
        self.addOutput(
            QgsProcessingOutputNumber(self.RMSE, tr("RMSE of the reconstruction, in the raster's unit"))
        )
        self.addOutput(QgsProcessingOutputNumber(self.MEAN_ANGLE, tr("Mean spectral angle, in radians")))

    def _prepare_result(self, job: dict[str, Any], context: QgsProcessingContext, most: int) -> None:
        """Keep the job, and make what styles its layers: of ``most`` endmembers at most."""
        self._job = job
        offers = context.project() is not None and not _runs_in_model(context)
        self._announce = self.provider().worker_event.emit
        self._post_processors = self.provider().post_processors(most + OTHERS) if offers else []

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the job; a cancelled or failed one raises, so that headless runs end with an error too."""
        output = Path(self.parameterAsFileOutput(parameters, self.OUTPUT, context)).absolute()
        copy = self.parameterAsOutputLayer(parameters, self.ABUNDANCES, context)
        try:
            if copy:
                driver_for(Path(copy))  # before the training, not after it
            result = run_job(self._python, {**self._job, "output": str(output)}, feedback, self._tell_dock)
            abundances = result["files"]["abundances"]
            if copy:
                copy_raster(Path(abundances), Path(copy))
        except WorkerCancelled as cancelled:
            raise QgsProcessingException(tr("Unmixing was cancelled; nothing was written.")) from cancelled
        except (WorkerError, RasterCopyError) as error:
            raise QgsProcessingException(str(error)) from error
        finally:
            self._tell_dock({"event": "ended"})

        self._offer_layers(output, copy, context)
        files, metrics = result["files"], result["metrics"]
        return {
            self.OUTPUT: str(output),
            self.ABUNDANCES: copy or abundances,
            self.ENDMEMBERS_FILE: files["endmembers"],
            self.TRAINED: files["model"],
            self.REPORT: files["report"],
            self.OUTPUT_LAYERS: [endmember["file"] for endmember in result["endmembers"]],
            self.RMSE: metrics["rmse"],
            self.MEAN_ANGLE: metrics["mean_angle"],
        }

    def _tell_dock(self, event: dict[str, Any]) -> None:
        """Hand on what the dock shows of a training, to the window's thread."""
        if event["event"] in ("scene", "progress", "ended"):
            self._announce(self._job["id"], event)

    def _offer_layers(self, folder: Path, copy: str, context: QgsProcessingContext) -> None:
        """Offer the rasters of the result for loading, and let the user's own copy know its result.

        The toolbox and the batch dialog take the offer up, as does processing.runAndLoadResults;
        processing.run and qgis_process load nothing. Within a model its author decides, by naming outputs:
        nothing is offered there.
        """
        waiting = list(self._post_processors)
        if not waiting:
            return
        for file, name in layers_of(Result.read(folder)):
            details = QgsProcessingContext.LayerDetails(
                name, context.project(), "", QgsProcessingUtils.LayerHint.Raster
            )
            details.forceName = True
            details.setPostProcessor(waiting.pop())
            context.addLayerToLoadOnCompletion(file, details)
        if copy and context.willLoadLayerOnCompletion(copy):
            waiting[-1].folder = folder
            context.layerToLoadOnCompletionDetails(copy).setPostProcessor(waiting.pop())


def _runs_in_model(context: QgsProcessingContext) -> bool:
    """Tell whether a model runs this step: only then are the variables of a model within reach."""
    return context.expressionContext().hasVariable("model_name")
