"""How many threads compute: chosen once, from the processors that this process may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import torch

TRAINING = 1
"""Crops are so small that more threads would mostly wait for each other."""

SIDE_BY_SIDE = {"cpu": 4, "cuda": 2}
"""Windows of a scene that are mapped at a time, at most: each takes memory, and a card does one by one."""

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""What Linux lets the processes of a container have: microseconds of processor time, in so many."""


@dataclass(frozen=True)
class Threads:
    """How many threads do what.

    Attributes:
        processors: that this process may use.
        mapping: threads that map a scene and pack its rasters; OMP_NUM_THREADS may say fewer.
        training: threads that train.
    """

    processors: int
    mapping: int
    training: int

    def document(self) -> dict[str, int]:
        """As result.json has them."""
        return asdict(self)

    def sentence(self) -> str:
        """As the log has them."""
        threads, processors = _counted(self.mapping, "thread"), _counted(self.processors, "processor")
        return f"Computing on {threads} of {processors}; training on {_counted(self.training, 'thread')}."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@lru_cache(maxsize=1)
def chosen_threads() -> Threads:
    """The numbers of this process; the first call chooses them, and torch computes with them from then on."""
    processors = usable_processors()
    mapping = min(torch.get_num_threads(), processors)
    torch.set_num_threads(mapping)
    return Threads(processors, mapping, TRAINING)


def usable_processors(quota: Path = _QUOTA) -> int:
    """Processors that this process may use: a container or `taskset` may leave it few of the machine's.

    Args:
        quota: the file in which a container's share is written.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no container, or no limit: "max"
        share, period = map(int, quota.read_text(encoding="ascii").split())
        count = min(count, max(1, -(-share // period)))
    return count


@contextmanager
def training_threads() -> Iterator[None]:
    """Compute on as few threads as training needs."""
    with _computing_on(TRAINING):
        yield


@contextmanager
def threads_side_by_side(device: torch.device) -> Iterator[int]:
    """Share the threads that map out among windows that are mapped at the same time; yields how many.

    A window on each thread is faster than all threads on one window, where after every operation each waits
    for the others: much faster where other programs keep some of the processors busy.
    """
    threads = chosen_threads().mapping
    windows = min(threads, SIDE_BY_SIDE[device.type])
    with _computing_on(threads // windows):
        yield windows


@contextmanager
def _computing_on(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
