"""What a run over many scenes does in which order, and what follows from the outcome of a task.

Who carries the tasks out is decided in engine.py and cluster.py, what they do in tasks.py, when they are
tried again in task_queue.py.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..contract.errors import AuvaeError, Cancelled, JobError, OutputError, SceneError
from .common_bands import common_bands
from .engine import Engine, Key, TaskMessage, TaskOutcome
from .run_progress import RunProgress
from .scene_state import Block, SceneState
from .task_queue import TRIES, TaskQueue

if TYPE_CHECKING:
    from ..contract.jobs import ScenesJob
    from ..tasks.progress import JobProgress
    from .run_folder import RunFolder
    from .tasks import Order

_WAIT_S = 0.2
_REMIND_S = 30.0


class Schedule:
    """A run over many scenes.

    Attributes:
        scenes: what became of each.
    """

    def __init__(self, job: ScenesJob, place: RunFolder, progress: JobProgress) -> None:
        self.scenes = [
            SceneState(number, path, name)
            for number, (path, name) in enumerate(zip(job.scenes, place.names, strict=True))
        ]
        self._job, self._place, self._progress = job, place, progress
        self._command = job.command
        self._queue = TaskQueue()
        self._run_progress = RunProgress(job, self.scenes, self._queue, progress)
        self._bands: list[int] | None = None

    def work(self, engine: Engine) -> None:
        """Do everything that can be done.

        Raises:
            AuvaeError: what all scenes need cannot be done.
        """
        if self._place.resumed:
            self._progress.message("info", "An earlier run was not finished: going on from there.")
        for scene in self.scenes:
            self._put("look", scene, {"scene": scene.path})
        reminded = time.monotonic()
        while self._queue:
            if not self._queue.start(engine):
                time.sleep(_WAIT_S)
            news = engine.next(_WAIT_S)
            if isinstance(news, TaskMessage):
                self.take(news)
            elif isinstance(news, TaskOutcome):
                self._end(news)
            self._run_progress.report(engine.state)
            if engine.state and time.monotonic() - reminded > _REMIND_S:
                reminded = time.monotonic()
                self._progress.message("info", f"{engine.state}.")

    def take(self, message: TaskMessage) -> None:
        """Hand on what a task reports, as part of the whole."""
        event = message.event
        if message.key not in self._queue.running:
            return
        if event["event"] == "progress":
            self._run_progress.take(message.key, event)
        elif event["event"] == "message":
            self._hear(message.key, event["level"], event["text"])
        elif event["event"] == "scene" and self._job.models == "one":
            self._progress.send({**event, "name": f"{len(self.scenes)} scenes"})

    def _hear(self, key: Key, level: str, text: str) -> None:
        """Hand on a sentence; a warning also to the results that it is of, and only once for each."""
        kind, number, _ = key
        scene = self.scenes[number]
        if level == "warning":
            of_all = kind == "train" and self._job.models == "one"
            new = [one for one in (self.scenes if of_all else [scene]) if text not in one.warnings]
            for one in new:
                one.warnings.append(text)
            if not new:
                return
        self._progress.message(level, f"{scene.name}: {text}")

    def _end(self, outcome: TaskOutcome) -> None:
        kind, number, block = outcome.key
        scene, order = self.scenes[number], self._queue.running.pop(outcome.key)
        self._run_progress.ended(outcome.key)
        if outcome.error is not None:
            self._fail(outcome, outcome.error, scene, order)
        elif kind == "look":
            self._looked(scene, outcome.answer)
        elif kind == "sample":
            scene.sampled = True
            self._run_progress.sampled()
        elif kind == "train":
            self._run_progress.trained()
            self._place.drop_samples()
            for other in self.scenes if self._job.models == "one" else [scene]:
                self._trained(other)
        elif kind == "map":
            scene.blocks[block].done = True
            self._run_progress.mapped(scene, scene.blocks[block])
            self._join_if_mapped(scene)
        else:
            self._joined(scene)
        if kind in {"look", "sample"} and not any(key[0] == kind for key in self._queue.unfinished()):
            if kind == "look":
                self._plan_trainings()
            else:
                self._train_on_samples()

    def _fail(self, outcome: TaskOutcome, error: Exception, scene: SceneState, order: Order) -> None:
        """Try again, or do without: a block, a scene. What all need ends the run."""
        kind, _, block = outcome.key
        if isinstance(error, JobError):
            raise error
        reason = _sentence(error)
        hopeless = outcome.hopeless or (isinstance(error, SceneError) and kind != "map")
        if self._queue.retry(outcome.key, order, hopeless=hopeless):
            return
        if isinstance(error, OutputError):
            raise error
        if kind == "map":
            self._do_without(
                scene, scene.blocks[block], reason, "" if outcome.hopeless else f" {TRIES} times"
            )
        elif kind == "train" and self._job.models == "one":
            if isinstance(error, AuvaeError):
                raise error
            raise SceneError(f"The training failed: {reason}", "Please report this with the log.")
        else:
            scene.failed = reason
            self._progress.message("warning", f"{scene.name} could not be unmixed: {reason}")

    def _do_without(self, scene: SceneState, block: Block, reason: str, often: str) -> None:
        """Leave a block no-data."""
        block.missing = reason
        text = (
            f"Rows {block.first + 1} to {block.last} of {scene.name} could not be mapped{often}, and are "
            f"no-data: {reason}"
        )
        scene.warnings.append(text)
        self._progress.message("warning", text)
        self._run_progress.mapped(scene, block)
        self._join_if_mapped(scene)

    def _looked(self, scene: SceneState, seen: dict[str, Any]) -> None:
        scene.seen = seen
        scene.warnings += seen["warnings"]
        for level, texts in (("info", seen["notes"]), ("warning", seen["warnings"])):
            for text in texts:
                self._progress.message(level, f"{scene.name}: {text}")
        rows = range(0, seen["rows"], seen["block_rows"])
        scene.blocks = [Block(row, min(seen["rows"], row + seen["block_rows"])) for row in rows]

    def _plan_trainings(self) -> None:
        """Once all scenes were read for the first time: check that they go together, and train the models."""
        scenes = [scene for scene in self.scenes if scene.seen]
        self._refuse_none(scenes)
        if self._job.models == "one":
            self._bands = common_bands([scene.seen for scene in scenes])
        else:
            self._bands = None if self._job.bands is None else list(self._job.bands)
        for scene in scenes:
            known = self._place.result(scene.number) if self._place.resumed else None
            if known is not None and not known["missing"]:
                scene.finished = True
                self._run_progress.finished_earlier(scene)
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
        scenes = [scene for scene in self.scenes if scene.sampled]
        self._refuse_none(scenes)
        samples = [str(self._place.samples(scene.number)) for scene in scenes]
        order = {"scene": scenes[0].path, "samples": samples, "model": self._model(scenes[0])}
        self._put("train", scenes[0], order)

    def _refuse_none(self, usable: list[SceneState]) -> None:
        if not usable:
            raise SceneError(
                f"None of the {len(self.scenes)} scenes can be unmixed. {self.scenes[0].failed}",
                "Choose other scenes.",
            )

    def _trained(self, scene: SceneState) -> None:
        if scene.finished or scene.failed:
            return
        self._run_progress.begin_mapping()
        scene.trained = True
        for number, block in enumerate(scene.blocks):
            tile = self._place.tile(scene.number, block.first)
            if tile.is_dir():
                block.done = True
                self._run_progress.mapped(scene, block, earlier=True)
                continue
            order = {"scene": scene.path, "tile": str(tile), "first": block.first, "last": block.last}
            self._put("map", scene, {**order, "model": self._model(scene)}, number)
        self._join_if_mapped(scene)

    def _model(self, scene: SceneState) -> str:
        return str(self._place.model(None if self._job.models == "one" else scene.number))

    def _join_if_mapped(self, scene: SceneState) -> None:
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

    def _joined(self, scene: SceneState) -> None:
        scene.finished = True
        self._run_progress.joined(scene)
        if not any(block.missing for block in scene.blocks):
            self._place.drop_tiles(scene.number)
        count = sum(other.finished for other in self.scenes)
        self._progress.message("info", f"{scene.name} is finished, {count} of {len(self.scenes)}.")

    def _put(self, kind: str, scene: SceneState, order: Order, block: int = 0) -> None:
        """Have a task wait for its turn."""
        # An order names its scene alone: those of a thousand scenes would be long.
        job = replace(self._job, scenes=(scene.path,)).document()
        order = {**order, "job": job, "bands": self._bands_of(kind, scene)}
        self._queue.put((kind, scene.number, block), order)

    def _bands_of(self, kind: str, scene: SceneState) -> list[int] | None:
        """The bands that a task is to use; None where the scene by itself gives the same."""
        if kind != "train" and self._bands == scene.seen.get("bands"):
            return None if self._job.bands is None else list(self._job.bands)
        return self._bands


def _sentence(error: Exception) -> str:
    if isinstance(error, Cancelled):
        return "the cluster took the task back."
    return error.text if isinstance(error, AuvaeError) else (str(error) or type(error).__name__)
