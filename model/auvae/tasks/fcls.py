"""The task `fcls`: a scene unmixed into known spectra alone, by least squares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..network.least_squares_model import LeastSquaresModel
from .open_scene import opened_scene
from .progress import READ
from .provenance import no_training
from .result_run import ResultRun, read_known

if TYPE_CHECKING:
    from ..contract.jobs import FclsJob
    from ..scene.scene import Scene
    from .progress import JobProgress


def run(job: FclsJob, progress: JobProgress) -> None:
    """Map the scene with known spectra alone, into the job's result folder."""
    with opened_scene(job, progress) as scene:
        _unmix(job, scene, progress)


def _unmix(job: FclsJob, scene: Scene, progress: JobProgress) -> None:
    known = read_known(job.known, scene, progress)
    model = LeastSquaresModel(known.spectra, sum_to_one=job.sum_to_one)
    variant = "fcls" if job.sum_to_one else "nnls"
    run = ResultRun(job, scene, progress, variant, {"spectra": known.spectra.tolist()})
    training = no_training(len(known.names))
    with run.writer(known.names) as writer:
        run.map(writer, model, training, READ)
        run.finish(writer, model, training, known=known)
