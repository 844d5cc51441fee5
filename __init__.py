"""What QGIS imports first: classFactory and nothing else."""


def classFactory(iface):  # noqa: N802  QGIS looks for this name
    """Return the plugin object; ``iface`` is None in qgis_process and other runs without a window."""
    from .auvae_qgis.plugin import AuvaePlugin

    return AuvaePlugin(iface)
