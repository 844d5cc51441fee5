"""The dock of the plugin: a list of results, five tabs about the one that is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QShowEvent
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...results.keep import is_temporary
from ...results.result import Result, ResultError, differ_in_names, unlike
from ...translation import tr
from .pieces import Pieces

try:
    import matplotlib.backends.backend_qtagg  # noqa: F401  what all plots are drawn with
except ImportError:  # Debian's QGIS depends on it; other packages may not
    CAN_PLOT = False
else:
    CAN_PLOT = True


COMING = 5000  # milliseconds after a run in which its result may still come


class ResultDock(QgsDockWidget):
    """Shows a result in tabs, or says why it cannot."""

    result_chosen = pyqtSignal(str)  # the folder
    keep_asked = pyqtSignal(object)  # the result
    report_asked = pyqtSignal(str)  # the folder
    shown_first = pyqtSignal()
    result_shown = pyqtSignal()  # or none at all

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Endmember spectra"), parent)
        self.setObjectName("AuvaeSpectrumDock")  # QGIS restores its place by this name
        self.result: Result | None = None
        self.pieces = Pieces(self)
        self._seen = False
        self._went_to_training = False  # by itself, so that the result may be shown by itself
        self._leaving = QTimer(self)
        self._leaving.setSingleShot(True)
        self._leaving.timeout.connect(self._leave_training)
        self._note = QLabel()
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setWordWrap(True)
        self._note.setMargin(12)
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._note)
        self.tabs = QTabWidget()
        self.can_plot = CAN_PLOT
        if self.can_plot:
            self._make_tabs()
        self.setWidget(self._pages)
        self.forget()

    def showEvent(self, event: QShowEvent) -> None:
        """Tell when it is seen for the first time."""
        super().showEvent(event)
        if not self._seen:
            self._seen = True
            self.shown_first.emit()

    def _make_tabs(self) -> None:
        from .compare_tab import CompareTab
        from .fonts import look_for_fonts
        from .library_tab import LibraryTab
        from .probe_tab import ProbeTab
        from .spectra_tab import SpectraTab
        from .training_tab import TrainingTab

        look_for_fonts()
        self.results = QComboBox()
        self.results.setAccessibleName(tr("Results in the project"))
        self.results.setToolTip(tr("Results in the project"))
        self.results.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.results.activated.connect(lambda row: self.result_chosen.emit(self.results.itemData(row)))
        self.report = QToolButton()
        self.report.setText(tr("Report"))
        self.report.setToolTip(tr("Open the report of this result in the browser"))
        self.report.clicked.connect(self._ask_for_report)
        self.keep = QToolButton()
        self.keep.setText(tr("Keep…"))
        self.keep.setToolTip(tr("This result lies in a temporary folder: copy it to one that stays"))
        self.keep.clicked.connect(lambda: self.keep_asked.emit(self.result))
        self.spectra, self.probe, self.library, self.compare, self.training = (
            SpectraTab(),
            ProbeTab(),
            LibraryTab(),
            CompareTab(),
            TrainingTab(),
        )
        self.tabs.setDocumentMode(True)
        for widget, name, hint in (
            (self.spectra, tr("Spectra"), tr("The spectra of the endmembers")),
            (self.probe, tr("Probe"), tr("What single pixels are made of")),
            (self.library, tr("Library"), tr("Which library spectra look most like the endmembers")),
            (self.compare, tr("Compare"), tr("What another result says of the same materials")),
            (self.training, tr("Training"), tr("How the network was trained")),
        ):
            self.tabs.addTab(widget, name)
            self.tabs.setTabToolTip(self.tabs.count() - 1, hint)
            widget.setAccessibleName(name)
        self.training.started.connect(self._training_started)
        top = QHBoxLayout()
        top.setContentsMargins(2, 2, 2, 0)
        top.addWidget(self.results, 1)
        top.addWidget(self.keep)
        top.addWidget(self.report)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(self.tabs, 1)
        self._page = page
        self._pages.addWidget(page)

    def forget(self) -> None:
        """Show what the dock is for, as there is no result to show."""
        self.pieces.stop()
        self.result = None
        self._say(
            tr("Unmix an image, or select an abundance map of a result, to see its endmember spectra here.")
        )
        if self.can_plot:
            self.spectra.forget()
            self.probe.set_result(None)
            self.library.set_result(None, None)
            self.compare.set_result(None, None)
            self.training.set_result(None)
            self.results.clear()
            self.keep.hide()
            self.report.hide()
        self.result_shown.emit()

    def list_results(self, results: list[Result]) -> None:
        """List the results of the project in the drop-down."""
        if not self.can_plot:
            return
        self.results.clear()
        self.compare.set_results(results)
        taken: set[str] = set()
        for result in results:
            name = unlike(taken, result)
            taken.add(name)
            self.results.addItem(name, str(result.folder))
            self.results.setItemData(
                self.results.count() - 1, str(result.folder), Qt.ItemDataRole.ToolTipRole
            )
        self._choose_shown()

    def _choose_shown(self) -> None:
        if self.result is None:
            return
        row = self.results.findData(str(self.result.folder))
        if row < 0:
            self.results.addItem(self.result.scene, str(self.result.folder))
            row = self.results.count() - 1
        self.results.setCurrentIndex(row)

    def show_result(self, result: Result, active: int | None) -> None:
        """Show ``result``, the endmember with index ``active`` in front."""
        self.pieces.complete()
        for _piece in self.showing(result, active):
            pass

    def showing(self, result: Result, active: int | None) -> Iterator[None]:
        """Show ``result`` as `show_result` does, in pieces that `pieces` may do."""
        if not self.can_plot:
            self._say(
                tr("This QGIS has no matplotlib to plot the spectra with. They are in the table {}.").format(
                    result.folder / "endmembers.csv"
                )
            )
            return
        if result == self.result:  # not drawn anew for another of its maps
            self.spectra.bring_forward(active)
            return
        try:
            spectra = result.spectra()
        except ResultError as error:
            self.result = None
            self._say(str(error))
            return
        renamed = self.result is not None and differ_in_names(self.result, result)
        self.result = result
        if self._went_to_training:
            self.tabs.setCurrentWidget(self.spectra)
        self._went_to_training = False
        self.keep.setVisible(is_temporary(result.folder))
        self.report.show()
        self._choose_shown()
        yield
        self._pages.setCurrentWidget(self._page)
        yield
        if renamed:  # nothing that is drawn has changed
            self.spectra.show_names(result)
        else:
            yield from self.spectra.showing_spectra(result, spectra, active)
        yield
        self.probe.set_result(result)
        self.library.set_result(result, spectra)
        yield
        self.compare.set_result(result, spectra)
        self.training.set_result(result)
        self.result_shown.emit()

    def show_library(self, path: Path) -> None:
        """Show the spectra of a library that is loaded."""
        self._pages.setCurrentWidget(self._page)
        self.tabs.setCurrentWidget(self.library)
        self.library.show_library(path)

    def hear(self, job: str, event: dict[str, Any]) -> None:
        """Take in an event of a worker that unmixes."""
        if self.can_plot:
            self.training.hear(job, event)
            if self._went_to_training and not self.training.is_live:
                self._leaving.start(COMING)

    def _leave_training(self) -> None:
        """Say again what the dock is for: a run has ended some time ago, and no result of it has come."""
        if self.result is None and not self.training.is_live:
            self._went_to_training = False
            self._pages.setCurrentWidget(self._note)

    def _training_started(self) -> None:
        """Show the training where there is nothing else to show; the analyst's tab stays as it is."""
        if self.result is None:
            self._went_to_training = True
            self.tabs.setCurrentWidget(self.training)
            self._pages.setCurrentWidget(self._page)

    def _ask_for_report(self) -> None:
        if self.result is not None:
            name = self.result.document["files"].get("report", "report.html")
            self.report_asked.emit(str(Path(self.result.folder) / name))

    def _say(self, text: str) -> None:
        self._note.setText(text)
        self._pages.setCurrentWidget(self._note)
