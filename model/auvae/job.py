"""One job from its JSON document to its result folder. Knows no pipe and no terminal."""

from __future__ import annotations

import csv
import gc
import io
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch

from . import __version__, report
from .application import does_not_fit, fit_scene
from .checkpoint import Pace, fingerprint
from .count import Count, count_endmembers
from .errors import Cancelled, LibraryError, ModelError, OutputError
from .extraction import extract
from .inspection import Inspection, inspect_scene
from .jobs import (
    ALL_GPUS,
    ENDMEMBERS,
    AnyJob,
    ApplyJob,
    CountJob,
    ExportJob,
    ExtractJob,
    FclsJob,
    InspectJob,
    Job,
    Known,
    PurityJob,
    parse,
)
from .known import KnownSpectra, known_spectra
from .least_squares_model import LeastSquaresModel
from .library_file import read_spectra, save_library
from .mapping import CACHE_BYTES, map_scene
from .model_file import SavedModel, read_model
from .palette import COLORS
from .parallel import all_gpus, train_together
from .purity import purity_map
from .results import FILES, Leftover, ResultWriter, left_over, write_text_whole
from .sampling import sample_patches
from .scene import Scene
from .scenes.job import ClusterJob, ScenesJob
from .training import (
    Model,
    Options,
    Patch,
    Progress,
    Start,
    TrainedModel,
    choose_device,
    train,
)
from .variants import DEFAULT, caution, title

__all__ = ["CountJob", "InspectJob", "Job", "hello", "parse", "run"]

Emit = Callable[[dict[str, Any]], None]

# The share of the whole job that each stage has ended at.
_READ, _COUNTED, _TRAINED, _MAPPED = 0.05, 0.15, 0.8, 0.95
_SECONDS_BETWEEN_EVENTS = 0.1
# Between two events that carry endmembers, and the most of these that are kept: 30 endmembers of 400 bands
# take 20 ms to write down, which is to stay below 2 % of the training.
_SECONDS_BETWEEN_MOVES = 2.0
_MOST_MOVES = 24


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
        from .scenes.run import run_scenes

        run_scenes(job, emit, cancelled)
        return
    if isinstance(job, ClusterJob):
        from .scenes.cluster import survey

        emit(survey(job.run_on, cancelled))
        return
    course = Course(emit, cancelled)
    if isinstance(job, ExportJob):
        _export(job, course)
        return
    course.reach(0.0, "reading", "Reading the scene")
    saved = _saved_model(job)
    # Which bands of water vapour are good was decided when the model was trained.
    selection = job.selection if saved is None else replace(job.selection, water_bands="keep")
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), Scene.open(job.scene, job.bands, selection) as scene:
        scene.check(max(ENDMEMBERS[0], getattr(job, "endmembers", 0)))
        for level, texts in (("info", scene.notes), ("warning", scene.warnings)):
            for text in texts:
                course.message(level, text)
        if saved is not None:
            for text in fit_scene(scene, saved):
                course.message("info", text)
        match job:
            case Job():
                _unmix(job, scene, course, saved)
            case ApplyJob() if saved is not None:
                _apply(job, scene, course, saved)
            case FclsJob():
                _fcls(job, scene, course)
            case ExtractJob():
                _extract(job, scene, course)
            case PurityJob():
                _purity(job, scene, course)
            case CountJob():
                _count(job, scene, course)
            case InspectJob():
                _inspect(job, scene, course)


def _inspect(job: InspectJob, scene: Scene, course: Course) -> None:
    """Say what was decided about the scene, and write the page and the table where they are asked for."""
    started = time.monotonic()
    found = inspect_scene(
        scene, lambda done: course.reach(_READ + 0.9 * done, "reading", "Reading the scene")
    )
    course.reach(_MAPPED, "writing", "Writing the report")
    if job.report is not None:
        document = {
            "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "scene": {"path": job.scene, "name": scene.name, "rows": scene.rows, "cols": scene.cols},
            "unit": scene.unit,
            "bands": band_decisions(scene),
            "inspection": found.document(),
            "options": {"bands": None if job.bands is None else list(job.bands), **job.selection.document()},
            "notes": scene.notes,
            "versions": versions(),
            "seconds": {"reading": round(time.monotonic() - started, 3)},
            "warnings": course.warnings,
        }
        write_text_whole(Path(job.report), report.inspection_page(document), job.id)
    if job.table is not None:
        write_text_whole(Path(job.table), _band_table(scene, found), job.id)
    course.send(
        {
            "event": "result",
            "sensor": scene.sensor,
            "unit": scene.unit,
            "rows": scene.rows,
            "cols": scene.cols,
            "bands": [
                {**band, "mean": mean} for band, mean in zip(band_decisions(scene), found.means, strict=True)
            ],
            "no_data": found.no_data,
            "pixels": found.pixels,
            "files": {"report": job.report, "table": job.table},
            "notes": scene.notes,
            "warnings": course.warnings,
        }
    )


def _export(job: ExportJob, course: Course) -> None:
    """Write a result's endmembers as a library."""
    course.reach(0.0, "reading", "Reading the result")
    described, names, spectra = read_spectra(job.result)
    course.reach(_MAPPED, "writing", "Writing the spectra")
    files = save_library(Path(job.library), job.id, names, spectra, described, None)
    course.send(
        {
            "event": "result",
            "unit": described.unit,
            "spectra": [{"name": name, "row": None, "col": None} for name in names],
            "files": {"library": str(files[-1]), "written": [str(file) for file in files]},
            "warnings": course.warnings,
        }
    )


def _extract(job: ExtractJob, scene: Scene, course: Course) -> None:
    """Write the scene's purest spectra as a library."""

    def tell(done: float) -> None:
        course.reach(_READ + (_MAPPED - _READ) * done, "start", "Looking for the purest spectra")

    found = extract(scene, job.method, job.endmembers, job.seed, tell)
    course.reach(_MAPPED, "writing", "Writing the spectra")
    names = [f"Endmember {number}" for number in range(1, job.endmembers + 1)]
    files = save_library(Path(job.library), job.id, names, found.spectra, scene, found.places)
    course.send(
        {
            "event": "result",
            "method": job.method,
            "unit": scene.unit,
            "spectra": [
                {"name": name, "row": None, "col": None}
                if found.places is None
                else {"name": name, "row": int(found.places[index, 0]), "col": int(found.places[index, 1])}
                for index, name in enumerate(names)
            ],
            "files": {"library": str(files[-1]), "written": [str(file) for file in files]},
            "warnings": course.warnings,
        }
    )


def _purity(job: PurityJob, scene: Scene, course: Course) -> None:
    """Write the map of how often each pixel is extreme."""

    def tell(done: float) -> None:
        course.reach(_READ + (_MAPPED - _READ) * done, "mapping", f"Projecting the scene: {done:.0%}")

    found = purity_map(job, scene, tell)
    course.send(
        {
            "event": "result",
            "files": {"map": found["map"]},
            "extreme_pixels": found["extreme_pixels"],
            "most": found["most"],
            "warnings": course.warnings,
        }
    )


def _band_table(scene: Scene, found: Inspection) -> str:
    """The bands as CSV: what was decided about each, and its mean in the raster's unit."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["band", "wavelength_nm", "fwhm_nm", "used", "reason", "mean"])
    for band, mean in zip(scene.bands, found.means, strict=True):
        rows.writerow(
            ["" if cell is None else cell for cell in (
                band.number, band.wavelength, band.fwhm, int(band.kept), band.reason, mean
            )]
        )  # fmt: skip
    return text.getvalue()


def _count(job: CountJob, scene: Scene, course: Course) -> None:
    """Count the scene's endmembers, and write the report where one is asked for."""
    started = time.monotonic()
    found = counted_endmembers(job, scene, _patches(job, scene, course), course, _MAPPED)
    course.reach(_MAPPED, "writing", "Writing the report")
    if job.report is not None:
        document = {
            "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "scene": {"path": job.scene, "name": scene.name, "rows": scene.rows, "cols": scene.cols},
            "bands": band_decisions(scene),
            "options": {
                "bands": None if job.bands is None else list(job.bands),
                "seed": job.seed,
                **job.selection.document(),
            },
            "count": found.document(),
            "versions": versions(),
            "seconds": {"counting": round(time.monotonic() - started, 3)},
            "warnings": course.warnings,
        }
        write_text_whole(Path(job.report), report.count_page(document), job.id)
    course.send(
        {
            "event": "result",
            **found.document(),
            "files": {"report": job.report},
            "warnings": course.warnings,
        }
    )


def _saved_model(job: AnyJob) -> SavedModel | None:
    """The model that a job starts from or applies, where it names one."""
    path = job.model if isinstance(job, (Job, ApplyJob)) else None
    if path is None:
        return None
    output = os.path.realpath(job.output) if isinstance(job, (Job, ApplyJob)) else ""
    if os.path.dirname(os.path.realpath(path)) == output:
        raise OutputError(
            f"The model lies in the output folder {output}, which would be replaced.",
            "Choose another output folder.",
        )
    return read_model(path, device_of(job.device)[0])


def _apply(job: ApplyJob, scene: Scene, course: Course, saved: SavedModel) -> None:
    """Map the scene with a model that was trained elsewhere, into the job's result folder."""
    ready = _Ready(saved.model, saved.names, saved.variant, {"sha256": saved.sha256})
    with _mapped(job, scene, course, ready) as writer:
        warning = does_not_fit(writer.statistics.metrics["mean_angle"], saved)
        if warning:
            course.message("warning", warning)
        applied = {"model": job.model, "sha256": saved.sha256, "mean_angle": saved.mean_angle}
        _finish(job, scene, saved.model, writer, course, variant=saved.variant, applied=applied)


def _fcls(job: FclsJob, scene: Scene, course: Course) -> None:
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
            begin=_READ,
        )  # fmt: skip
        yield writer


def _known(choice: Known, scene: Scene, course: Course) -> KnownSpectra:
    """The known spectra as the scene sees them, told the analyst."""
    known = known_spectra(choice, scene)
    if len(known.names) > ENDMEMBERS[1]:
        raise LibraryError(
            f"{len(known.names)} known spectra are more than the {ENDMEMBERS[1]} that a result can hold.",
            "Name those that are to be used.",
        )
    scene.check(len(known.names))
    for level, texts in (("info", known.notes), ("warning", known.warnings)):
        for text in texts:
            course.message(level, text)
    return known


def _finish(
    job: Job | ApplyJob | FclsJob, scene: Scene, model: TrainedModel, writer: ResultWriter, course: Course,
    *, variant: str, applied: dict[str, Any] | None = None, known: KnownSpectra | None = None,
    told: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Complete the maps, write what goes with them, and send the result. told: of the training."""
    told = told or {"count": None, "history": [], "moves": []}
    device, device_name = device_of(job.device)
    course.reach(_MAPPED, "writing", "Writing the result")
    writer.complete_maps(
        lambda done: course.reach(_MAPPED + (1 - _MAPPED) * done, "writing", "Writing the result")
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
            "device": f"{device} ({device_name})",
            "versions": versions(),
            "seconds": course.seconds(),
            "history": told["history"],
            "warnings": course.warnings,
        },
        told["moves"],
    )
    course.send(_result(writer.output, document))


def _unmix(job: Job, scene: Scene, course: Course, saved: SavedModel | None) -> None:
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
        patches = _patches(job, scene, course)
        found = None if job.endmembers or saved else counted_endmembers(job, scene, patches, course, _COUNTED)
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
        _map(scene, model, writer, course, lambda row: writer.keep(model, mark, row, told), earlier)
        _finish(job, scene, model, writer, course, variant=job.variant, known=known, told=told)


def _map(
    scene: Scene,
    model: TrainedModel,
    writer: ResultWriter,
    course: Course,
    keep: Callable[[int], None],
    earlier: Leftover | None,
    begin: float = _TRAINED,
) -> None:
    """Map the scene, and keep now and then how far that is; progress goes on from `begin`."""
    course.reach(begin, "mapping", "Mapping the scene")
    pace = Pace(scene.rows * scene.cols)
    for row in map_scene(
        scene,
        model,
        writer,
        lambda done, text: course.reach(begin + (_MAPPED - begin) * done, "mapping", text),
        lambda text: course.message("info", text),
        earlier.checkpoint.row if earlier else 0,
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
    job: Job, saved: SavedModel | None, known: KnownSpectra | None
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


class Course:
    """Where a job is: turns what stages report into events, fractions that never fall, and times."""

    def __init__(self, emit: Emit, cancelled: Callable[[], bool]) -> None:
        self._emit = emit
        self._cancelled = cancelled
        self._fraction = 0.0
        self._stage = ""
        self._said = -_SECONDS_BETWEEN_EVENTS
        self._moved: np.ndarray | None = None
        self._showed = -_SECONDS_BETWEEN_MOVES
        self._starts: list[tuple[str, float]] = []
        self.warnings: list[str] = []

    def reach(
        self,
        fraction: float,
        stage: str,
        text: str,
        losses: dict[str, float] | None = None,
        endmembers: np.ndarray | None = None,
    ) -> None:
        """Report progress, not too often; raise Cancelled when that was asked for.

        endmembers: (K, B) while they move; what comes too soon waits for a later event.
        """
        if self._cancelled():
            raise Cancelled
        self._fraction = max(self._fraction, min(1.0, fraction))
        self._moved = self._moved if endmembers is None else endmembers
        now = time.monotonic()
        if stage != self._stage:
            self._stage = stage
            self._starts.append((stage, now))
        elif now - self._said < _SECONDS_BETWEEN_EVENTS:
            return
        self._said = now
        event: dict[str, Any] = {
            "event": "progress",
            "fraction": round(self._fraction, 4),
            "stage": stage,
            "text": text,
        }
        if losses and all(np.isfinite(value) for value in losses.values()):
            event["losses"] = {name: float(value) for name, value in losses.items()}
        if self._moved is not None and now - self._showed >= _SECONDS_BETWEEN_MOVES:
            event["endmembers"] = _rounded(self._moved)
            self._moved, self._showed = None, now
        self._emit(event)

    def send(self, event: dict[str, Any]) -> None:
        """Send an event as it is."""
        self._emit(event)

    def message(self, level: str, text: str) -> None:
        """Say a sentence; a warning is kept for the report too."""
        if level == "warning":
            self.warnings.append(text)
        self._emit({"event": "message", "level": level, "text": text})

    def seconds(self) -> dict[str, float]:
        """Seconds by stage until now."""
        ends = [start for _, start in self._starts[1:]] + [time.monotonic()]
        spent: dict[str, float] = {}
        for (stage, start), end in zip(self._starts, ends, strict=True):
            spent[stage] = round(spent.get(stage, 0.0) + end - start, 3)
        return spent


def _patches(job: Job | CountJob, scene: Scene, course: Course) -> list[Patch]:
    patches = []
    for patch in sample_patches(scene, job.seed):
        patches.append(patch)
        course.reach(min(_READ, 0.01 * len(patches)), "reading", "Reading the scene")
    return patches


def counted_endmembers(
    job: Job | CountJob, scene: Scene, patches: list[Patch], course: Course, until: float
) -> Count:
    """The number of endmembers, told the analyst; progress from where the scene is read up to `until`."""
    pixels = np.concatenate([cube[valid] for cube, valid in patches])
    device, _ = device_of(job.device)

    def tell(done: float) -> None:
        course.reach(_READ + (until - _READ) * done, "start", "Counting the endmembers")

    tell(0.0)
    found = count_endmembers(pixels, job.seed, device, tell)
    scene.check(found.number)
    course.message("info", found.sentence)
    return found


def train_model(
    job: Job, endmembers: int, patches: list[Patch], course: Course, start: Start | None
) -> tuple[TrainedModel, list[dict[str, Any]]]:
    """The trained model, and how its endmembers moved: by share of the training done, as in training.json."""
    begin = _READ if job.endmembers or job.model else _COUNTED
    moves: list[tuple[float, np.ndarray]] = []

    def report_progress(progress: Progress) -> None:
        fraction = begin + (_TRAINED - begin) * progress.fraction
        course.reach(fraction, progress.stage, progress.text, progress.losses, progress.endmembers)
        if progress.endmembers is not None:
            moves.append((progress.fraction, progress.endmembers))
            if len(moves) > _MOST_MOVES:
                # Every second one goes, the first stays.
                del moves[1::2]

    device, _ = device_of(job.device)
    options = Options(endmembers, job.quality, job.seed, device, job.variant)
    if job.device == ALL_GPUS and job.variant == DEFAULT and start is None:
        model = train_together(patches, options, report_progress, all_gpus())
    else:
        model = train(patches, options, report_progress, start)
    moves.append((1.0, model.endmembers))
    return model, [
        {"fraction": round(fraction, 4), "endmembers": _rounded(spectra)} for fraction, spectra in moves
    ]


def device_of(choice: str) -> tuple[str, str]:
    """The torch device that a setting means, "cuda" or "cpu", and the hardware's name; or DeviceError."""
    if choice == ALL_GPUS:
        return "cuda", f"{len(all_gpus())} × {torch.cuda.get_device_name()}"
    device = choose_device(choice).type
    return (
        device,
        torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine(),
    )


def release_memory() -> None:
    """Give back what a job that is over held of the GPU's memory."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def band_decisions(scene: Scene) -> list[dict[str, Any]]:
    """Every band of a scene with whether it is used, as result.json has it."""
    return [
        {
            "number": band.number,
            "wavelength_nm": band.wavelength,
            "fwhm_nm": band.fwhm,
            "kept": band.kept,
            "reason": band.reason,
        }
        for band in scene.bands
    ]


def scene_event(scene: Scene, names: list[str]) -> dict[str, Any]:
    """What a plot of the training needs to know beforehand."""
    return {
        "event": "scene",
        "name": scene.name,
        "unit": scene.unit,
        "bands": [band.number for band in scene.kept],
        "wavelengths_nm": None if scene.wavelengths is None else scene.wavelengths.tolist(),
        "endmembers": [
            {"name": name, "color": COLORS[index % len(COLORS)]} for index, name in enumerate(names)
        ],
    }


def _rounded(spectra: np.ndarray) -> list[list[float]]:
    """Spectra (K, B) for JSON, to five digits of the largest value: as much as a plot can show."""
    largest = float(np.abs(spectra).max(initial=0.0))
    digits = 5 - math.ceil(math.log10(largest)) if largest > 0 else 0
    rows: list[list[float]] = np.round(spectra.astype(np.float64), digits).tolist()
    return rows


def versions() -> dict[str, str]:
    """Versions of what a result was made with."""
    return {
        "auvae": __version__,
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "numpy": np.__version__,
        "rasterio": rasterio.__version__,
        "gdal": rasterio.__gdal_version__,
    }


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
