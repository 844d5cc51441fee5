"""The idle worker: one that has done its job waits a while for the next, as in a batch."""

from __future__ import annotations

import threading

from .process import WorkerProcess

WARM = 20.0  # seconds a worker waits for the next job: torch is loaded, and a GPU some hundred MB short
EARLY = 180.0  # seconds one waits that was started with a dialog; it has touched no GPU


class IdleWorker:
    """Keeps at most one idle worker, and ends it when no job comes for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.waiting: WorkerProcess | None = None
        self._timer: threading.Timer | None = None

    def take(self, python: str) -> WorkerProcess | None:
        """Return the waiting worker if it runs in this Python and still lives; it waits no longer."""
        worker = self._replace(None)
        if worker is not None and (worker.python != python or worker.process.poll() is not None):
            worker.end()
            return None
        return worker

    def keep(self, worker: WorkerProcess, seconds: float | None = None) -> None:
        """Let a worker wait so long (None: `WARM`), in the place of another one."""
        before = self._replace(worker, WARM if seconds is None else seconds)
        if before is not None:
            before.end()

    def end(self) -> None:
        """End the worker that waits, if one does."""
        worker = self._replace(None)
        if worker is not None:
            worker.end()

    def _replace(self, worker: WorkerProcess | None, seconds: float = 0.0) -> WorkerProcess | None:
        with self._lock:
            before, self.waiting = self.waiting, worker
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(seconds, self._expire, (worker,)) if worker else None
            if self._timer is not None:
                self._timer.daemon = True
                self._timer.start()
        return before

    def _expire(self, worker: WorkerProcess) -> None:
        with self._lock:
            if self.waiting is not worker:
                return
            self.waiting = None
        worker.end()
