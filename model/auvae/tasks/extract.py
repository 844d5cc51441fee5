"""The task `extract`: the purest spectra of a scene as a library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..endmembers.extraction import extract
from ..result.library_file import save_library
from .open_scene import opened_scene
from .progress import MAPPED, READ, JobProgress

if TYPE_CHECKING:
    from ..contract.jobs import ExtractJob
    from ..scene.scene import Scene


def run(job: ExtractJob, progress: JobProgress) -> None:
    """Write the scene's purest spectra as a library."""
    with opened_scene(job, progress, endmembers=job.endmembers) as scene:
        _extract(job, scene, progress)


def _extract(job: ExtractJob, scene: Scene, progress: JobProgress) -> None:

    def report(done: float) -> None:
        progress.reach(READ + (MAPPED - READ) * done, "start", "Looking for the purest spectra")

    found = extract(scene, job.method, job.endmembers, job.seed, report)
    progress.reach(MAPPED, "writing", "Writing the spectra")
    names = [f"Endmember {number}" for number in range(1, job.endmembers + 1)]
    files = save_library(Path(job.library), job.id, names, found.spectra, scene, found.places)
    places = [(None, None)] * len(names) if found.places is None else found.places.tolist()
    progress.send(
        {
            "event": "result",
            "method": job.method,
            "unit": scene.unit,
            "spectra": [
                {"name": name, "row": row, "col": col} for name, (row, col) in zip(names, places, strict=True)
            ],
            "files": {"library": str(files[-1]), "written": [str(file) for file in files]},
            "warnings": progress.warnings,
        }
    )
