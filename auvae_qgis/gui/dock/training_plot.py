"""Draws a training: a small plot for each loss, and the endmembers on their way. Axes stay, lines move."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.ticker import NullLocator

from ...plain_text import as_written
from ...results.result import Array, Axis
from ...translation import tr
from .canvas import RULE, Canvas
from .theme import TRAIL

LOG_FROM = 10.0  # times the smallest loss: beyond that the axis is logarithmic
ROOM = 0.08  # of the values, above and below them
LOOSE = 4.0  # times what the values span: a view that holds more is made anew
SMOOTHED = 0.1  # of a training: what the strong line of a loss is averaged over
PALE, STRONG = 0.12, 0.5  # earlier endmembers, from the first to the one before the last
LOSSES_SHARE = 0.4  # of the plot
NO_LABELS = 0.001  # where losses begin: not aligned with the spectra, whose labels need room


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

    @property
    def stages(self) -> list[float]:
        """Where losses join that were not there at the start: another stage of the training begins."""
        begins = {points[0][0] for points in self.losses.values() if points}
        return sorted(begins - {min(begins)}) if begins else []


class TrainingPlot:
    """Keeps the axes while the same losses come in, and moves their lines."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._made_for: object = None
        self._losses: dict[str, tuple[Any, Any, Any]] = {}  # axes, each value, the smoothed line
        self._spectra: Any = None
        self._earlier: Any = None
        self._last: list[Any] = []

    def forget(self) -> None:
        """Make the axes anew the next time: the shape of the plot has changed."""
        self._made_for = None

    def show(self, run: Run | None) -> None:
        """Draw ``run``; nothing where there is none."""
        if run is None:
            self.forget()
            self._canvas.figure.clear()
            self._canvas.finish()
            return
        kind = (
            tuple(run.losses),
            bool(run.moves),
            run.title,
            tuple(run.names),
            tuple(run.colors),
            run.stages,
        )
        made = self._made_for != kind
        if made:
            self._make(run)
            self._made_for = kind
        fits = [self._put_loss(name, run) for name in self._losses]
        fits.append(self._put_moves(run))
        if made:
            self._finish()
        elif all(fits):
            self._canvas.move()
        else:
            self._canvas.draw_idle()

    # ---- axes

    def _make(self, run: Run) -> None:
        figure = self._canvas.figure
        figure.clear()
        self._losses = {}
        self._cells: dict[Any, tuple[float, float, float, float]] = {}
        wide, count = self._canvas.is_wide, max(1, len(run.losses))
        for place, name in enumerate(run.losses):
            low, high = place / count, (place + 1) / count
            low = max(low, NO_LABELS)
            axes = figure.add_axes((0.1, 0.1, 0.8, 0.8), label=name)
            self._cells[axes] = (
                (0, 1 - high, LOSSES_SHARE, 1 - low) if wide else (low, 1 - LOSSES_SHARE, high, 1)
            )
            self._losses[name] = self._make_loss(axes, run, name, TRAIL[place % len(TRAIL)])
        self._spectra = figure.add_axes((0.1, 0.1, 0.8, 0.8), label="spectra")
        rest = (LOSSES_SHARE, 0, 1, 1) if wide else (0, 0, 1, 1 - LOSSES_SHARE)
        self._cells[self._spectra] = rest if run.losses else (0, 0, 1, 1)
        self._make_spectra(self._spectra, run)

    def _make_loss(self, axes: Any, run: Run, name: str, color: str) -> tuple[Any, Any, Any]:
        axes.set_title(_loss_name(name), fontsize="x-small")
        axes.set_xlim(0, 1)
        axes.set_xticks([])  # how it falls is what is to be seen; the mouse reads values out
        axes.set_yticks([])
        axes.set_xlabel(tr("start to end"), fontsize="x-small")
        for begin in run.stages:
            axes.axvline(begin, linewidth=0.8, linestyle=":", gid="ink", label=f"{RULE}stage")
        (each,) = axes.plot([], [], color=color, linewidth=0.8, alpha=0.35, label=f"{RULE}each")
        (line,) = axes.plot([], [], color=color, linewidth=1.6, label=_loss_name(name))
        return axes, each, line

    def _make_spectra(self, axes: Any, run: Run) -> None:
        axes.tick_params(labelsize="x-small")
        self._last, self._earlier = [], None
        if run.axis is None or not run.moves:
            axes.set_title(tr("The endmembers come with the training"), fontsize="small")
            axes.set_axis_off()
            return
        axes.set_title(tr("Endmembers (pale: earlier)"), fontsize="small")
        self._earlier = LineCollection([], linewidths=0.8, label=f"{RULE}earlier")
        axes.add_collection(self._earlier, autolim=False)
        for name, color in zip(run.names, run.colors):
            self._last += axes.plot([], [], color=color, linewidth=1.6, label=name)
        axes.set_gid(" nm" if run.axis.in_nanometres else "")
        axes.set_xlabel(tr("Wavelength (nm)") if run.axis.in_nanometres else tr("Band"), fontsize="x-small")
        axes.set_ylabel(as_written(run.unit), fontsize="x-small")
        axes.grid(visible=True, linewidth=0.5, alpha=0.4)

    def _finish(self) -> None:
        moving = [artist for _axes, each, line in self._losses.values() for artist in (each, line)]
        moving += [self._earlier, *self._last] if self._earlier is not None else []
        self._canvas.finish(self._cells, moving)

    # ---- lines

    def _put_loss(self, name: str, run: Run) -> bool:
        """Move the lines of a loss; returns whether they fit into the view that is drawn."""
        axes, each, line = self._losses[name]
        points = np.array(run.losses.get(name, []), dtype=float).reshape(-1, 2)
        each.set_data(points[:, 0], points[:, 1])
        line.set_data(points[:, 0], _smoothed(points))
        return _fit(axes, points[:, 1], scaled=True)

    def _put_moves(self, run: Run) -> bool:
        if self._earlier is None or run.axis is None or not run.moves:
            return True
        x, count = run.axis.x, len(run.moves)
        placed = [run.axis.place(spectra) for _, spectra in run.moves]
        segments, colors = [], []
        for place, values in enumerate(placed[:-1]):
            alpha = PALE + (STRONG - PALE) * place / max(1, count - 2)
            segments += [np.column_stack([x, one]) for one in values.T]
            colors += [(*to_rgb(color), alpha) for color in run.colors]
        self._earlier.set_segments(segments)
        self._earlier.set_color(colors)
        for line, values in zip(self._last, placed[-1].T):
            line.set_data(x, values)
        low, high = float(np.nanmin(x)), float(np.nanmax(x))
        if self._spectra.get_xlim() != (low, high):
            self._spectra.set_xlim(low, high)
        return _fit(self._spectra, np.concatenate(placed), scaled=False)


def _fit(axes: Any, values: Array, *, scaled: bool) -> bool:
    """Let the view hold ``values``, on a logarithmic axis where they span much; returns whether it did."""
    values = values[np.isfinite(values)]
    if not len(values):
        return True
    low, high = float(values.min()), float(values.max())
    log = scaled and low > 0 and high > LOG_FROM * low
    reach = (high - low) or abs(high) or 1.0
    bottom, top = axes.get_ylim()
    holds = bottom <= low and high <= top and (log or top - bottom < LOOSE * reach)
    if holds and (axes.get_yscale() == "log") == log:
        return True
    if scaled:
        axes.set_yscale("log" if log else "linear")
        axes.yaxis.set_major_locator(NullLocator())
        axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(*((low / 2, high * 1.5) if log else (low - ROOM * reach, high + ROOM * reach)))
    return False


def _smoothed(points: Array) -> Array:
    """Return the running mean of losses, (n, 2) with the values last, over a tenth of what there is."""
    if len(points) == 0:
        return points[:, 1]
    width = max(1, round(SMOOTHED * len(points)))
    sums = np.cumsum(np.insert(points[:, 1], 0, 0.0))
    ends = np.arange(1, len(points) + 1)
    begins = np.maximum(0, ends - width)
    return np.asarray((sums[ends] - sums[begins]) / (ends - begins))


def _loss_name(name: str) -> str:
    """Return what the analyst reads for a loss of the worker."""
    known = {
        "reconstruction": tr("Image misfit"),
        "posterior": tr("Uncertainty"),
        "adversary": tr("Unlikely abundances"),
        "discriminator": tr("Telling them apart"),
    }
    return known.get(name, name)
