"""The message of the first start, when there is no environment yet: one line, one button. No dialog."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import Qgis
from qgis.gui import QgsMessageBar, QgsMessageBarItem
from qgis.PyQt.QtWidgets import QPushButton

from .. import settings
from ..environment.find import find_worker_python
from ..translation import tr


def invite_to_set_up(bar: QgsMessageBar, open_set_up: Callable[[], None]) -> QgsMessageBarItem | None:
    """Say in ``bar`` that set-up is missing, with a button that opens it; None when there is no need."""
    if not find_worker_python(settings.worker_python()).problem:
        return None
    item = bar.createMessage(tr("AUVAE Unmixing needs PyTorch, which is not set up yet."))
    button = QPushButton(tr("Set up…"))

    def pressed() -> None:
        bar.popWidget(item)
        open_set_up()

    button.clicked.connect(pressed)
    item.layout().addWidget(button)
    bar.pushWidget(item, Qgis.MessageLevel.Info)
    return item
