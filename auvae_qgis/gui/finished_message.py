"""The message above the map that a result has arrived, with what one does with it next."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import Qgis
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtWidgets import QToolButton

from ..plain_text import as_plain
from ..results.keep import is_temporary
from ..results.result import Result
from ..translation import tr

SECONDS = 24  # it stays


def tell_finished(
    bar: QgsMessageBar, result: Result, report: Callable[[str], object], keep: Callable[[Result], object]
) -> None:
    """Say that a result was loaded.

    Args:
        bar: Where to say so.
        result: That was loaded.
        report: What opens a report, by its path.
        keep: What copies a result in a temporary folder to another; offered for such a result only.

    """
    text = tr("“{}” is unmixed.").format(result.scene)
    # no title and small buttons: the bar must not take its room from the docks of a small window
    item = bar.createMessage(as_plain(text))
    page = result.folder / str(result.document["files"].get("report", ""))
    if page.is_file():
        button = QToolButton()
        button.setText(tr("Report"))
        button.setToolTip(tr("The report says how well it fits."))
        button.clicked.connect(lambda: report(str(page)))
        item.layout().addWidget(button)
    if is_temporary(result.folder):
        button = QToolButton()
        button.setText(tr("Keep…"))
        button.setToolTip(tr("This result lies in a temporary folder: copy it to one that stays"))
        button.clicked.connect(lambda: keep(result))
        item.layout().addWidget(button)
    bar.pushWidget(item, Qgis.MessageLevel.Success, SECONDS)
