"""What the algorithms that write a result share: its folder, its layers, its outputs. No task of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingOutputMultipleLayers,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
    QgsProcessingUtils,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QThread

from ...model.auvae.contract.result_files import FILES
from ..compat import log_link
from ..inputs.known_source import places_file
from ..inputs.output_folder import SCENE, OutputFolderError, result_folder, scene_name
from ..inputs.scene_source import SceneSourceError
from ..results.in_project import results_of_scene
from ..results.layers import OTHERS, layers_of, load_details
from ..results.raster_copy import RasterCopyError, copy_raster, driver_for
from ..results.result import Result
from ..translation import tr
from ..worker.errors import WorkerCancelled, WorkerError
from ..worker.run import run_job
from .scene_algorithm import SceneAlgorithm


class ResultAlgorithm(SceneAlgorithm):
    """Has the worker map a hyperspectral image into a result folder; subclasses say with what."""

    KNOWN = "KNOWN"
    KNOWN_NAMES = "KNOWN_NAMES"
    KNOWN_PLACES = "KNOWN_PLACES"
    OUTPUT = "OUTPUT"
    ABUNDANCES = "ABUNDANCES"
    ENDMEMBERS_FILE = "ENDMEMBERS_FILE"
    TRAINED = "MODEL"
    REPORT = "REPORT"
    OUTPUT_LAYERS = "OUTPUT_LAYERS"
    RMSE = "RMSE"
    MEAN_ANGLE = "MEAN_ANGLE"

    def _add_known(self, *, advanced: bool) -> None:
        """Declare spectra that are known."""
        self._add(
            QgsProcessingParameterFile(
                self.KNOWN,
                tr("Known spectra"),
                optional=True,
                fileFilter=tr("Spectral libraries (*.sli *.hdr *.csv *.txt *.asd *.sig *.gpkg *.geojson *)"),
            ),
            tr(
                "A library with spectra of materials that are in the image: ENVI (.sli), a table (.csv: "
                "first column the wavelength), or profiles of the EnMAP-Box (.gpkg, .geojson). They are "
                "brought to the bands and the unit of the image, by band width where both know it."
            ),
            advanced=advanced,
        )
        self._add(
            QgsProcessingParameterString(
                self.KNOWN_NAMES, tr("Names of the known spectra to use (empty: all)"), optional=True
            ),
            tr("Names of spectra in the library, with commas between. Left empty: all of them."),
            advanced=advanced,
        )
        self._add(
            QgsProcessingParameterMapLayer(
                self.KNOWN_PLACES,
                tr("Known places"),
                optional=True,
                types=[
                    QgsProcessing.SourceType.TypeVectorPoint,
                    QgsProcessing.SourceType.TypeVectorPolygon,
                ],
            ),
            tr(
                "Points or polygons where a material is pure, in any coordinate system; only those selected, "
                "where some are. Their field “name” says which material; the mean of its pixels is its "
                "spectrum. A place whose pixels differ much is reported."
            ),
            advanced=advanced,
        )

    def _known(self, parameters: dict[str, Any], context: QgsProcessingContext) -> dict[str, Any] | None:
        """Return the known spectra as the worker protocol has them; None where there are none."""
        library = self.parameterAsFile(parameters, self.KNOWN, context)
        layer = self.parameterAsLayer(parameters, self.KNOWN_PLACES, context)
        if layer is None and parameters.get(self.KNOWN_PLACES) not in (None, ""):
            raise QgsProcessingException(
                tr("The places {} cannot be opened as a layer.").format(parameters[self.KNOWN_PLACES])
            )
        if not library and layer is None:
            return None
        try:
            places = None if layer is None else places_file(layer)
        except SceneSourceError as error:
            raise QgsProcessingException(str(error)) from error
        names = self.parameterAsString(parameters, self.KNOWN_NAMES, context).split(",")
        return {
            "library": str(Path(library).absolute()) if library else None,
            "names": [name.strip() for name in names if name.strip()],
            "places": places,
            "freedom": 0.0,
        }

    def _add_result(self) -> None:
        """Declare where the result goes, and what it gives the next step."""
        self._add(
            QgsProcessingParameterFolderDestination(self.OUTPUT, tr("Result folder")),
            tr(
                "The folder for maps, spectra, report and model. A new or empty folder, or one with an "
                "earlier result of this scene: that is replaced once the new one is complete. In a batch "
                "write {} where the name of each scene is to stand, as in results/{}, and fill that down."
            ).format(SCENE, SCENE),
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
        self._announce = self.provider().tell_event
        self._post_processors = self.provider().post_processors(most + OTHERS) if offers else []

    def _colors_of(self, scene: str, parameters: dict[str, Any], context: QgsProcessingContext) -> list[str]:
        """Return the results of this place in the project: what is found again keeps their colours."""
        project = context.project()
        if project is None:
            return []
        image = self.parameterAsRasterLayer(parameters, self.INPUT, context)
        return [str(one.folder) for one in results_of_scene(scene, image, project)]

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the job; a cancelled or failed one raises, so that headless runs end with an error too."""
        wanted = self.parameterAsFileOutput(parameters, self.OUTPUT, context)
        scene = self._job["scene"]
        copy = self.parameterAsOutputLayer(parameters, self.ABUNDANCES, context)
        try:
            if copy:
                driver_for(Path(copy))  # before the training, not after it
            output = result_folder(wanted, scene)
            result = run_job(self._python, {**self._job, "output": str(output)}, feedback, self._tell_dock)
            abundances = result["files"]["abundances"]
            if copy:
                copy_raster(Path(abundances), Path(copy))
        except WorkerCancelled as cancelled:
            raise QgsProcessingException(tr("Unmixing was cancelled; nothing was written.")) from cancelled
        except (WorkerError, RasterCopyError, OutputFolderError) as error:
            # in a batch's log it must be plain which scene this is about
            name, text = scene_name(scene), str(error)
            named = text.startswith(f"{name} ")
            raise QgsProcessingException(text if named else f"{name}: {text}") from error
        finally:
            self._tell_dock({"event": "ended"})

        self._offer_layers(output, copy, context)
        log_link(feedback, tr("Unmixing report"), Path(result["files"]["report"]))
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
        """Offer the layers of the result for loading, and let the user's own copy know its result.

        The toolbox and the batch dialog take the offer up, as does processing.runAndLoadResults;
        processing.run and qgis_process load nothing. Within a model its author decides, by naming outputs:
        nothing is offered there.
        """
        waiting = list(self._post_processors)
        if not waiting:
            return
        on_main_thread = QThread.currentThread() == QgsApplication.instance().thread()
        options = QgsRasterLayer.LayerOptions(False)  # no style: they get their own
        for file, name in layers_of(Result.read(folder)):
            details = load_details(file, name, context.project())
            details.setPostProcessor(waiting.pop())
            is_map = details.layerTypeHint == QgsProcessingUtils.LayerHint.Raster
            opened = is_map and not on_main_thread
            if opened:  # here, where the file does not hold up the window
                context.temporaryLayerStore().addMapLayer(QgsRasterLayer(file, name, "gdal", options))
            # QGIS loads in the order of keys: a space before its file brings the visible map to the front
            first = opened and Path(file).name == FILES["composite"]
            context.addLayerToLoadOnCompletion(f" {file}" if first else file, details)
        if copy and context.willLoadLayerOnCompletion(copy):
            waiting[-1].folder = folder
            context.layerToLoadOnCompletionDetails(copy).setPostProcessor(waiting.pop())


def _runs_in_model(context: QgsProcessingContext) -> bool:
    """Tell whether a model runs this step: only then are the variables of a model within reach."""
    return context.expressionContext().hasVariable("model_name")
