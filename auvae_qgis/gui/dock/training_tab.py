"""The tab that shows how a result was trained: live, and afterwards from its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QShowEvent
from qgis.PyQt.QtWidgets import QLabel, QVBoxLayout, QWidget

from ...plain_text import as_written
from ...results.result import Array, Axis, Result
from ...spectra.export import Table
from ...translation import tr
from .plot_panel import PlotPanel
from .theme import TRAIL

REDRAW = 700  # milliseconds between two drawings of a run that goes on
MOST_LIVE_MOVES = 24


@dataclass
class Run:
    """One training, going on or over: losses by name as (share done, value), endmembers as (share, array)."""

    title: str
    unit: str
    axis: Axis | None
    names: list[str]
    colors: list[str]
    losses: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    moves: list[tuple[float, Array]] = field(default_factory=list)
    text: str = ""
    in_epochs: bool = False


class TrainingTab(QWidget):
    """Losses against the course of training, and the endmembers moving to their places."""

    started = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._kept: Run | None = None
        self._live: Run | None = None
        self._job = ""
        self.panel = PlotPanel(tr("Losses and moving endmembers"), self._table)
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.panel.bar.addWidget(self.note)
        self.panel.add_tools()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self._timer = QTimer(self)
        self._timer.setInterval(REDRAW)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._draw)
        self.panel.canvas.reshaped.connect(self._draw)

    def set_result(self, result: Result | None, moves: list[tuple[float, Array]]) -> None:
        """Show how ``result`` was trained, as soon as no training goes on."""
        self._kept = None if result is None else _run_of(result, moves)
        if self._live is None:
            self._draw()

    @property
    def is_live(self) -> bool:
        """Whether a training goes on."""
        return self._live is not None

    def hear(self, job: str, event: dict[str, Any]) -> None:
        """Take in an event of the worker (docs/worker-protocol.md), or "ended" after the last."""
        kind = event.get("event")
        if kind == "scene":
            self._job, self._live = job, _run_of_scene(event)
            self.started.emit()
        elif job != self._job or self._live is None:
            return
        elif kind == "progress":
            self._progress(self._live, event)
        elif kind == "ended":
            self._live = None
            self._draw()
            return
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _progress(self, run: Run, event: dict[str, Any]) -> None:
        done = float(event.get("fraction", 0.0))
        run.text = f"{done:.0%} · {event.get('text', '')}"
        for name, value in (event.get("losses") or {}).items():
            run.losses.setdefault(str(name), []).append((done, float(value)))
        if event.get("endmembers"):
            run.moves.append((done, np.array(event["endmembers"], dtype=float).T))
            if len(run.moves) > MOST_LIVE_MOVES:
                del run.moves[1::2]

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened while the tab was hidden."""
        super().showEvent(event)
        self._draw()

    def _draw(self) -> None:
        if not self.isVisible():
            return
        run = self._live or self._kept
        canvas = self.panel.canvas
        figure = canvas.figure
        figure.clear()
        self.note.setText("" if run is None else f"  {run.title}  {run.text}")
        if run is None:
            canvas.finish()
            return
        names = list(run.losses) or [""]
        wide = canvas.is_wide
        # a small plot for each loss: their values have nothing in common
        left = figure.add_gridspec(1, 2, width_ratios=(2, 3)) if wide else figure.add_gridspec(2, 1)
        cells = left[0].subgridspec(*((len(names), 1) if wide else (1, len(names))))
        for place, name in enumerate(names):
            lowest = place == len(names) - 1 or not wide
            self._draw_loss(figure.add_subplot(cells[place]), run, name, TRAIL[place % len(TRAIL)], lowest)
        self._draw_moves(figure.add_subplot(left[1]), run)
        end = max((points[-1][0] for points in run.losses.values() if points), default=0.0)
        for axes in figure.axes[:-1] if end > 0 else ():
            axes.set_xlim(0, end)  # losses that begin later stand below what came before
        canvas.finish()

    def _draw_loss(self, axes: Any, run: Run, name: str, color: str, with_label: bool) -> None:
        points = np.array(run.losses.get(name, []), dtype=float).reshape(-1, 2)
        axes.plot(points[:, 0], points[:, 1], color=color, linewidth=1.3, label=_loss_name(name) or "_")
        axes.set_title(_loss_name(name), fontsize="small")
        if len(points) and (points[:, 1] > 0).all() and points[:, 1].max() > 10 * points[:, 1].min():
            axes.set_yscale("log")
        axes.tick_params(labelsize="x-small", labelbottom=with_label)
        if with_label:
            axes.set_xlabel(tr("Epoch") if run.in_epochs else tr("Share of the work"), fontsize="x-small")
        axes.grid(visible=True, linewidth=0.5, alpha=0.4)
        if not name:
            axes.set_title(tr("Losses come with the training"), fontsize="small")
            axes.set_axis_off()

    def _draw_moves(self, axes: Any, run: Run) -> None:
        """Draw where the endmembers were: faint at first, strong at last."""
        axes.tick_params(labelsize="x-small")
        axes.grid(visible=True, linewidth=0.5, alpha=0.4)
        if run.axis is None or not run.moves:
            axes.set_title(tr("Endmembers are not found yet"), fontsize="small")
            axes.set_axis_off()
            return
        axes.set_title(tr("Endmembers, faint at first"), fontsize="small")
        for place, (_, spectra) in enumerate(run.moves):
            last = place == len(run.moves) - 1
            share = (place + 1) / len(run.moves)
            values = run.axis.place(spectra)
            for index, (name, color) in enumerate(zip(run.names, run.colors)):
                axes.plot(
                    run.axis.x,
                    values[:, index],
                    color=color,
                    alpha=1.0 if last else 0.1 + 0.4 * share,
                    linewidth=1.6 if last else 0.8,
                    label=name if last else "_earlier",
                )
        axes.set_gid(" nm" if run.axis.in_nanometres else "")
        axes.set_xlabel(tr("Wavelength (nm)") if run.axis.in_nanometres else tr("Band"), fontsize="x-small")
        axes.set_ylabel(as_written(run.unit), fontsize="x-small")

    def _table(self) -> Table | None:
        """Return the endmembers at the start and at the end."""
        run = self._live or self._kept
        if run is None or run.axis is None or not run.moves:
            return None
        first, last = run.moves[0], run.moves[-1]
        names = [tr("{}, at {:.0%}").format(name, share) for share, _ in (first, last) for name in run.names]
        values = np.column_stack([run.axis.place(first[1]), run.axis.place(last[1])])
        return Table(tuple(names), run.axis.x, values, run.axis.in_nanometres, run.unit)


def _loss_name(name: str) -> str:
    """Return what the analyst reads for a loss of the worker."""
    known = {
        "reconstruction": tr("reconstruction"),
        "posterior": tr("posterior"),
        "adversary": tr("adversary"),
        "discriminator": tr("discriminator"),
    }
    return known.get(name, name)


def _run_of(result: Result, moves: list[tuple[float, Array]]) -> Run:
    """Return the training that a result remembers."""
    document = result.document
    losses: dict[str, list[tuple[float, float]]] = {}
    for place, line in enumerate(document.get("history") or [], 1):
        for name, value in line.items():
            if name not in ("epoch", "step"):
                losses.setdefault(name, []).append((float(place), float(value)))
    seconds = (document.get("seconds") or {}).get("training")
    text = tr("trained in {:.0f} s").format(seconds) if seconds else ""
    return Run(
        result.scene,
        str(document.get("unit") or ""),
        result.axis(),
        [one.name for one in result.endmembers],
        [one.color for one in result.endmembers],
        losses,
        moves,
        text,
        in_epochs=True,
    )


def _run_of_scene(event: dict[str, Any]) -> Run:
    """Return a training that begins."""
    known = event.get("wavelengths_nm")
    bands = [
        {"number": number, "wavelength_nm": known[place] if known else None, "kept": True}
        for place, number in enumerate(event["bands"])
    ]
    return Run(
        str(event.get("name", "")),
        str(event.get("unit", "")),
        Axis.of(bands),
        [str(one["name"]) for one in event["endmembers"]],
        [str(one["color"]) for one in event["endmembers"]],
    )
