"""Checks that the worker's ``result`` event holds what the algorithms read from it."""

from __future__ import annotations

from ...model.auvae.contract.events import is_complete
from ..translation import tr
from .errors import WorkerError
from .process import Event


def checked(task: str, event: Event) -> Event:
    """Return the result event of a task if it is complete; of a task without a check here, as it is.

    Raises:
        WorkerError: Something is missing or of another type: plugin and core are of two versions.

    """
    if not is_complete(task, event):
        raise WorkerError(
            tr("The unmixing process answered in a form this plugin does not know. Reinstall the plugin.")
        )
    return event
