"""How far a run over many scenes is, and how long it may take: estimated from what its tasks usually take."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..contract.events import ProgressEvent
    from ..contract.jobs import ScenesJob
    from ..tasks.progress import JobProgress
    from .engine import Key
    from .scene_state import Block, SceneState
    from .task_queue import TaskQueue

_LOOKED = 0.03
# What other tasks take, as so many pixels that are mapped: on one processor, 200 bands.
_SAMPLING = 1e5
_TRAINING = {"draft": 1e6, "standard": 3e6, "high": 2e7}
_JOINING = 0.3
# Seconds between two reports of how far all is: with thousands of tasks each takes some milliseconds.
_REPORT_AGAIN_S = 0.2
_SLOW_S, _MINUTE_S = 60.0, 60


class RunProgress:
    """Turns outcomes of tasks, and what they report on the way, into the progress of the whole."""

    def __init__(
        self, job: ScenesJob, scenes: Sequence[SceneState], queue: TaskQueue, progress: JobProgress
    ) -> None:
        self._job, self._scenes, self._queue, self._progress = job, scenes, queue, progress
        self._parts: dict[Key, float] = {}
        self._done = 0.0
        self._stage, self._training, self._reported = "reading", "", 0.0
        self._mapping_since, self._mapping_from = 0.0, 0.0

    def take(self, key: Key, event: ProgressEvent) -> None:
        """Take the event `progress` of a task."""
        self._parts[key] = max(self._parts.get(key, 0.0), event["fraction"])
        if key[0] == "train":
            self._stage = "training"
            scene = "" if self._job.models == "one" else f"{self._scenes[key[1]].name}: "
            self._training = f"{scene}{event['text']}"
        self.report("", event.get("losses"), event.get("endmembers"))

    def ended(self, key: Key) -> None:
        """A task has ended, well or not: what it was in the middle of no longer counts."""
        self._parts.pop(key, None)

    def sampled(self) -> None:
        """A scene was sampled."""
        self._done += _SAMPLING

    def trained(self) -> None:
        """A model was trained."""
        self._done += _TRAINING[self._job.quality]

    def begin_mapping(self) -> None:
        """The first blocks can be mapped: from here on the time left can be estimated."""
        if not self._mapping_since:
            self._mapping_since, self._mapping_from = time.monotonic(), self._done

    def mapped(self, scene: SceneState, block: Block, *, earlier: bool = False) -> None:
        """A block was mapped, or never will be; `earlier` by a run that this one goes on from."""
        self._done += scene.pixels_of(block)
        if earlier:
            self._mapping_from += scene.pixels_of(block)

    def joined(self, scene: SceneState) -> None:
        """A scene's result is in its place."""
        self._done += _JOINING * scene.pixels

    def finished_earlier(self, scene: SceneState) -> None:
        """A scene's result was there before this run."""
        self._done += _work(scene)

    def report(
        self,
        waiting_for: str,
        losses: dict[str, float] | None = None,
        endmembers: list[list[float]] | None = None,
    ) -> None:
        """Report how far all is, not too often.

        Args:
            waiting_for: a sentence on what the engine waits for, empty where it does not.
            losses: of a training.
            endmembers: (K, B) while they move.
        """
        now = time.monotonic()
        if now - self._reported < _REPORT_AGAIN_S:
            return
        self._reported = now
        text = ""
        kinds = Counter(key[0] for key in self._queue.unfinished())
        if kinds["sample"]:
            whole = kinds["sample"] + sum(scene.sampled for scene in self._scenes)
            text = f"Reading samples: {whole - kinds['sample']} of {whole} scenes"
        elif kinds["train"] and not kinds["map"] + kinds["join"]:
            text = self._training or "Waiting for a worker to train"
        elif not kinds["look"]:
            self._stage = "mapping" if kinds["map"] + kinds["train"] else "writing"
            text = self._mapping_text()
        moved = None if endmembers is None else np.array(endmembers)
        text = waiting_for or text or "Looking at the scenes"
        self._progress.reach(self._fraction(), self._stage, text, losses, moved)

    def _amounts(self) -> tuple[float, float]:
        """How much is done, running tasks by how far they are, and how much there is; in pixels mapped."""
        trains = _TRAINING[self._job.quality]
        scenes = [scene for scene in self._scenes if scene.seen and not scene.failed]
        trainings = 1 if self._job.models == "one" else sum(not s.finished or s.trained for s in scenes)
        samplings = sum(scene.sampled for scene in scenes)
        samplings += sum(key[0] == "sample" for key in self._queue.unfinished())
        running = 0.0
        for (kind, number, block), part in self._parts.items():
            scene = self._scenes[number]
            if kind == "sample":
                running += part * _SAMPLING
            elif kind == "train":
                running += part * trains
            elif kind == "map":
                running += part * scene.pixels_of(scene.blocks[block])
            elif kind == "join":
                running += part * _JOINING * scene.pixels
        return self._done + running, sum(map(_work, scenes)) + trainings * trains + samplings * _SAMPLING

    def _fraction(self) -> float:
        """The share of everything that is done."""
        looks = sum(key[0] == "look" for key in self._queue.unfinished())
        if looks:
            return _LOOKED * (1 - looks / len(self._scenes))
        done, total = self._amounts()
        return _LOOKED + (0.99 - _LOOKED) * min(1.0, done / max(1.0, total))

    def _mapping_text(self) -> str:
        scenes = [scene for scene in self._scenes if not scene.failed]
        blocks = [block for scene in scenes for block in scene.blocks]
        over = sum(block.done or bool(block.missing) for block in blocks)
        whole = sum(scene.finished for scene in scenes)
        text = f"Mapping: {over} of {len(blocks)} blocks, {whole} of {len(scenes)} scenes finished"
        seconds = time.monotonic() - self._mapping_since if self._mapping_since else 0.0
        done, total = self._amounts()
        if seconds > _SLOW_S and total > done > self._mapping_from:
            minutes = seconds * (total - done) / (done - self._mapping_from) / _MINUTE_S
            text += f", about {max(1, round(minutes))} min left"
        return text


def _work(scene: SceneState) -> float:
    return (1 + _JOINING) * scene.pixels
