"""The task `unmixscenes`: many scenes unmixed into the same endmembers, here or on a Dask cluster."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..contract.errors import SceneError
from ..contract.jobs import folder_names
from .engine import Engine, LocalEngine
from .run_folder import RunFolder
from .schedule import Schedule
from .summary import write_summary

if TYPE_CHECKING:
    from ..contract.events import SceneOutput
    from ..contract.jobs import ScenesJob
    from ..tasks.progress import JobProgress


def run(job: ScenesJob, progress: JobProgress) -> None:
    """Unmix the job's scenes into its output folder.

    Raises:
        AuvaeError: nothing can be done, or no further; what is finished is kept.
    """
    progress.reach(0.0, "reading", "Looking at the scenes")
    with ExitStack() as stack:
        place = stack.enter_context(RunFolder(job, folder_names(job.scenes)))
        schedule = Schedule(job, place, progress)
        engine: Engine
        if job.run_on:
            from .cluster import Cluster, connected

            client = stack.enter_context(connected(job.run_on))
            engine = Cluster(
                client, job.run_on, job.device, place.token, progress.message, cpu_workers=job.cpu_workers
            )
        else:
            engine = LocalEngine(schedule.take, lambda: progress.cancelled)
        stack.callback(engine.close)
        schedule.work(engine)
        _finish(job, schedule, place, progress)


def _finish(job: ScenesJob, schedule: Schedule, place: RunFolder, progress: JobProgress) -> None:
    """Write the summary and the report of all scenes, and send the result.

    Raises:
        SceneError: no scene could be unmixed.
    """
    unfinished = [scene for scene in schedule.scenes if not scene.finished]
    if len(unfinished) == len(schedule.scenes):
        raise SceneError(
            f"None of the scenes could be unmixed; {unfinished[0].name}: {unfinished[0].failed}",
            "Choose other scenes.",
        )
    progress.reach(0.99, "writing", "Writing the summary")
    finished = []
    for scene in schedule.scenes:
        document = place.result(scene.number) if scene.finished else None
        if document is not None:
            seen = {key: scene.seen[key] for key in ("date", "pixel_area")}
            finished.append({"scene": scene.path, "name": scene.name, **seen, "result": document})
    failures = [{"scene": scene.path, "name": scene.name, "text": scene.failed} for scene in unfinished]
    files = write_summary(job, place.output, finished, failures, progress)
    if not failures and not any(scene["result"]["missing"] for scene in finished):
        place.clear()
    progress.send(
        {
            "event": "result",
            "output": str(place.output),
            "files": files,
            "scenes": [_scene_result(place, scene) for scene in finished],
            "failed": failures,
            "warnings": progress.warnings,
        }
    )


def _scene_result(place: RunFolder, scene: dict[str, Any]) -> SceneOutput:
    folder = place.output / scene["name"]
    return {
        "scene": scene["scene"],
        "output": str(folder),
        "date": scene["date"],
        "endmembers": [
            {"name": one["name"], "file": str(folder / one["file"]), "color": one["color"]}
            for one in scene["result"]["endmembers"]
        ],
        "metrics": scene["result"]["metrics"],
    }
