"""What it means when the worker dies or stays silent, and what has to be tidied up after it."""

from __future__ import annotations

import subprocess

from ..environment.find import SET_UP
from ..translation import tr
from .process import WorkerProcess

# Killed by Linux, the same through a shell, Windows' STATUS_NO_MEMORY.
_OUT_OF_MEMORY = (-9, 137, 0xC0000017)


def explain_death(worker: WorkerProcess, *, greeted: bool) -> str:
    """Return why a worker that has ended gave no result, and what to do.

    Args:
        worker: The worker, whose output has been read to its end.
        greeted: Whether it had sent an event before.

    """
    try:
        code = worker.process.wait(2.0)
    except subprocess.TimeoutExpired:  # it closed its output and lives on
        return no_answer(worker.python)
    if code in _OUT_OF_MEMORY:
        return tr(
            "The system ended the unmixing process because memory ran out (exit code {}). "
            "Close other programs, choose fewer bands, or unmix a part of the scene."
        ).format(code)
    # Written by the core's watchdog over the HDF5 library.
    if any(line.startswith("Timeout (") for line in worker.last_lines):
        return tr(
            "The HDF5 library does not come to an end with this file: it is damaged. Download it again."
        )
    missing = [line for line in worker.last_lines if "No module named" in line]
    if missing:
        module = missing[-1].rsplit(" ", 1)[-1].strip("'\"")
        return tr("The Python “{}” has no {}, which unmixing needs: open {} and press Install.").format(
            worker.python, module, SET_UP
        )
    if not greeted:
        return no_answer(worker.python)
    return tr(
        "The unmixing process ended unexpectedly (exit code {}). "
        "Its last words are in the log panel “AUVAE Unmixing”; try again, on the CPU if it ran on a GPU."
    ).format(code)


def no_answer(python: str) -> str:
    """Return what to do when a Python starts, but does not talk as the worker does."""
    return tr("The Python “{}” does not answer as the unmixing process should: name another in {}.").format(
        python, SET_UP
    )
