"""The algorithm auvae:exportendmembers: a result's spectra for other programs. The work is the worker's."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from .. import settings
from ..environment.find import find_worker_python
from ..translation import tr
from ..worker.errors import WorkerCancelled, WorkerError
from ..worker.run import run_job
from .algorithm import Algorithm
from .extractendmembers import library_file


class ExportEndmembers(Algorithm):
    """Writes the endmembers of a result as a spectral library."""

    GROUP = "results"
    INPUT = "INPUT"
    LIBRARY = "LIBRARY"

    def createInstance(self) -> ExportEndmembers:
        """Return a new algorithm of this kind."""
        return ExportEndmembers()

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return "exportendmembers"

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Export endmembers")

    def tags(self) -> list[str]:
        """Return the words an analyst searches the toolbox for."""
        words = tr(
            "hyperspectral,endmember,endmembers,export,save,spectra,spectral library,ENVI,sli,CSV,EnMAP-Box,"
            "profiles,GeoPackage"
        )
        return words.split(",")

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("Writes the endmembers of a result as a library for ENVI, EnMAP-Box or a spreadsheet.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters."""
        return tr(
            "<p>Writes the spectra of a result, under the names they have now: as an ENVI spectral library "
            "(.sli with its .hdr), as a table (.csv), or as a GeoPackage of profiles (.gpkg) that the "
            "EnMAP-Box opens as a spectral library.</p>"
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        folder = QgsProcessingParameterFile(
            self.INPUT, tr("Result folder"), QgsProcessingParameterFile.Folder
        )
        folder.setHelp(tr("The folder that Unmix has written: the one with result.json in it."))
        self.addParameter(folder)
        library = QgsProcessingParameterFileDestination(
            self.LIBRARY,
            tr("Spectral library"),
            tr("Profiles of the EnMAP-Box (*.gpkg);;ENVI spectral libraries (*.sli);;Tables (*.csv)"),
        )
        library.setHelp(tr("The file to write; its ending says in which format."))
        self.addParameter(library)

    def canExecute(self) -> tuple[bool, str]:
        """Say whether there is a Python to run the core in, and what to press when there is none."""
        problem = find_worker_python(settings.worker_python()).problem
        return not problem, problem

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the job; a failed one raises, so that headless runs end with an error too."""
        environment = find_worker_python(settings.worker_python())
        if environment.problem:
            raise QgsProcessingException(environment.problem)
        job = {
            "schema": 1,
            "task": "export",
            "id": uuid.uuid4().hex,
            "result": str(Path(self.parameterAsFile(parameters, self.INPUT, context)).absolute()),
            "library": library_file(self.parameterAsFileOutput(parameters, self.LIBRARY, context)),
        }
        try:
            result = run_job(environment.path, job, feedback)
        except WorkerCancelled as cancelled:
            raise QgsProcessingException(tr("Exporting was cancelled; nothing was written.")) from cancelled
        except WorkerError as error:
            raise QgsProcessingException(str(error)) from error
        return {self.LIBRARY: result["files"]["library"]}
