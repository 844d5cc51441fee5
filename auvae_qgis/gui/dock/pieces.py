"""Long work of the window's own, done in pieces: between two of them the window handles what is waiting."""

from __future__ import annotations

from collections.abc import Iterator

from qgis.PyQt.QtCore import QObject, QTimer


class Pieces(QObject):
    """Runs one piece of work after the other, each up to its next ``yield`` in an event of its own."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._work: Iterator[None] | None = None
        self._running = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._next)  # every 0 ms: whenever the window has nothing else to do

    @property
    def busy(self) -> bool:
        """Whether there is something left to do."""
        return self._work is not None

    def start(self, work: Iterator[None]) -> None:
        """Do ``work``, in the place of what was not finished."""
        self._work = work
        self._timer.start(0)

    def stop(self) -> None:
        """Leave the rest undone."""
        self._work = None
        self._timer.stop()

    def complete(self) -> None:
        """Do the rest now; within a piece of it that is for the pieces after it."""
        while self._work is not None and not self._running:
            self._next()

    def _next(self) -> None:
        work = self._work
        if work is None or self._running:  # a piece may let the window handle events itself
            return
        unfinished, self._running = False, True
        try:
            next(work)
            unfinished = True
        except StopIteration:
            pass
        finally:  # also where the piece failed: it must not fail again and again
            self._running = False
            if not unfinished and self._work is work:  # the piece may have begun other work
                self.stop()
