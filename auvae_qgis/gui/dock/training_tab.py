"""The tab that shows how a result was trained: live, and afterwards from its files. Draws nothing itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import QLabel, QSizePolicy, QVBoxLayout

from ...results.result import Axis, Result, ResultError
from ...spectra.export import Table
from ...translation import tr
from ...worker.in_words import stage_in_words
from .plot_panel import PlotPanel, PlotTab
from .training_plot import Run, TrainingPlot

REDRAW = 700  # milliseconds between two drawings of a run that goes on
LINGER = 4000  # milliseconds that a training stays when it has ended: its result takes its place
MOST_LIVE_MOVES = 24


class TrainingTab(PlotTab):
    """Losses against the course of training, and the endmembers moving to their places."""

    started = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._result: Result | None = None  # the one that is selected
        self._kept: Run | None = None  # its training, once somebody looks at it
        self._live: Run | None = None
        self._job = ""
        self.panel = PlotPanel(tr("Losses and moving endmembers"), self._table)
        self.panel.add_tools()
        self._plot = TrainingPlot(self.panel.canvas)
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setMargin(3)
        # what it says must not widen the dock: the map beside it would be drawn anew
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)
        self._text = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.panel, 1)
        layout.addWidget(self.note)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.redraw)
        self.panel.canvas.reshaped.connect(self._rebuild)

    def set_result(self, result: Result | None) -> None:
        """Show how ``result`` was trained, as soon as no training goes on."""
        self._result, self._kept = result, None
        if self._live is None:
            self._timer.stop()
            self.redraw()

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
            _progress(self._live, event)
        elif kind == "ended":
            self._live = None
            self._timer.start(LINGER)
            self.panel.canvas.rest()
            return
        if not self._timer.isActive():
            self._timer.start(REDRAW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say as much as there is room for."""
        super().resizeEvent(event)
        self._say(self._text)

    def _say(self, text: str) -> None:
        self._text = text
        room = self.note.width() - 2 * self.note.margin()
        self.note.setText(self.note.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room))
        self.note.setToolTip(text)

    def _rebuild(self) -> None:
        self._plot.forget()
        self.redraw()

    def _shown(self) -> Run | None:
        """Return the training to show; raises ResultError when the files of a result are damaged."""
        if self._live is None and self._kept is None and self._result is not None:
            self._kept = _run_of(self._result)
        return self._live or self._kept

    def _draw(self) -> None:
        try:
            run = self._shown()
        except ResultError as error:
            run = None
            self._say(str(error))
        else:
            self._say("" if run is None else f"{run.title} · {run.text}" if run.text else run.title)
        self._plot.show(run)

    def _table(self) -> Table | None:
        """Return the endmembers at the start and at the end."""
        run = self._live or self._kept
        if run is None or run.axis is None or not run.moves:
            return None
        first, last = run.moves[0], run.moves[-1]
        names = [tr("{}, at {:.0%}").format(name, share) for share, _ in (first, last) for name in run.names]
        values = np.column_stack([run.axis.place(first[1]), run.axis.place(last[1])])
        return Table(tuple(names), run.axis.x, values, run.axis.in_nanometres, run.unit)


def _progress(run: Run, event: dict[str, Any]) -> None:
    done = float(event.get("fraction", 0.0))
    run.text = f"{done:.0%} · {stage_in_words(str(event.get('text', '')))}"
    for name, value in (event.get("losses") or {}).items():
        run.losses.setdefault(str(name), []).append((done, float(value)))
    if event.get("endmembers"):
        run.moves.append((done, np.array(event["endmembers"], dtype=float).T))
        run.colors = [str(color) for color in event.get("colors", run.colors)]
        if len(run.moves) > MOST_LIVE_MOVES:
            del run.moves[1::2]


def _run_of(result: Result) -> Run:
    """Return the training that a result remembers."""
    document = result.document
    losses: dict[str, list[tuple[float, float]]] = {}
    history = document.get("history") or []
    for place, line in enumerate(history, 1):
        for name, value in line.items():
            if name not in ("epoch", "step"):
                losses.setdefault(name, []).append((place / len(history), float(value)))
    seconds = (document.get("seconds") or {}).get("training")
    text = tr("trained in {:.0f} s").format(seconds) if seconds else ""
    return Run(
        result.scene,
        str(document.get("unit") or ""),
        result.axis(),
        [one.name for one in result.endmembers],
        [one.color for one in result.endmembers],
        losses,
        result.moves(),
        text,
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
