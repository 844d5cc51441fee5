"""Where a job is: its events, its progress, its times. What it does is told in unmixing.py and looking.py."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..contract.errors import Cancelled

Emit = Callable[[dict[str, Any]], None]

READ, COUNTED, TRAINED, MAPPED = 0.05, 0.15, 0.8, 0.95
"""The share of a whole job on one scene that each stage has ended at."""

_SECONDS_BETWEEN_EVENTS = 0.1
# Between two events that carry endmembers: 30 endmembers of 400 bands take 20 ms to write down, which is to
# stay below 2 % of the training.
_SECONDS_BETWEEN_MOVES = 2.0


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
            event["endmembers"] = rounded(self._moved)
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


def rounded(spectra: np.ndarray) -> list[list[float]]:
    """Spectra (K, B) for JSON, to five digits of the largest value: as much as a plot can show."""
    largest = float(np.abs(spectra).max(initial=0.0))
    digits = 5 - math.ceil(math.log10(largest)) if largest > 0 else 0
    rows: list[list[float]] = np.round(spectra.astype(np.float64), digits).tolist()
    return rows
