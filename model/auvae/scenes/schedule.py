"""A run over many scenes: what is to be done in which order, what comes of a task that fails, how far it is.

Who carries the tasks out is decided in engine.py and cluster.py, what they do in tasks.py.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..contract.errors import AuvaeError, Cancelled, JobError, OutputError, SceneError
from ..contract.jobs import ScenesJob, folder_names
from ..tasks.progress import Course
from .engine import Ended, Engine, Here, Key, Said
from .run_folder import Workplace
from .summary import write_summary

Order = dict[str, Any]
TRIES = 3
PAUSE_S = 1.0
"""Before the second try, twice that before the third: a file server may need a moment."""

# What is worth most comes first: a scene that can be finished, then blocks, then what makes more of them.
_URGENCY = {"look": 0, "sample": 1, "join": 2, "map": 3, "train": 4}
_LOOKED = 0.03
# What other tasks take, as so many pixels that are mapped: on one processor, 200 bands.
_SAMPLING = 1e5
_TRAINING = {"draft": 1e6, "standard": 3e6, "high": 2e7}
_JOINING = 0.3
_WAIT_S = 0.2
_SAY_AGAIN_S = 30.0
# Seconds between two looks at how far all is: with thousands of tasks each look takes some milliseconds.
_LOOK_AGAIN_S = 0.2
_SLOW_S, _MINUTE_S = 60.0, 60
# Wavelengths of one band in two scenes may differ by this much, in nm.
_SAME_BAND = 2.0


@dataclass
class _Block:
    """Rows of a scene; `missing` is why they could not be mapped."""

    first: int
    last: int
    done: bool = False
    missing: str = ""


@dataclass
class _Scene:
    """A scene on its way: what is known of it and what became of it."""

    number: int
    path: str
    name: str
    seen: dict[str, Any] = field(default_factory=dict)
    blocks: list[_Block] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sampled: bool = False
    trained: bool = False
    failed: str = ""
    finished: bool = False


def run_scenes(job: ScenesJob, emit: Callable[[dict[str, Any]], None], cancelled: Callable[[], bool]) -> None:
    """Unmix the job's scenes into its output folder. The last event is `result`.

    Raises:
        AuvaeError: nothing can be done, or no further; what is finished is kept.
    """
    course = Course(emit, cancelled)
    course.reach(0.0, "reading", "Looking at the scenes")
    names = folder_names(job.scenes)
    with ExitStack() as stack:
        place = stack.enter_context(Workplace(job, names))
        run = Run(job, place, course)
        engine: Engine
        if job.run_on:
            from .cluster import Cluster, connected

            client = stack.enter_context(connected(job.run_on))
            engine = Cluster(
                client, job.run_on, job.device, place.token, course.message, cpu_workers=job.cpu_workers
            )
        else:
            engine = Here(run.hear, cancelled)
        stack.callback(engine.close)
        run.go(engine)
        run.finish()


class Run:
    """The state of a run: scenes, tasks that wait, how much is done."""

    def __init__(self, job: ScenesJob, place: Workplace, course: Course) -> None:
        self._job, self._place, self._course = job, place, course
        self._command = job.command
        self._scenes = [
            _Scene(number, path, name)
            for number, (path, name) in enumerate(zip(job.scenes, place.names, strict=True))
        ]
        self._waiting: list[tuple[int, int, int, Key, Order]] = []
        self._later: list[tuple[float, Key, Order]] = []
        self._orders: dict[Key, Order] = {}
        self._tries: dict[Key, int] = {}
        self._parts: dict[Key, float] = {}
        self._done = 0.0
        self._bands: list[int] | None = None
        self._stage, self._training, self._shown = "reading", "", 0.0
        self._mapping_since, self._mapping_from = 0.0, 0.0

    def go(self, engine: Engine) -> None:
        """Do everything that can be done."""
        if self._place.resumed:
            self._course.message("info", "An earlier run was not finished: going on from there.")
        for scene in self._scenes:
            self._put("look", scene, {"scene": scene.path})
        waited = time.monotonic()
        while self._waiting or self._later or self._orders:
            for due, key, order in [one for one in self._later if one[0] <= time.monotonic()]:
                self._later.remove((due, key, order))
                self._put(key[0], self._scenes[key[1]], order, key[2])
            while self._waiting and engine.room > 0:
                *_, key, order = heapq.heappop(self._waiting)
                self._orders[key] = order
                engine.start(key, order)
            if not self._orders:
                time.sleep(0.0 if self._waiting else _WAIT_S)
            heard = engine.next(_WAIT_S)
            if isinstance(heard, Said):
                self.hear(heard)
            elif isinstance(heard, Ended):
                self._end(heard)
            self._show(engine.state)
            if engine.state and time.monotonic() - waited > _SAY_AGAIN_S:
                waited = time.monotonic()
                self._course.message("info", f"{engine.state}.")

    def hear(self, said: Said) -> None:
        """Hand on what a task says, as part of the whole."""
        event, (kind, number, _) = said.event, said.key
        if said.key not in self._orders:
            return
        if event["event"] == "progress":
            self._parts[said.key] = max(self._parts.get(said.key, 0.0), event["fraction"])
            if kind == "train":
                self._stage = "training"
                who = "" if self._job.models == "one" else f"{self._scenes[number].name}: "
                self._training = f"{who}{event['text']}"
            self._show("", event.get("losses"), event.get("endmembers"))
        elif event["event"] == "message":
            self._course.message(event["level"], f"{self._scenes[number].name}: {event['text']}")
        elif event["event"] == "scene" and self._job.models == "one":
            self._course.send({**event, "name": f"{len(self._scenes)} scenes"})

    # ---- what follows from what

    def _end(self, ended: Ended) -> None:
        kind, number, block = ended.key
        scene, order = self._scenes[number], self._orders.pop(ended.key)
        self._parts.pop(ended.key, None)
        if ended.error is not None:
            self._fail(ended, scene, order)
        elif kind == "look":
            self._looked(scene, ended.answer)
        elif kind == "sample":
            scene.sampled = True
            self._done += _SAMPLING
        elif kind == "train":
            self._done += _TRAINING[self._job.quality]
            self._place.drop_samples()
            for other in self._scenes if self._job.models == "one" else [scene]:
                self._trained(other)
        elif kind == "map":
            scene.blocks[block].done = True
            self._done += self._pixels(scene, scene.blocks[block])
            self._join_if_mapped(scene)
        else:
            self._joined(scene)
        if kind in {"look", "sample"} and not any(key[0] == kind for key in self._all()):
            if kind == "look":
                self._plan_trainings()
            else:
                self._train_on_samples()

    def _all(self) -> list[Key]:
        later = [key for _, key, _ in self._later]
        return [*self._orders, *later, *(waiting[-2] for waiting in self._waiting)]

    def _fail(self, ended: Ended, scene: _Scene, order: Order) -> None:
        """Try again, or do without: a block, a scene. What all need ends the run."""
        kind, _, block = ended.key
        error = ended.error
        if isinstance(error, JobError):
            raise error
        said = _sentence(error)
        tries = self._tries[ended.key] = self._tries.get(ended.key, 0) + 1
        sure = ended.hopeless or (isinstance(error, SceneError) and kind != "map")
        if tries < TRIES and not sure:
            self._later.append((time.monotonic() + PAUSE_S * tries, ended.key, order))
        elif isinstance(error, OutputError):
            raise error
        elif kind == "map":
            part = scene.blocks[block]
            part.missing = said
            often = "" if ended.hopeless else f" {TRIES} times"
            text = (
                f"Rows {part.first + 1} to {part.last} of {scene.name} could not be mapped{often}, and are "
                f"no-data: {said}"
            )
            scene.warnings.append(text)
            self._course.message("warning", text)
            self._done += self._pixels(scene, part)
            self._join_if_mapped(scene)
        elif kind == "train" and self._job.models == "one":
            raise (
                error
                if isinstance(error, AuvaeError)
                else SceneError(f"The training failed: {said}", "Please report this with the log.")
            )
        else:
            self._give_up(scene, said)

    def _give_up(self, scene: _Scene, said: str) -> None:
        scene.failed = said
        self._course.message("warning", f"{scene.name} could not be unmixed: {said}")

    def _looked(self, scene: _Scene, seen: dict[str, Any]) -> None:
        scene.seen = seen
        scene.warnings += seen["warnings"]
        for level, texts in (("info", seen["notes"]), ("warning", seen["warnings"])):
            for text in texts:
                self._course.message(level, f"{scene.name}: {text}")
        rows = range(0, seen["rows"], seen["block_rows"])
        scene.blocks = [_Block(row, min(seen["rows"], row + seen["block_rows"])) for row in rows]

    def _plan_trainings(self) -> None:
        """Once all scenes were looked at: see that they go together, and have the models trained."""
        scenes = [scene for scene in self._scenes if scene.seen]
        if not scenes:
            raise SceneError(
                f"None of the {len(self._scenes)} scenes can be unmixed. {self._scenes[0].failed}",
                "Choose other scenes.",
            )
        if self._job.models == "one":
            self._bands = common_bands([scene.seen for scene in scenes])
        else:
            self._bands = None if self._job.bands is None else list(self._job.bands)
        for scene in scenes:
            known = self._place.result(scene.number) if self._place.resumed else None
            if known is not None and not known["missing"]:
                scene.finished = True
                self._done += self._work(scene)
        left = [scene for scene in scenes if not scene.finished]
        if not left:
            return
        if self._job.models == "each" or len(scenes) == 1 or self._place.trained(None):
            for scene in left if self._job.models == "each" else left[:1]:
                self._put("train", scene, {"scene": scene.path, "samples": [], "model": self._model(scene)})
            return
        for scene in scenes:
            samples = str(self._place.samples(scene.number))
            of = {"number": scene.number, "of": len(scenes)}
            self._put("sample", scene, {"scene": scene.path, "samples": samples, **of})

    def _train_on_samples(self) -> None:
        """Once all scenes were sampled, have the one model of those that could be trained."""
        scenes = [scene for scene in self._scenes if scene.sampled]
        if not scenes:
            raise SceneError(
                f"None of the {len(self._scenes)} scenes can be unmixed. {self._scenes[0].failed}",
                "Choose other scenes.",
            )
        samples = [str(self._place.samples(scene.number)) for scene in scenes]
        order = {"scene": scenes[0].path, "samples": samples, "model": self._model(scenes[0])}
        self._put("train", scenes[0], order)

    def _trained(self, scene: _Scene) -> None:
        if scene.finished or scene.failed:
            return
        if not self._mapping_since:
            self._mapping_since, self._mapping_from = time.monotonic(), self._done
        scene.trained = True
        for number, block in enumerate(scene.blocks):
            tile = self._place.tile(scene.number, block.first)
            if tile.is_dir():
                block.done = True
                self._done += self._pixels(scene, block)
                self._mapping_from += self._pixels(scene, block)
                continue
            order = {"scene": scene.path, "tile": str(tile), "first": block.first, "last": block.last}
            self._put("map", scene, {**order, "model": self._model(scene)}, number)
        self._join_if_mapped(scene)

    def _model(self, scene: _Scene) -> str:
        return str(self._place.model(None if self._job.models == "one" else scene.number))

    def _join_if_mapped(self, scene: _Scene) -> None:
        if not all(block.done or block.missing for block in scene.blocks):
            return
        blocks = [
            {
                "first": block.first,
                "last": block.last,
                "tile": None if block.missing else str(self._place.tile(scene.number, block.first)),
            }
            for block in scene.blocks
        ]
        order = {
            "scene": scene.path,
            "model": self._model(scene),
            "output": str(self._place.output / scene.name),
            "blocks": blocks,
            "mark": self._place.mark,
            "command": self._command,
            "warnings": scene.warnings,
        }
        self._put("join", scene, order)

    def _joined(self, scene: _Scene) -> None:
        scene.finished = True
        self._done += _JOINING * scene.seen["rows"] * scene.seen["cols"]
        if not any(block.missing for block in scene.blocks):
            self._place.drop_tiles(scene.number)
        count = sum(other.finished for other in self._scenes)
        self._course.message("info", f"{scene.name} is finished, {count} of {len(self._scenes)}.")

    def _put(self, kind: str, scene: _Scene, order: Order, block: int = 0) -> None:
        """Have a task wait for its turn."""
        key = (kind, scene.number, block)
        if "job" not in order:
            # An order names its scene alone: those of a thousand scenes would be long.
            order = {**order, "job": _document(self._job, scene), "bands": self._bands_of(kind, scene)}
        heapq.heappush(self._waiting, (_URGENCY[kind], scene.number, block, key, order))

    def _bands_of(self, kind: str, scene: _Scene) -> list[int] | None:
        """The bands that a task is told to use; None where the scene by itself says the same."""
        if kind != "train" and self._bands == scene.seen.get("bands"):
            return None if self._job.bands is None else list(self._job.bands)
        return self._bands

    # ---- how far it is

    def _pixels(self, scene: _Scene, block: _Block) -> float:
        return float((block.last - block.first) * scene.seen["cols"])

    def _work(self, scene: _Scene) -> float:
        return (1 + _JOINING) * scene.seen["rows"] * scene.seen["cols"]

    def _amounts(self) -> tuple[float, float]:
        """How much is done, running tasks by how far they are, and how much there is; in pixels mapped."""
        trains = _TRAINING[self._job.quality]
        scenes = [scene for scene in self._scenes if scene.seen and not scene.failed]
        trainings = 1 if self._job.models == "one" else sum(not s.finished or s.trained for s in scenes)
        samplings = sum(scene.sampled for scene in scenes) + sum(key[0] == "sample" for key in self._all())
        running = 0.0
        for (kind, number, block), part in self._parts.items():
            scene = self._scenes[number]
            if kind == "sample":
                running += part * _SAMPLING
            elif kind == "train":
                running += part * trains
            elif kind == "map":
                running += part * self._pixels(scene, scene.blocks[block])
            elif kind == "join":
                running += part * _JOINING * scene.seen["rows"] * scene.seen["cols"]
        return self._done + running, sum(map(self._work, scenes)) + trainings * trains + samplings * _SAMPLING

    def _fraction(self) -> float:
        """The share of everything that is done."""
        looks = sum(key[0] == "look" for key in self._all())
        if looks:
            return _LOOKED * (1 - looks / len(self._scenes))
        done, total = self._amounts()
        return _LOOKED + (0.99 - _LOOKED) * min(1.0, done / max(1.0, total))

    def _show(
        self,
        state: str,
        losses: dict[str, float] | None = None,
        endmembers: list[list[float]] | None = None,
    ) -> None:
        """Say how far all is; `state` is what the engine waits for, if it does."""
        now = time.monotonic()
        if now - self._shown < _LOOK_AGAIN_S:
            return
        self._shown = now
        text = ""
        kinds = Counter(key[0] for key in self._all())
        if kinds["sample"]:
            whole = kinds["sample"] + sum(scene.sampled for scene in self._scenes)
            text = f"Reading samples: {whole - kinds['sample']} of {whole} scenes"
        elif kinds["train"] and not kinds["map"] + kinds["join"]:
            text = self._training or "Waiting for a worker to train"
        elif not kinds["look"]:
            self._stage = "mapping" if kinds["map"] + kinds["train"] else "writing"
            text = self._mapping_text()
        moved = None if endmembers is None else np.array(endmembers)
        self._course.reach(
            self._fraction(), self._stage, state or text or "Looking at the scenes", losses, moved
        )

    def _mapping_text(self) -> str:
        blocks = [block for scene in self._scenes if not scene.failed for block in scene.blocks]
        scenes = [scene for scene in self._scenes if not scene.failed]
        over = sum(block.done or bool(block.missing) for block in blocks)
        whole = sum(scene.finished for scene in scenes)
        text = f"Mapping: {over} of {len(blocks)} blocks, {whole} of {len(scenes)} scenes finished"
        seconds = time.monotonic() - self._mapping_since if self._mapping_since else 0.0
        done, total = self._amounts()
        if seconds > _SLOW_S and total > done > self._mapping_from:
            minutes = seconds * (total - done) / (done - self._mapping_from) / _MINUTE_S
            text += f", about {max(1, round(minutes))} min left"
        return text

    # ---- the end

    def finish(self) -> None:
        """Write the summary and the report of all scenes, and send the result.

        Raises:
            SceneError: no scene could be unmixed.
        """
        course, place = self._course, self._place
        failed = [scene for scene in self._scenes if not scene.finished]
        if len(failed) == len(self._scenes):
            raise SceneError(
                f"None of the scenes could be unmixed; {failed[0].name}: {failed[0].failed}",
                "Choose other scenes.",
            )
        course.reach(0.99, "writing", "Writing the summary")
        rows = []
        for scene in self._scenes:
            document = place.result(scene.number) if scene.finished else None
            if document is not None:
                seen = {key: scene.seen[key] for key in ("date", "pixel_area")}
                rows.append({"scene": scene.path, "name": scene.name, **seen, "result": document})
        told = [{"scene": scene.path, "name": scene.name, "text": scene.failed} for scene in failed]
        files = write_summary(self._job, place.output, rows, told, course)
        if not failed and not any(row["result"]["missing"] for row in rows):
            place.clear()
        course.send(
            {
                "event": "result",
                "output": str(place.output),
                "files": files,
                "scenes": [
                    {
                        "scene": row["scene"],
                        "output": str(place.output / row["name"]),
                        "date": row["date"],
                        "endmembers": [
                            {
                                "name": item["name"],
                                "file": str(place.output / row["name"] / item["file"]),
                                "color": item["color"],
                            }
                            for item in row["result"]["endmembers"]
                        ],
                        "metrics": row["result"]["metrics"],
                    }
                    for row in rows
                ],
                "failed": told,
                "warnings": course.warnings,
            }
        )


def _document(job: ScenesJob, scene: _Scene) -> dict[str, Any]:
    """The job on one of its scenes, as a document."""
    return {
        "schema": 1,
        "task": job.task,
        **{name: getattr(job, name) for name in job.__dataclass_fields__},
        "scenes": [scene.path],
        "bands": None if job.bands is None else list(job.bands),
        "selection": job.selection.document(),
    }


def common_bands(scenes: list[dict[str, Any]]) -> list[int]:
    """The bands that are used in all scenes, of what was seen of each.

    Raises:
        SceneError: the scenes are not of one sensor, so that no model can be trained on all.
    """
    first = scenes[0]
    remedy = "Unmix with one model each, or leave that scene out."
    common = set(first["bands"])
    for other in scenes[1:]:
        if other["band_count"] != first["band_count"]:
            raise SceneError(
                f"{first['name']} has {first['band_count']} bands and {other['name']} "
                f"{other['band_count']}: one model cannot be trained on both.",
                remedy,
            )
        if other["unit"] != first["unit"]:
            raise SceneError(
                f"The values of {first['name']} are “{first['unit']}”, those of {other['name']} "
                f"“{other['unit']}”: one model cannot be trained on both.",
                remedy,
            )
        if first["wavelengths"] and other["wavelengths"]:
            one, two = (dict(zip(s["bands"], s["wavelengths"], strict=True)) for s in (first, other))
            apart = max((abs(one[band] - two[band]) for band in one.keys() & two.keys()), default=0.0)
            if apart > _SAME_BAND:
                raise SceneError(
                    f"The bands of {first['name']} and {other['name']} are up to {apart:.1f} nm apart: "
                    "one model cannot be trained on both.",
                    remedy,
                )
        common &= set(other["bands"])
    if len(common) <= 1:
        raise SceneError("The scenes have no bands in common that are used in all.", remedy)
    return sorted(common)


def _sentence(error: Exception | None) -> str:
    if isinstance(error, Cancelled):
        return "the cluster took the task back."
    return error.text if isinstance(error, AuvaeError) else (str(error) or type(error).__name__)
