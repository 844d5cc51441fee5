"""Translates what the user reads. Holds no text of its own."""

from qgis.PyQt.QtCore import QCoreApplication


def tr(text: str) -> str:
    """Return ``text`` in the language QGIS runs in."""
    return QCoreApplication.translate("AuvaeUnmixing", text)
