"""From a scene to a trained model, told as it goes: its samples, how many endmembers, the training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..contract.choices import ALL_GPUS
from ..contract.variants import DEFAULT
from ..endmembers.count import Count, count_endmembers
from ..endmembers.sampling import sample_patches
from ..network.device import on_best_device
from ..network.model import Patch, Progress, TrainedModel
from ..network.options import Options
from ..network.parallel import all_gpus, train_together
from ..network.train import train
from ..network.trainer import Start
from .progress import COUNTED, READ, TRAINED, Course, rounded

if TYPE_CHECKING:
    from ..contract.jobs import CountJob, UnmixJob
    from ..scene.scene import Scene

_MOST_MOVES = 24
"""Of the events that carry endmembers, the most that are kept."""


def patches_of(job: UnmixJob | CountJob, scene: Scene, course: Course) -> list[Patch]:
    """What is learned from of a scene."""
    patches = []
    for patch in sample_patches(scene, job.seed):
        patches.append(patch)
        course.reach(min(READ, 0.01 * len(patches)), "reading", "Reading the scene")
    return patches


def counted_endmembers(
    job: UnmixJob | CountJob, scene: Scene, patches: list[Patch], course: Course, until: float
) -> Count:
    """The number of endmembers, told the analyst; progress from where the scene is read up to `until`."""
    pixels = np.concatenate([cube[valid] for cube, valid in patches])

    def tell(done: float) -> None:
        course.reach(READ + (until - READ) * done, "start", "Counting the endmembers")

    tell(0.0)
    found = on_best_device(
        _one_device(job.device),
        lambda device: count_endmembers(pixels, job.seed, device.type, tell),
        lambda text: course.message("warning", text),
    )
    scene.check(found.number)
    course.message("info", found.sentence)
    return found


def _one_device(choice: str) -> str:
    """What is asked for where one device computes: of all GPUs the first."""
    return "cuda" if choice == ALL_GPUS else choice


def train_model(
    job: UnmixJob, endmembers: int, patches: list[Patch], course: Course, start: Start | None
) -> tuple[TrainedModel, list[dict[str, Any]]]:
    """The trained model, and how its endmembers moved: by share of the training done, as in training.json."""
    begin = READ if job.endmembers or job.model else COUNTED
    moves: list[tuple[float, np.ndarray]] = []

    def report_progress(progress: Progress) -> None:
        fraction = begin + (TRAINED - begin) * progress.fraction
        course.reach(fraction, progress.stage, progress.text, progress.losses, progress.endmembers)
        if progress.warning:
            course.message("warning", progress.text)
        if progress.endmembers is not None:
            moves.append((progress.fraction, progress.endmembers))
            if len(moves) > _MOST_MOVES:
                # Every second one goes, the first stays.
                del moves[1::2]

    options = Options(endmembers, job.quality, job.seed, _one_device(job.device), job.variant)
    if job.device == ALL_GPUS and job.variant == DEFAULT and start is None:
        model = train_together(patches, options, report_progress, all_gpus())
    else:
        model = train(patches, options, report_progress, start)
    moves.append((1.0, model.endmembers))
    return model, [
        {"fraction": round(fraction, 4), "endmembers": rounded(spectra)} for fraction, spectra in moves
    ]
