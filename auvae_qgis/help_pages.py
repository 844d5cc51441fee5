"""Where the pages of the Help button lie. What stands in them tools/help_pages.py writes."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QLocale, QUrl

from .paths import RESOURCES

HELP = RESOURCES / "help"
_FALLBACK = "en"


def help_url(page_name: str) -> str:
    """Return the address of a page in QGIS's language, else in English: a file, no network.

    page_name: an algorithm's, "index" or "cluster".
    """
    for language in (QLocale(QgsApplication.locale()).name(), _FALLBACK):
        page = HELP / language / f"{page_name}.html"
        if page.is_file():
            return str(QUrl.fromLocalFile(str(page)).toString())
    return ""
