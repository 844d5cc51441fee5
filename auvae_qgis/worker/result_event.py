"""Checks that the worker's ``result`` event holds what the algorithms read from it."""

from __future__ import annotations

from ..translation import tr
from .errors import WorkerError
from .process import Event


def checked(task: str, event: Event) -> Event:
    """Return the result event of a task if it is complete; of a task without a check here, as it is.

    Raises:
        WorkerError: Something is missing or of another type: plugin and core are of two versions.

    """
    checks = {
        "unmix": _is_unmixing,
        "apply": _is_unmixing,
        "fcls": _is_unmixing,
        "count": _is_count,
        "inspect": _is_inspection,
        "extract": _is_library,
        "export": _is_library,
        "purity": _is_purity,
        "unmixscenes": _is_scenes,
        "cluster": _is_cluster,
    }
    try:
        complete = task not in checks or checks[task](event)
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
        and all(isinstance(text, str) for text in event["notes"])
        and all(name in band for band in event["bands"] for name in names)
    )


def _is_scenes(event: Event) -> bool:
    return (
        all(isinstance(event["files"][name], str) for name in ("summary", "report", "json"))
        and all(isinstance(scene["output"], str) for scene in event["scenes"])
        and isinstance(event["failed"], list)
    )


def _is_cluster(event: Event) -> bool:
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
