"""The task `apply`: a scene mapped with a model that was trained on another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..mapping.fit_scene import does_not_fit
from .fitted_scene import fitted_scene
from .progress import READ
from .provenance import no_training
from .result_run import ResultRun

if TYPE_CHECKING:
    from ..contract.jobs import ApplyJob
    from ..network.model_file import SavedModel
    from ..scene.scene import Scene
    from .progress import JobProgress


def run(job: ApplyJob, progress: JobProgress) -> None:
    """Map the scene with the model, into the job's result folder."""
    with fitted_scene(job, job.model, progress) as (scene, saved):
        _map(job, scene, progress, saved)


def _map(job: ApplyJob, scene: Scene, progress: JobProgress, saved: SavedModel) -> None:
    run = ResultRun(job, scene, progress, saved.variant, {"sha256": saved.sha256})
    training = no_training(len(saved.names))
    with run.writer(saved.names) as writer:
        run.map(writer, saved.model, training, READ)
        warning = does_not_fit(writer.statistics.metrics["mean_angle"], saved)
        if warning:
            progress.message("warning", warning)
        applied = {"model": job.model, "sha256": saved.sha256, "mean_angle": saved.mean_angle}
        run.finish(writer, saved.model, training, applied=applied)
