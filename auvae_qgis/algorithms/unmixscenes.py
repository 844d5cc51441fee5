"""The algorithm auvae:unmixscenes: its parameters, its help, one short run. The work is the worker's."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsMapLayer,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingOutputMultipleLayers,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterString,
    QgsProcessingUtils,
    QgsRasterLayer,
)

from ...model.auvae.contract import choices
from .. import settings
from ..environment.find import find_worker_python
from ..inputs.layer_settings import layer_settings
from ..inputs.scene_source import SceneSourceError, named_file
from ..plain_text import as_plain
from ..results.layers import OTHERS, layers_of, load_details
from ..results.result import Result
from ..translation import tr
from ..worker.errors import WorkerCancelled, WorkerError
from ..worker.run import run_job
from .scene_algorithm import SceneAlgorithm, image_file

CLUSTER = "cluster"
MOST_LOADED = 10


class UnmixScenes(SceneAlgorithm):
    """Unmixes several hyperspectral rasters, here or on a Dask cluster, with the same endmembers in all."""

    INPUTS = "INPUTS"
    MODELS = "MODELS"
    RUN_ON = "RUN_ON"
    CPU_WORKERS = "CPU_WORKERS"
    OUTPUT = "OUTPUT"
    SUMMARY = "SUMMARY"
    REPORT = "REPORT"
    OUTPUT_LAYERS = "OUTPUT_LAYERS"
    FINISHED = "FINISHED"
    FAILED = "FAILED"

    CHOICES = {**SceneAlgorithm.CHOICES, MODELS: choices.MODELS}  # noqa: RUF012  as there

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return "unmixscenes"

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Unmix several scenes")

    def tags(self) -> list[str]:
        """Return the words an analyst searches the toolbox for."""
        words = tr(
            "hyperspectral,unmixing,endmembers,abundances,time series,multitemporal,change,dates,mosaic,"
            "many images,cluster,Dask,Slurm,Kubernetes,HPC,GPU,area,summary,EnMAP,PRISMA,EMIT,DESIS"
        )
        return words.split(",")

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("Unmixes several images into the same materials, on this computer or on a Dask cluster.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters: what comes of it, and where it is computed."""
        return tr(
            "<p>Unmixes several images: dates of one place, or the parts of a mosaic. With one model, "
            "trained on samples of all of them, the endmembers are the same everywhere and maps compare; "
            "the images must be of one sensor and in one unit. With one model each, endmembers of one "
            "number may be different materials in different images.</p>"
            "<h3>What you get</h3>"
            "<p>In the result folder: a result for each image, as <i>Unmix</i> makes it; <i>summary.csv</i>, "
            "the area of each material in each image; <i>summary.html</i>, the report, with areas over "
            "time where at least two images carry a date (in their names, as 20240611 or 2024-06-11, or in "
            "their metadata). An image that cannot be unmixed is named there, and the others go on.</p>"
            "<h3>Where it is computed</h3>"
            "<p>On this computer, or on a Dask cluster: write its scheduler's address, or <i>cluster</i> for "
            "the one set in <i>Plugins ▸ AUVAE Unmixing ▸ Cluster…</i>, which tests it, and whose help tells "
            "how to start one. Workers must see images and result folder under the same paths. A "
            "part of an image that fails three times is left no-data, and named.</p>"
            "<h3>When it is stopped</h3>"
            "<p>Finished images are kept after Cancel or an error, and the same run, started again, goes on "
            "from there.</p>"
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self._add(
            QgsProcessingParameterMultipleLayers(
                self.INPUTS, tr("Hyperspectral images"), QgsProcessing.SourceType.TypeRaster
            ),
            tr(
                "The images, each once: layers, or files as their sensors deliver them (Add File(s)… in the "
                "list of images)."
            ),
        )
        self._add_endmembers(
            tr("How many materials the images hold together, from 2 to 30. 0: estimate it, rare ones too.")
        )
        self._add(
            QgsProcessingParameterEnum(
                self.MODELS,
                tr("Models"),
                [tr("One for all images"), tr("One for each image")],
                defaultValue=0,
            ),
            tr("One for all: the same endmembers in every image. One for each: as if unmixed alone."),
        )
        self._add_quality(tr("How long the network trains."))
        self._add(
            QgsProcessingParameterString(
                self.RUN_ON, tr("Cluster (empty: this computer)"), defaultValue="", optional=True
            ),
            tr(
                "Left empty: this computer. “cluster”: the Dask scheduler set in Plugins ▸ AUVAE Unmixing ▸ "
                "Cluster…. Or a scheduler's address, such as tcp://host:8786 or tls://host:8786."
            ),
        )
        self._add(
            QgsProcessingParameterBoolean(
                self.CPU_WORKERS, tr("On a cluster, use workers without GPU too"), defaultValue=False
            ),
            tr("With Compute on: Automatic, workers without a GPU are left out where others have one."),
            advanced=True,
        )
        self._add_water_bands()
        self._add_place()
        self._add_brightness(
            tr(
                "Automatic: the images decide, alike for all images of a model; the log and the report "
                "say how."
            )
        )
        self._add_seed()
        self._add_device()
        self._add(
            QgsProcessingParameterFolderDestination(self.OUTPUT, tr("Result folder")),
            tr("The folder for the results of all images, the summary and the report."),
        )
        self.addOutput(QgsProcessingOutputFile(self.SUMMARY, tr("Table of areas")))
        # no QgsProcessingOutputHtml: QGIS 3.22's batch dialog fails on it
        self.addOutput(QgsProcessingOutputFile(self.REPORT, tr("Report of all images")))
        self.addOutput(QgsProcessingOutputMultipleLayers(self.OUTPUT_LAYERS, tr("Abundance maps")))
        self.addOutput(QgsProcessingOutputNumber(self.FINISHED, tr("Images unmixed")))
        self.addOutput(QgsProcessingOutputNumber(self.FAILED, tr("Images that could not be unmixed")))

    def checkParameterValues(
        self, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> tuple[bool, str]:
        """Refuse, before the dialog turns to its log, what could not be unmixed."""
        parameters = self._with_choices_as_numbers(parameters)
        possible, problem = self.canExecute()  # processing.run does not ask
        problem = problem if not possible else self._out_of_range(parameters)
        try:
            if not problem:
                self._scenes(parameters, context)
                self._run_on(parameters, context)
        except SceneSourceError as error:
            problem = str(error)
        if problem:
            return False, as_plain(problem)
        return QgsProcessingAlgorithm.checkParameterValues(self, parameters, context)

    def _scenes(self, parameters: dict[str, Any], context: QgsProcessingContext) -> list[str]:
        """Return what the worker opens for each image.

        :raises SceneSourceError: one of them is no file, or none is given.
        """
        given = parameters.get(self.INPUTS) or []
        given = [part for part in given.split(";") if part] if isinstance(given, str) else given
        files = []
        for one in given if isinstance(given, (list, tuple)) else [given]:
            layer = one if isinstance(one, QgsMapLayer) else None
            layer = layer or QgsProcessingUtils.mapLayerFromString(str(one), context)
            file = image_file(layer) if isinstance(layer, QgsRasterLayer) else named_file(str(one))
            if not file:
                raise SceneSourceError(tr("The image {} cannot be found.").format(one))
            files.append(file)
        if not files:
            raise SceneSourceError(tr("Choose at least one hyperspectral image."))
        return list(dict.fromkeys(files))

    def _say_unheeded(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Name the layers whose settings in QGIS cannot count: all images are read alike."""
        layers = self.parameterAsLayerList(parameters, self.INPUTS, context)
        for layer in layers:
            if isinstance(layer, QgsRasterLayer) and layer_settings(layer).any:
                feedback.pushWarning(
                    tr(
                        "The no-data values or the coordinate system that the layer “{}” is set to do not "
                        "count where several images are unmixed: save it as a file with them."
                    ).format(layer.name())
                )

    def _run_on(self, parameters: dict[str, Any], context: QgsProcessingContext) -> str:
        """Return the scheduler's address, empty for this computer.

        :raises SceneSourceError: the settings are asked for one and have none.
        """
        wanted = self.parameterAsString(parameters, self.RUN_ON, context).strip()
        if wanted.lower() != CLUSTER:
            return wanted
        address = settings.cluster_address()
        if not address:
            raise SceneSourceError(
                tr("No cluster is set: give its scheduler's address in Plugins ▸ AUVAE Unmixing ▸ Cluster….")
            )
        return address

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Turn layers and parameters into a job, on the thread the layers live on."""
        parameters = self._with_choices_as_numbers(parameters)
        environment = find_worker_python(settings.worker_python())
        if environment.problem:
            raise QgsProcessingException(environment.problem)
        self._python = environment.path
        try:
            self._job = {
                "schema": 1,
                "task": "unmixscenes",
                "id": uuid.uuid4().hex,
                "scenes": self._scenes(parameters, context),
                "bands": None,
                "endmembers": self.parameterAsInt(parameters, self.ENDMEMBERS, context),
                "models": choices.MODELS[self.parameterAsEnum(parameters, self.MODELS, context)],
                "quality": choices.QUALITIES[self.parameterAsEnum(parameters, self.QUALITY, context)],
                "seed": self.parameterAsInt(parameters, self.SEED, context),
                "device": choices.DEVICES[self.parameterAsEnum(parameters, self.DEVICE, context)],
                "selection": self._selection(parameters, context),
                "brightness": self._brightness(parameters, context),
                "run_on": self._run_on(parameters, context),
                "cpu_workers": self.parameterAsBoolean(parameters, self.CPU_WORKERS, context),
            }
        except SceneSourceError as error:
            raise QgsProcessingException(str(error)) from error
        self._say_unheeded(parameters, context, feedback)
        count = len(self._job["scenes"])
        offers = context.project() is not None and count <= MOST_LOADED
        offers = offers and not context.expressionContext().hasVariable("model_name")  # its author decides
        each = (self._job["endmembers"] or choices.MOST_ENDMEMBERS) + OTHERS
        self._announce = self.provider().tell_event
        self._post_processors = self.provider().post_processors(count * each) if offers else []
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the job; a cancelled or failed one raises, so that headless runs end with an error too."""
        output = Path(self.parameterAsFileOutput(parameters, self.OUTPUT, context)).absolute()
        try:
            result = run_job(self._python, {**self._job, "output": str(output)}, feedback, self._tell_dock)
        except WorkerCancelled as cancelled:
            raise QgsProcessingException(
                tr("Unmixing was cancelled. Images that were finished are kept in {}.").format(output)
            ) from cancelled
        except WorkerError as error:
            raise QgsProcessingException(str(error)) from error
        finally:
            self._tell_dock({"event": "ended"})
        for scene in result["scenes"]:
            self._offer_layers(Path(scene["output"]), context)
        if len(result["scenes"]) > MOST_LOADED:
            feedback.pushInfo(
                tr("More than {} images: none is loaded; open those you want from {}.").format(
                    MOST_LOADED, output
                )
            )
        return {
            self.OUTPUT: str(output),
            self.SUMMARY: result["files"]["summary"],
            self.REPORT: result["files"]["report"],
            self.OUTPUT_LAYERS: [one["file"] for scene in result["scenes"] for one in scene["endmembers"]],
            self.FINISHED: len(result["scenes"]),
            self.FAILED: len(result["failed"]),
        }

    def _tell_dock(self, event: dict[str, Any]) -> None:
        """Hand on what the dock shows of a training, to the window's thread."""
        if event["event"] in ("scene", "progress", "ended"):
            self._announce(self._job["id"], event)

    def _offer_layers(self, folder: Path, context: QgsProcessingContext) -> None:
        """Offer the layers of one result for loading, as Unmix does."""
        if not self._post_processors:
            return
        for file, name in layers_of(Result.read(folder)):
            details = load_details(file, name, context.project())
            details.setPostProcessor(self._post_processors.pop())
            context.addLayerToLoadOnCompletion(file, details)
