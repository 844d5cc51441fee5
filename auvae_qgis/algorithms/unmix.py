"""The algorithm auvae:unmix: its parameters, its help, one short run. The work is the worker's."""

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
    QgsProcessingParameterEnum,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingUtils,
)

from ..layers import OTHERS, layers_of
from ..raster_copy import RasterCopyError, copy_raster, driver_for
from ..result import Result
from ..translation import tr
from ..worker import WorkerCancelled, WorkerError, run_job
from .scene_algorithm import SceneAlgorithm

QUALITIES = ("draft", "standard", "high")
VARIANTS = ("auvae-net", "published", "aae-net", "avae", "auae")
MOST_ENDMEMBERS = 30


class Unmix(SceneAlgorithm):
    """Unmixes a hyperspectral raster with AUVAE-Net, without reference spectra."""

    ENDMEMBERS = "ENDMEMBERS"
    QUALITY = "QUALITY"
    VARIANT = "VARIANT"
    OUTPUT = "OUTPUT"
    ABUNDANCES = "ABUNDANCES"
    ENDMEMBERS_FILE = "ENDMEMBERS_FILE"
    MODEL = "MODEL"
    REPORT = "REPORT"
    OUTPUT_LAYERS = "OUTPUT_LAYERS"
    RMSE = "RMSE"
    MEAN_ANGLE = "MEAN_ANGLE"

    CHOICES = {**SceneAlgorithm.CHOICES, QUALITY: QUALITIES, VARIANT: VARIANTS}  # noqa: RUF012  as there

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return "unmix"

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Unmix (AUVAE-Net)")

    def tags(self) -> list[str]:
        """Return the words an analyst searches the toolbox for."""
        words = tr(
            "hyperspectral,imaging spectroscopy,unmix,unmixing,spectral mixture,mixture analysis,"
            "linear mixing,endmember,endmembers,endmember extraction,abundance,abundances,fraction,"
            "fractions,fractional cover,subpixel,spectra,spectral,spectrum,material,"
            "blind source separation,VCA,PPI,N-FINDR,FCLS,UCLS,NNLS,SMA,autoencoder,variational,"
            "adversarial,deep learning,neural network,GPU,torch,EnMAP,PRISMA,EMIT,DESIS,AVIRIS"
        )
        return words.split(",")

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("Finds the materials in a hyperspectral image and how much of each is in every pixel.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters: what the maps mean, how to choose the number."""
        return tr(
            "<p>Finds the pure materials (<b>endmembers</b>) in a hyperspectral image and how much of each "
            "(<b>abundance</b>) every pixel holds. No reference spectra and no training areas are "
            "needed.</p>"
            "<h3>What you get</h3>"
            "<p>One map for each endmember. Its values are fractions of the pixel: 0 is none, 1 is all of "
            "it; in every pixel the maps are non-negative and add up to 1. Overall brightness (slope, "
            "shadow) is taken out first, and dark materials such as water are weighed as if they were nearly "
            "as bright as the others. The dock <i>Endmember spectra</i> shows which material each map is: "
            "compare its spectrum with what you know. The result folder also holds the "
            "spectra as CSV and ENVI spectral library, the uncertainty of each abundance (posterior standard "
            "deviation), the angle between each pixel and its reconstruction, a report, and the trained "
            "model.</p>"
            "<h3>How many endmembers?</h3>"
            "<p>With 0 the number is estimated, and the report shows the evidence, as <i>Count "
            "endmembers</i> does. Or count the materials you can tell apart in the image, and add one for "
            "shade if there is much. Too few: a spectrum looks like a blend and the error map shows a "
            "structure you recognise on the ground. Too many: two spectra are nearly the same but for "
            "brightness, or a map is nearly empty. Try one less and one more; "
            "<i>draft</i> quality is enough for that.</p>"
            "<h3>Which image?</h3>"
            "<p>Surface reflectance is best; radiance works if the atmosphere is the same everywhere. "
            "Bands flagged bad in the header or the product are left out, as are pixels with no data: "
            "<i>Inspect bands</i> lists them. The unit of the raster is kept.</p>"
            "<p>The published networks among the advanced parameters are for comparison: the help of "
            "<i>Network</i> and the report say what is known to be wrong with them.</p>"
            "<p>The computation runs in a process of its own, on a CUDA graphics card where there is one. "
            "The map stays usable; Cancel stops it within two seconds and leaves nothing behind.</p>"
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self._add_scene()
        self._add(
            QgsProcessingParameterNumber(
                self.ENDMEMBERS,
                tr("Number of endmembers"),
                QgsProcessingParameterNumber.Integer,
                defaultValue=4,
                minValue=0,
                maxValue=MOST_ENDMEMBERS,
            ),
            tr(
                "How many materials the image is made of, shade included, from 2 to 30. 0: estimate it from "
                "the image. See the help on how to choose it."
            ),
        )
        self._add(
            QgsProcessingParameterEnum(
                self.QUALITY, tr("Quality"), [tr("Draft"), tr("Standard"), tr("High")], defaultValue=1
            ),
            tr(
                "How long the network trains. Draft: a first look. Standard: results to keep. High: the "
                "last digits."
            ),
        )
        self._add_seed()
        self._add_device()
        self._add(
            QgsProcessingParameterEnum(
                self.VARIANT,
                tr("Network"),
                [tr("AUVAE-Net"), tr("AUVAE-Net (published)"), "AAE-Net", "AVAE", "AUAE"],
                defaultValue=0,
            ),
            tr(
                "Leave it at AUVAE-Net for results. The published networks are there to compare with and to "
                "reproduce papers. Known to be wrong with them: they see one pixel at a time; their angle is "
                "averaged over bands, so it is near 90 degrees for a perfect fit; a layer behind the decoder "
                "(AAE-Net has none) loosens the spectra from the image; abundances are held against normally "
                "distributed numbers; their uncertainty is not usable. They were given the true endmembers; "
                "here VCA stands in."
            ),
            advanced=True,
        )
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
        self.addOutput(QgsProcessingOutputFile(self.MODEL, tr("Trained model")))
        # no QgsProcessingOutputHtml: QGIS 3.22's batch dialog fails on it
        self.addOutput(QgsProcessingOutputFile(self.REPORT, tr("Unmixing report")))
        self.addOutput(
            QgsProcessingOutputNumber(self.RMSE, tr("RMSE of the reconstruction, in the raster's unit"))
        )
        self.addOutput(QgsProcessingOutputNumber(self.MEAN_ANGLE, tr("Mean spectral angle, in radians")))

    def _out_of_range(self, parameters: dict[str, Any]) -> str:
        """Return in words what is wrong with a number or choice; QGIS says only that it is incorrect."""
        given, definition = parameters.get(self.ENDMEMBERS), self.parameterDefinition(self.ENDMEMBERS)
        if given is not None and (not definition.checkValueIsAcceptable(given) or str(given) in {"1", "1.0"}):
            return tr("The number of endmembers must be from 2 to {}, or 0 to estimate it, not {}.").format(
                MOST_ENDMEMBERS, given
            )
        return super()._out_of_range(parameters)

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, _feedback: QgsProcessingFeedback
    ) -> bool:
        """Turn layers and parameters into a job, on the thread the layers live on."""
        parameters = self._with_choices_as_numbers(parameters)
        self._job = {
            **self._prepare("unmix", parameters, context),
            "endmembers": self.parameterAsInt(parameters, self.ENDMEMBERS, context),
            "quality": QUALITIES[self.parameterAsEnum(parameters, self.QUALITY, context)],
            "variant": VARIANTS[self.parameterAsEnum(parameters, self.VARIANT, context)],
        }
        offers = context.project() is not None and not _runs_in_model(context)
        most = self._job["endmembers"] or MOST_ENDMEMBERS  # they are made here, before the number is known
        self._announce = self.provider().worker_event.emit
        self._post_processors = self.provider().post_processors(most + OTHERS) if offers else []
        return True

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
            self.MODEL: files["model"],
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
