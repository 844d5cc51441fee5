"""One job from its JSON document to its result folder. Knows no pipe and no terminal."""

from __future__ import annotations

import csv
import gc
import io
import math
import platform
import re
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import rasterio
import torch

from . import __version__, report
from .checkpoint import Pace, fingerprint
from .count import Count, count_endmembers
from .errors import Cancelled, JobError
from .inspection import Inspection, inspect_scene
from .mapping import map_scene
from .palette import COLORS
from .parallel import all_gpus, train_together
from .results import FILES, Leftover, ResultWriter, left_over, write_text_whole
from .scene import Scene
from .scenes.job import ClusterJob, ScenesJob
from .selection import Selection
from .training import Options, Patch, Progress, TrainedModel, choose_device, train
from .variants import DEFAULT, VARIANTS, caution

Emit = Callable[[dict[str, Any]], None]

SCHEMA = 1
QUALITIES = ("draft", "standard", "high")
ALL_GPUS = "all-gpus"
DEVICES = ("auto", "cuda", "cpu", ALL_GPUS)
ENDMEMBERS = (2, 30)
# The share of the whole job that each stage has ended at.
_READ, _COUNTED, _TRAINED, _MAPPED = 0.05, 0.15, 0.8, 0.95
_SECONDS_BETWEEN_EVENTS = 0.1
# Between two events that carry endmembers, and the most of these that are kept: 30 endmembers of 400 bands
# take 20 ms to write down, which is to stay below 2 % of the training.
_SECONDS_BETWEEN_MOVES = 2.0
_MOST_MOVES = 24


@dataclass(frozen=True)
class Job:
    """What to unmix, how and where to: the fields of the worker protocol. 0 endmembers: count them first."""

    task: ClassVar[str] = "unmix"

    id: str
    scene: str
    endmembers: int
    output: str
    bands: tuple[int, ...] | None = None
    quality: str = "standard"
    seed: int = 0
    device: str = "auto"
    variant: str = DEFAULT
    selection: Selection = field(default_factory=Selection)

    def __post_init__(self) -> None:
        _check(self, texts=("output", "quality", "variant"), numbers=("endmembers",))
        for name, allowed in (("quality", QUALITIES), ("variant", VARIANTS)):
            if getattr(self, name) not in allowed:
                raise _wrong(name, getattr(self, name), f"one of {', '.join(allowed)}")
        if self.endmembers != 0 and not ENDMEMBERS[0] <= self.endmembers <= ENDMEMBERS[1]:
            wanted = f"a number from {ENDMEMBERS[0]} to {ENDMEMBERS[1]}, or 0 to have it estimated"
            raise _wrong("endmembers", self.endmembers, wanted)
        if not self.output.strip():
            raise _wrong("output", self.output, "a path")

    @classmethod
    def parse(cls, document: object) -> Job:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        return cls(**_values(cls, document))

    @property
    def options(self) -> dict[str, Any]:
        """The settings that shape the result, as result.json keeps them."""
        return {
            "endmembers": self.endmembers,
            "quality": self.quality,
            "seed": self.seed,
            "device": self.device,
            "variant": self.variant,
            "bands": None if self.bands is None else list(self.bands),
            "selection": self.selection.document(),
        }

    @property
    def command(self) -> str:
        """The command line that does the same again."""
        bands = [] if self.bands is None else ["--bands", ",".join(map(str, self.bands))]
        return shlex.join(
            [
                "auvae",
                "unmix",
                self.scene,
                "--endmembers",
                str(self.endmembers),
                "--quality",
                self.quality,
                *bands,
                *self.selection.arguments(),
                "--seed",
                str(self.seed),
                "--device",
                self.device,
                "--variant",
                self.variant,
                "--output",
                self.output,
            ]
        )


@dataclass(frozen=True)
class CountJob:
    """A scene whose endmembers are to be counted: the fields of the worker protocol."""

    task: ClassVar[str] = "count"

    id: str
    scene: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    report: str | None = None
    selection: Selection = field(default_factory=Selection)

    def __post_init__(self) -> None:
        _check(self, files=("report",))

    @classmethod
    def parse(cls, document: object) -> CountJob:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        return cls(**_values(cls, document))


@dataclass(frozen=True)
class InspectJob:
    """A scene to be looked at as unmixing would read it: the fields of the worker protocol."""

    task: ClassVar[str] = "inspect"

    id: str
    scene: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    report: str | None = None
    table: str | None = None
    selection: Selection = field(default_factory=Selection)

    def __post_init__(self) -> None:
        _check(self, files=("report", "table"))

    @classmethod
    def parse(cls, document: object) -> InspectJob:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        return cls(**_values(cls, document))


AnyJob = Job | CountJob | InspectJob | ScenesJob | ClusterJob


def parse(document: object) -> AnyJob:
    """The job of any task that a document describes; JobError where it is none."""
    for kind in (CountJob, InspectJob, ScenesJob, ClusterJob):
        if isinstance(document, dict) and document.get("task") == kind.task:
            return kind.parse(document)
    return Job.parse(document)


def _values(kind: type[Job | CountJob | InspectJob], document: object) -> dict[str, Any]:
    """The fields of a job, from a document that has exactly these."""
    if not isinstance(document, dict):
        raise JobError("The job is not a JSON object.", "Send one JSON object on one line.")
    expected = {"schema", "task", *(field.name for field in fields(kind))}
    for problem, keys in (
        ("lacks", expected - set(document)),
        ("has an unknown", set(document) - expected),
    ):
        if keys:
            raise JobError(
                f"The job {problem} key {min(keys)!r}.", "Use a plugin and a core of the same version."
            )
    if document["schema"] != SCHEMA or document["task"] != kind.task:
        raise JobError(
            f"The job is of schema {document['schema']!r} and task {document['task']!r}; this is AUVAE "
            f"{__version__}, which does the tasks 'unmix', 'unmixscenes', 'count', 'inspect' and 'cluster' of schema {SCHEMA}.",
            "Use a plugin and a core of the same version.",
        )
    values = {field.name: document[field.name] for field in fields(kind)}
    if isinstance(values["bands"], list):
        values["bands"] = tuple(values["bands"])
    elif values["bands"] is not None:
        raise _wrong("bands", values["bands"], "a list of band numbers, or null")
    values["selection"] = Selection.parse(values["selection"])
    return values


def _check(
    job: Job | CountJob | InspectJob,
    texts: tuple[str, ...] = (),
    numbers: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
) -> None:
    """Refuse what no job may be: fields of a wrong type, and what all tasks share out of its range."""
    for name in files:
        path = getattr(job, name)
        if path is not None and not (isinstance(path, str) and path.strip()):
            raise _wrong(name, path, "the path of a file, or null")
    for name in ("id", "scene", "device", *texts):
        if not isinstance(getattr(job, name), str):
            raise _wrong(name, getattr(job, name), "text")
    for name in (*numbers, "seed"):
        if not _is_integer(getattr(job, name)):
            raise _wrong(name, getattr(job, name), "a whole number")
    if job.bands is not None and not (job.bands and all(_is_integer(band) for band in job.bands)):
        raise _wrong("bands", job.bands, "a list of band numbers, or null")
    if not re.fullmatch(r"[A-Za-z0-9]{1,64}", job.id):
        raise _wrong("id", job.id, "a word of letters and digits")
    if job.device not in DEVICES:
        raise _wrong("device", job.device, f"one of {', '.join(DEVICES)}")
    if not 0 <= job.seed < 2**31:
        raise _wrong("seed", job.seed, f"a number from 0 to {2**31 - 1}")
    if not job.scene.strip():
        raise _wrong("scene", job.scene, "a path")


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
    course.reach(0.0, "reading", "Reading the scene")
    with Scene.open(job.scene, job.bands, job.selection) as scene:
        scene.check(max(ENDMEMBERS[0], job.endmembers if isinstance(job, Job) else 0))
        for level, texts in (("info", scene.notes), ("warning", scene.warnings)):
            for text in texts:
                course.message(level, text)
        if isinstance(job, Job):
            _unmix(job, scene, course)
        elif isinstance(job, CountJob):
            _count(job, scene, course)
        else:
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


def _unmix(job: Job, scene: Scene, course: Course) -> None:
    """Unmix the scene into the job's result folder, from where a run that died left it."""
    device, device_name = device_of(job.device)
    if job.variant != DEFAULT:
        course.message("warning", caution(job.variant))
    mark = fingerprint(scene, job.options, versions(), device)
    earlier = left_over(Path(job.output), mark)
    patches, count = [], None
    told: dict[str, Any]
    if earlier is None:
        patches = _patches(job, scene, course)
        found = None if job.endmembers else counted_endmembers(job, scene, patches, course, _COUNTED)
        count = found.document() if found else None
        endmembers = found.number if found else job.endmembers
    else:
        share = earlier.checkpoint.row / scene.rows
        course.message("info", f"An earlier run ended after {share:.0%} of the maps: going on from there.")
        endmembers = int(earlier.checkpoint.told["endmembers"])
    names = [f"Endmember {number}" for number in range(1, endmembers + 1)]
    course.send(scene_event(scene, names))
    with ResultWriter(Path(job.output), job.id, scene, names, earlier) as writer:
        if earlier is None:
            model, moves = train_model(job, endmembers, patches, course)
            told = {"endmembers": endmembers, "count": count, "history": model.history, "moves": moves}
            del patches
        else:
            model, told = earlier.model(device), earlier.checkpoint.told
        _map(scene, model, writer, course, lambda row: writer.keep(model, mark, row, told), earlier)
        course.reach(_MAPPED, "writing", "Writing the result")
        writer.complete_maps(
            lambda done: course.reach(_MAPPED + (1 - _MAPPED) * done, "writing", "Writing the result")
        )
        document = writer.finish(
            model,
            {
                "auvae": __version__,
                "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "scene": {"path": job.scene, "name": scene.name, "rows": scene.rows, "cols": scene.cols},
                "unit": scene.unit,
                "bands": band_decisions(scene),
                "options": job.options,
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


def _map(
    scene: Scene,
    model: TrainedModel,
    writer: ResultWriter,
    course: Course,
    keep: Callable[[int], None],
    earlier: Leftover | None,
) -> None:
    """Map the scene, and keep now and then how far that is."""
    course.reach(_TRAINED, "mapping", "Mapping the scene")
    pace = Pace(scene.rows * scene.cols)
    for row in map_scene(
        scene,
        model,
        writer,
        lambda done, text: course.reach(_TRAINED + (_MAPPED - _TRAINED) * done, "mapping", text),
        lambda text: course.message("info", text),
        earlier.checkpoint.row if earlier else 0,
    ):
        if row < scene.rows and pace.due():
            keep(row)


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
        self._emit(event)

    def message(self, level: str, text: str) -> None:
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
    for patch in scene.sample_patches(job.seed):
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
    job: Job, endmembers: int, patches: list[Patch], course: Course
) -> tuple[TrainedModel, list[dict[str, Any]]]:
    """The trained model, and how its endmembers moved: by share of the training done, as in training.json."""
    begin = _READ if job.endmembers else _COUNTED
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
    if job.device == ALL_GPUS and job.variant == DEFAULT:
        model = train_together(patches, options, report_progress, all_gpus())
    else:
        model = train(patches, options, report_progress)
    moves.append((1.0, model.endmembers))
    return model, [
        {"fraction": round(fraction, 4), "endmembers": _rounded(spectra)} for fraction, spectra in moves
    ]


def device_of(choice: str) -> tuple[str, str]:
    """The torch device that a setting means, "cuda" or "cpu", and the hardware's name; raises DeviceError."""
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


def _wrong(name: str, value: object, wanted: str) -> JobError:
    return JobError(f"{name.capitalize()} is {value!r}.", f"Give {wanted}.")


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def band_decisions(scene: Scene) -> list[dict[str, Any]]:
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
