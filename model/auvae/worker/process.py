"""The process that QGIS starts: jobs in on stdin, events out on stdout, end-of-file on stdin as Cancel."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..contract.errors import AuvaeError, Cancelled, DeviceError, JobError, WorkerEnvironmentError
from ..contract.events import Event
from ..contract.jobs import AnyJob, ApplyJob, FclsJob, ScenesJob, UnmixJob, parse
from ..contract.staging import remove_staged_files
from .cancel import EXIT_CANCELLED, Cancel

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_CANCEL = b"cancel"
_SECONDS_BETWEEN_LOOKS = 0.5
# How oneDNN, C++ and threads say it.
_SHORT_OF_MEMORY = (
    "could not create a primitive",
    "could not create a memory",
    "bad_alloc",
    "start new thread",
)


class Stream(Protocol):
    """Takes the events of a job."""

    def emit(self, event: Event) -> None:
        """Take one; Cancelled when nobody reads any more."""


class EventStream:
    """Events as JSON lines on a private copy of stdout; what libraries print goes to stderr.

    Attributes:
        whole: False once a result named scenes that failed.
    """

    def __init__(self) -> None:
        self.whole = True
        sys.stdout.flush()
        private = os.dup(_STDOUT)
        self._file = open(private, "w", encoding="utf-8", newline="\n")  # noqa: SIM115 (open until the end)
        os.dup2(_STDERR, _STDOUT)

    def emit(self, event: Event) -> None:
        """Send an event; Cancelled when nobody reads any more."""
        self.whole = not event.get("failed")
        line = json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise Cancelled from error


def main(*, keep: bool = False) -> int:
    """Run the one job on stdin, or with `keep` job after job until one fails; returns the exit status."""
    stream = EventStream()
    inbox = _Inbox(os.getppid())
    if keep:  # started ahead of its first job: PyTorch is loaded while the analyst fills in the dialog
        with contextlib.suppress(Exception):  # the job will say what is wrong
            importlib.import_module("auvae.worker.dispatch").load_ahead()
    line = inbox.next_job()
    if line is None:
        return send_last(stream, Cancelled())
    while line is not None:
        try:
            job = _parsed(line)
        except JobError as error:
            return send_last(stream, error)
        status = run_job(job, stream, inbox.watch)
        if status or not keep:
            return status
        if device := sys.modules.get("auvae.numerics.device"):
            device.release_card()
        line = inbox.next_job()
    return 0


def _parsed(line: bytes) -> AnyJob:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise JobError("The job is not JSON.", "Send one JSON object on one line.") from error
    return parse(document)


def run_job(job: AnyJob, stream: Stream, watch: Callable[[Cancel], None]) -> int:
    """Run a job.

    Args:
        job: what to do.
        stream: takes its events.
        watch: is handed the Cancel by which the job can be stopped.

    Returns:
        The exit status: 0, 1 for an error, 130 when it was cancelled.
    """
    cancel = Cancel(lambda: _sweep(job, unwanted=cancel.unwanted))
    watch(cancel)
    try:
        dispatch = _loaded_dispatch(job)
        if cancel.requested:
            raise Cancelled
        stream.emit(dispatch.hello(job))
        dispatch.run(job, stream.emit, lambda: cancel.requested)
    except Cancelled as error:
        _sweep(job, unwanted=cancel.unwanted)
        return send_last(stream, error)
    except AuvaeError as error:
        return send_last(stream, error)
    except Exception as error:  # noqa: BLE001 (whatever the defect is, it must become an event)
        traceback.print_exc(file=sys.stderr)
        return send_last(stream, explained(error))
    finally:
        cancel.over()
    return 0


def _loaded_dispatch(job: AnyJob) -> ModuleType:
    """The module that knows who does a job, with all that the job needs.

    Raises:
        WorkerEnvironmentError: a package cannot be loaded.
    """
    try:
        dispatch = importlib.import_module("auvae.worker.dispatch")
        dispatch.load(job)
    except (ImportError, OSError) as error:
        if isinstance(error, ImportError) and (error.name or "").split(".")[0] == "auvae":
            raise
        package = (getattr(error, "name", None) or "a library of PyTorch").split(".")[0]
        raise WorkerEnvironmentError(
            f"This Python ({sys.executable}) cannot load {package}: {error}.",
            "Install the environment anew, or choose a Python with the packages of model/requirements.txt.",
        ) from error
    return dispatch


def explained(error: Exception) -> AuvaeError:
    """What an exception that nobody foresaw means for the analyst; its traceback is for the log."""
    message = next((line.strip() for line in str(error).splitlines() if line.strip()), "").rstrip(".")
    # Where PyTorch could not be loaded it is not at fault either.
    device = sys.modules.get("auvae.numerics.device")
    short = device.out_of_memory(error) if device else isinstance(error, MemoryError)
    if short or any(words in message for words in _SHORT_OF_MEMORY):
        return DeviceError(
            "There is not enough memory to unmix this scene.",
            "Close other programs, choose fewer bands, or unmix a part of the scene.",
        )
    if failure := device and device.card_failure(error):
        return DeviceError(f"The graphics card failed: {failure.what} ({message}).", failure.remedy)
    return AuvaeError(
        f"The unmixing failed unexpectedly ({type(error).__name__}: {message}).",
        "Please report this with the log.",
    )


def _sweep(job: AnyJob, *, unwanted: bool) -> None:
    """Remove what a cancelled job leaves, but what can be gone on with only where that is unwanted.

    Sends no event: a reader that is gone would hold us here.
    """
    remove_staged_files(job)
    # Nothing was written before the module that writes was loaded.
    folder = sys.modules.get("auvae.result.folder")
    if folder and isinstance(job, (UnmixJob, ApplyJob, FclsJob, ScenesJob)):
        output = Path(os.path.abspath(job.output))
        folder.abandon(output, job.id, unwanted=unwanted)
        run_folder = sys.modules.get("auvae.scenes.run_folder")
        if run_folder and isinstance(job, ScenesJob):
            run_folder.abandon(output, job.id, unwanted=unwanted)


class _Inbox:
    """The jobs on stdin. Its end, SIGTERM and the parent's end cancel the running job and let none follow.

    Read past Python's buffer, whose lock a waiting thread would hold at exit.
    """

    def __init__(self, parent: int) -> None:
        self._jobs: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()  # one that a signal may put into
        self._ended = threading.Event()
        self._unwanted = False
        self._cancel: Cancel | None = None
        signal.signal(signal.SIGTERM, lambda _number, _frame: self._end())
        for wait in (self._read, lambda: _until_orphaned(parent)):
            threading.Thread(target=self._end_after, args=(wait,), daemon=True).start()

    def next_job(self) -> bytes | None:
        """Wait for a line; None when there will be no more."""
        self._cancel = None
        return self._jobs.get()

    def watch(self, cancel: Cancel) -> None:
        """Ask for this cancel when the end has come, or comes."""
        self._cancel = cancel
        if self._ended.is_set():
            cancel.request(unwanted=self._unwanted)

    def _read(self) -> None:
        content = b""
        try:
            while block := os.read(_STDIN, 65536):
                *lines, content = (content + block).split(b"\n")
                for line in filter(bytes.strip, lines):
                    if line.strip() == _CANCEL:
                        self._unwanted = True
                        self._end()
                    else:
                        self._jobs.put(line)
        except OSError:
            return
        if content.strip():
            self._jobs.put(content)

    def _end_after(self, wait: Callable[[], None]) -> None:
        wait()
        self._end()

    def _end(self) -> None:
        self._ended.set()
        self._jobs.put(None)
        if self._cancel is not None:
            self._cancel.request(unwanted=self._unwanted)


def _until_orphaned(parent: int) -> None:
    """Wait for the parent's end: its pipe may live on in another process (never returns on Windows)."""
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def send_last(stream: Stream, error: AuvaeError) -> int:
    """Send the error as the last event; returns the exit status."""
    try:
        stream.emit({"event": "error", "kind": error.kind, "text": error.text, "remedy": error.remedy})
    except Cancelled:
        return EXIT_CANCELLED
    return EXIT_CANCELLED if isinstance(error, Cancelled) else 1
