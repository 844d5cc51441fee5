"""The progress of a job: its events, its times, its warnings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

from ..contract.errors import Cancelled
from ..contract.events import Event, ProgressEvent

Emit = Callable[[Event], None]
Paint = Callable[[np.ndarray], list[str]]
IsCancelled = Callable[[], bool]

READ, COUNTED, TRAINED, MAPPED = 0.05, 0.15, 0.8, 0.95
"""The share of a whole job on one scene that each stage has ended at."""

_SECONDS_BETWEEN_EVENTS = 0.1
# Between two events that carry endmembers: 30 endmembers of 400 bands take 20 ms to write down, which is to
# stay below 2 % of the training.
_SECONDS_BETWEEN_MOVES = 2.0


class JobProgress:
    """Turns what the stages of a job report into events, fractions that never fall, and times.

    Attributes:
        warnings: what was sent as a warning, for the report.
        left_card: whether a graphics card failed, and the processor does the rest of the job.
        paint: colours, #RRGGBB, of endmembers (K, B) while they move; None where nobody knows them yet.
    """

    def __init__(self, emit: Emit, cancelled: IsCancelled) -> None:
        self._emit = emit
        self._cancelled = cancelled
        self._fraction = 0.0
        self._stage = ""
        self._reported = -_SECONDS_BETWEEN_EVENTS
        self._moved: np.ndarray | None = None
        self._moved_at = -_SECONDS_BETWEEN_MOVES
        self._starts: list[tuple[str, float]] = []
        self.warnings: list[str] = []
        self.left_card = False
        self.paint: Paint | None = None

    @property
    def cancelled(self) -> bool:
        """Whether the job is to stop; `reach` raises Cancelled then."""
        return self._cancelled()

    def reach(
        self,
        fraction: float,
        stage: str,
        text: str,
        losses: dict[str, float] | None = None,
        endmembers: np.ndarray | None = None,
    ) -> None:
        """Report progress, not too often.

        Args:
            fraction: of the whole job; what is less than was reported counts as that.
            stage: a word for programs.
            text: a sentence for people.
            losses: of the training, by name.
            endmembers: (K, B) while they move; what comes too soon waits for a later event.

        Raises:
            Cancelled: that was asked for.
        """
        if self._cancelled():
            raise Cancelled
        self._fraction = max(self._fraction, min(1.0, fraction))
        self._moved = self._moved if endmembers is None else endmembers
        now = time.monotonic()
        if stage != self._stage:
            self._stage = stage
            self._starts.append((stage, now))
        elif now - self._reported < _SECONDS_BETWEEN_EVENTS:
            return
        self._reported = now
        event: ProgressEvent = {
            "event": "progress",
            "fraction": round(self._fraction, 4),
            "stage": stage,
            "text": text,
        }
        if losses and all(np.isfinite(value) for value in losses.values()):
            event["losses"] = {name: float(value) for name, value in losses.items()}
        if self._moved is not None and now - self._moved_at >= _SECONDS_BETWEEN_MOVES:
            event["endmembers"] = rounded(self._moved)
            if self.paint is not None:
                event["colors"] = self.paint(self._moved)
            self._moved, self._moved_at = None, now
        self._emit(event)

    def send(self, event: Event) -> None:
        """Send an event as it is."""
        self._emit(event)

    def message(self, level: str, text: str) -> None:
        """Send a sentence; a warning is kept for the report too."""
        if level == "warning":
            self.warnings.append(text)
        self._emit({"event": "message", "level": level, "text": text})

    def leave_card(self, text: str) -> None:
        """Say that a graphics card failed and why; the processor does the rest of the job."""
        self.left_card = True
        self.message("warning", text)

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
