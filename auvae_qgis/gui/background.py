"""Runs short jobs on another thread; what comes of them arrives on the thread that asked. Knows no job."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal


class Background(QObject):
    """Does one thing after the other, so that two of them never change the same files."""

    _over = pyqtSignal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="auvae")
        self._over.connect(self._deliver)

    def start(
        self, work: Callable[[], Any], done: Callable[[Any], object], failed: Callable[[Exception], object]
    ) -> None:
        """Run ``work`` elsewhere, then here ``done`` with what it returned, or ``failed`` with its error."""

        def run() -> None:
            try:
                outcome, then = work(), done
            except Exception as error:  # noqa: BLE001 (whatever it is, somebody waits for it)
                outcome, then = error, failed
            with contextlib.suppress(RuntimeError):  # the window was closed meanwhile
                self._over.emit(then, outcome)

        self._thread.submit(run)

    def stop(self) -> None:
        """Begin nothing more."""
        with contextlib.suppress(TypeError):  # not connected any more
            self._over.disconnect(self._deliver)
        self._thread.shutdown(wait=False)

    def _deliver(self, then: Callable[[Any], object], outcome: Any) -> None:
        then(outcome)
