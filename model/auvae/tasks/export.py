"""The task `export`: the endmembers of a result as a library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..result.library_file import read_spectra, save_library
from .progress import MAPPED, JobProgress

if TYPE_CHECKING:
    from ..contract.jobs import ExportJob


def run(job: ExportJob, progress: JobProgress) -> None:
    """Write a result's endmembers as a library."""
    progress.reach(0.0, "reading", "Reading the result")
    axis, names, spectra = read_spectra(job.result)
    progress.reach(MAPPED, "writing", "Writing the spectra")
    files = save_library(Path(job.library), job.id, names, spectra, axis, None)
    progress.send(
        {
            "event": "result",
            "unit": axis.unit,
            "spectra": [{"name": name, "row": None, "col": None} for name in names],
            "files": {"library": str(files[-1]), "written": [str(file) for file in files]},
            "warnings": progress.warnings,
        }
    )
