"""Shows the worker's events in the log and progress bar of the Processing dialog."""

from __future__ import annotations

import time

from qgis.core import QgsProcessingFeedback

from ..translation import tr
from .in_words import stage_in_words
from .process import Event

TEXT_INTERVAL = 0.5  # seconds between two lines of progress in the log
LARGEST_LOSS = 1e300  # JSON knows whole numbers that no float can hold


class Narrator:
    """Shows what the worker does, at a pace that can be read."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        """``feedback`` is the dialog's."""
        self._feedback = feedback
        self._stage = ""
        self._text = ""
        self._written = 0.0

    def show(self, event: Event) -> None:
        """Show one event; kinds that say nothing to the user are passed over."""
        if event["event"] == "progress":
            self._progress(event)
        elif event["event"] == "message":
            write = self._feedback.pushWarning if event.get("level") == "warning" else self._feedback.pushInfo
            write(str(event.get("text", "")))
        elif event["event"] == "hello":
            self._feedback.pushInfo(
                tr("AUVAE {auvae}, PyTorch {torch}, computing on {device}").format(
                    auvae=event.get("auvae", "?"),
                    torch=event.get("torch", "?"),
                    device=event.get("device_name") or event.get("device", "?"),
                )
            )

    def _progress(self, event: Event) -> None:
        fraction = event.get("fraction")
        if isinstance(fraction, (int, float)):
            self._feedback.setProgress(100.0 * min(max(fraction, 0.0), 1.0))
        stage, text = event.get("stage"), stage_in_words(str(event.get("text", "")))
        now = time.monotonic()
        if not text or text == self._text or (stage == self._stage and now - self._written < TEXT_INTERVAL):
            return
        self._stage, self._text, self._written = str(stage), text, now
        losses = event.get("losses")
        named = losses.items() if isinstance(losses, dict) else ()
        parts = [
            f"{name} {value:.4g}"
            for name, value in named
            if isinstance(value, (int, float)) and abs(value) < LARGEST_LOSS
        ]
        self._feedback.setProgressText(" · ".join([text, *parts]))


def error_sentence(event: Event) -> str:
    """Return what an ``error`` event says to the analyst: what is wrong, and what to do."""
    parts = [str(event.get(key) or "").strip() for key in ("text", "remedy")]
    return " ".join(part for part in parts if part) or tr("The unmixing process failed and did not say why.")
