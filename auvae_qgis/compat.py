"""What QGIS can do only in later versions than 3.22: asked for here, and nowhere else."""

from __future__ import annotations

from html import escape
from pathlib import Path

from qgis.core import QgsProcessingFeedback
from qgis.PyQt.QtCore import QUrl


def log_link(feedback: QgsProcessingFeedback, text: str, path: Path) -> None:
    """Write ``text`` into the log as a link to a file; before QGIS 3.36, which has none there, its path."""
    if hasattr(feedback, "pushFormattedMessage"):
        address = escape(QUrl.fromLocalFile(str(path)).toString())
        feedback.pushFormattedMessage(f'<a href="{address}">{escape(text)}</a>', f"{text}: {path}")
    else:
        feedback.pushInfo(f"{text}: {path}")
