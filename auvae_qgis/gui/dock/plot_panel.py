"""A plot with its tools: all of it, copy, save. It asks whoever owns it for the values it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QKeySequence, QShowEvent
from qgis.PyQt.QtWidgets import (
    QApplication,
    QFileDialog,
    QMenu,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...spectra.export import Table, as_text, write_csv, write_envi
from ...translation import tr
from .canvas import Canvas
from .theme import LIGHT, paint, tones

SAVED_DPI = 200


class PlotTab(QWidget):
    """A tab that draws its plot while it is seen, and puts it off while it is not."""

    def __init__(self) -> None:
        super().__init__()
        self._due = False

    def redraw(self, *_changed: object) -> None:
        """Draw now, or when the tab is shown."""
        self._due = not self.isVisible()
        if not self._due:
            self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what was put off."""
        super().showEvent(event)
        if self._due:
            self.redraw()

    def _draw(self) -> None:
        raise NotImplementedError


class PlotPanel(QWidget):
    """A canvas and the tool bar above it, which the owner may add to."""

    failed = pyqtSignal(str)  # a sentence
    done = pyqtSignal(str)  # a sentence

    def __init__(self, name: str, table: Callable[[], Table | None]) -> None:
        """``table`` returns the values that are shown; None where there are none."""
        super().__init__()
        self._table = table
        self.canvas = Canvas(name)
        self.bar = QToolBar()
        self.bar.setIconSize(self.bar.iconSize() * 0.75)
        self.bar.setAccessibleName(tr("Tools of the plot"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self.canvas, 1)

    def add_tools(self) -> None:
        """Add the plot's own tools after those of the owner."""
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.bar.addWidget(gap)
        button = QToolButton()  # one for all: in a narrow dock the last ones would be behind an arrow
        button.setIcon(icon_named("mActionFileSave.svg"))
        button.setToolTip(tr("Show all, copy, save"))
        button.setAccessibleName(tr("Show all, copy, save"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a tool bar's buttons have none by themselves
        menu = QMenu(button)
        button.setMenu(menu)
        self.bar.addWidget(button)
        for icon, text, keys, act in (
            ("mActionZoomFullExtent.svg", tr("Show all of the plot (Home)"), "", self.canvas.show_all),
            ("mActionEditCopy.svg", tr("Copy the values"), "Ctrl+C", self.copy_values),
            ("mActionSaveMapAsImage.svg", tr("Copy the picture"), "Ctrl+Shift+C", self.copy_picture),
            ("mActionFileSave.svg", tr("Save as PNG, SVG, CSV or ENVI library…"), "", self.ask_and_save),
        ):
            action = menu.addAction(icon_named(icon), text)
            action.triggered.connect(act)
            if keys:
                action.setShortcut(QKeySequence(keys))
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                self.addAction(action)  # where the keys are heard

    def copy_values(self) -> None:
        """Put the values on the clipboard, ready for a spreadsheet."""
        table = self._table()
        if table is not None:
            QApplication.clipboard().setText(as_text(table, "\t"))
            self.done.emit(tr("The values are on the clipboard."))

    def copy_picture(self) -> None:
        """Put the plot on the clipboard as it is seen."""
        QApplication.clipboard().setPixmap(self.canvas.grab())
        self.done.emit(tr("The picture is on the clipboard."))

    def ask_and_save(self) -> None:
        """Ask where to, and save."""
        kinds = {
            tr("PNG image (*.png)"): ".png",
            tr("SVG drawing (*.svg)"): ".svg",
            tr("Table (*.csv)"): ".csv",
            tr("ENVI spectral library (*.sli)"): ".sli",
        }
        chosen, kind = QFileDialog.getSaveFileName(self, tr("Save the plot"), "", ";;".join(kinds))
        if chosen:
            path = Path(chosen)
            self.save(path if path.suffix.lower() in kinds.values() else Path(chosen + kinds[kind]))

    def save(self, path: Path) -> None:
        """Save as what the ending of ``path`` says."""
        table, ending = self._table(), path.suffix.lower()
        try:
            if ending in (".png", ".svg"):
                self._save_picture(path)
            elif table is None:
                self.failed.emit(tr("There are no values to save."))
                return
            elif ending == ".sli":
                write_envi(path, table)
            else:
                write_csv(path, table)
        except OSError as error:
            reason = error.strerror or str(error)
            self.failed.emit(tr("“{}” could not be written: {}.").format(path, reason))
        else:
            self.done.emit(tr("Saved as {}.").format(path))

    def _save_picture(self, path: Path) -> None:
        """Save in dark ink on white paper, whatever the theme."""
        staged = path.with_name(f".{path.name}.part")
        canvas = self.canvas
        canvas.complete()
        paint(canvas.figure, LIGHT)
        try:
            canvas.figure.savefig(staged, format=path.suffix[1:].lower(), dpi=SAVED_DPI)
            staged.replace(path)
        finally:
            staged.unlink(missing_ok=True)
            paint(canvas.figure, tones(canvas.palette()))
            canvas.draw_idle()


def icon_named(name: str) -> QIcon:
    """Return an icon of QGIS's own, in the theme that is on."""
    return QgsApplication.getThemeIcon(f"/{name}")
