"""Draws a training: a small plot for each loss, and the endmembers on their way. Axes stay, lines move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from ...plain_text import as_written
from ...results.result import Array, Axis
from ...translation import tr
from ...worker.in_words import unit_in_words
from .canvas import RULE, Canvas
from .layout import Cell
from .theme import TRAIL

LOG_FROM = 10.0  # times the smallest loss: beyond that the axis is logarithmic
ROOM = 0.08  # of the values, above and below them
LOOSE = 4.0  # times what the values span: a view that holds more is made anew
SMOOTHED = 0.1  # of a training: what the strong line of a loss is averaged over
PALE, STRONG = 0.12, 0.5  # earlier endmembers, from the first to the one before the last
LOSSES_SHARE = 0.4  # of the plot
STAGE = f"{RULE}stage"
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
    """Keeps its axes, which take long to make, and moves their lines."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._start_anew()

    def _start_anew(self) -> None:
        self._made_for: object = None
        self._losses: dict[str, tuple[Any, Any, Any]] = {}  # axes, each value, the smoothed line
        self._spectra: Any = None
        self._spectra_for: object = None
        self._earlier: Any = None
        self._last: list[Any] = []

    def forget(self) -> None:
        """Give the axes their places anew the next time: the shape of the plot has changed."""
        self._made_for = None

    def show(self, run: Run | None) -> None:
        """Draw ``run``; nothing where there is none."""
        if run is None:
            self._start_anew()
            self._canvas.figure.clear()
            self._canvas.finish()
            return
        kind = (tuple(run.losses), run.stages, _kind_of_spectra(run))
        if self._made_for != kind:
            self._made_for = kind
            self._canvas.fill(self._make(run))
        elif self._canvas.is_filled:  # else the lines get their places when their axes are there
            if self._put(run):
                self._canvas.move()
            else:
                self._canvas.draw_idle()

    # ---- axes

    def _make(self, run: Run) -> Iterator[None]:
        """Make the axes that are missing, one in each step, and give all of them their places."""
        names = tuple(run.losses)  # more may come between two steps: then all is made anew
        for name in self._losses.keys() - set(names):
            self._losses.pop(name)[0].remove()
        for place, name in enumerate(names):
            if name not in self._losses:
                axes = self._canvas.figure.add_axes((0.1, 0.1, 0.8, 0.8), label=name)
                self._losses[name] = self._make_loss(axes, name, TRAIL[place % len(TRAIL)])
                yield
            _mark_stages(self._losses[name][0], run.stages)
        if self._spectra is None:
            self._spectra = self._canvas.figure.add_axes((0.1, 0.1, 0.8, 0.8), label="spectra")
            yield
        if self._spectra_for != _kind_of_spectra(run):
            self._spectra_for = _kind_of_spectra(run)
            self._make_spectra(self._spectra, run)
            yield
        self._put(run)
        moving = [artist for _axes, each, line in self._losses.values() for artist in (each, line)]
        moving += [self._earlier, *self._last] if self._earlier is not None else []
        self._canvas.finish(self._cells(names), moving)

    def _cells(self, names: tuple[str, ...]) -> dict[Any, Cell]:
        """Return the place of every axes: the losses in a row or a column, the spectra in the rest."""
        wide, count = self._canvas.is_wide, max(1, len(names))
        cells: dict[Any, Cell] = {}
        for place, name in enumerate(names):
            low, high = max(place / count, NO_LABELS), (place + 1) / count
            cells[self._losses[name][0]] = (
                (0, 1 - high, LOSSES_SHARE, 1 - low) if wide else (low, 1 - LOSSES_SHARE, high, 1)
            )
        rest = (LOSSES_SHARE, 0, 1, 1) if wide else (0, 0, 1, 1 - LOSSES_SHARE)
        cells[self._spectra] = rest if names else (0, 0, 1, 1)
        return cells

    def _make_loss(self, axes: Any, name: str, color: str) -> tuple[Any, Any, Any]:
        axes.set_title(_loss_name(name), fontsize="x-small")
        axes.set_xlim(0, 1)
        axes.set_xticks([])  # how it falls is what is to be seen; the mouse reads values out
        axes.set_yticks([])
        axes.set_xlabel(tr("start to end"), fontsize="x-small")
        (each,) = axes.plot([], [], color=color, linewidth=0.8, alpha=0.35, label=f"{RULE}each")
        (line,) = axes.plot([], [], color=color, linewidth=1.6, label=_loss_name(name))
        return axes, each, line

    def _make_spectra(self, axes: Any, run: Run) -> None:
        axes.clear()
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
        axes.set_ylabel(as_written(unit_in_words(run.unit)), fontsize="x-small")
        axes.grid(visible=True, linewidth=0.5, alpha=0.4)

    # ---- lines

    def _put(self, run: Run) -> bool:
        """Move all lines; returns whether they fit into the views that are drawn."""
        fits = [self._put_loss(name, run) for name in self._losses]
        return all([*fits, self._put_moves(run)])

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


def _kind_of_spectra(run: Run) -> object:
    """Return what lines, labels and legend of the endmembers depend on."""
    return (
        bool(run.moves),
        run.title,
        run.unit,
        run.axis is not None and run.axis.in_nanometres,
        tuple(run.names),
        tuple(run.colors),
    )


def _mark_stages(axes: Any, stages: list[float]) -> None:
    """Draw a dotted line where each further stage of the training begins."""
    for line in [one for one in axes.get_children() if one.get_label() == STAGE]:
        line.remove()
    for begin in stages:
        line = Line2D([begin] * 2, [0, 1], linewidth=0.8, linestyle=":", gid="ink", label=STAGE)
        line.set_transform(axes.get_xaxis_transform())
        axes.add_artist(line)  # unlike axvline, it changes no limits, which asks for a matrix's inverse


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
