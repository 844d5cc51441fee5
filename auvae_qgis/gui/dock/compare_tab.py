"""The tab that holds another result of the project against the one that is shown."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QHeaderView,
    QSizePolicy,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from ....model.auvae.contract.materials import Pair, pairs_of
from ...plain_text import as_written
from ...results.result import Result, ResultError, Spectra, unlike
from ...spectra.export import Table
from ...translation import tr
from ...worker.in_words import unit_in_words
from .legend import swatch
from .plot_panel import PlotPanel, PlotTab
from .theme import DASHES

WIDE = 480  # pixels


class CompareTab(PlotTab):
    """Spectra of two results, a material in one colour, and a table of fit, warnings and area."""

    differences_asked = pyqtSignal(object, object, list)  # this result, the other, pairs of endmembers

    def __init__(self) -> None:
        super().__init__()
        self._result: Result | None = None
        self._spectra: Spectra | None = None
        self._results: list[Result] = []
        self.pairs: list[Pair] = []
        self.panel = PlotPanel(tr("Spectra of two results"), self._table)
        self.axes = self.panel.canvas.figure.add_subplot()
        self.other = QComboBox()
        self.other.setAccessibleName(tr("Compare with"))
        self.other.setToolTip(tr("Compare with"))
        self.other.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.other.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.other.setMinimumContentsLength(12)
        self.other.activated.connect(self.redraw)
        self.differences = QToolButton()
        self.differences.setText(tr("Difference maps"))
        self.differences.setToolTip(
            tr("Load this result's abundance minus the other's, for every shared material")
        )
        self.differences.clicked.connect(self._ask_for_differences)
        self.panel.bar.addWidget(self.other)
        self.panel.bar.addWidget(self.differences)
        self.panel.add_tools()
        self.facts = QTreeWidget()
        self.facts.setAccessibleName(tr("Fit, warnings and areas of two results"))
        self.facts.setRootIsDecorated(False)
        self.facts.setHeaderLabels(["", tr("This"), tr("Other"), tr("Change")])
        header = self.facts.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2, 3):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.panel, 3)
        layout.addWidget(self.facts, 2)
        self.panel.canvas.reshaped.connect(self.redraw)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the names their room in a narrow dock."""
        super().resizeEvent(event)
        self.facts.setColumnHidden(3, self.width() < WIDE)

    def set_result(self, result: Result | None, spectra: Spectra | None) -> None:
        """Compare this result from now on."""
        self._result, self._spectra = result, spectra
        self._list()

    def set_results(self, results: list[Result]) -> None:
        """Offer these results of the project."""
        self._results = results
        self._list()

    def _list(self) -> None:
        chosen = self.other.currentData()
        self.other.clear()
        taken: set[str] = set()
        for result in self._results:
            name = unlike(taken, result)
            taken.add(name)
            if self._result is None or result.folder != self._result.folder:
                self.other.addItem(name, str(result.folder))
        self.other.setCurrentIndex(max(0, self.other.findData(chosen)) if self.other.count() else -1)
        self.redraw()

    def _other(self) -> Result | None:
        chosen = self.other.currentData()
        return next((one for one in self._results if str(one.folder) == chosen), None)

    def _draw(self) -> None:
        self.axes.clear()
        self.facts.clear()
        self.pairs = []
        self.differences.setEnabled(False)
        result, spectra, other = self._result, self._spectra, self._other()
        if result is None or spectra is None or other is None:
            self.axes.set_title(tr("Unmix the image once more, to compare."), fontsize="small")
            self.axes.set_axis_off()
            self.panel.canvas.finish()
            return
        try:
            theirs = other.spectra()
        except ResultError as error:
            self.axes.set_title(as_written(str(error)), fontsize="x-small")
            self.panel.canvas.finish()
            return
        self.pairs = pairs_of(spectra, theirs)
        self.differences.setEnabled(bool(self.pairs))
        self._draw_spectra(result, spectra, other, theirs)
        self._fill(result, other)

    def _draw_spectra(self, result: Result, spectra: Spectra, other: Result, theirs: Spectra) -> None:
        """Draw this result's spectra solid and the other's dashed, in the colour of their material."""
        axes: Any = self.axes
        colors = {pair.second: result.endmembers[pair.first].color for pair in self.pairs}
        for index, endmember in enumerate(result.endmembers):
            axes.plot(
                spectra.x,
                spectra.values[:, index],
                color=endmember.color,
                linewidth=1.6,
                label=endmember.name,
            )
        for index, endmember in enumerate(other.endmembers):
            color = colors.get(index)
            axes.plot(
                theirs.x,
                theirs.values[:, index],
                color=color or "gray",
                gid=None if color else "ink",
                linestyle=DASHES[0] if color else DASHES[3],
                linewidth=1.2,
                label=tr("{} of the other").format(endmember.name),
            )
        axes.set_xlabel(tr("Wavelength (nm)") if spectra.in_nanometres else tr("Band"), fontsize="small")
        axes.set_ylabel(as_written(unit_in_words(spectra.unit)), fontsize="small")
        axes.set_gid(" nm" if spectra.in_nanometres else "")
        axes.tick_params(labelsize="small")
        axes.grid(visible=True, linewidth=0.5, alpha=0.4)
        self.panel.canvas.finish()

    def _fill(self, result: Result, other: Result) -> None:
        """Write fit and warnings, then a line for each material that both have, or one alone."""
        for name, digits, read in (
            (tr("Endmembers"), 0, lambda one: float(len(one.endmembers))),
            (tr("Mean angle (radians)"), 4, lambda one: float(one.document["metrics"]["mean_angle"])),
            (tr("RMSE"), 4, lambda one: float(one.document["metrics"]["rmse"])),
            (tr("Warnings"), 0, lambda one: float(len(one.document.get("warnings") or []))),
        ):
            self._line(name, read(result), read(other), digits)
        for pair in self.pairs:
            first, second = result.endmembers[pair.first].name, other.endmembers[pair.second].name
            both = first if first == second else f"{first} = {second}"
            item = self._line(
                tr("{} ({:.3f} rad)").format(both, pair.angle),
                *self._sizes(result, other, pair.first, pair.second),
            )
            item.setIcon(0, swatch(result.endmembers[pair.first].color))
        for index in sorted(set(range(len(result.endmembers))) - {pair.first for pair in self.pairs}):
            item = self._line(
                tr("{}, only here").format(result.endmembers[index].name),
                *self._sizes(result, other, index, None),
            )
            item.setIcon(0, swatch(result.endmembers[index].color))
        for index in sorted(set(range(len(other.endmembers))) - {pair.second for pair in self.pairs}):
            self._line(
                tr("{}, only in the other").format(other.endmembers[index].name),
                *self._sizes(result, other, None, index),
            )

    def _sizes(
        self, result: Result, other: Result, first: int | None, second: int | None
    ) -> tuple[float | None, float | None, int, str]:
        """Return how much of each result a material makes up: hectares where they are known, else percent."""
        areas = [one.hectares for one in (result, other)]
        if all(areas):
            sizes = [
                None if index is None else area[index] for index, area in zip((first, second), areas) if area
            ]
            return sizes[0], sizes[1], 1, tr("{} ha")
        shares = [
            None
            if index is None
            else 100 * float(one.document["endmembers"][index].get("mean_abundance", 0.0))
            for index, one in zip((first, second), (result, other))
        ]
        return shares[0], shares[1], 1, "{} %"

    def _line(
        self, name: str, here: float | None, there: float | None, digits: int, unit: str = "{}"
    ) -> QTreeWidgetItem:
        cells = [unit.format(f"{value:.{digits}f}") if value is not None else "–" for value in (here, there)]
        change = ""
        if here is not None and there is not None:
            change = unit.format(f"{here - there:+.{digits}f}")
        item = QTreeWidgetItem([name, *cells, change])
        item.setToolTip(0, name)
        for column in (1, 2, 3):
            item.setTextAlignment(column, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter))
        self.facts.addTopLevelItem(item)
        return item

    def _ask_for_differences(self) -> None:
        other = self._other()
        if self._result is not None and other is not None and self.pairs:
            self.differences_asked.emit(self._result, other, self.pairs)

    def _table(self) -> Table | None:
        if self._result is None or self._spectra is None:
            return None
        names = tuple(one.name for one in self._result.endmembers)
        return Table(
            names, self._spectra.x, self._spectra.values, self._spectra.in_nanometres, self._spectra.unit
        )
