"""The tab that compares pixels that were clicked in the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...plain_text import as_plain, as_written
from ...results.evidence import Evidence
from ...results.probe import Pixel
from ...results.result import Array, Axis, Result
from ...spectra.export import Table
from ...translation import tr
from ...worker.in_words import unit_in_words
from .fonts import families
from .layout import Cell
from .legend import Legend
from .plot_panel import PlotPanel, PlotTab, icon_named
from .theme import DASHES, TRAIL

LOW = 480  # pixels
NARROW = 320  # pixels: beside two buttons, a name would be cut to some letters
THIN, THICK = 1.1, 1.8
LONGEST_TICK = 16  # characters


@dataclass(frozen=True)
class Step:
    """One pixel of the trail and its colour."""

    pixel: Pixel
    color: str

    @property
    def name(self) -> str:
        """What the legend calls it: row and column, counted from one."""
        return tr("row {}, column {}").format(self.pixel.row + 1, self.pixel.col + 1)


class ProbeTab(PlotTab):
    """Spectrum, reconstruction and residual of clicked pixels, and their abundances with uncertainty."""

    probe_toggled = pyqtSignal(bool)
    cleared = pyqtSignal()
    known_chosen = pyqtSignal(object, str)  # a Pixel, the name of the material it shows
    again_asked = pyqtSignal()  # unmix with what is known now

    def __init__(self) -> None:
        super().__init__()
        self._result: Result | None = None
        self.trail: list[Step] = []
        self.panel = PlotPanel(tr("Spectra and abundances of pixels"), self._table)
        self.probe = QToolButton()
        self.probe.setCheckable(True)
        self.probe.setIcon(icon_named("mActionIdentify.svg"))
        self.probe.setText(tr("Probe"))
        self.probe.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.probe.setToolTip(tr("Click pixels in the map to see what they are made of"))
        self.probe.toggled.connect(self.probe_toggled)
        clear = QToolButton()
        clear.setIcon(icon_named("mActionDeleteSelected.svg"))
        clear.setToolTip(tr("Forget the pixels"))
        clear.setAccessibleName(tr("Forget the pixels"))
        clear.clicked.connect(self.clear)
        self.panel.bar.addWidget(self.probe)
        self.panel.bar.addWidget(clear)
        self.panel.add_tools()
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        self.note.setMargin(4)
        self.note.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.legend = Legend(tr("Pixels"), renamable=False, click_hides=False, rows_when_low=1)
        self.legend.shown_changed.connect(self.redraw)
        self.legend.currentRowChanged.connect(self.redraw)
        self.panel.canvas.reshaped.connect(self.redraw)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.panel, 1)
        layout.addWidget(self.legend)
        layout.addWidget(self.note)
        layout.addWidget(self._known_row())
        self._say_how()

    def _known_row(self) -> QWidget:
        """Make what turns the pixel that is shown into a known endmember."""
        self.name = QLineEdit()
        self.name.setPlaceholderText(tr("Name of the material"))
        self.name.setAccessibleName(tr("Name of the material"))
        self.name.returnPressed.connect(self._choose_known)
        self.known = QPushButton(tr("Use as known"))
        self.known.setToolTip(
            tr("Take this pixel for pure: the next Unmix keeps its spectrum as an endmember")
        )
        self.known.clicked.connect(self._choose_known)
        self.again = QPushButton(tr("Unmix again…"))
        self.again.setToolTip(tr("Unmix the image again with the known places"))
        self.again.clicked.connect(self.again_asked)
        row = QWidget()
        self._known_line = QBoxLayout(QBoxLayout.Direction.LeftToRight, row)
        self._known_line.setContentsMargins(4, 0, 4, 4)
        self._known_line.addWidget(self.name, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.known)
        buttons.addWidget(self.again)
        self._known_line.addLayout(buttons)
        self.show_known(0)
        return row

    def show_known(self, count: int) -> None:
        """Say how many materials are known, and offer to unmix with them."""
        self.again.setEnabled(count > 0)
        self.again.setText(tr("Unmix again ({})…").format(count) if count else tr("Unmix again…"))

    def _choose_known(self) -> None:
        current = self._current()
        if current is not None and self.name.text().strip():
            self.known_chosen.emit(current.pixel, self.name.text().strip())

    def set_result(self, result: Result | None) -> None:
        """Probe this result from now on; pixels of another are forgotten."""
        same = result is not None and self._result is not None and result.folder == self._result.folder
        self._result = result
        if same:
            self.redraw()
        else:
            self.clear()

    def add(self, pixel: Pixel) -> str:
        """Show a pixel, the last of the trail; returns its colour, for the map."""
        others = [step for step in self.trail if (step.pixel.row, step.pixel.col) != (pixel.row, pixel.col)]
        others = others[-(len(TRAIL) - 1) :]
        color = next(one for one in TRAIL if one not in [step.color for step in others])
        self.trail = [*others, Step(pixel, color)]
        self.legend.fill([(step.name, step.color) for step in self.trail])
        self.legend.setCurrentRow(len(self.trail) - 1)
        self.redraw()
        return color

    def say(self, text: str) -> None:
        """Say what a click found, or why it found nothing; on one line where the dock is low."""
        self.note.setText(text)
        self.note.setToolTip(as_plain(text))

    def clear(self) -> None:
        """Forget the pixels."""
        self.trail = []
        self.legend.fill([])
        self.panel.canvas.figure.clear()
        self.panel.canvas.finish()
        self._say_how()
        self.known.setEnabled(False)
        self.cleared.emit()

    def _say_how(self) -> None:
        self.say(tr("Press “Probe” and click a pixel in the map; further clicks are compared with it."))

    def _current(self) -> Step | None:
        row = self.legend.currentRow()
        return self.trail[row] if 0 <= row < len(self.trail) else None

    def _draw(self) -> None:
        current = self._current()
        if self._result is None or current is None:
            return
        figure = self.panel.canvas.figure
        figure.clear()
        cells = _cells(low=self.panel.canvas.is_low, wide=self.panel.canvas.is_wide)
        axes = {part: figure.add_axes((0.1, 0.1, 0.8, 0.8), label=part) for part in cells}
        shown = [step for step, one in zip(self.trail, self.legend.shown()) if one or step is current]
        _draw_spectra(self._result, axes["spectrum"], shown, current)
        if "residual" in axes:
            _draw_residuals(self._result, axes["residual"], shown, current)
            axes["spectrum"].sharex(axes["residual"])
            axes["spectrum"].tick_params(labelbottom=False)
        else:
            axes["spectrum"].set_ylabel("")
        _draw_bars(self._result, axes["bars"], shown, current)
        self.panel.canvas.finish({axes[part]: cell for part, cell in cells.items()})
        self.legend.set_front(self.legend.currentRow())
        purest = _purest_of(self._result, current.pixel)
        self.say(f"{_sentence(self._result, current)} {purest}".rstrip())
        self.name.setText(self._result.endmembers[int(current.pixel.abundances.argmax())].name)
        self.known.setEnabled(True)

    def _table(self) -> Table | None:
        result = self._result
        if result is None or not self.trail:
            return None
        axis = result.axis()

        names, columns = [], []
        for step in self.trail:
            if step.pixel.spectrum is not None:
                names.append(step.name)
                columns.append(_placed(axis, step.pixel.spectrum))
            names.append(tr("reconstruction, {}").format(step.name))
            columns.append(_placed(axis, step.pixel.reconstruction))
        unit = str(result.document.get("unit") or "")
        return Table(tuple(names), axis.x, np.column_stack(columns), axis.in_nanometres, unit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the plot its room in a low dock."""
        super().resizeEvent(event)
        self.legend.fit()
        low = self.height() < LOW
        direction = QBoxLayout.Direction
        above = self.width() < NARROW and not low
        self._known_line.setDirection(direction.TopToBottom if above else direction.LeftToRight)
        self.note.setWordWrap(not low)
        across = QSizePolicy.Policy.Ignored if low else QSizePolicy.Policy.Preferred
        self.note.setSizePolicy(across, QSizePolicy.Policy.Maximum)


def _cells(*, low: bool, wide: bool) -> dict[str, Cell]:
    """Return which parts of the plot stand where, for its shape; bars begin apart, for their names."""
    if low:
        return {"spectrum": (0, 0, 0.6, 1), "bars": (0.6, 0, 1, 1)}
    if wide:
        return {"spectrum": (0, 0.3, 0.67, 1), "residual": (0, 0, 0.67, 0.3), "bars": (0.67, 0, 1, 1)}
    return {"spectrum": (0, 0.54, 1, 1), "residual": (0, 0.32, 1, 0.54), "bars": (0.001, 0, 1, 0.32)}


def _purest_of(result: Result, pixel: Pixel) -> str:
    """Say whose purest pixel this is; empty for any other pixel."""
    for index, endmember in enumerate(result.endmembers):
        if Evidence.of(result, index).place == (pixel.row, pixel.col):
            return tr("The purest pixel of “{}”.").format(endmember.name)
    return ""


def _draw_spectra(result: Result, axes: Any, shown: list[Step], current: Step) -> None:
    """Draw the pixels' spectra, and the reconstruction of the current one."""
    axis = result.axis()
    for step in shown:
        if step.pixel.spectrum is not None:
            axes.plot(
                axis.x,
                _placed(axis, step.pixel.spectrum),
                color=step.color,
                linewidth=THICK if step is current else THIN,
                label=step.name,
            )
    axes.plot(
        axis.x,
        _placed(axis, current.pixel.reconstruction),
        linestyle=DASHES[0],
        linewidth=THIN,
        gid="ink",
        label=tr("reconstruction, {}").format(current.name),
    )
    axes.set_ylabel(as_written(unit_in_words(str(result.document.get("unit") or ""))), fontsize="small")
    _finish(axes, axis)


def _draw_residuals(result: Result, axes: Any, shown: list[Step], current: Step) -> None:
    """Draw what the endmembers do not explain."""
    axis = result.axis()
    axes.axhline(0, linewidth=0.7, gid="ink", label="_zero")
    for step in shown:
        if step.pixel.residual is not None:
            axes.plot(
                axis.x,
                _placed(axis, step.pixel.residual),
                color=step.color,
                linewidth=THICK if step is current else THIN,
                label=tr("residual, {}").format(step.name),
            )
    axes.set_ylabel(tr("Residual"), fontsize="small")
    axes.set_xlabel(tr("Wavelength (nm)") if axis.in_nanometres else tr("Band"), fontsize="small")
    _finish(axes, axis)


def _finish(axes: Any, axis: Axis) -> None:
    axes.set_gid(" nm" if axis.in_nanometres else "")
    axes.tick_params(labelsize="small")
    axes.margins(x=0.02)
    axes.grid(visible=True, linewidth=0.5, alpha=0.4)


def _placed(axis: Axis, values: Array) -> Array:
    return axis.place(values[:, None])[:, 0]


def _draw_bars(result: Result, axes: Any, shown: list[Step], current: Step) -> None:
    """Bars for the current pixel, with its uncertainty; a mark for every other pixel of the trail."""
    endmembers = result.endmembers
    rows = np.arange(len(endmembers))
    colors = [one.color for one in endmembers]
    axes.barh(rows, current.pixel.abundances, height=0.6, color=colors, alpha=0.85)
    axes.errorbar(
        current.pixel.abundances,
        rows,
        xerr=current.pixel.uncertainty,
        fmt="none",
        ecolor="gray",
        capsize=3,
        linewidth=1.4,
    )
    for step in shown:
        if step is not current:
            axes.plot(
                step.pixel.abundances,
                rows,
                linestyle="none",
                marker="D",
                markersize=5,
                color=step.color,
                markeredgecolor="gray",
                label="_other",
            )
    axes.set_yticks(rows, [as_written(_short(one.name)) for one in endmembers], family=families())
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel(tr("Abundance"), fontsize="small")
    axes.tick_params(labelsize="small", left=False)
    axes.grid(visible=True, axis="x", linewidth=0.5, alpha=0.4)


def _sentence(result: Result, step: Step) -> str:
    pixel, endmembers = step.pixel, result.endmembers
    order = np.argsort(-pixel.abundances)[:3]
    parts = [
        f"{endmembers[index].name} {pixel.abundances[index]:.2f} ± {pixel.uncertainty[index]:.2f}"
        for index in order
    ]
    angle = tr("angle to the reconstruction {:.3f} rad").format(pixel.angle)
    text = f"{step.name}: {', '.join(parts)}; {angle}."
    return f"{text} {pixel.without_scene}" if pixel.without_scene else text


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_TICK else f"{name[: LONGEST_TICK - 1]}…"
