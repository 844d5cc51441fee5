"""The task `fcls`: a scene unmixed into known spectra alone, by least squares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract.choices import FIXED
from ..network.least_squares_model import LeastSquaresModel
from ..network.lit_least_squares import LitLeastSquares
from ..report.brightness import explained
from .open_scene import opened_scene
from .progress import READ
from .provenance import no_training
from .result_run import ResultRun, read_known
from .train import patches_of

if TYPE_CHECKING:
    from ..contract.jobs import FclsJob
    from ..network.model import FloatArray
    from ..scene.scene import Scene
    from .progress import JobProgress


def run(job: FclsJob, progress: JobProgress) -> None:
    """Map the scene with known spectra alone, into the job's result folder."""
    with opened_scene(job, progress) as scene:
        _unmix(job, scene, progress)


def _model(job: FclsJob, scene: Scene, progress: JobProgress, spectra: FloatArray) -> LeastSquaresModel:
    """Least squares with brightness as chosen, measured on the scene where the scene has a say."""
    if job.brightness == FIXED:
        return LeastSquaresModel(spectra, sum_to_one=job.sum_to_one)
    patches = patches_of(job, scene, progress)
    model = LitLeastSquares.of_scene(spectra, patches, job.brightness, job.seed)
    progress.message("info", explained(model))
    return model


def _unmix(job: FclsJob, scene: Scene, progress: JobProgress) -> None:
    known = read_known(job.known, scene, progress)
    model = _model(job, scene, progress, known.spectra)
    variant = "fcls" if job.sum_to_one else "nnls"
    run = ResultRun(job, scene, progress, variant, {"spectra": known.spectra.tolist()})
    training = no_training(len(known.names))
    with run.writer(known.names) as writer:
        run.map(writer, model, training, READ)
        run.finish(writer, model, training, known=known)
