"""The algorithm auvae:extractendmembers: its parameters, its help, one run. The work is the worker's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFileDestination,
)

from ...model.auvae.contract import choices
from ..translation import tr
from ..worker.errors import WorkerCancelled, WorkerError
from ..worker.run import run_job
from .scene_algorithm import SceneAlgorithm


class ExtractEndmembers(SceneAlgorithm):
    """Writes the purest spectra of a hyperspectral raster as a spectral library."""

    GROUP = "endmembers"
    METHOD = "METHOD"
    LIBRARY = "LIBRARY"

    CHOICES = {**SceneAlgorithm.CHOICES, METHOD: choices.METHODS}  # noqa: RUF012  as there

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return "extractendmembers"

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Extract endmembers")

    def tags(self) -> list[str]:
        """Return the words an analyst searches the toolbox for."""
        words = tr(
            "hyperspectral,endmember,endmembers,endmember extraction,extract,spectra,spectral library,VCA,"
            "vertex component analysis,N-FINDR,NFINDR,archetypes,archetypal analysis,simplex,pure pixels,"
            "EnMAP-Box,profiles,sli"
        )
        return words.split(",")

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("Finds the purest spectra of an image, without unmixing it, and writes them as a library.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters: which method when."""
        return tr(
            "<p>Finds the spectra between which all others lie, in seconds. The dock shows them; give the "
            "library to <i>Unmix into known spectra</i>, or open it in the EnMAP-Box.</p>"
            "<h3>Methods</h3>"
            "<ul><li>VCA, vertex component analysis: pixels at the corners of the image, one after "
            "the other, in random directions.</li>"
            "<li>N-FINDR: the pixels that span the largest volume; begins with those of VCA.</li>"
            "<li>Archetypes: mixtures of many pixels that explain the image best by shape. They stand "
            "noise and odd pixels; it is what <i>Unmix</i> begins with.</li></ul>"
            "<p>VCA and N-FINDR give pixels of the image: the log says where they are, and in a GeoPackage "
            "each is a point. Both take a single odd pixel for a material. A large image is read twice, "
            "window by window.</p>"
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self._add_scene()
        self._add_endmembers(
            tr("How many spectra to find, from 2 to 30. Count endmembers estimates it."), least=2
        )
        self._add(
            QgsProcessingParameterEnum(
                self.METHOD, tr("Method"), ["VCA", "N-FINDR", tr("Archetypes")], defaultValue=0
            ),
            tr("How the spectra are sought: see the help."),
        )
        self._add_seed()
        self._add(
            QgsProcessingParameterFileDestination(
                self.LIBRARY,
                tr("Spectral library"),
                tr("ENVI spectral libraries (*.sli);;Tables (*.csv);;Profiles of the EnMAP-Box (*.gpkg)"),
            ),
            tr(
                "ENVI library (.sli with its .hdr), table (.csv), or GeoPackage with profiles that the "
                "EnMAP-Box opens (.gpkg)."
            ),
        )

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Turn layers and parameters into a job, on the thread the layers live on."""
        parameters = self._with_choices_as_numbers(parameters)
        self._job = {
            **self._prepare("extract", parameters, context, feedback),
            "device": "cpu",
            "endmembers": self.parameterAsInt(parameters, self.ENDMEMBERS, context),
            "method": choices.METHODS[self.parameterAsEnum(parameters, self.METHOD, context)],
        }
        self._show = self.provider().tell_library
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the job; a cancelled or failed one raises, so that headless runs end with an error too."""
        library = library_file(self.parameterAsFileOutput(parameters, self.LIBRARY, context))
        try:
            result = run_job(self._python, {**self._job, "library": library}, feedback)
        except WorkerCancelled as cancelled:
            raise QgsProcessingException(tr("Extracting was cancelled; nothing was written.")) from cancelled
        except WorkerError as error:
            raise QgsProcessingException(str(error)) from error
        for spectrum in result["spectra"]:
            if spectrum["row"] is not None:
                feedback.pushInfo(
                    tr("{}: the pixel in row {}, column {}").format(
                        spectrum["name"], spectrum["row"] + 1, spectrum["col"] + 1
                    )
                )
        if _is_dialog(feedback):
            self._show(result["files"]["library"])
        return {self.LIBRARY: result["files"]["library"]}


def _is_dialog(feedback: QgsProcessingFeedback) -> bool:
    """Tell whether a person runs this in the algorithm's own dialog: not a batch, a model or a script."""
    return str(feedback.metaObject().className()) == "QgsProcessingAlgorithmDialogFeedback"


def library_file(wanted: str) -> str:
    """Return the path of a library: QGIS gives temporary files another ending."""
    path = Path(wanted).absolute()
    return str(path if path.suffix.lower() in choices.LIBRARIES else path.with_name(f"{path.name}.sli"))
