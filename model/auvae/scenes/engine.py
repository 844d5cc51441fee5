"""Where tasks are carried out, as run.py sees it; here is the one that does them in this process.

The other one is cluster.py.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..contract.errors import AuvaeError, Cancelled
from . import tasks

Key = tuple[str, int, int]
"""A task: its kind, the number of its scene, the number of its block."""


@dataclass(frozen=True)
class Said:
    """What a task says on its way: an event of the worker protocol."""

    key: Key
    event: dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """How a task ended: with an answer, or with an error; `hopeless` where trying again makes no sense."""

    key: Key
    answer: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None
    hopeless: bool = False


class Engine(Protocol):
    """Carries tasks out.

    Attributes:
        room: how many more tasks it takes now.
        state: a sentence on what it waits for; empty where it waits for nothing.
    """

    @property
    def room(self) -> int: ...  # noqa: D102

    @property
    def state(self) -> str: ...  # noqa: D102

    def start(self, key: Key, order: tasks.Order) -> None:
        """Take a task on."""

    def next(self, seconds: float) -> Said | Ended | None:
        """What is heard next; None where that is nothing for so long.

        Raises:
            ClusterError: there is nobody any more to carry tasks out.
        """

    def close(self) -> None:
        """End all tasks that are still running."""


class Here:
    """Does one task after the other in this process."""

    state = ""

    def __init__(self, say: Callable[[Said], None], cancelled: Callable[[], bool]) -> None:
        self._say, self._cancelled = say, cancelled
        self._waiting: tuple[Key, tasks.Order] | None = None

    @property
    def room(self) -> int:
        """One task, if it has none."""
        return int(self._waiting is None)

    def start(self, key: Key, order: tasks.Order) -> None:
        """Take a task on."""
        self._waiting = key, order

    def next(self, _seconds: float) -> Ended | None:
        """Do the task; what it says on the way is handed on at once."""
        if self._waiting is None:
            return None
        key, order = self._waiting
        self._waiting = None
        try:
            emit = lambda event: self._say(Said(key, event))  # noqa: E731
            return Ended(key, tasks.perform(key[0], order, emit, self._cancelled))
        except Cancelled:
            raise
        except AuvaeError as error:
            return Ended(key, error=error)
        except Exception as error:  # noqa: BLE001 (whatever the defect is, other scenes go on)
            traceback.print_exc()
            return Ended(key, error=error)

    def close(self) -> None:
        """Nothing is left running."""
