"""Tasks that end in a result folder: unmixing, applying a trained model, unmixing into known spectra."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..contract.choices import MOST_ENDMEMBERS
from ..contract.errors import LibraryError, ModelError
from ..contract.jobs import ApplyJob, FclsJob, KnownChoice, UnmixJob
from ..contract.variants import DEFAULT, caution, title
from ..mapping.checkpoint import Pace, fingerprint
from ..mapping.fit_scene import does_not_fit
from ..mapping.map_scene import map_scene
from ..network.device import hardware_name
from ..network.least_squares_model import LeastSquaresModel
from ..network.model import Model, TrainedModel
from ..network.trainer import Start
from ..result.results import FILES, Leftover, ResultWriter, left_over
from ..spectra.known import KnownSpectra, known_spectra
from .progress import COUNTED, MAPPED, READ, TRAINED, Course
from .provenance import band_decisions, device_of, scene_event, versions
from .train import counted_endmembers, patches_of, train_model

if TYPE_CHECKING:
    from ..network.model_file import SavedModel
    from ..scene.scene import Scene


def unmix(job: UnmixJob, scene: Scene, course: Course, saved: SavedModel | None) -> None:
    """Unmix the scene into the job's result folder, from where a run that died left it.

    saved: the model to start from, where one is given.
    """
    device, _ = device_of(job.device)
    if job.variant != DEFAULT:
        course.message("warning", caution(job.variant))
    known = None if job.known is None else _known(job.known, scene, course)
    start, given = _start(job, saved, known)
    mark = fingerprint(scene, {**job.options, **_start_mark(saved, known)}, versions(), device)
    earlier = left_over(Path(job.output), mark)
    told: dict[str, Any]
    if earlier is None:
        patches = patches_of(job, scene, course)
        found = None if job.endmembers or saved else counted_endmembers(job, scene, patches, course, COUNTED)
        told = {
            "endmembers": max(found.number if found else job.endmembers, len(given)),
            "count": found.document() if found else None,
        }
        model = None
    else:
        share = earlier.checkpoint.row / scene.rows
        course.message("info", f"An earlier run ended after {share:.0%} of the maps: going on from there.")
        told, model = earlier.checkpoint.told, earlier.model(device)
    names = [*given, *(f"Endmember {number}" for number in range(len(given) + 1, told["endmembers"] + 1))]
    course.send(scene_event(scene, names))
    with ResultWriter(Path(job.output), job.id, scene, names, earlier) as writer:
        if model is None:
            model, moves = train_model(job, told["endmembers"], patches, course, start)
            told |= {"history": model.history, "moves": moves}
            del patches
        _map(
            scene,
            model,
            writer,
            course,
            lambda row: writer.keep(model, mark, row, told),
            earlier,
            device=job.device,
        )
        _finish(job, scene, model, writer, course, variant=job.variant, known=known, told=told)


def apply_model(job: ApplyJob, scene: Scene, course: Course, saved: SavedModel) -> None:
    """Map the scene with a model that was trained elsewhere, into the job's result folder."""
    ready = _Ready(saved.model, saved.names, saved.variant, {"sha256": saved.sha256})
    with _mapped(job, scene, course, ready) as writer:
        warning = does_not_fit(writer.statistics.metrics["mean_angle"], saved)
        if warning:
            course.message("warning", warning)
        applied = {"model": job.model, "sha256": saved.sha256, "mean_angle": saved.mean_angle}
        _finish(job, scene, saved.model, writer, course, variant=saved.variant, applied=applied)


def unmix_into_known(job: FclsJob, scene: Scene, course: Course) -> None:
    """Map the scene with known spectra alone, into the job's result folder."""
    known = _known(job.known, scene, course)
    model = LeastSquaresModel(known.spectra, sum_to_one=job.sum_to_one)
    variant = "fcls" if job.sum_to_one else "nnls"
    ready = _Ready(model, known.names, variant, {"spectra": known.spectra.tolist()})
    with _mapped(job, scene, course, ready) as writer:
        _finish(job, scene, model, writer, course, variant=variant, known=known)


@dataclass(frozen=True)
class _Ready:
    """A model that needs no training, the names of its endmembers, its variant, and what tells it apart."""

    model: TrainedModel
    names: tuple[str, ...]
    variant: str
    mark: dict[str, Any]


@contextmanager
def _mapped(job: ApplyJob | FclsJob, scene: Scene, course: Course, ready: _Ready) -> Iterator[ResultWriter]:
    """The maps of a model that needs no training, from where a run that died left them."""
    device, _ = device_of(job.device)
    mark = fingerprint(scene, {**job.options, **ready.mark}, versions(), device)
    earlier = left_over(Path(job.output), mark)
    shares = ready.variant != "nnls"
    with ResultWriter(Path(job.output), job.id, scene, ready.names, earlier, shares=shares) as writer:
        _map(
            scene, ready.model, writer, course, lambda row: writer.keep(ready.model, mark, row, {}), earlier,
            begin=READ, device=job.device,
        )  # fmt: skip
        yield writer


def _known(choice: KnownChoice, scene: Scene, course: Course) -> KnownSpectra:
    """The known spectra as the scene sees them, told the analyst."""
    known = known_spectra(choice, scene)
    if len(known.names) > MOST_ENDMEMBERS:
        raise LibraryError(
            f"{len(known.names)} known spectra are more than the {MOST_ENDMEMBERS} that a result can hold.",
            "Name those that are to be used.",
        )
    scene.check(len(known.names))
    for level, texts in (("info", known.notes), ("warning", known.warnings)):
        for text in texts:
            course.message(level, text)
    return known


def _finish(
    job: UnmixJob | ApplyJob | FclsJob, scene: Scene, model: TrainedModel, writer: ResultWriter,
    course: Course, *, variant: str, applied: dict[str, Any] | None = None, known: KnownSpectra | None = None,
    told: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Complete the maps, write what goes with them, and send the result. told: of the training."""
    told = told or {"count": None, "history": [], "moves": []}
    course.reach(MAPPED, "writing", "Writing the result")
    writer.complete_maps(
        lambda done: course.reach(MAPPED + (1 - MAPPED) * done, "writing", "Writing the result")
    )
    scene.check_unchanged()
    for text in writer.advice(model, variant):
        course.message("warning", text)
    document = writer.finish(
        model,
        {
            "auvae": __version__,
            "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "scene": {"path": job.scene, "name": scene.name, "rows": scene.rows, "cols": scene.cols},
            "unit": scene.unit,
            "bands": band_decisions(scene),
            "options": {"endmembers": len(writer.names), "variant": variant, **job.options},
            "applied": applied,
            "known": None if known is None else {"count": len(known.names), "notes": known.notes},
            "count": told["count"],
            "command": job.command,
            "seed": job.seed,
            "device": f"{model.device.type} ({hardware_name(model.device)})",
            "versions": versions(),
            "seconds": course.seconds(),
            "history": told["history"],
            "warnings": course.warnings,
        },
        told["moves"],
    )
    course.send(_result(writer.output, document))


def _map(
    scene: Scene,
    model: TrainedModel,
    writer: ResultWriter,
    course: Course,
    keep: Callable[[int], None],
    earlier: Leftover | None,
    begin: float = TRAINED,
    *,
    device: str,
) -> None:
    """Map the scene, and keep now and then how far that is; progress goes on from `begin`."""
    course.reach(begin, "mapping", "Mapping the scene")
    pace = Pace(scene.rows * scene.cols)
    for row in map_scene(
        scene,
        model,
        writer,
        lambda done, text: course.reach(begin + (MAPPED - begin) * done, "mapping", text),
        lambda text: course.message("info", text),
        earlier.checkpoint.row if earlier else 0,
        warn=partial(course.message, "warning") if device == "auto" else None,
    ):
        if row < scene.rows and pace.due():
            keep(row)


def _start_mark(saved: SavedModel | None, known: KnownSpectra | None) -> dict[str, Any]:
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


def _result(output: Path, document: dict[str, Any]) -> dict[str, Any]:
    return {
        "event": "result",
        "output": str(output),
        "files": {key: str(output / file) for key, file in FILES.items()},
        "endmembers": [
            {"name": item["name"], "file": str(output / item["file"]), "color": item["color"]}
            for item in document["endmembers"]
        ],
        "metrics": document["metrics"],
        "warnings": document["warnings"],
    }
