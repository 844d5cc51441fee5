"""Where the time of a training goes: its stages, and in each of them seconds, kernels, and waits of the host.

On a card that is measured; without one it is counted which operations the host would start, and which of them
would wait for the card. Measures nothing by itself: gpu.py says what is trained.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from auvae.endmembers import adversary, judge, search
from auvae.endmembers.candidates import EXTRAPOLATORS, PROPOSERS
from auvae.endmembers.search_space import SearchSpace
from auvae.network import trainer
from auvae.numerics import steps
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

REST = "the rest"
PLACES: tuple[tuple[str, Any, str], ...] = (
    ("cleaning", trainer.Trainer, "clean"),
    ("search: the rest", trainer, "find_endmembers"),
    ("search: coordinates", SearchSpace, "of"),
    *((f"search: {kind.NAME}", kind, "propose") for kind in (*PROPOSERS, *EXTRAPOLATORS)),
    ("search: adversary", adversary, "distances"),
    ("search: lone pixels", search, "lone_pixels"),
    ("search: small materials", search, "_put_targets"),
    ("search: which are needed", judge, "growths"),
    ("search: sets nearly as good", search, "_nearly_as_good"),
    ("record of the search", trainer, "search_document"),
    ("brightness", trainer, "lighting_of"),
    ("unmixing", trainer.Trainer, "unmix"),
)
"""Stages, and the function whose calls they are; within one another the inner one counts."""

_WAITS = ("Synchronize", "cudaMemcpy", "cuMemcpy")
_LAUNCHES = ("LaunchKernel", "GraphLaunch")
_MARK = "spin"
"""In the name of the kernel that stands between two stages on the card."""

_ASKED = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "_unique2", "bincount"}
_ASKED |= {"_linalg_eigh", "_linalg_svd", "multinomial"}
"""Operations whose results, or whose success, the host waits for."""


@contextmanager
def stages(changed: Callable[[str], None]) -> Iterator[None]:
    """Let ``changed`` hear the stage whenever a training enters one, or comes back to one."""
    inside = [REST]

    def watched(stage: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            inside.append(stage)
            changed(stage)
            try:
                return real(*args, **options)
            finally:
                inside.pop()
                changed(inside[-1])

        return call

    with ExitStack() as changes:
        for stage, owner, name in PLACES:
            if not hasattr(owner, name):
                print(f"(No longer there: {name}; its time is told with another stage.)")
                continue
            stand_in: Any = watched(stage, getattr(owner, name))
            of_class = isinstance(vars(owner).get(name), classmethod)
            changes.enter_context(patch.object(owner, name, staticmethod(stand_in) if of_class else stand_in))
        yield


def walls(work: Callable[[], object], device: str) -> dict[str, float]:
    """Wall seconds of every stage; at the end of one the host waits for the device."""
    spent: Counter[str] = Counter()
    last = [REST, time.perf_counter()]

    def changed(stage: str) -> None:
        if device == "cuda":
            torch.cuda.synchronize()
        now = time.perf_counter()
        spent[last[0]] += now - last[1]
        last[:] = stage, now

    with stages(changed):
        work()
        changed(REST)
    return dict(spent)


def on_card(work: Callable[[], object]) -> dict[str, dict[str, float]]:
    """Of every stage ``busy`` seconds and ``kernels`` of the card, ``launches`` and ``waits`` of the host."""
    names = [REST]

    def changed(stage: str) -> None:
        torch.cuda.synchronize()
        torch.cuda._sleep(1)
        names.append(stage)

    with profile(activities=[ProfilerActivity.CUDA]) as watched, stages(changed):
        work()
        torch.cuda.synchronize()
    cuda = torch.autograd.DeviceType.CUDA
    events = sorted(watched.events(), key=lambda event: event.time_range.start)
    here = [event for event in events if event.device_type == cuda]
    marks = [event.time_range.start for event in here if _MARK in event.name]
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        if _MARK in event.name:
            continue
        # The mark of a stage runs once all before it is done, and before anything of it.
        number = sum(mark <= event.time_range.start for mark in marks)
        stage = found[names[min(number, len(names) - 1)]]
        if event.device_type == cuda:
            stage["kernels"] += 1
        elif any(word in event.name for word in _LAUNCHES):
            stage["launches"] += 1
        elif any(word in event.name for word in _WAITS) and "Async" not in event.name:
            stage["waits"] += 1
    for number, name in enumerate(names):
        first = marks[number - 1] if number else float("-inf")
        end = marks[number] if number < len(marks) else float("inf")
        spans = [event.time_range for event in here if first <= event.time_range.start < end]
        found[name]["busy"] += covered((span.start, span.end) for span in spans)
    return {name: dict(values) for name, values in found.items()}


def covered(spans: Iterator[tuple[float, float]]) -> float:
    """Seconds covered by spans of microseconds: what runs on two streams at once counts once."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total / 1e6


def counted(work: Callable[[], object]) -> dict[str, dict[str, int]]:
    """Of every stage: ``operations`` that a host starts, those that it ``waits`` for, ``replays`` of steps.

    Of a step that a card would record the first ones and the recorded one are counted, then one replay each.
    """
    host = _Host()
    take = steps.RepeatedStep.__call__
    taken: Counter[int] = Counter()
    kept = []  # a step must not end before its number is given to another one

    def call(step: steps.RepeatedStep) -> None:
        kept.append(step)
        taken[id(step)] += 1
        if taken[id(step)] <= steps.WARM_UP + 1:
            take(step)
            return
        host.count("replays")
        with host.replayed():
            take(step)

    with patch.object(steps.RepeatedStep, "__call__", call), stages(host.enter), host:
        work()
    return {name: dict(values) for name, values in host.found.items()}


class _Host(TorchDispatchMode):
    """Counts the operations that pass."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Counter[str]] = defaultdict(Counter)
        self._stage, self._counting = REST, True

    def enter(self, stage: str) -> None:
        """Count for this stage from now on."""
        self._stage = stage

    def count(self, what: str) -> None:
        """One more."""
        self.found[self._stage][what] += 1

    @contextmanager
    def replayed(self) -> Iterator[None]:
        """Count nothing: a recorded step is started as one."""
        self._counting = False
        try:
            yield
        finally:
            self._counting = True

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count an operation, unless it only gives another view of the same memory."""
        if self._counting and not func.is_view:
            self.count("operations")
            name = func._schema.name.partition("::")[2]
            by_mask = name in ("index", "index_put", "index_put_") and any(
                isinstance(index, torch.Tensor) and index.dtype == torch.bool for index in args[1]
            )
            if name in _ASKED or by_mask:
                self.count("waits")
        return func(*args, **(kwargs or {}))
