"""The task `inspect`: what is decided about the bands of a scene, as a page and a table."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..report.inspection_page import inspection_page
from ..result.whole import write_text_whole
from ..scene.inspection import Inspection, inspect_scene
from .open_scene import opened_scene
from .progress import MAPPED, READ, JobProgress
from .provenance import band_decisions, now, scene_document, versions

if TYPE_CHECKING:
    from ..contract.jobs import InspectJob
    from ..scene.scene import Scene


def run(job: InspectJob, progress: JobProgress) -> None:
    """Send what is decided about the scene, and write the page and the table where they are asked for."""
    with opened_scene(job, progress) as scene:
        _inspect(job, scene, progress)


def _inspect(job: InspectJob, scene: Scene, progress: JobProgress) -> None:
    started = time.monotonic()
    found = inspect_scene(
        scene, lambda done: progress.reach(READ + 0.9 * done, "reading", "Reading the scene")
    )
    progress.reach(MAPPED, "writing", "Writing the report")
    if job.report is not None:
        document = {
            "created": now(),
            "scene": scene_document(scene),
            "unit": scene.unit,
            "bands": band_decisions(scene),
            "inspection": found.document(),
            "options": {"bands": None if job.bands is None else list(job.bands), **job.selection.document()},
            "notes": scene.notes,
            "versions": versions(),
            "seconds": {"reading": round(time.monotonic() - started, 3)},
            "warnings": progress.warnings,
        }
        write_text_whole(Path(job.report), inspection_page(document), job.id)
    if job.table is not None:
        write_text_whole(Path(job.table), _band_table(scene, found), job.id)
    progress.send(
        {
            "event": "result",
            "sensor": scene.sensor,
            "unit": scene.unit,
            "rows": scene.rows,
            "cols": scene.cols,
            "bands": [
                {**band, "mean": mean} for band, mean in zip(band_decisions(scene), found.means, strict=True)
            ],
            "no_data": found.no_data,
            "pixels": found.pixels,
            "files": {"report": job.report, "table": job.table},
            "notes": scene.notes,
            "facts": [fact.document() for fact in scene.facts],
            "warnings": progress.warnings,
        }
    )


def _band_table(scene: Scene, found: Inspection) -> str:
    """The bands as CSV: what was decided about each, and its mean in the raster's unit."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["band", "wavelength_nm", "fwhm_nm", "used", "reason", "mean"])
    for band, mean in zip(scene.bands, found.means, strict=True):
        rows.writerow(
            ["" if cell is None else cell for cell in (
                band.number, band.wavelength, band.fwhm, int(band.kept), band.reason, mean
            )]
        )  # fmt: skip
    return text.getvalue()
