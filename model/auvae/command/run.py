"""Runs a task's job in this process: its events go to a person or, as JSON, to a program; Ctrl-C cancels."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..contract.errors import JobError
from .terminal import Terminal

if TYPE_CHECKING:
    from ..contract.jobs import AnyJob
    from ..worker.cancel import Cancel

JobOf = Callable[[argparse.Namespace], "AnyJob"]
"""Turns a task's arguments into its job; raises JobError where they are wrong."""


def run_task(job_of: JobOf, given: argparse.Namespace) -> int:
    """Run the job that the arguments ask for; returns the exit status."""
    from ..worker.process import EventStream, run_job, send_last

    try:
        job = job_of(given)
    except JobError as error:
        return send_last(EventStream() if given.json else Terminal(given.task), error)
    stream = EventStream() if given.json else Terminal(job.task)
    status = run_job(job, stream, _cancel_by_signal)
    # Scenes that failed were named; what called this command is to know too.
    return 1 if not status and not stream.whole else status


def _cancel_by_signal(cancel: Cancel) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: cancel.request(unwanted=True))
