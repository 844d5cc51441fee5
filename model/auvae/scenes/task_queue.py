"""Tasks that wait for their turn, for another try, or for their outcome."""

from __future__ import annotations

import heapq
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .engine import Engine, Key
    from .tasks import Order

TRIES = 3
PAUSE_S = 1.0
"""Before the second try, twice that before the third: a file server may need a moment."""

# What is worth most comes first: a scene that can be finished, then blocks, then what makes more of them.
_URGENCY = {"look": 0, "sample": 1, "join": 2, "map": 3, "train": 4}


class TaskQueue:
    """The tasks of a run that have no outcome yet.

    Attributes:
        running: orders of those that an engine has.
    """

    def __init__(self) -> None:
        self.running: dict[Key, Order] = {}
        self._waiting: list[tuple[int, int, int, Key, Order]] = []
        self._later: list[tuple[float, Key, Order]] = []
        self._tries: dict[Key, int] = {}

    def put(self, key: Key, order: Order) -> None:
        """Have a task wait for its turn."""
        kind, scene, block = key
        heapq.heappush(self._waiting, (_URGENCY[kind], scene, block, key, order))

    def start(self, engine: Engine) -> bool:
        """Give an engine as many tasks as it takes; returns whether it has any, or more wait for it."""
        for due, key, order in [one for one in self._later if one[0] <= time.monotonic()]:
            self._later.remove((due, key, order))
            self.put(key, order)
        while self._waiting and engine.room > 0:
            *_, key, order = heapq.heappop(self._waiting)
            self.running[key] = order
            engine.start(key, order)
        return bool(self.running or self._waiting)

    def retry(self, key: Key, order: Order, *, hopeless: bool) -> bool:
        """Have a task that failed tried again after a pause, unless it was often enough or is hopeless."""
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        again = tries < TRIES and not hopeless
        if again:
            self._later.append((time.monotonic() + PAUSE_S * tries, key, order))
        return again

    def unfinished(self) -> list[Key]:
        """All tasks without an outcome."""
        later = [key for _, key, _ in self._later]
        return [*self.running, *later, *(waiting[-2] for waiting in self._waiting)]

    def __bool__(self) -> bool:
        return bool(self._waiting or self._later or self.running)
