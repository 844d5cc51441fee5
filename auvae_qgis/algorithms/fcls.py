"""The algorithm auvae:fcls: its parameters, its help, one short run. The work is the worker's."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
)

from ...model.auvae.contract import choices
from ..translation import tr
from .result_algorithm import ResultAlgorithm


class Fcls(ResultAlgorithm):
    """Unmixes a hyperspectral raster into known spectra alone, by constrained least squares."""

    SUM_TO_ONE = "SUM_TO_ONE"

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return "fcls"

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Unmix into known spectra (FCLS)")

    def tags(self) -> list[str]:
        """Return the words an analyst searches the toolbox for."""
        words = tr(
            "hyperspectral,unmix,unmixing,supervised,known,reference,library,spectral library,FCLS,FCLSU,"
            "NNLS,CLS,least squares,constrained,non-negative,sum to one,SMA,spectral mixture analysis,linear,"
            "abundance,abundances,fractions,endmember,endmembers"
        )
        return words.split(",")

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("How much of each known spectrum is in every pixel, by fully constrained least squares.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters: what is computed, what to watch."""
        return tr(
            "<p>Finds, for every pixel, the mixture of the known spectra that is nearest to it: exactly, "
            "without training and without chance. Abundances are not negative, and add up to 1 (FCLS) unless "
            "you allow otherwise (NNLS).</p>"
            "<h3>Brightness counts</h3>"
            "<p>Every pixel is taken to be lit as the spectra are, unless you choose otherwise under "
            "<i>Brightness</i>: a shaded pixel of a material is a mixture with something dark. Give spectra "
            "as bright as the materials are in this image, best from places in it, and one of shade or "
            "water; or let the image decide; or look at the amounts of NNLS, whose sum is a pixel's "
            "brightness.</p>"
            "<h3>What you get</h3>"
            "<p>The same maps, layers and files as from <i>Unmix</i>. The uncertainty is the standard error "
            "of the least-squares mixture, from each pixel's own misfit. A large reconstruction error shows "
            "where a material is missing: <i>Unmix</i> with known spectra finds it.</p>"
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self._add_scene()
        self._add_known(advanced=False)
        self._add(
            QgsProcessingParameterBoolean(self.SUM_TO_ONE, tr("Abundances sum to one"), defaultValue=True),
            tr("Checked: shares of the pixel (FCLS). Unchecked: amounts that may add up to anything (NNLS)."),
        )
        self._add_brightness(
            tr(
                "All pixels are equally lit: fully constrained least squares (FCLS). Automatic: the image "
                "decides, and the log and the report say how."
            ),
            choices.FIXED,
        )
        self._add_result()

    def _out_of_range(self, parameters: dict[str, Any]) -> str:
        """Return in words what is wrong with the parameters; QGIS does not know that one of two is needed."""
        if not any(parameters.get(name) for name in (self.KNOWN, self.KNOWN_PLACES)):
            return tr("Nothing is known: choose a library of spectra, a layer of places, or both.")
        fixed = choices.BRIGHTNESS.index(choices.FIXED)
        brightness = parameters.get(self.BRIGHTNESS)
        if parameters.get(self.SUM_TO_ONE) is False and brightness not in (None, fixed):
            return tr(
                "Amounts that need not sum to one keep their pixel's brightness, so that it cannot be read: "
                "let abundances sum to one, or choose that all pixels are equally lit."
            )
        return super()._out_of_range(parameters)

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Turn layers and parameters into a job, on the thread the layers live on."""
        parameters = self._with_choices_as_numbers(parameters)
        job = {
            **self._prepare("fcls", parameters, context, feedback),
            "known": self._known(parameters, context),
            "device": "cpu",
            "sum_to_one": self.parameterAsBool(parameters, self.SUM_TO_ONE, context),
            "brightness": self._brightness(parameters, context),
        }
        job["colors_of"] = self._colors_of(job["scene"], parameters, context)
        self._prepare_result(job, context, choices.MOST_ENDMEMBERS)
        return True
