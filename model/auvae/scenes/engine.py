"""What carries tasks out, as schedule.py sees it, and the engine that does so in this process.

The other engine is in cluster.py.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..contract.errors import AuvaeError, Cancelled
from ..contract.events import Event
from . import tasks

Key = tuple[str, int, int]
"""A task: its kind, the number of its scene, the number of its block."""


@dataclass(frozen=True)
class TaskMessage:
    """An event that a task sends on its way."""

    key: Key
    event: Event


@dataclass(frozen=True)
class TaskOutcome:
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

    def next(self, seconds: float) -> TaskMessage | TaskOutcome | None:
        """The next message or outcome; None where none comes for so long.

        Raises:
            ClusterError: there is nobody any more to carry tasks out.
        """

    def close(self) -> None:
        """End all tasks that are still running."""


class LocalEngine:
    """Does one task after the other in this process."""

    state = ""

    def __init__(self, send: Callable[[TaskMessage], None], cancelled: Callable[[], bool]) -> None:
        self._send, self._cancelled = send, cancelled
        self._waiting: tuple[Key, tasks.Order] | None = None

    @property
    def room(self) -> int:
        """One task, if it has none."""
        return int(self._waiting is None)

    def start(self, key: Key, order: tasks.Order) -> None:
        """Take a task on."""
        self._waiting = key, order

    def next(self, _seconds: float) -> TaskOutcome | None:
        """Do the task; its messages are handed on at once."""
        if self._waiting is None:
            return None
        key, order = self._waiting
        self._waiting = None
        try:
            emit = lambda event: self._send(TaskMessage(key, event))  # noqa: E731
            return TaskOutcome(key, tasks.perform(key[0], order, emit, self._cancelled))
        except Cancelled:
            raise
        except AuvaeError as error:
            return TaskOutcome(key, error=error)
        except Exception as error:  # noqa: BLE001 (whatever the defect is, other scenes go on)
            traceback.print_exc()
            return TaskOutcome(key, error=error)

    def close(self) -> None:
        """Nothing is left running."""
