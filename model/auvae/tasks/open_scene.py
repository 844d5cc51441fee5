"""A job's scene, opened: what every task on a scene begins with."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import rasterio

from ..contract.choices import FEWEST_ENDMEMBERS
from ..contract.jobs import InspectJob
from ..mapping.gdal_cache import CACHE_BYTES
from ..scene.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..contract.jobs import SceneJob
    from ..contract.selection import Selection
    from .progress import JobProgress


@contextmanager
def opened_scene(
    job: SceneJob,
    progress: JobProgress,
    *,
    endmembers: int = FEWEST_ENDMEMBERS,
    selection: Selection | None = None,
) -> Iterator[Scene]:
    """The scene of a job, with messages on what was noticed of it.

    Args:
        job: that names it.
        progress: of the job.
        endmembers: how many it must be large enough for.
        selection: the part of it, where that is not the job's.

    Raises:
        SceneError: it cannot be read, or cannot be unmixed.
    """
    progress.reach(0.0, "reading", "Reading the scene")
    with (
        rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES),
        Scene.open(job.scene, job.bands, selection or job.selection) as scene,
    ):
        # What is known of a scene is the very result of inspecting it, and any scene can be inspected.
        inspected = isinstance(job, InspectJob)
        scene.check(0 if inspected else max(FEWEST_ENDMEMBERS, endmembers))
        notes = [] if inspected else scene.notes
        for level, texts in (("info", notes), ("warning", scene.warnings)):
            for text in texts:
                progress.message(level, text)
        yield scene
