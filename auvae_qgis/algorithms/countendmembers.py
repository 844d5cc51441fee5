"""The algorithm auvae:countendmembers: its parameters, its help, one short run. The work is the worker's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFileDestination,
)

from ..compat import log_link
from ..translation import tr
from ..worker.errors import WorkerCancelled, WorkerError
from ..worker.run import run_job
from .scene_algorithm import SceneAlgorithm, html


class CountEndmembers(SceneAlgorithm):
    """Estimates of how many endmembers a hyperspectral raster is made."""

    GROUP = "endmembers"
    REPORT = "REPORT"
    COUNT = "COUNT"
    HYSIME = "HYSIME"
    MATERIALS = "MATERIALS"
    WITH_RARE = "WITH_RARE"
    WITHOUT_RARE = "WITHOUT_RARE"

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return "countendmembers"

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Count endmembers")

    def tags(self) -> list[str]:
        """Return the words an analyst searches the toolbox for."""
        words = tr(
            "hyperspectral,imaging spectroscopy,unmix,unmixing,endmember,endmembers,number of endmembers,"
            "virtual dimensionality,intrinsic dimension,subspace,HySime,HFC,NWHFC,VD,materials,estimate"
        )
        return words.split(",")

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("Estimates how many materials a hyperspectral image is made of.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters: what is counted, and how far to trust it."""
        return tr(
            "<p>Estimates how many pure materials (endmembers) a hyperspectral image is made of, in "
            "seconds. <i>Unmix</i> does the same where its number of endmembers is 0.</p>"
            "<h3>What is counted</h3>"
            "<p>Materials that the image cannot do without: the largest number of endmembers of which "
            "each, left out, would cost at least 2 % of the variety of spectral shapes in the image.</p>"
            "<p>HySime counts the directions in which there is more signal than noise. Where light "
            "mixes linearly this is the number of endmembers, and it also sees rare ones. In most real "
            "images it is several times too high: materials vary, and light is reflected more than once.</p>"
            "<p>The estimate is HySime's where the signal ends sharply at its last direction and the "
            "count of materials is not higher; in all other images it is the count of materials.</p>"
            "<h3>With and without rare materials</h3>"
            "<p>A rare material shows in a few neighbouring pixels and nowhere else: a car, a roof, a patch "
            "of another mineral. The estimate holds these, so that <i>Unmix</i> with 0 also finds small "
            "targets. Another number says how many endmembers there are without them: ask <i>Unmix</i> for "
            "that one where you want a map of what covers the land, and every endmember is free for "
            "something common.</p>"
            "<h3>How far to trust it</h3>"
            "<p>Expect to be off by one now and then, and low where many materials are alike, bands are few "
            "or noise is strong. Of rare materials those whose pixels are all mixed, or only one, are not "
            "seen. The report shows the evidence for each number: look there, then try one less and one "
            "more.</p>"
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self._add_scene()
        self._add_seed()
        self._add_device()
        # with HTML in its filter it becomes a QgsProcessingOutputHtml: QGIS 3.22's batch dialog fails on it
        self._add(
            QgsProcessingParameterFileDestination(
                self.REPORT, tr("Report"), optional=True, createByDefault=False
            ),
            tr("A page with the evidence for each number, to open in a web browser (.html)."),
        )
        self.addOutput(QgsProcessingOutputNumber(self.COUNT, tr("Number of endmembers, estimated")))
        self.addOutput(QgsProcessingOutputNumber(self.HYSIME, tr("HySime")))
        self.addOutput(QgsProcessingOutputNumber(self.MATERIALS, tr("Count of materials")))
        self.addOutput(QgsProcessingOutputNumber(self.WITHOUT_RARE, tr("Number without rare materials")))
        self.addOutput(QgsProcessingOutputNumber(self.WITH_RARE, tr("Number with rare materials")))

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Turn layers and parameters into a job, on the thread the layers live on."""
        parameters = self._with_choices_as_numbers(parameters)
        self._job = self._prepare("count", parameters, context, feedback)
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the job; a cancelled or failed one raises, so that headless runs end with an error too."""
        wanted = self.parameterAsFileOutput(parameters, self.REPORT, context)
        report = str(html(Path(wanted).absolute())) if wanted else None
        try:
            result = run_job(self._python, {**self._job, "report": report}, feedback)
        except WorkerCancelled as cancelled:
            raise QgsProcessingException(tr("Counting was cancelled; nothing was written.")) from cancelled
        except WorkerError as error:
            raise QgsProcessingException(str(error)) from error
        if report:
            log_link(feedback, tr("Report"), Path(report))
        found = {
            self.COUNT: result["count"],
            self.HYSIME: result["hysime"],
            self.MATERIALS: result["materials"],
            self.WITHOUT_RARE: result["without_rare"],
            self.WITH_RARE: result["with_rare"],
        }
        return {**found, self.REPORT: report} if report else found
