"""The plugin's settings, typed. The only place that reads or writes them."""

from __future__ import annotations

from qgis.core import QgsSettings

_PYTHON = "auvae/python"
_LIBRARIES = "auvae/libraries"
_CLUSTER = "auvae/cluster"


def worker_python() -> str | None:
    """Return the Python the user named for the worker, or None when they named none."""
    return QgsSettings().value(_PYTHON, "", type=str) or None


def set_worker_python(path: str | None) -> None:
    """Remember the Python that runs the worker; None goes back to the plugin's own environment."""
    if path:
        QgsSettings().setValue(_PYTHON, path)
    else:
        QgsSettings().remove(_PYTHON)


def libraries() -> list[str]:
    """Return the files of the spectral libraries that were loaded last."""
    return list(QgsSettings().value(_LIBRARIES, [], type=list) or [])


def set_libraries(paths: list[str]) -> None:
    """Remember which spectral libraries are loaded."""
    QgsSettings().setValue(_LIBRARIES, paths)


def cluster_address() -> str:
    """Return the address of the Dask scheduler, empty when none is set."""
    return str(QgsSettings().value(_CLUSTER, "", type=str) or "")


def set_cluster_address(address: str) -> None:
    """Remember the Dask scheduler's address."""
    QgsSettings().setValue(_CLUSTER, address)
