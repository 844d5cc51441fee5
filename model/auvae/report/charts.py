"""Spectra, losses and the simplex as inline SVG, for the reports. The plot of a count is count_plot.py's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..contract.result_document import EndmemberDocument, SceneView

_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 14, 52
_WIDTH, _HEIGHT = 860, 380
_SMALL_WIDTH, _SMALL_HEIGHT = 420, 240
_SIMPLEX_WIDTH, _SIMPLEX_HEIGHT = 560, 400
# Pixels are drawn up to this share of the simplex's width around it.
_AROUND = 0.3
_ROOM = 0.04
# Neighbours farther apart than this many usual steps have left-out bands between them.
_GAP = 2.5
_LOSS = "#1f6f8b"
_REAL = "#999"
# A loss that falls by more than this factor is drawn on a logarithmic axis.
_STEEP = 20.0
# What losses are drawn against, and the fewest points that make a line.
_BEATS = ("epoch", "step")
_FEWEST = 3


def spectra_plot(document: Mapping[str, Any], spectra: np.ndarray, spread: np.ndarray | None = None) -> str:
    """Spectra, one line an endmember, broken where bands were left out and where it is NaN.

    Args:
        document: `bands`, `unit` and `endmembers` (name, color) of result.json.
        spectra: (K, B) of the kept bands, in the raster's unit.
        spread: (K, B), half the height of a band of colour around each line; None draws none.
    """
    kept = [band for band in document["bands"] if band["kept"]]
    in_nm = all(band["wavelength_nm"] is not None for band in kept)
    x = np.array([band["wavelength_nm"] if in_nm else band["number"] for band in kept], float)
    order = np.argsort(x, kind="stable")
    x, lines = x[order], np.asarray(spectra, float)[:, order]
    around = np.zeros_like(lines) if spread is None else np.asarray(spread, float)[:, order]
    frame = _Frame.around(x, np.stack([lines - around, lines + around, np.zeros_like(lines)]))
    drawn = [*frame.drawn("Wavelength (nm)" if in_nm else "Band", document["unit"], "Spectra")]
    for item, line, width in zip(document["endmembers"], lines, around, strict=True):
        seen = np.isfinite(line)
        runs = np.split(np.flatnonzero(seen), _breaks(x[seen])[1:])
        if width.any():
            areas = "".join(
                frame.path(
                    np.concatenate([x[run], x[run][::-1]]),
                    np.concatenate([(line + width)[run], (line - width)[run][::-1]]),
                )
                + "Z"
                for run in runs
            )
            drawn.append(f'<path d="{areas}" fill="{item["color"]}" opacity=".18"/>')
        steps = "".join(frame.path(x[run], line[run]) for run in runs)
        title = f'<title class="endmember">{escape(item["name"])}</title>'
        drawn.append(
            f'<path d="{steps}" fill="none" stroke="{item["color"]}" stroke-width="1.8">{title}</path>'
        )
    return "".join([*drawn, "</svg>"])


def losses_plot(history: Sequence[dict[str, float]], called: dict[str, str]) -> str:
    """A small plot a loss and stage of the training. history: as in result.json; called: losses in words.

    A stage ends where the names of the losses change: a loss of the same name does not go on there.
    """
    stages = [list(rows) for _, rows in groupby(history, key=frozenset)]
    return "".join(
        _loss(rows, name, called.get(name, name)) for rows in stages for name in rows[0] if name not in _BEATS
    )


def _loss(history: Sequence[dict[str, float]], name: str, title: str) -> str:
    beat = next(name for name in _BEATS if name in history[0])
    points = [(row[beat], row[name]) for row in history if np.isfinite(row[name])]
    if len(points) < _FEWEST:
        return ""
    x, values = np.array(points, float).T
    steep = bool(values.min() > 0 and values.max() > _STEEP * values.min())
    shown = np.log10(values) if steep else values
    frame = _Frame.around(x, shown, _SMALL_WIDTH, _SMALL_HEIGHT)
    label = f"{title} (power of ten)" if steep else title
    line = f'<path d="{frame.path(x, shown)}" fill="none" stroke="{_LOSS}" stroke-width="1.8"/>'
    return "".join([*frame.drawn(beat.capitalize(), label, title), line, "</svg>"])


def simplex_plot(view: SceneView, endmembers: Sequence[EndmemberDocument]) -> str:
    """Pixels, their mixtures of the endmembers and the simplex of these, along two directions.

    Args:
        view: as result.json has it.
        endmembers: name and color of each, in the order of the view's.
    """
    pixels, mixtures, corners = (
        np.array(places) for places in (view["pixels"], view["mixtures"], view["endmembers"])
    )
    simplex = np.concatenate([mixtures, corners])
    low, high = simplex.min(axis=0), simplex.max(axis=0)
    margin = _AROUND * (high - low)
    # a dark pixel, scaled up with its noise, may lie so far away that nothing else would be seen
    near = ((pixels >= low - margin) & (pixels <= high + margin)).all(axis=1)
    room = _ROOM * (high - low)
    shown = np.concatenate([pixels[near], [low - room, high + room]])
    frame = _Frame.around(shown[:, 0], shown[:, 1], _SIMPLEX_WIDTH, _SIMPLEX_HEIGHT)
    drawn = [
        *frame.drawn("Strongest direction", "Second direction", "Pixels and the simplex of the endmembers")
    ]
    for places, look in (
        (pixels[near], f'r="1.6" fill="{_REAL}"'),
        (mixtures, f'r="2.6" fill="none" stroke="{_LOSS}"'),
    ):
        drawn += (f'<circle cx="{frame.across(x):.1f}" cy="{frame.down(y):.1f}" {look}/>' for x, y in places)
    for edge in combinations(corners, 2):
        drawn.append(f'<path d="{frame.path(*np.array(edge).T)}" stroke="#888" stroke-width=".7"/>')
    for item, (x, y) in zip(endmembers, corners, strict=True):
        title = f'<title class="endmember">{escape(item["name"])}</title>'
        drawn.append(
            f'<circle cx="{frame.across(x):.1f}" cy="{frame.down(y):.1f}" r="5.5" fill="{item["color"]}" '
            f'stroke="#222">{title}</circle>'
        )
    return "".join([*drawn, "</svg>"])


@dataclass(frozen=True)
class _Frame:
    """Where values lie on the paper: limits of both axes and the size of the picture."""

    left: float
    right: float
    low: float
    high: float
    width: int
    height: int

    @classmethod
    def around(cls, x: np.ndarray, y: np.ndarray, width: int = _WIDTH, height: int = _HEIGHT) -> _Frame:
        least, most = float(np.nanmin(y)), float(np.nanmax(y))
        ticks = _ticks(least, most)
        low, high = min([least, *ticks[:1]]), max([most, *ticks[-1:]])
        return cls(float(x.min()), float(x.max()), low, high, width, height)

    def across(self, value: float) -> float:
        share = (value - self.left) / max(self.right - self.left, 1e-12)
        return _LEFT + share * (self.width - _LEFT - _RIGHT)

    def down(self, value: float) -> float:
        share = (value - self.low) / max(self.high - self.low, 1e-12)
        return self.height - _BOTTOM - share * (self.height - _TOP - _BOTTOM)

    def path(self, x: np.ndarray, y: np.ndarray) -> str:
        """The steps of a line through all points."""
        return "".join(
            f"{'L' if index else 'M'}{self.across(place):.1f} {self.down(value):.1f}"
            for index, (place, value) in enumerate(zip(x, y, strict=True))
        )

    def drawn(self, below: str, beside: str, title: str) -> Iterator[str]:
        """The opening of the picture: its axes, ticks and labels."""
        floor, edge = self.height - _BOTTOM, self.width - _RIGHT
        yield f'<svg viewBox="0 0 {self.width} {self.height}" width="{self.width}" font-size="12"'
        yield f' role="img" aria-label="{escape(title)}">'
        for tick in _ticks(self.low, self.high):
            y = self.down(tick)
            yield f'<path d="M{_LEFT} {y:.1f}H{edge}" stroke="#e5e5e5"/>'
            yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>'
        for tick in _ticks(self.left, self.right):
            place = self.across(tick)
            yield f'<path d="M{place:.1f} {floor}v5" stroke="#888"/>'
            yield f'<text x="{place:.1f}" y="{floor + 19}" text-anchor="middle">{tick:g}</text>'
        yield f'<path d="M{_LEFT} {_TOP}V{floor}H{edge}" fill="none" stroke="#888"/>'
        middle = (_LEFT + edge) / 2
        yield f'<text x="{middle}" y="{self.height - 10}" text-anchor="middle">{escape(below)}</text>'
        turned = f"translate(16 {(_TOP + floor) / 2}) rotate(-90)"
        yield f'<text transform="{turned}" text-anchor="middle">{escape(beside)}</text>'


def _breaks(x: np.ndarray) -> np.ndarray:
    """Where a line begins anew: at the first band and after a gap."""
    steps = np.diff(x)
    usual = np.median(steps) if len(steps) else 1.0
    return np.concatenate([[0], np.flatnonzero(steps > _GAP * max(usual, 1e-12)) + 1])


def _ticks(low: float, high: float) -> list[float]:
    """About six round numbers from low to high."""
    if not high > low:
        high = low + 1.0
    rough = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.10g}") for number in range(first, last + 1)]
