"""Runs one job in the worker's process and turns its events into Processing feedback.

The contract between the two processes is docs/worker-protocol.md. Layers and parameters are not known here.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from qgis.core import Qgis, QgsApplication, QgsMessageLog, QgsProcessingFeedback
from qgis.PyQt.QtCore import QCoreApplication, QThread

from .environment import SET_UP, clean_environment
from .paths import MODEL
from .plain_text import as_plain
from .translation import tr

Event = dict[str, Any]

POLL = 0.1  # seconds between two looks at the Cancel button
GRACE = 1.2  # seconds a cancelled worker has to tidy up by itself
TERMINATE_GRACE = 0.3  # seconds between asking the system to end it and forcing it
UNLOADING = 4.0  # seconds that QGIS waits for running jobs to end when the plugin is unloaded
WARM = 20.0  # seconds a worker waits for the next job: torch is loaded, and a GPU some hundred MB short
LAST_WORDS = 1.0  # seconds for what a process that has ended still said
GREETING = 300.0  # seconds for the first event: torch's first import is slow behind a virus scanner
TEXT_INTERVAL = 0.5  # seconds between two lines of progress in the log
LARGEST_LOSS = 1e300  # JSON knows whole numbers that no float can hold
LONGEST_LINE = 1 << 22  # bytes; a line longer than that is none of ours

_OUT_OF_MEMORY = (-9, 137, 0xC0000017)  # killed by Linux, the same through a shell, Windows' STATUS_NO_MEMORY
_LOG = "AUVAE Unmixing"


class WorkerError(Exception):
    """The worker gave no result; the text says why and what to do, for the analyst."""


class WorkerCancelled(Exception):
    """The user pressed Cancel; the worker has ended and left nothing behind."""


def run_job(
    python: str,
    job: dict[str, Any],
    feedback: QgsProcessingFeedback,
    listen: Callable[[Event], object] | None = None,
) -> Event:
    """Run ``job`` with the interpreter ``python`` and return its ``result`` event.

    ``listen`` is handed every event on the way, on the thread this is called on.

    :raises WorkerCancelled: when the user cancelled; at most two seconds later.
    :raises WorkerError: when the worker could not start, refused the job, died or talked nonsense.
    """
    with _running.one():
        if _running.unloaded:
            raise WorkerError(_unloaded())
        return _run(python, job, feedback, listen)


def _run(
    python: str,
    job: dict[str, Any],
    feedback: QgsProcessingFeedback,
    listen: Callable[[Event], object] | None,
) -> Event:
    worker = _warm.take(python) or _Worker(python)
    try:
        worker.send(job)
        result = _checked(job["task"], _follow(worker, feedback, listen))
    except BaseException as error:
        unwanted = isinstance(error, WorkerCancelled)
        if unwanted:
            worker.discard()
        worker.end()
        for place in ("output", "report", "table", "library", "map"):
            if job.get(place):
                _clear_staging(Path(job[place]), job["id"], unwanted=unwanted)
        if worker.last_words:
            QgsMessageLog.logMessage(as_plain("\n".join(worker.last_words)), _LOG, Qgis.MessageLevel.Warning)
        raise
    worker.last_words.clear()  # not later: the first words of one that dies at once explain why
    _warm.keep(worker)
    return result


def end_jobs() -> None:
    """End every job that runs, for the plugin is unloaded: its algorithms do not outlive their provider.

    Returns when they have ended, about two seconds later at most; they fail with what happened, and so do
    those that still wait in the queue of QGIS.
    """
    _running.end()
    end_idle_worker()


def allow_jobs() -> None:
    """Let jobs run, for the plugin is loaded."""
    _running.unloaded = False


def end_idle_worker() -> None:
    """End the worker that waits for another job, if one does: its Python is to change, or the plugin goes."""
    _warm.end()


class _Worker:
    """A worker's process and what it says; it can do job after job."""

    def __init__(self, python: str) -> None:
        self.python = python
        self.process = _start(python)
        self.last_words: deque[str] = deque(maxlen=60)
        self.events: queue.Queue[Event | None] = queue.Queue()
        self._stdin, *self._pipes = (
            cast("IO[bytes]", pipe) for pipe in (self.process.stdin, self.process.stdout, self.process.stderr)
        )
        self._readers = [
            threading.Thread(target=_read_events, args=(self._pipes[0], self.events), daemon=True),
            threading.Thread(target=_read_text, args=(self._pipes[1], self.last_words), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def send(self, job: dict[str, Any]) -> None:
        """Hand it a job; the silence of one that has already ended is explained by whoever listens."""
        with contextlib.suppress(OSError):
            self._stdin.write(json.dumps(job).encode() + b"\n")
            self._stdin.flush()

    def discard(self) -> None:
        """Tell it that its job is unwanted, also what of it could be gone on with."""
        with contextlib.suppress(OSError):
            self._stdin.write(b"cancel\n")
            self._stdin.flush()

    def hear_out(self) -> None:
        """Wait for the last words of a process that has ended, unless a child of it holds the pipe."""
        for reader in self._readers:
            reader.join(LAST_WORDS)

    def end(self) -> None:
        """End the process and let go of its pipes."""
        _stop(self.process)
        for reader, pipe in zip(self._readers, self._pipes):
            reader.join(1.0)
            if not reader.is_alive():  # a child the worker left behind may hold the pipe open
                pipe.close()


class _Running:
    """The jobs that run, each on a thread of its own, and whether they are to end."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._threads: list[int] = []
        self.unloaded = False

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Count a job for as long as it runs."""
        with self._changed:
            self._threads.append(threading.get_ident())
        try:
            yield
        finally:
            with self._changed:
                self._threads.remove(threading.get_ident())
                self._changed.notify_all()

    def end(self) -> None:
        """Let them end, and wait for those that this thread does not run itself."""
        mine = threading.get_ident()
        with self._changed:
            self.unloaded = True
            self._changed.wait_for(lambda: set(self._threads) <= {mine}, UNLOADING)


_running = _Running()


class _Warm:
    """At most one worker that has done its job and waits a while for the next, as in a batch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._timer: threading.Timer | None = None

    def take(self, python: str) -> _Worker | None:
        """Return the waiting worker if it runs in this Python and still lives."""
        worker = self._replace(None)
        if worker is not None and (worker.python != python or worker.process.poll() is not None):
            worker.end()
            return None
        return worker

    def keep(self, worker: _Worker) -> None:
        """Let it wait, in the place of another one."""
        before = self._replace(worker)
        if before is not None:
            before.end()

    def end(self) -> None:
        """End the one that waits."""
        worker = self._replace(None)
        if worker is not None:
            worker.end()

    def _replace(self, worker: _Worker | None) -> _Worker | None:
        with self._lock:
            before, self._worker = self._worker, worker
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(WARM, self._expire, (worker,)) if worker else None
            if self._timer is not None:
                self._timer.daemon = True
                self._timer.start()
        return before

    def _expire(self, worker: _Worker) -> None:
        with self._lock:
            if self._worker is not worker:
                return
            self._worker = None
        worker.end()


_warm = _Warm()


def _start(python: str) -> subprocess.Popen[bytes]:
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    try:
        return subprocess.Popen(
            [python, "-m", "auvae", "worker", "--keep"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment() | {"PYTHONPATH": str(MODEL)},  # plugin and core of one version
            cwd=MODEL,  # Python looks there first: never in the folder of somebody's project
            **options,
        )
    except OSError as error:
        raise WorkerError(
            tr("The Python “{}” could not be started ({}): name another in {}.").format(
                python, error.strerror or error, SET_UP
            )
        ) from error


def _lines(stream: IO[bytes]) -> Iterator[str]:
    while line := stream.readline(LONGEST_LINE):
        yield line.decode("utf-8", errors="replace").rstrip()


def _read_events(stream: IO[bytes], events: queue.Queue[Event | None]) -> None:
    """Hand over every event of ``stream``; None says that it has ended. Other people's lines are skipped."""
    for line in _lines(stream):
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            events.put(event)
    events.put(None)


def _read_text(stream: IO[bytes], lines: deque[str]) -> None:
    lines.extend(_lines(stream))


def _follow(
    worker: _Worker, feedback: QgsProcessingFeedback, listen: Callable[[Event], object] | None
) -> Event:
    """Pass events on to ``feedback`` and ``listen`` until the result comes."""
    narrator = _Narrator(feedback)
    on_main_thread = QThread.currentThread() == QgsApplication.instance().thread()
    greeted = False
    started = time.monotonic()
    while True:
        if on_main_thread:  # QGIS before 3.34 runs a batch there: keep its window and Cancel alive
            QCoreApplication.processEvents()
        if _running.unloaded:
            raise WorkerError(_unloaded())
        if feedback.isCanceled():
            raise WorkerCancelled
        try:
            event = worker.events.get(timeout=POLL)
        except queue.Empty:
            if not greeted and time.monotonic() - started > GREETING:
                raise WorkerError(_no_answer(worker.python)) from None
            if worker.process.poll() is None:
                continue
            event = None  # a child of the dead worker may hold its pipe open
        if event is None:
            worker.hear_out()
            raise WorkerError(_explain_death(worker.process, worker.python, greeted, worker.last_words))
        greeted = True
        if event["event"] == "result":
            return event
        if event["event"] == "error":
            raise WorkerError(_sentence(event))
        narrator.tell(event)
        if listen is not None:
            listen(event)


class _Narrator:
    """Says in the Processing dialog what the worker does, at a pace that can be read."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self.feedback = feedback
        self.stage = ""
        self.text = ""
        self.spoke = 0.0

    def tell(self, event: Event) -> None:
        if event["event"] == "progress":
            self._progress(event)
        elif event["event"] == "message":
            speak = self.feedback.pushWarning if event.get("level") == "warning" else self.feedback.pushInfo
            speak(str(event.get("text", "")))
        elif event["event"] == "hello":
            self.feedback.pushInfo(
                tr("AUVAE {auvae}, PyTorch {torch}, computing on {device}").format(
                    auvae=event.get("auvae", "?"),
                    torch=event.get("torch", "?"),
                    device=event.get("device_name") or event.get("device", "?"),
                )
            )

    def _progress(self, event: Event) -> None:
        fraction = event.get("fraction")
        if isinstance(fraction, (int, float)):
            self.feedback.setProgress(100.0 * min(max(fraction, 0.0), 1.0))
        stage, text = event.get("stage"), str(event.get("text", ""))
        now = time.monotonic()
        if not text or text == self.text or (stage == self.stage and now - self.spoke < TEXT_INTERVAL):
            return
        self.stage, self.text, self.spoke = str(stage), text, now
        losses = event.get("losses")
        known = losses.items() if isinstance(losses, dict) else ()
        parts = [
            f"{name} {value:.4g}"
            for name, value in known
            if isinstance(value, (int, float)) and abs(value) < LARGEST_LOSS
        ]
        self.feedback.setProgressText(" · ".join([text, *parts]))


def _checked(task: str, event: Event) -> Event:
    """Return the result event if it has all that follows needs."""
    try:
        checks = {
            "count": _is_count,
            "inspect": _is_inspection,
            "extract": _is_library,
            "export": _is_library,
            "purity": _is_purity,
            "unmixscenes": _is_many,
            "cluster": _is_survey,
        }
        complete = checks.get(task, _is_unmixing)(event)
    except (KeyError, TypeError):
        complete = False
    if not complete:
        raise WorkerError(
            tr("The unmixing process answered in a form this plugin does not know. Reinstall the plugin.")
        )
    return event


def _is_count(event: Event) -> bool:
    return all(isinstance(event[name], int) for name in ("count", "hysime", "materials"))


def _is_inspection(event: Event) -> bool:
    names = ("number", "wavelength_nm", "mean", "kept", "reason")
    return (
        isinstance(event["sensor"], str)
        and isinstance(event["no_data"], (int, float))
        and all(name in band for band in event["bands"] for name in names)
    )


def _is_many(event: Event) -> bool:
    return (
        all(isinstance(event["files"][name], str) for name in ("summary", "report", "json"))
        and all(isinstance(scene["output"], str) for scene in event["scenes"])
        and isinstance(event["failed"], list)
    )


def _is_survey(event: Event) -> bool:
    names = ("address", "name", "threads", "memory", "gpus", "auvae", "problem")
    return all(name in worker for worker in event["workers"] for name in names)


def _is_library(event: Event) -> bool:
    return isinstance(event["files"]["library"], str) and all(
        isinstance(spectrum["name"], str) and {"row", "col"} <= spectrum.keys()
        for spectrum in event["spectra"]
    )


def _is_purity(event: Event) -> bool:
    return isinstance(event["files"]["map"], str) and all(
        isinstance(event[name], int) for name in ("extreme_pixels", "most")
    )


def _is_unmixing(event: Event) -> bool:
    files, metrics = event["files"], event["metrics"]
    return (
        all(isinstance(files[name], str) for name in ("abundances", "endmembers", "model", "report", "json"))
        and all(isinstance(metrics[name], (int, float)) for name in ("rmse", "mean_angle"))
        and all(
            isinstance(endmember[key], str)
            for endmember in event["endmembers"]
            for key in ("name", "file", "color")
        )
    )


def _unloaded() -> str:
    return tr("The plugin was unloaded, which ended its runs: start the unmixing again.")


def _sentence(event: Event) -> str:
    parts = [str(event.get(key) or "").strip() for key in ("text", "remedy")]
    return " ".join(part for part in parts if part) or tr("The unmixing process failed and did not say why.")


def _no_answer(python: str) -> str:
    return tr("The Python “{}” does not answer as the unmixing process should: name another in {}.").format(
        python, SET_UP
    )


def _explain_death(
    process: subprocess.Popen[bytes], python: str, greeted: bool, last_words: deque[str]
) -> str:
    try:
        code = process.wait(2.0)
    except subprocess.TimeoutExpired:  # it closed its output and lives on
        return _no_answer(python)
    if code in _OUT_OF_MEMORY:
        return tr(
            "The system ended the unmixing process because memory ran out (exit code {}). "
            "Close other programs, choose fewer bands, or unmix a part of the scene."
        ).format(code)
    if any(line.startswith("Timeout (") for line in last_words):  # the core's watchdog over that library
        return tr(
            "The HDF5 library does not come to an end with this file: it is damaged. Download it again."
        )
    missing = [line for line in last_words if "No module named" in line]
    if missing:
        module = missing[-1].rsplit(" ", 1)[-1].strip("'\"")
        return tr("The Python “{}” has no {}, which unmixing needs: open {} and press Install.").format(
            python, module, SET_UP
        )
    if not greeted:
        return _no_answer(python)
    return tr(
        "The unmixing process ended unexpectedly (exit code {}). "
        "Its last words are in the log panel “AUVAE Unmixing”; try again, on the CPU if it ran on a GPU."
    ).format(code)


def _stop(process: subprocess.Popen[bytes], grace: float = GRACE) -> None:
    """End the worker: end-of-file on its stdin first, then the system's way. Returns when it is gone."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):  # what was not yet written is of no use to a worker that has ended
            process.stdin.close()
    for wait, end in ((grace, _terminate), (TERMINATE_GRACE, _kill)):
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            end(process)
        else:
            break
    process.wait()
    _kill(process)  # whoever it had started and left behind, such as the processes of other GPUs


def _terminate(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.terminate()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says the latter of zombies
            os.killpg(process.pid, signal.SIGKILL)


def _clear_staging(output: Path, job_id: str, *, unwanted: bool) -> None:
    """Remove what a killed worker left beside ``output``, and put an earlier result back in its place.

    ``unwanted``: also the maps of a large scene that the same run, started again, could go on from.
    """
    staged = output.parent / f".{output.name}.partial-{job_id}"
    previous = output.parent / f".{output.name}.previous-{job_id}"
    # Gone by now, a report and so a file, or a name so long that neither was ever made.
    with contextlib.suppress(OSError):
        if unwanted or not (staged / "journal.json").is_file():
            shutil.rmtree(staged, ignore_errors=True)
        staged.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        if previous.is_dir() and output.exists():
            shutil.rmtree(previous, ignore_errors=True)
        elif previous.is_dir():
            previous.rename(output)
