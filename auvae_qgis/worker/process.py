"""The worker's process: its start, its pipes, its end. What it says is not interpreted here."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from typing import IO, Any, cast

from ..environment.commands import clean_environment
from ..environment.find import SET_UP
from ..paths import MODEL
from ..translation import tr
from .errors import WorkerError

Event = dict[str, Any]  # docs/worker-protocol.md

GRACE = 1.2  # seconds a cancelled worker has to tidy up by itself
TERMINATE_GRACE = 0.3  # seconds between asking the system to end it and forcing it
LAST_LINES = 1.0  # seconds for reading what a process that has ended still wrote
LONGEST_LINE = 1 << 22  # bytes; the worker writes no longer ones


class WorkerProcess:
    """A running worker and what it writes; it can do job after job.

    Attributes:
        python: The interpreter that it runs in.
        process: The process itself.
        events: Its events as they come; None once its output has ended.
        last_lines: The last lines of its standard error.

    """

    def __init__(self, python: str) -> None:
        """Start a worker with the interpreter ``python``.

        Raises:
            WorkerError: It could not be started.

        """
        self.python = python
        self.process = start(python)
        self.last_lines: deque[str] = deque(maxlen=60)
        self.events: queue.Queue[Event | None] = queue.Queue()
        self._stdin, *self._pipes = (
            cast("IO[bytes]", pipe) for pipe in (self.process.stdin, self.process.stdout, self.process.stderr)
        )
        self._readers = [
            threading.Thread(target=read_events, args=(self._pipes[0], self.events), daemon=True),
            threading.Thread(target=_read_text, args=(self._pipes[1], self.last_lines), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def send(self, job: dict[str, Any]) -> None:
        """Hand it a job. If it has already ended, whoever waits for its events finds out."""
        with contextlib.suppress(OSError):
            self._stdin.write(json.dumps(job).encode() + b"\n")
            self._stdin.flush()

    def discard(self) -> None:
        """Tell it that its job is unwanted, also the parts that another run could have continued from."""
        with contextlib.suppress(OSError):
            self._stdin.write(b"cancel\n")
            self._stdin.flush()

    def read_to_end(self) -> None:
        """Wait for the last lines of a process that has ended, unless a child of it holds the pipe."""
        for reader in self._readers:
            reader.join(LAST_LINES)

    def end(self) -> None:
        """End the process and let go of its pipes."""
        _stop(self.process)
        for reader, pipe in zip(self._readers, self._pipes):
            reader.join(1.0)
            if not reader.is_alive():  # a child the worker left behind may hold the pipe open
                pipe.close()


def start(python: str) -> subprocess.Popen[bytes]:
    """Start the core's worker in a session of its own.

    Raises:
        WorkerError: ``python`` could not be started.

    """
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


def read_events(stream: IO[bytes], events: queue.Queue[Event | None]) -> None:
    """Put every event of ``stream`` into ``events``, then None; skip lines that libraries print."""
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


def _lines(stream: IO[bytes]) -> Iterator[str]:
    while line := stream.readline(LONGEST_LINE):
        yield line.decode("utf-8", errors="replace").rstrip()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the worker: end-of-file on its stdin first, then the system's way. Returns when it is gone."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):  # what was not yet written is of no use to a worker that has ended
            process.stdin.close()
    for wait, end in ((GRACE, _terminate), (TERMINATE_GRACE, _kill)):
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
