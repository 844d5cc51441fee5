"""The task `unmix`: a scene unmixed with a network that is trained on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contract.errors import LibraryError, ModelError
from ..contract.variants import caution, title
from ..network.model import Model
from ..network.trainer import Start
from .fitted_scene import fitted_scene
from .open_scene import opened_scene
from .progress import COUNTED, TRAINED
from .provenance import scene_event
from .result_run import ResultRun, read_known
from .train import counted_endmembers, patches_of, train_model

if TYPE_CHECKING:
    from ..contract.jobs import UnmixJob
    from ..contract.result_document import SearchDocument, TrainingRecord
    from ..network.model_file import SavedModel
    from ..scene.scene import Scene
    from ..spectra.known import KnownSpectra
    from .progress import JobProgress


def run(job: UnmixJob, progress: JobProgress) -> None:
    """Unmix the scene into the job's result folder, from where a run that died left it."""
    if job.model is None:
        with opened_scene(job, progress, endmembers=job.endmembers) as scene:
            _unmix(job, scene, progress, None)
    else:
        with fitted_scene(job, job.model, progress) as (scene, saved):
            _unmix(job, scene, progress, saved)


def _unmix(job: UnmixJob, scene: Scene, progress: JobProgress, saved: SavedModel | None) -> None:
    warning = caution(job.variant)
    if warning:
        progress.message("warning", warning)
    known = None if job.known is None else read_known(job.known, scene, progress)
    start, given = _start(job, saved, known)
    facts, colors = _model_facts(saved, known), None if saved is None else saved.colors
    run = ResultRun(job, scene, progress, job.variant, facts, colors)
    progress.paint = run.colors_of
    training: TrainingRecord
    if run.earlier is None:
        patches = patches_of(job, scene, progress)
        counted = None
        if not job.endmembers and saved is None:
            counted = counted_endmembers(job, scene, patches, progress, COUNTED)
        training = {
            "endmembers": max(counted.number if counted else job.endmembers, len(given)),
            "count": counted.document() if counted else None,
            "search": None,
            "history": [],
            "moves": [],
        }
        model = None
    else:
        share = run.earlier.checkpoint.row / scene.rows
        progress.message("info", f"An earlier run ended after {share:.0%} of the maps: going on from there.")
        training, model = run.earlier.checkpoint.training, run.earlier.model()
    names = [*given, *(f"Endmember {number}" for number in range(len(given) + 1, training["endmembers"] + 1))]
    progress.send(scene_event(scene, names))
    with run.writer(names) as writer:
        if model is None:
            model, moves = train_model(job, training["endmembers"], patches, progress, start)
            search = model.search if isinstance(model, Model) else None
            training = {**training, "search": search, "history": model.history, "moves": moves}
            del patches
            if search is not None:
                _tell_search(search, names, progress)
        model = run.map(writer, model, training, TRAINED)
        run.finish(writer, model, training, known=known)


def _tell_search(search: SearchDocument, names: list[str], progress: JobProgress) -> None:
    """Say how the endmembers were found, and warn of those that the scene does not need."""
    for reason in search["reasons"]:
        progress.message("info", reason)
    doubtful = [name for name, one in zip(names, search["endmembers"], strict=True) if one["doubtful"]]
    if doubtful:
        listed = ", ".join(doubtful)
        without = "it" if len(doubtful) == 1 else "any one of them"
        progress.message(
            "warning",
            f"Not needed to explain the scene: {listed}. The other endmembers do as well without {without}, "
            "so fewer may do.",
        )


def _model_facts(saved: SavedModel | None, known: KnownSpectra | None) -> dict[str, Any]:
    """What tells a start apart from another under the same paths."""
    return {
        "sha256": None if saved is None else saved.sha256,
        "spectra": None if known is None else known.spectra.tolist(),
    }


def _start(
    job: UnmixJob, saved: SavedModel | None, known: KnownSpectra | None
) -> tuple[Start | None, tuple[str, ...]]:
    """What the training need not find, and the names of its endmembers."""
    if saved is not None:
        if not isinstance(saved.model, Model):
            raise ModelError(
                f"A model of {title(saved.variant)} cannot be fine-tuned.", "Choose one of AUVAE-Net."
            )
        if job.endmembers not in (0, len(saved.names)):
            raise ModelError(
                f"The model has {len(saved.names)} endmembers, and {job.endmembers} were asked for.",
                "Ask for as many, or for 0.",
            )
        return Start.from_model(saved.model), saved.names
    if known is None or job.known is None:
        return None, ()
    if job.endmembers and job.endmembers < len(known.names):
        raise LibraryError(
            f"{len(known.names)} spectra are known, but only {job.endmembers} endmembers were asked for.",
            "Ask for more endmembers, or name the spectra that are to be used.",
        )
    dark = known.spectra.max(axis=1) <= 0
    if dark.any():
        raise LibraryError(
            f"The known spectrum {known.names[int(dark.argmax())]} is zero in all bands.",
            "Leave it out: brightness is taken out of the pixels, so shade needs no spectrum.",
        )
    return Start(known.spectra, job.known.freedom), known.names
