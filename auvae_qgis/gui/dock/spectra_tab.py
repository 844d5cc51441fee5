"""The tab with the endmember spectra of one result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QLabel, QVBoxLayout

from ...plain_text import as_written
from ...results.evidence import Evidence
from ...results.result import Array, Result, Spectra
from ...spectra.export import Table
from ...spectra.views import View, divisor
from ...translation import tr
from ...worker.in_words import unit_in_words
from .area_words import about_areas, areas
from .evidence_row import EvidenceRow
from .legend import Legend
from .plot_panel import PlotPanel, PlotTab
from .theme import endmember_dash

THIN, THICK = 1.4, 2.4
FAINT = 0.16  # of a band of spread


class SpectraTab(PlotTab):
    """Spectra against wavelength in the colours of their maps, with the spread of the purest pixels."""

    rename_asked = pyqtSignal(int, str)  # which endmember, its new name

    def __init__(self) -> None:
        super().__init__()
        self._result: Result | None = None
        self._spectra: Spectra | None = None
        self._active: int | None = None
        self.panel = PlotPanel(tr("Endmember spectra"), self._table)
        self.axes = self.panel.canvas.figure.add_subplot()
        self.view = QComboBox()
        for view, text in (
            (View.VALUES, tr("As measured")),
            (View.NORM, tr("Divided by the norm")),
            (View.CONTINUUM, tr("Continuum removed")),
        ):
            self.view.addItem(text, view)
        self.view.setAccessibleName(tr("How the spectra are shown"))
        self.view.setToolTip(tr("How the spectra are shown"))
        self.spread = QCheckBox(tr("Spread"))
        self.spread.setChecked(True)
        self.legend = Legend(tr("Endmembers"), renamable=True, click_hides=True, rows_when_low=2)
        self.areas = QLabel()
        self.areas.setTextFormat(Qt.TextFormat.PlainText)
        self.areas.setMargin(2)
        self.areas.setWordWrap(True)
        self.evidence = EvidenceRow()
        self.panel.bar.addWidget(self.view)
        self.panel.bar.addWidget(self.spread)
        self.panel.add_tools()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.panel, 1)
        layout.addWidget(self.legend)
        layout.addWidget(self.areas)
        layout.addWidget(self.evidence)
        self.view.currentIndexChanged.connect(self.redraw)
        self.spread.toggled.connect(self.redraw)
        self.legend.shown_changed.connect(self.redraw)
        self.legend.renamed.connect(self.rename_asked)
        self.legend.pointed.connect(self._emphasise)
        self.legend.currentRowChanged.connect(self._show_evidence)
        self.panel.canvas.reshaped.connect(self.redraw)

    def showing_spectra(self, result: Result, spectra: Spectra, active: int | None) -> Iterator[None]:
        """Plot the spectra of ``result``, the one with index ``active`` in front, in pieces."""
        self._result, self._spectra, self._active = result, spectra, active
        self.legend.fill([(one.name, one.color) for one in result.endmembers], areas(result))
        self.areas.setText(about_areas(result))
        self.legend.set_front(active)
        yield
        self.spread.setEnabled(spectra.spread is not None)
        known = [Evidence.of(result, index) for index in range(len(result.endmembers))]
        least = [one.least for one in known if one.least is not None]
        if known[0].pixels and len(least) == len(known):
            self.spread.setToolTip(
                tr(
                    "Standard deviation of the {} purest pixels of each endmember, as bright as it is. "
                    "The least pure of them holds {:.0%}."
                ).format(known[0].pixels, min(least))
            )
        self._show_evidence(active or 0)
        yield
        self.redraw()

    def show_names(self, result: Result) -> None:
        """Take over new names of the endmembers that are plotted."""
        self._result = result
        names = [endmember.name for endmember in result.endmembers]
        self.legend.set_names(names)
        for line, name in zip(self._lines(), names):
            line.set_label(name)
        self._show_evidence(self.legend.currentRow())  # which names the endmember most like this one

    def bring_forward(self, active: int | None) -> None:
        """Put the endmember with index ``active`` in front of the others that are plotted."""
        self._active = active
        self.legend.set_front(active)
        self._show_evidence(active or 0)
        self._emphasise(-1)

    def forget(self) -> None:
        """Show nothing."""
        self._result = self._spectra = None
        self.legend.fill([])
        self.areas.setText("")
        self.evidence.forget()
        self.axes.clear()
        self.panel.canvas.finish()

    def _show_evidence(self, index: int) -> None:
        if self._result is not None and 0 <= index < len(self._result.endmembers):
            self.evidence.show_endmember(self._result, index)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the plot its room in a low dock."""
        super().resizeEvent(event)
        self.legend.fit()
        self.evidence.fit(self.height())

    def _seen(self, spectra: Spectra) -> tuple[Array, Array | None]:
        """Return values and spread in the view that is chosen."""
        by = divisor(spectra.x, spectra.values, self.view.currentData())
        return spectra.values / by, None if spectra.spread is None else spectra.spread / by

    def _draw(self) -> None:
        if self._result is None or self._spectra is None:
            return
        axes, spectra = self.axes, self._spectra
        axes.clear()
        values, spread = self._seen(spectra)
        for index, (endmember, shown) in enumerate(zip(self._result.endmembers, self.legend.shown())):
            line = values[:, index]
            axes.plot(
                spectra.x,
                line,
                color=endmember.color,
                linestyle=endmember_dash(index),
                label=endmember.name,
                linewidth=THICK if index == self._active else THIN,
                zorder=3 if index == self._active else 2,
                visible=shown,
            )
            if not shown:
                continue
            alone = _alone(line)
            if alone.any():
                axes.plot(
                    spectra.x[alone],
                    line[alone],
                    linestyle="none",
                    marker=".",
                    color=endmember.color,
                    label="_alone",
                )
            if spread is not None and self.spread.isChecked():
                low, high = line - spread[:, index], line + spread[:, index]
                axes.fill_between(
                    spectra.x, low, high, color=endmember.color, alpha=FAINT, linewidth=0, zorder=1
                )
        canvas = self.panel.canvas
        axes.set_title("" if canvas.is_low else as_written(self._result.scene), fontsize="medium")
        across = tr("Wavelength (nm)") if spectra.in_nanometres else tr("Band")
        axes.set_xlabel("" if canvas.is_low else across, fontsize=canvas.letters)
        axes.set_ylabel(as_written(self._unit(spectra)), fontsize=canvas.letters)
        axes.tick_params(labelsize=canvas.letters)
        axes.set_gid(" nm" if spectra.in_nanometres else "")
        axes.margins(x=0.02)
        axes.relim(visible_only=True)
        axes.autoscale_view()
        axes.grid(visible=True, linewidth=0.5, alpha=0.4)
        self.panel.canvas.finish()

    def _unit(self, spectra: Spectra) -> str:
        return {
            View.VALUES: unit_in_words(spectra.unit),
            View.NORM: tr("Value / norm"),
            View.CONTINUUM: tr("Value / continuum"),
        }[self.view.currentData()]

    def _emphasise(self, index: int) -> None:
        """Draw the endmember under the mouse in the legend more strongly; below 0: the one in front."""
        strong = self._active if index < 0 else index
        for place, line in enumerate(self._lines()):
            line.set_linewidth(THICK if place == strong else THIN)
            line.set_zorder(3 if place == strong else 2)
        self.panel.canvas.draw_idle()

    def _lines(self) -> list[Any]:
        """Return the lines of the endmembers, in their order."""
        return [line for line in self.axes.lines if not str(line.get_label()).startswith("_")]

    def _table(self) -> Table | None:
        if self._result is None or self._spectra is None:
            return None
        shown = np.flatnonzero(self.legend.shown())
        values, _ = self._seen(self._spectra)
        return Table(
            tuple(self._result.endmembers[index].name for index in shown),
            self._spectra.x,
            values[:, shown],
            self._spectra.in_nanometres,
            self._unit(self._spectra),
        )


def _alone(values: Array) -> Array:
    """Return where, (bands,) bool, a value has gaps on both sides: a line would not show it."""
    there = np.isfinite(values)
    left = np.concatenate(([False], there[:-1]))
    right = np.concatenate((there[1:], [False]))
    return there & ~left & ~right
