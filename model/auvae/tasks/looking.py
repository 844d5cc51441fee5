"""Tasks that end in a report, a table, a map or a library, and train nothing: one function a task."""

from __future__ import annotations

import csv
import io
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from ..endmembers.extraction import extract
from ..report import report
from ..result.library_file import read_spectra, save_library
from ..result.results import write_text_whole
from ..scene.inspection import Inspection, inspect_scene
from .progress import MAPPED, READ, Course
from .provenance import band_decisions, versions
from .purity import purity_map
from .train import counted_endmembers, patches_of

if TYPE_CHECKING:
    from ..contract.jobs import CountJob, ExportJob, ExtractJob, InspectJob, PurityJob
    from ..scene.scene import Scene


def inspect(job: InspectJob, scene: Scene, course: Course) -> None:
    """Say what was decided about the scene, and write the page and the table where they are asked for."""
    started = time.monotonic()
    found = inspect_scene(scene, lambda done: course.reach(READ + 0.9 * done, "reading", "Reading the scene"))
    course.reach(MAPPED, "writing", "Writing the report")
    if job.report is not None:
        document = {
            "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "scene": {"path": job.scene, "name": scene.name, "rows": scene.rows, "cols": scene.cols},
            "unit": scene.unit,
            "bands": band_decisions(scene),
            "inspection": found.document(),
            "options": {"bands": None if job.bands is None else list(job.bands), **job.selection.document()},
            "notes": scene.notes,
            "versions": versions(),
            "seconds": {"reading": round(time.monotonic() - started, 3)},
            "warnings": course.warnings,
        }
        write_text_whole(Path(job.report), report.inspection_page(document), job.id)
    if job.table is not None:
        write_text_whole(Path(job.table), _band_table(scene, found), job.id)
    course.send(
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
            "warnings": course.warnings,
        }
    )


def export(job: ExportJob, course: Course) -> None:
    """Write a result's endmembers as a library."""
    course.reach(0.0, "reading", "Reading the result")
    described, names, spectra = read_spectra(job.result)
    course.reach(MAPPED, "writing", "Writing the spectra")
    files = save_library(Path(job.library), job.id, names, spectra, described, None)
    course.send(
        {
            "event": "result",
            "unit": described.unit,
            "spectra": [{"name": name, "row": None, "col": None} for name in names],
            "files": {"library": str(files[-1]), "written": [str(file) for file in files]},
            "warnings": course.warnings,
        }
    )


def extract_endmembers(job: ExtractJob, scene: Scene, course: Course) -> None:
    """Write the scene's purest spectra as a library."""

    def tell(done: float) -> None:
        course.reach(READ + (MAPPED - READ) * done, "start", "Looking for the purest spectra")

    found = extract(scene, job.method, job.endmembers, job.seed, tell)
    course.reach(MAPPED, "writing", "Writing the spectra")
    names = [f"Endmember {number}" for number in range(1, job.endmembers + 1)]
    files = save_library(Path(job.library), job.id, names, found.spectra, scene, found.places)
    course.send(
        {
            "event": "result",
            "method": job.method,
            "unit": scene.unit,
            "spectra": [
                {"name": name, "row": None, "col": None}
                if found.places is None
                else {"name": name, "row": int(found.places[index, 0]), "col": int(found.places[index, 1])}
                for index, name in enumerate(names)
            ],
            "files": {"library": str(files[-1]), "written": [str(file) for file in files]},
            "warnings": course.warnings,
        }
    )


def map_purity(job: PurityJob, scene: Scene, course: Course) -> None:
    """Write the map of how often each pixel is extreme."""

    def tell(done: float) -> None:
        course.reach(READ + (MAPPED - READ) * done, "mapping", f"Projecting the scene: {done:.0%}")

    found = purity_map(job, scene, tell)
    course.send(
        {
            "event": "result",
            "files": {"map": found["map"]},
            "extreme_pixels": found["extreme_pixels"],
            "most": found["most"],
            "warnings": course.warnings,
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


def count(job: CountJob, scene: Scene, course: Course) -> None:
    """Count the scene's endmembers, and write the report where one is asked for."""
    started = time.monotonic()
    found = counted_endmembers(job, scene, patches_of(job, scene, course), course, MAPPED)
    course.reach(MAPPED, "writing", "Writing the report")
    if job.report is not None:
        document = {
            "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "scene": {"path": job.scene, "name": scene.name, "rows": scene.rows, "cols": scene.cols},
            "bands": band_decisions(scene),
            "options": {
                "bands": None if job.bands is None else list(job.bands),
                "seed": job.seed,
                **job.selection.document(),
            },
            "count": found.document(),
            "versions": versions(),
            "seconds": {"counting": round(time.monotonic() - started, 3)},
            "warnings": course.warnings,
        }
        write_text_whole(Path(job.report), report.count_page(document), job.id)
    course.send(
        {
            "event": "result",
            **found.document(),
            "files": {"report": job.report},
            "warnings": course.warnings,
        }
    )
