"""Translates what the user reads: loads the language that QGIS runs in. Holds no text of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .paths import RESOURCES

if TYPE_CHECKING:
    from qgis.PyQt.QtCore import QTranslator

TRANSLATIONS = RESOURCES / "i18n"


def tr(text: str) -> str:
    """Return ``text`` in the language QGIS runs in; as it is where `make setup` runs and there is no QGIS."""
    qt = sys.modules.get("qgis.PyQt.QtCore")
    return str(qt.QCoreApplication.translate("AuvaeUnmixing", text)) if qt else text


def install_translator() -> QTranslator | None:
    """Let `tr` speak QGIS's language; returns what the caller keeps, None where there is no translation."""
    from qgis.core import QgsApplication
    from qgis.PyQt.QtCore import QCoreApplication, QLocale, QTranslator

    translator = QTranslator()
    # QLocale knows that QGIS's zh-Hans is zh_CN.
    if not translator.load(QLocale(QgsApplication.locale()), "auvae", "_", str(TRANSLATIONS)):
        return None
    QCoreApplication.installTranslator(translator)
    return translator
