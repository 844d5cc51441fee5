"""One job, from its JSON document to its end: who does it. Knows no pipe and no terminal."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import rasterio
import torch

from .. import __version__
from ..contract.choices import FEWEST_ENDMEMBERS
from ..contract.errors import OutputError
from ..contract.jobs import (
    AnyJob,
    ApplyJob,
    ClusterJob,
    CountJob,
    ExportJob,
    ExtractJob,
    FclsJob,
    InspectJob,
    PurityJob,
    ScenesJob,
    UnmixJob,
)
from ..mapping.fit_scene import fit_scene
from ..mapping.map_scene import CACHE_BYTES
from ..network.model_file import SavedModel, read_model
from ..scene.scene import Scene
from ..tasks.looking import count, export, extract_endmembers, inspect, map_purity
from ..tasks.progress import Course, Emit
from ..tasks.provenance import device_of
from ..tasks.unmix import apply_model, unmix, unmix_into_known


def hello(job: AnyJob) -> dict[str, Any]:
    """The event that names versions and the device this job will use."""
    run_on = getattr(job, "run_on", "")
    device, name = ("cluster", run_on) if run_on else device_of(job.device)
    return {
        "event": "hello",
        "auvae": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": device,
        "device_name": name,
    }


def run(job: AnyJob, emit: Emit, cancelled: Callable[[], bool]) -> None:
    """Unmix the job's scene into its result folder, count its endmembers, or look at it; events go to `emit`.

    The last event is `result`.

    cancelled: looked at many times a second; once it says True, Cancelled is raised and nothing is left.
    Raises SceneError, OutputError, DeviceError, ClusterError.
    """
    if isinstance(job, ScenesJob):
        from ..scenes.schedule import run_scenes

        run_scenes(job, emit, cancelled)
        return
    if isinstance(job, ClusterJob):
        from ..scenes.cluster import survey

        emit(survey(job.run_on, cancelled))
        return
    course = Course(emit, cancelled)
    if isinstance(job, ExportJob):
        export(job, course)
        return
    course.reach(0.0, "reading", "Reading the scene")
    saved = _saved_model(job)
    # Which bands of water vapour are good was decided when the model was trained.
    selection = job.selection if saved is None else replace(job.selection, water_bands="keep")
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), Scene.open(job.scene, job.bands, selection) as scene:
        least = 0 if isinstance(job, InspectJob) else FEWEST_ENDMEMBERS
        scene.check(max(least, getattr(job, "endmembers", 0)))
        # What is known of a scene is the very result of inspecting it.
        notes = [] if isinstance(job, InspectJob) else scene.notes
        for level, texts in (("info", notes), ("warning", scene.warnings)):
            for text in texts:
                course.message(level, text)
        if saved is not None:
            for text in fit_scene(scene, saved):
                course.message("info", text)
        match job:
            case UnmixJob():
                unmix(job, scene, course, saved)
            case ApplyJob() if saved is not None:
                apply_model(job, scene, course, saved)
            case FclsJob():
                unmix_into_known(job, scene, course)
            case ExtractJob():
                extract_endmembers(job, scene, course)
            case PurityJob():
                map_purity(job, scene, course)
            case CountJob():
                count(job, scene, course)
            case InspectJob():
                inspect(job, scene, course)


def _saved_model(job: AnyJob) -> SavedModel | None:
    """The model that a job starts from or applies, where it names one."""
    path = job.model if isinstance(job, (UnmixJob, ApplyJob)) else None
    if path is None:
        return None
    output = os.path.realpath(job.output) if isinstance(job, (UnmixJob, ApplyJob)) else ""
    if os.path.dirname(os.path.realpath(path)) == output:
        raise OutputError(
            f"The model lies in the output folder {output}, which would be replaced.",
            "Choose another output folder.",
        )
    return read_model(path, device_of(job.device)[0])
