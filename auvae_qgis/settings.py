"""The plugin's settings, typed. The only place that reads or writes them."""

from __future__ import annotations

from qgis.core import QgsSettings

_PYTHON = "auvae/python"
_EARLY = "auvae/start-early"
_UNMIXED = "auvae/has-unmixed"
_LIBRARIES = "auvae/libraries"
_CLUSTER = "auvae/cluster"


def worker_python() -> str | None:
    """Return the Python the user named for the worker, or None when they named none."""
    return _text(_PYTHON) or None


def set_worker_python(path: str | None) -> None:
    """Remember the Python that runs the worker; None goes back to the plugin's own environment."""
    if path:
        QgsSettings().setValue(_PYTHON, path)
    else:
        QgsSettings().remove(_PYTHON)


def start_early() -> bool:
    """Return whether PyTorch is loaded when an image or a dialog opens, and not only when Run is pressed."""
    return bool(QgsSettings().value(_EARLY, True, type=bool))


def set_start_early(early: bool) -> None:
    """Remember whether PyTorch is loaded when an image or a dialog opens."""
    QgsSettings().setValue(_EARLY, early)


def has_unmixed() -> bool:
    """Return whether a result was ever loaded in this profile: whoever opens an image may unmix it."""
    return bool(QgsSettings().value(_UNMIXED, False, type=bool))


def note_unmixed() -> None:
    """Remember that a result was loaded."""
    QgsSettings().setValue(_UNMIXED, True)


def libraries() -> list[str]:
    """Return the files of the spectral libraries that were loaded last."""
    held = QgsSettings().value(_LIBRARIES)
    return [one for one in held if isinstance(one, str)] if isinstance(held, list) else []


def set_libraries(paths: list[str]) -> None:
    """Remember which spectral libraries are loaded."""
    QgsSettings().setValue(_LIBRARIES, paths)


def cluster_address() -> str:
    """Return the address of the Dask scheduler, empty when none is set."""
    return _text(_CLUSTER)


def set_cluster_address(address: str) -> None:
    """Remember the Dask scheduler's address."""
    QgsSettings().setValue(_CLUSTER, address)


def _text(key: str) -> str:
    """Return a text; empty where a damaged or edited file of settings holds something else."""
    held = QgsSettings().value(key)
    return held if isinstance(held, str) else ""
