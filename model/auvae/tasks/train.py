"""From a scene to a trained model: its training patches, the number of endmembers, the training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..contract.choices import ALL_GPUS
from ..contract.variants import abilities
from ..endmembers.count import Count, count_endmembers
from ..endmembers.sampling import sample_patches
from ..network.model import Model, Patch, Progress, TrainedModel
from ..network.options import Options
from ..network.parallel import all_gpus, train_together
from ..network.train import train
from ..network.trainer import Start
from ..report.brightness import explained
from .devices import on_device, one_device
from .progress import COUNTED, READ, TRAINED, JobProgress, rounded

if TYPE_CHECKING:
    from ..contract.jobs import ApplyJob, CountJob, FclsJob, UnmixJob
    from ..contract.result_document import Move
    from ..scene.scene import Scene

_MOST_MOVES = 24
"""Of the events that carry endmembers, the most that are kept."""


def patches_of(
    job: UnmixJob | CountJob | ApplyJob | FclsJob, scene: Scene, progress: JobProgress
) -> list[Patch]:
    """Training patches of a scene."""
    patches = []
    for patch in sample_patches(scene, job.seed):
        patches.append(patch)
        progress.reach(min(READ, 0.01 * len(patches)), "reading", "Reading the scene")
    return patches


def counted_endmembers(
    job: UnmixJob | CountJob, scene: Scene, patches: list[Patch], progress: JobProgress, until: float
) -> Count:
    """The number of endmembers, with a message to the analyst.

    Args:
        job: that asked for it.
        scene: that it is of.
        patches: of the scene.
        progress: goes on from where the scene is read, up to `until`.
        until: share of the job that is done then.

    Raises:
        SceneError: the scene is too small for so many.
    """
    pixels = np.concatenate([cube[valid] for cube, valid in patches])
    places = np.concatenate(
        [np.insert(np.argwhere(valid), 0, number, axis=1) for number, (_, valid) in enumerate(patches)]
    )

    def report(done: float) -> None:
        progress.reach(READ + (until - READ) * done, "start", "Counting the endmembers")

    report(0.0)
    found = on_device(
        job.device,
        progress,
        lambda device: count_endmembers(pixels, job.seed, device.type, report, places),
    )
    scene.check(found.number)
    progress.message("info", found.sentence)
    return found


def train_model(
    job: UnmixJob, endmembers: int, patches: list[Patch], progress: JobProgress, start: Start | None
) -> tuple[TrainedModel, list[Move]]:
    """Train a model.

    Args:
        job: that asked for it.
        endmembers: how many.
        patches: to train on.
        progress: goes on from where the endmembers are counted, or the scene is read.
        start: what need not be found.

    Returns:
        The model, and its endmembers on the way, as training.json has them.
    """
    begin = READ if job.endmembers or job.model else COUNTED
    moves: list[tuple[float, np.ndarray]] = []

    def report_progress(step: Progress) -> None:
        fraction = begin + (TRAINED - begin) * step.fraction
        progress.reach(fraction, step.stage, step.text, step.losses, step.endmembers)
        if step.left_card:
            progress.leave_card(step.text)
        if step.endmembers is not None:
            moves.append((step.fraction, step.endmembers))
            if len(moves) > _MOST_MOVES:
                # Every second one goes, the first stays.
                del moves[1::2]

    device = one_device(job.device, progress)
    options = Options(endmembers, job.quality, job.seed, device, job.variant, job.brightness)
    if job.device == ALL_GPUS and abilities(job.variant).several_devices and start is None:
        model = train_together(patches, options, report_progress, all_gpus())
    else:
        model = train(patches, options, report_progress, start)
    moves.append((1.0, model.endmembers))
    if isinstance(model, Model):
        progress.message("info", explained(model))
    return model, [
        {"fraction": round(fraction, 4), "endmembers": rounded(spectra)} for fraction, spectra in moves
    ]
