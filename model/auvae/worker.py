"""The process that QGIS starts: a job in on stdin, events out on stdout, end-of-file on stdin as Cancel."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cancel import EXIT_CANCELLED, Cancel
from .errors import AuvaeError, Cancelled, JobError, WorkerEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Callable

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_SECONDS_BETWEEN_LOOKS = 0.5


class EventStream:
    """Events as JSON lines on a private copy of stdout; what libraries print goes to stderr."""

    def __init__(self) -> None:
        sys.stdout.flush()
        private = os.dup(_STDOUT)
        self._file = open(private, "w", encoding="utf-8", newline="\n")  # noqa: SIM115 (open until the end)
        os.dup2(_STDERR, _STDOUT)

    def emit(self, event: dict[str, Any]) -> None:
        """Send an event; Cancelled when nobody reads any more."""
        line = json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise Cancelled from error


def main() -> int:
    """Run the one job on stdin; returns the process's exit status."""
    stream = EventStream()
    parent = os.getppid()
    line = _first_line()
    if not line.strip():
        return _last(stream, Cancelled())
    try:
        document = json.loads(line)
    except ValueError:
        return _last(stream, JobError("The job is not JSON.", "Send one JSON object on one line."))
    return run_job(document, stream, lambda cancel: _watch(cancel, parent))


def run_job(document: object, stream: Any, watch: Any) -> int:
    """Run a job document with events to `stream`; `watch` is handed the Cancel it may ask for."""
    cancel = Cancel(lambda: _sweep(document))
    watch(cancel)
    try:
        job_module = load_job_module()
        job = job_module.parse(document)
        if cancel.requested:
            raise Cancelled
        stream.emit(job_module.hello(job))
        job_module.run(job, stream.emit, lambda: cancel.requested)
    except AuvaeError as error:
        return _last(stream, error)
    except Exception as error:  # noqa: BLE001 (whatever the defect is, it must become an event)
        traceback.print_exc(file=sys.stderr)
        return _last(
            stream,
            AuvaeError(
                f"The unmixing failed unexpectedly ({type(error).__name__}: {error}).",
                "Please report this with the log.",
            ),
        )
    finally:
        cancel.over()
    return 0


def load_job_module() -> Any:
    """The job module with torch and rasterio; WorkerEnvironmentError when one of them cannot be loaded."""
    try:
        return importlib.import_module("auvae.job")
    except (ImportError, OSError) as error:
        if isinstance(error, ImportError) and (error.name or "").split(".")[0] == "auvae":
            raise
        package = (getattr(error, "name", None) or "a library of PyTorch").split(".")[0]
        raise WorkerEnvironmentError(
            f"This Python ({sys.executable}) cannot load {package}: {error}.",
            "Install the environment anew, or choose a Python with the packages of model/requirements.txt.",
        ) from error


def _sweep(document: object) -> None:
    """Remove what a deaf job leaves. Sends no event: a reader that is gone would hold us here."""
    job = document if isinstance(document, dict) else {}
    output, job_id = job.get("output"), job.get("id")
    if isinstance(job_id, str) and job_id.isalnum():
        _remove_staged_files(job, job_id)
    # Nothing was written before the module that writes was loaded.
    results = sys.modules.get("auvae.results")
    if results and isinstance(output, str) and isinstance(job_id, str) and job_id.isalnum():
        results.abandon(Path(os.path.abspath(output)), job_id)


def _remove_staged_files(job: dict[str, Any], job_id: str) -> None:
    """Remove the beginnings of single files, wherever the job wanted them."""
    for key in ("report", "table", "library", "map"):
        wanted = job.get(key)
        if not isinstance(wanted, str):
            continue
        path = Path(os.path.abspath(wanted))
        for name in (f".{path.name}.partial-{job_id}", f".{path.stem}.partial-{job_id}{path.suffix}"):
            with contextlib.suppress(OSError):
                path.with_name(name).unlink()


def _first_line() -> bytes:
    """The first line of stdin, past Python's buffer, whose lock a waiting thread would hold at exit."""
    content = b""
    while b"\n" not in content:
        block = os.read(_STDIN, 65536)
        if not block:
            break
        content += block
    return content.partition(b"\n")[0]


def _watch(cancel: Cancel, parent: int) -> None:
    """Ask for cancel at end-of-file on stdin, on SIGTERM, and when the parent is gone."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: cancel.request())
    for wait in (_until_end_of_stdin, lambda: _until_orphaned(parent)):
        threading.Thread(target=_request_after, args=(wait, cancel), daemon=True).start()


def _request_after(wait: Callable[[], None], cancel: Cancel) -> None:
    wait()
    cancel.request()


def _until_end_of_stdin() -> None:
    try:
        while os.read(_STDIN, 65536):
            pass
    except OSError:
        return


def _until_orphaned(parent: int) -> None:
    """Wait for the parent's end: its pipe may live on in another process (never returns on Windows)."""
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _last(stream: Any, error: AuvaeError) -> int:
    try:
        stream.emit({"event": "error", "kind": error.kind, "text": error.text, "remedy": error.remedy})
    except Cancelled:
        return EXIT_CANCELLED
    return EXIT_CANCELLED if isinstance(error, Cancelled) else 1
