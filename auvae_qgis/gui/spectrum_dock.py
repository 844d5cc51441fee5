"""The dock that plots the spectra of one result. It shows what it is handed and knows no layer."""

from __future__ import annotations

import numpy as np
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QEvent, Qt
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from ..result import Array, Result, ResultError, Spectra
from ..translation import tr

try:
    from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg, NavigationToolbar2QT
    from matplotlib.figure import Figure
    from matplotlib.transforms import ScaledTranslation
except ImportError:  # Debian's QGIS depends on it; other packages may not
    Figure = None

LEGEND_COLUMNS = 3
DARK_INK, LIGHT_INK = "#1a1a1a", "#e6e6e6"
HALF_LIGHT = 127


class SpectrumDock(QgsDockWidget):
    """Plots the endmember spectra of a result, or says why it cannot."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Endmember spectra"), parent)
        self.setObjectName("AuvaeSpectrumDock")  # QGIS restores its place by this name
        self._note = QLabel()
        self._note.setWordWrap(True)
        self._note.setMargin(12)
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._note)
        self.plot = SpectrumPlot() if Figure else None
        if self.plot is not None:
            self._pages.addWidget(self.plot)
        self.setWidget(self._pages)
        self.forget()

    def forget(self) -> None:
        """Show what the dock is for, as there is no result to show."""
        self._say(tr("Select an abundance map of an unmixing result to see its endmember spectra."))

    def show_result(self, result: Result, active: int | None) -> None:
        """Plot the spectra of ``result``, the one with index ``active`` in front."""
        if self.plot is None:
            self._say(
                tr("This QGIS has no matplotlib to plot the spectra with. They are in the table {}.").format(
                    result.folder / "endmembers.csv"
                )
            )
            return
        try:
            self.plot.draw_spectra(result, result.spectra(), active)
        except ResultError as error:
            self._say(str(error))
        else:
            self._pages.setCurrentWidget(self.plot)

    def _say(self, text: str) -> None:
        self._note.setText(text)
        self._pages.setCurrentWidget(self._note)


class SpectrumPlot(QWidget):
    """Spectra against wavelength in the colours of their maps, in the light or dark of QGIS's theme."""

    def __init__(self) -> None:
        super().__init__()
        self.figure = Figure(layout="constrained")
        self.figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08)  # inches
        self.axes = self.figure.add_subplot()
        self._canvas = FigureCanvasQTAgg(self.figure)
        self._canvas.setMinimumSize(220, 160)
        self._canvas.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        toolbar = NavigationToolbar2QT(self._canvas, self, coordinates=False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._canvas, 1)
        layout.addWidget(toolbar)
        self._take_theme()

    def draw_spectra(self, result: Result, spectra: Spectra, active: int | None) -> None:
        """Replace the plot."""
        axes = self.axes
        axes.clear()
        for index, endmember in enumerate(result.endmembers):
            in_front = active is None or index == active
            axes.plot(
                spectra.x,
                spectra.values[:, index],
                color=endmember.color,
                label=endmember.name,
                linewidth=2.4 if index == active else 1.4,
                alpha=1.0 if in_front else 0.75,
                zorder=3 if index == active else 2,
            )
            alone = _alone(spectra.values[:, index])
            if alone.any():
                points = spectra.x[alone], spectra.values[alone, index]
                axes.plot(*points, linestyle="none", marker=".", color=endmember.color)
        axes.set_title(result.scene)
        axes.set_xlabel(tr("Wavelength (nm)") if spectra.in_nanometres else tr("Band"))
        axes.set_ylabel(spectra.unit)
        axes.margins(x=0.02)
        axes.grid(visible=True, linewidth=0.5, alpha=0.4)
        self._add_legend()
        self._take_theme()

    def _add_legend(self) -> None:
        """List the endmembers below the plot, row by row, however high the dock is."""
        lines, names = self.axes.get_legend_handles_labels()
        order = [
            index for column in range(LEGEND_COLUMNS) for index in range(column, len(lines), LEGEND_COLUMNS)
        ]
        below = ScaledTranslation(0, -0.55, self.figure.dpi_scale_trans)  # inches: room for the axis label
        self.axes.legend(
            [lines[index] for index in order],
            [names[index] for index in order],
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            bbox_transform=self.axes.transAxes + below,
            ncols=LEGEND_COLUMNS,
            frameon=False,
            fontsize="small",
        )

    def changeEvent(self, event: QEvent) -> None:
        """Follow QGIS from a light theme to a dark one."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._take_theme()

    def _take_theme(self) -> None:
        """Draw on the paper of the theme, with ink that can be read on it.

        The ink is not the palette's: QGIS's dark themes colour text in their style sheet alone.
        """
        if not hasattr(self, "_canvas"):  # Qt sends the first change while the widget is being made
            return
        base = self.palette().color(QPalette.ColorRole.Base)
        paper, ink = base.name(), DARK_INK if base.lightness() > HALF_LIGHT else LIGHT_INK
        self.figure.set_facecolor(paper)
        axes = self.axes
        axes.set_facecolor(paper)
        axes.tick_params(colors=ink, which="both")
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label):
            text.set_color(ink)
        for spine in axes.spines.values():
            spine.set_color(ink)
        if axes.get_legend() is not None:
            for text in axes.get_legend().get_texts():
                text.set_color(ink)
        self._canvas.draw_idle()


def _alone(values: Array) -> Array:
    """Return where, (bands,) bool, a value has gaps on both sides: a line would not show it."""
    there = np.isfinite(values)
    left = np.concatenate(([False], there[:-1]))
    right = np.concatenate((there[1:], [False]))
    return there & ~left & ~right
