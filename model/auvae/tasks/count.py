"""The task `count`: the number of a scene's endmembers, and a report on the evidence."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..report.count_page import count_page
from ..result.whole import write_text_whole
from .open_scene import opened_scene
from .progress import MAPPED, JobProgress
from .provenance import band_decisions, now, scene_document, versions
from .train import counted_endmembers, patches_of

if TYPE_CHECKING:
    from ..contract.events import CountResult
    from ..contract.jobs import CountJob
    from ..scene.scene import Scene


def run(job: CountJob, progress: JobProgress) -> None:
    """Count the scene's endmembers, and write the report where one is asked for."""
    with opened_scene(job, progress) as scene:
        _count(job, scene, progress)


def _count(job: CountJob, scene: Scene, progress: JobProgress) -> None:
    started = time.monotonic()
    found = counted_endmembers(job, scene, patches_of(job, scene, progress), progress, MAPPED)
    progress.reach(MAPPED, "writing", "Writing the report")
    if job.report is not None:
        document = {
            "created": now(),
            "scene": scene_document(scene),
            "bands": band_decisions(scene),
            "options": {
                "bands": None if job.bands is None else list(job.bands),
                "seed": job.seed,
                **job.selection.document(),
            },
            "count": found.document(),
            "versions": versions(),
            "seconds": {"counting": round(time.monotonic() - started, 3)},
            "warnings": progress.warnings,
        }
        write_text_whole(Path(job.report), count_page(document), job.id)
    result = {
        "event": "result",
        **found.document(),
        "files": {"report": job.report},
        "warnings": progress.warnings,
    }
    progress.send(cast("CountResult", result))
