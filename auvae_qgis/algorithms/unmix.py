"""The algorithm auvae:unmix: its parameters, its help, one short run. The work is the worker's."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
)

from ...model.auvae.contract import choices, variants
from ..translation import tr
from .result_algorithm import ResultAlgorithm
from .scene_algorithm import SceneAlgorithm


class Unmix(ResultAlgorithm):
    """Unmixes a hyperspectral raster with AUVAE-Net, without reference spectra."""

    VARIANT = "VARIANT"
    FREEDOM = "FREEDOM"
    START_MODEL = "START_MODEL"

    CHOICES = {**SceneAlgorithm.CHOICES, VARIANT: choices.VARIANTS}  # noqa: RUF012  as there

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
            "<p>Finds the pure materials (endmembers) in a hyperspectral image and how much of each "
            "(abundance) every pixel holds. No reference spectra and no training areas are "
            "needed.</p>"
            "<h3>What you get</h3>"
            "<p>One map for each endmember. Its values are fractions of the pixel: 0 is none, 1 is all of "
            "it; in every pixel the maps are non-negative and add up to 1. They are shares of "
            "the area where the image's brightness allows it. Where shade and slopes decide how bright a "
            "pixel is, they are shares of reflectance; the log and the report say so. Hectares stand in dock "
            "and report. A material that another result of the image in the project has, too, keeps its "
            "colour. The dock "
            "<i>Endmember spectra</i> shows which material each map is: "
            "compare its spectrum with what you know. The result folder also holds the "
            "spectra as CSV and ENVI spectral library, the uncertainty of each abundance (posterior standard "
            "deviation), the angle between each pixel and its reconstruction, a report, and the trained "
            "model.</p>"
            "<h3>How many endmembers?</h3>"
            "<p>With 0 the number is estimated, and the report shows the evidence, as <i>Count "
            "endmembers</i> does. It holds rare materials, which show in a few pixels only; the log says the "
            "number without them. Or count the materials you can tell apart in the image, and add one for "
            "shade if there is much. Too few: a spectrum looks like a blend and the error map shows a "
            "structure you recognise on the ground. Too many: two spectra are nearly the same but for "
            "brightness, or a map is nearly empty. Try one less and one more; "
            "<i>draft</i> quality is enough for that.</p>"
            "<h3>Known materials</h3>"
            "<p>Spectra that you know, from a library or from places in the image, stay as they are and come "
            "first; the remaining endmembers are found beside them. The number counts both.</p>"
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
        self._add_endmembers(
            tr(
                "How many materials the image is made of, shade included, from 2 to 30. 0: estimate it from "
                "the image, with rare materials, so that targets of a few pixels are found, too. For a map "
                "of what covers the land alone, type the number without rare materials, which the log says "
                "and Count endmembers gives. See the help on how to choose it."
            )
        )
        self._add_quality(
            tr(
                "How long the network trains. Draft: a first look. Standard: results to keep. High: the "
                "last digits."
            )
        )
        self._add_seed()
        self._add_device()
        self._add_network()
        self._add_brightness(tr("Automatic: the image decides, and the log and the report say how."))
        self._add_known(advanced=True)
        self._add_freedom()
        self._add_start_model()
        self._add_result()

    def _add_network(self) -> None:
        """Declare the choice of the network; names from the literature are not translated."""
        translated = {"auvae-net": tr("AUVAE-Net"), "published": tr("AUVAE-Net (published)")}
        self._add(
            QgsProcessingParameterEnum(
                self.VARIANT,
                tr("Network"),
                [translated.get(variant, variants.title(variant)) for variant in choices.VARIANTS],
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

    def _add_freedom(self) -> None:
        """Declare how far known spectra may move."""
        freedom = QgsProcessingParameterNumber(
            self.FREEDOM,
            tr("How far known spectra may change (0: not at all, 1: freely)"),
            QgsProcessingParameterNumber.Double,
            defaultValue=0,
            minValue=0,
            maxValue=1,
        )
        freedom.setMetadata({"widget_wrapper": {"decimals": 2}})
        self._add(
            freedom,
            tr(
                "How far the image may pull the known spectra away: 0 leaves them as they are, 1 takes them "
                "as a start only. In between, each is that much of what the image says and the rest as "
                "it was given."
            ),
            advanced=True,
        )

    def _add_start_model(self) -> None:
        """Declare the model to go on from."""
        self._add(
            QgsProcessingParameterFile(
                self.START_MODEL,
                tr("Fine-tune this model"),
                optional=True,
                fileFilter=tr("Trained models (*.auvae)"),
            ),
            tr(
                "The model.auvae of another image, to go on from: the same endmembers in the same order, "
                "fitted to this image, in a fraction of the training. For images that Apply a trained model "
                "says the model does not fit. The number of endmembers must be the model's, or 0."
            ),
            advanced=True,
        )

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Turn layers and parameters into a job, on the thread the layers live on."""
        parameters = self._with_choices_as_numbers(parameters)
        job = {
            **self._prepare("unmix", parameters, context, feedback),
            "endmembers": self.parameterAsInt(parameters, self.ENDMEMBERS, context),
            "quality": choices.QUALITIES[self.parameterAsEnum(parameters, self.QUALITY, context)],
            "variant": choices.VARIANTS[self.parameterAsEnum(parameters, self.VARIANT, context)],
            "known": self._known(parameters, context),
            "model": self._file(parameters, self.START_MODEL, context),
            "brightness": self._brightness(parameters, context),
        }
        if job["known"] is not None:
            job["known"]["freedom"] = self.parameterAsDouble(parameters, self.FREEDOM, context)
        job["colors_of"] = self._colors_of(job["scene"], parameters, context)
        # layers are made ready here, before a number that is estimated is known
        self._prepare_result(job, context, job["endmembers"] or choices.MOST_ENDMEMBERS)
        return True
