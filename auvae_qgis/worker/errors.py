"""How a job ends that gave no result."""

from __future__ import annotations


class WorkerError(Exception):
    """The worker gave no result; the text says why and what to do, for the analyst."""


class WorkerCancelled(Exception):
    """The user pressed Cancel; the worker has ended and left nothing behind."""
