"""Translates what the user reads: loads the language that QGIS runs in. Holds no text of its own."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QTranslator

from .paths import RESOURCES

TRANSLATIONS = RESOURCES / "i18n"


def tr(text: str) -> str:
    """Return ``text`` in the language QGIS runs in."""
    return QCoreApplication.translate("AuvaeUnmixing", text)


def install_translator() -> QTranslator | None:
    """Let `tr` speak QGIS's language; returns what the caller keeps, None where there is no translation."""
    translator = QTranslator()
    # QLocale knows that QGIS's zh-Hans is zh_CN.
    if not translator.load(QLocale(QgsApplication.locale()), "auvae", "_", str(TRANSLATIONS)):
        return None
    QCoreApplication.installTranslator(translator)
    return translator
