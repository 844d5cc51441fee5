"""The algorithm auvae:inspect: its parameters, its help, one short run. The work is the worker's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFileDestination,
)

from ..compat import log_link
from ..plain_text import as_plain
from ..translation import tr
from ..worker.errors import WorkerCancelled, WorkerError
from ..worker.run import run_job
from .scene_algorithm import SceneAlgorithm, html


class Inspect(SceneAlgorithm):
    """Lists which bands of a hyperspectral raster are used and which are left out, and why."""

    GROUP = "endmembers"
    REPORT = "REPORT"
    TABLE = "TABLE"
    SENSOR = "SENSOR"
    USED = "USED"
    LEFT_OUT = "LEFT_OUT"
    NO_DATA = "NO_DATA"

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return "inspect"

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Inspect bands")

    def tags(self) -> list[str]:
        """Return the words an analyst searches the toolbox for."""
        words = tr(
            "hyperspectral,imaging spectroscopy,metadata,wavelength,wavelengths,FWHM,bad bands,bbl,"
            "noisy bands,water vapour,band list,mean spectrum,no-data,scale,EnMAP,PRISMA,EMIT,DESIS,"
            "AVIRIS,HyMap,Sentinel-2"
        )
        return words.split(",")

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("Lists which bands of a hyperspectral image are used, which are left out, and why.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters: what is listed, and what decides about a band."""
        return tr(
            "<p>Shows how an image is read before it is unmixed: its sensor, the wavelength and width of "
            "every band, the unit of its values, which bands are used and which are left out and why, the "
            "share of pixels without data, and the mean spectrum of the image.</p>"
            "<h3>Which bands are left out</h3>"
            "<ul><li>those that the header or the product flags as bad;</li>"
            "<li>those that hold no data in most pixels, or one value everywhere;</li>"
            "<li>where two detectors see the same wavelengths (EnMAP, PRISMA), those of VNIR;</li>"
            "<li>those near 1400 and 1900 nm, where water vapour absorbs the light, when they are mostly "
            "noise: when more than half of what varies in them has nothing to do with the other bands.</li>"
            "</ul>"
            "<p>Bands that you choose yourself are used whatever is said of them.</p>"
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self._add_scene()
        # with HTML in its filter it becomes a QgsProcessingOutputHtml: QGIS 3.22's batch dialog fails on it
        self._add(
            QgsProcessingParameterFileDestination(
                self.REPORT, tr("Report"), optional=True, createByDefault=True
            ),
            tr("A page with the mean spectrum and all bands, to open in a web browser (.html)."),
        )
        self._add(
            QgsProcessingParameterFileDestination(
                self.TABLE,
                tr("Table of bands"),
                tr("CSV files (*.csv)"),
                optional=True,
                createByDefault=False,
            ),
            tr("The bands as a table: number, wavelength, width, whether used, reason, mean."),
        )
        self.addOutput(QgsProcessingOutputString(self.SENSOR, tr("Sensor, where it was recognised")))
        self.addOutput(QgsProcessingOutputNumber(self.USED, tr("Bands used")))
        self.addOutput(QgsProcessingOutputNumber(self.LEFT_OUT, tr("Bands left out")))
        self.addOutput(QgsProcessingOutputNumber(self.NO_DATA, tr("Share of pixels without data")))

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Turn layers and parameters into a job, on the thread the layers live on."""
        self._job = self._prepare("inspect", self._with_choices_as_numbers(parameters), context, feedback)
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the job; a cancelled or failed one raises, so that headless runs end with an error too."""
        wanted = self.parameterAsFileOutput(parameters, self.REPORT, context)
        report = str(html(Path(wanted).absolute())) if wanted else None
        wanted = self.parameterAsFileOutput(parameters, self.TABLE, context)
        table = str(Path(wanted).absolute()) if wanted else None
        try:
            result = run_job(self._python, {**self._job, "report": report, "table": table}, feedback)
        except WorkerCancelled as cancelled:
            raise QgsProcessingException(tr("Inspecting was cancelled; nothing was written.")) from cancelled
        except WorkerError as error:
            raise QgsProcessingException(str(error)) from error
        for text in result["notes"]:
            feedback.pushInfo(as_plain(text))
        for band in result["bands"]:
            feedback.pushInfo(_line(band))
        used = sum(band["kept"] for band in result["bands"])
        feedback.pushInfo(tr("{} of {} bands are used.").format(used, len(result["bands"])))
        if report:
            log_link(feedback, tr("Report"), Path(report))
        files = {self.REPORT: report, self.TABLE: table}
        return {
            self.SENSOR: result["sensor"],
            self.USED: used,
            self.LEFT_OUT: len(result["bands"]) - used,
            self.NO_DATA: result["no_data"],
            **{name: path for name, path in files.items() if path},
        }


def _line(band: dict[str, Any]) -> str:
    """Return a band in one line of the log."""
    wavelength = "" if band["wavelength_nm"] is None else f", {band['wavelength_nm']:.2f} nm"
    mean = "" if band["mean"] is None else ", " + tr("mean {:.5g}").format(band["mean"])
    decided = tr("used") if band["kept"] else tr("left out: {}").format(band["reason"])
    return tr("Band {}").format(band["number"]) + f"{wavelength}{mean}: {decided}"
