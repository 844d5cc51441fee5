"""Runs one job in the worker's process: sends it, follows its events, returns its result.

Layers and parameters are not known here; docs/worker-protocol.md describes jobs and events.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsMessageLog, QgsProcessingFeedback
from qgis.PyQt.QtCore import QCoreApplication, QThread

from ...model.auvae.contract.errors import JobError
from ...model.auvae.contract.jobs import AnyJob, parse
from ...model.auvae.contract.staging import remove_staged_files, remove_unfinished
from ..plain_text import as_plain
from ..translation import tr
from .death import explain_death, no_answer
from .errors import WorkerCancelled, WorkerError
from .narration import Narrator, error_sentence
from .process import Event, WorkerProcess
from .result_event import checked
from .warm import EARLY, IdleWorker

Listener = Callable[[Event], object]

POLL = 0.1  # seconds between two looks at the Cancel button
GREETING = 300.0  # seconds for the first event: torch's first import is slow behind a virus scanner
UNLOADING = 4.0  # seconds that QGIS waits for running jobs to end when the plugin is unloaded


def run_job(
    python: str, job: dict[str, Any], feedback: QgsProcessingFeedback, listen: Listener | None = None
) -> Event:
    """Run a job and return its ``result`` event.

    Args:
        python: The interpreter that the worker runs in.
        job: What to do, as docs/worker-protocol.md describes it.
        feedback: Where progress is shown and Cancel is pressed.
        listen: Called with every event on the way, on the thread that called this function.

    Raises:
        WorkerCancelled: The user cancelled; raised at most two seconds later.
        WorkerError: The job is not valid; the worker could not start, refused it, died, or answered something
            unknown.

    """
    try:
        checked_job = parse(job)  # the same check as the worker's, before torch is loaded
    except JobError as error:
        raise WorkerError(str(error)) from error
    with _running.counted():
        worker = _idle.take(python)
        if worker is None:
            feedback.pushInfo(tr("Starting PyTorch…"))
            worker = WorkerProcess(python)
        try:
            worker.send(job)
            result = checked(job["task"], _follow(worker, feedback, listen))
        except BaseException as error:
            _give_up(worker, checked_job, unwanted=isinstance(error, WorkerCancelled))
            raise
        worker.last_lines.clear()  # only now: the first lines of one that dies at once explain why
        _idle.keep(worker)
        return result


def start_early(python: str) -> bool:
    """Start a worker ahead of its first job, so that PyTorch is loaded by then; returns whether it did.

    Does nothing where one waits already. Returns at once: the process is started on another thread.
    """
    if _running.unloaded or _idle.waiting is not None or not _starting.acquire(blocking=False):
        return False
    threading.Thread(target=_start_early, args=(python,), daemon=True).start()
    return True


def _start_early(python: str) -> None:
    try:
        worker = WorkerProcess(python)
        if _running.unloaded or _idle.waiting is not None:  # meanwhile
            worker.end()
        else:
            _idle.keep(worker, EARLY)
    except WorkerError:
        pass  # the job will say why it could not be started
    finally:
        _starting.release()


def end_jobs() -> None:
    """End every job that runs, because the plugin is unloaded and its algorithms go with it.

    Returns when they have ended, about two seconds later at most; they fail with what happened, and so do
    those that still wait in the queue of QGIS.
    """
    _running.end()
    end_idle_worker()


def allow_jobs() -> None:
    """Let jobs run, because the plugin is loaded."""
    _running.unloaded = False


def end_idle_worker() -> None:
    """End the worker that waits for another job, if one does: its Python is to change, or the plugin goes."""
    _idle.end()


class _RunningJobs:
    """The jobs that run, each on a thread of its own, and whether they have to end."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._threads: list[int] = []
        self.unloaded = False

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Count a job for as long as it runs; none begins once the plugin is unloaded."""
        with self._changed:
            self._threads.append(threading.get_ident())
        try:
            self.refuse_if_unloaded()
            yield
        finally:
            with self._changed:
                self._threads.remove(threading.get_ident())
                self._changed.notify_all()

    def refuse_if_unloaded(self) -> None:
        """Raise a WorkerError when the plugin was unloaded."""
        if self.unloaded:
            raise WorkerError(tr("The plugin was unloaded, which ended its runs: start the unmixing again."))

    def end(self) -> None:
        """Let them end, and wait for those that this thread does not run itself."""
        mine = threading.get_ident()
        with self._changed:
            self.unloaded = True
            self._changed.wait_for(lambda: set(self._threads) <= {mine}, UNLOADING)


_running = _RunningJobs()
_idle = IdleWorker()
_starting = threading.Lock()  # held while a worker is started ahead of its job


def _follow(worker: WorkerProcess, feedback: QgsProcessingFeedback, listen: Listener | None) -> Event:
    """Pass events on to ``feedback`` and ``listen`` until the result comes."""
    narrator = Narrator(feedback)
    on_main_thread = QThread.currentThread() == QgsApplication.instance().thread()
    greeted = False
    started = time.monotonic()
    while True:
        if on_main_thread:  # QGIS before 3.34 runs a batch there: keep its window and Cancel alive
            QCoreApplication.processEvents()
        _running.refuse_if_unloaded()
        if feedback.isCanceled():
            raise WorkerCancelled
        try:
            event = worker.events.get(timeout=POLL)
        except queue.Empty:
            if not greeted and time.monotonic() - started > GREETING:
                raise WorkerError(no_answer(worker.python)) from None
            if worker.process.poll() is None:
                continue
            event = None  # a child of the dead worker may hold its pipe open
        if event is None:
            worker.read_to_end()
            raise WorkerError(explain_death(worker, greeted=greeted))
        greeted = True
        if event["event"] == "result":
            return event
        if event["event"] == "error":
            raise WorkerError(error_sentence(event))
        narrator.show(event)
        if listen is not None:
            listen(event)


def _give_up(worker: WorkerProcess, job: AnyJob, *, unwanted: bool) -> None:
    """End a worker whose job gave no result, remove what it left, and keep its last lines in QGIS's log."""
    if unwanted:
        worker.discard()
    worker.end()
    remove_staged_files(job)
    output = getattr(job, "output", None)
    if output is not None:
        with contextlib.suppress(OSError):  # a name so long that nothing was ever made
            remove_unfinished(Path(output), job.id, unwanted=unwanted)
    if worker.last_lines:
        QgsMessageLog.logMessage(
            as_plain("\n".join(worker.last_lines)), "AUVAE Unmixing", Qgis.MessageLevel.Warning
        )
