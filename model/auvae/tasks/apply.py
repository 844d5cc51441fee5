"""The task `apply`: a scene mapped with a model that was trained on another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..contract.choices import AUTOMATIC, SHAPES
from ..contract.errors import ModelError
from ..contract.variants import title
from ..mapping.fit_scene import does_not_fit
from ..network.model import Model
from ..report.brightness import explained
from .devices import on_device
from .fitted_scene import fitted_scene
from .progress import READ
from .provenance import no_training
from .result_run import ResultRun
from .train import patches_of

if TYPE_CHECKING:
    import torch

    from ..contract.jobs import ApplyJob
    from ..network.model import Patch, TrainedModel
    from ..network.model_file import SavedModel
    from ..scene.scene import Scene
    from .progress import JobProgress


def run(job: ApplyJob, progress: JobProgress) -> None:
    """Map the scene with the model, into the job's result folder."""
    with fitted_scene(job, job.model, progress) as (scene, saved):
        _map(job, scene, progress, saved)


def _map(job: ApplyJob, scene: Scene, progress: JobProgress, saved: SavedModel) -> None:
    model = _with_brightness(job, scene, progress, saved)
    run = ResultRun(job, scene, progress, saved.variant, {"sha256": saved.sha256}, saved.colors)
    training = no_training(len(saved.names))
    with run.writer(saved.names) as writer:
        model = run.map(writer, model, training, READ)
        warning = does_not_fit(writer.statistics.metrics["mean_angle"], saved)
        if warning:
            progress.message("warning", warning)
        applied = {"model": job.model, "sha256": saved.sha256, "mean_angle": saved.mean_angle}
        run.finish(writer, model, training, applied=applied)


def _with_brightness(job: ApplyJob, scene: Scene, progress: JobProgress, saved: SavedModel) -> TrainedModel:
    """The saved model, which reads brightness as chosen.

    Raises:
        ModelError: something was chosen for a model that knows no choice.
    """
    model = saved.model
    if not isinstance(model, Model):
        if job.brightness != AUTOMATIC:
            raise ModelError(
                f"How brightness is read cannot be chosen for a model of {title(saved.variant)}.",
                "Leave brightness automatic, or choose a model of AUVAE-Net.",
            )
        return model
    if job.brightness != AUTOMATIC:
        model = model.read_as(job.brightness)
    if model.lighting is not None:
        patches = patches_of(job, scene, progress)
        model, times = on_device(job.device, progress, partial(_lit_on, model, patches))
        if times != 1:
            progress.message(
                "info",
                f"This scene is {times:.2g} times as bright as the one that the model was trained on, as "
                "under another sun or haze: areas are read in its own light.",
            )
    elif job.brightness not in (AUTOMATIC, SHAPES):
        progress.message(
            "info",
            "The model is of a version that did not measure brightness: it is measured on this scene.",
        )
        patches = patches_of(job, scene, progress)
        model = on_device(job.device, progress, partial(_measured_on, model, patches, job))
    if model.lighting is not None:
        progress.message("info", explained(model))
    return model


def _lit_on(model: Model, patches: list[Patch], device: torch.device) -> tuple[Model, float]:
    """`Model.lit_as`, computed on a device."""
    lit, times = model.to(device).lit_as(patches)
    return lit.to(model.device), times


def _measured_on(model: Model, patches: list[Patch], job: ApplyJob, device: torch.device) -> Model:
    """`Model.measured`, computed on a device."""
    return model.to(device).measured(patches, job.brightness, job.seed).to(model.device)
