"""What QGIS imports first: classFactory and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .auvae_qgis.plugin import AuvaePlugin


def classFactory(iface: Any) -> AuvaePlugin:  # noqa: N802  QGIS looks for this name
    """Return the plugin object; ``iface`` is None in qgis_process and other runs without a window."""
    from .auvae_qgis.plugin import AuvaePlugin

    return AuvaePlugin(iface)
