"""The evidence for a number of endmembers as a picture: inline SVG for the reports. Computes no numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..endmembers.count import NEEDED

_WIDTH, _HEIGHT = 420, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 30, 42
# What is smaller than these is drawn as these: worth in per cent, power as a share of the strongest.
_LEAST_WORTH, _LEAST_POWER = 0.1, 1e-9
_SIGNAL, _NOISE, _CHOSEN, _OTHER = "#1f6f8b", "#c2571a", "#1f6f8b", "#b9c4c9"


def evidence_plot(count: dict[str, Any]) -> str:
    """Two panels: what the least needed endmember is worth, and power of signal and noise by direction.

    count: as `Count.document` gives it.
    """
    rows = count["evidence"]
    return _worth(rows, count["materials"]) + _powers(
        [row for row in rows if row["signal"] is not None], count["hysime"]
    )


def _worth(rows: Sequence[dict[str, Any]], materials: int) -> str:
    shown = [row for row in rows if row["worth"] is not None]
    last = max([row["endmembers"] for row in shown], default=2)
    across, down = _scales(1.4, last + 0.6, _LEAST_WORTH, 100)
    floor = _HEIGHT - _BOTTOM
    half = 0.36 * (across(2) - across(1))
    drawn = [*_frame("Count of materials", "Number of endmembers", "Least worth (% of the variety)")]
    drawn += _y_axis(down, [0.1, 1, 10, 100])
    drawn += _x_axis(across, range(2, last + 1))
    for row in shown:
        percent = min(100.0, max(_LEAST_WORTH, 100 * row["worth"]))
        middle, color = across(row["endmembers"]), _CHOSEN if row["endmembers"] == materials else _OTHER
        drawn.append(
            f'<rect x="{middle - half:.1f}" y="{down(percent):.1f}" width="{2 * half:.1f}" '
            f'height="{floor - down(percent):.1f}" fill="{color}">'
            f"<title>{row['endmembers']} endmembers: {100 * row['worth']:.1f} %</title></rect>"
        )
    line = down(100 * NEEDED)
    drawn.append(f'<path d="M{_LEFT} {line:.1f}H{_WIDTH - _RIGHT}" stroke="#444" stroke-dasharray="5 4"/>')
    drawn.append(
        f'<text x="{_WIDTH - _RIGHT - 4}" y="{line - 5:.1f}" text-anchor="end">{100 * NEEDED:g} %</text>'
        "</svg>"
    )
    return "".join(drawn)


def _powers(rows: Sequence[dict[str, Any]], hysime: int) -> str:
    strongest = max([row["signal"] for row in rows], default=0) or 1.0
    series = [
        (name, color, [(row["endmembers"], max(_LEAST_POWER, row[name] / strongest)) for row in rows])
        for name, color in (("signal", _SIGNAL), ("noise", _NOISE))
    ]
    last = max([row["endmembers"] for row in rows], default=2)
    least = min((share for _, _, points in series for _, share in points), default=_LEAST_POWER)
    lowest = 10.0 ** math.floor(math.log10(least))
    across, down = _scales(0.5, last + 0.5, lowest, 1)
    drawn = [*_frame("HySime", "Direction", "Power (share of the strongest)")]
    decades = round(-math.log10(lowest))
    step = max(1, math.ceil(decades / 5))
    drawn += _y_axis(down, [10.0**-power for power in range(0, decades + 1, step)])
    drawn += _x_axis(across, range(1, last + 1))
    for place, (name, color, points) in enumerate(series):
        path = "".join(
            f"{'L' if index else 'M'}{across(k):.1f} {down(share):.1f}"
            for index, (k, share) in enumerate(points)
        )
        drawn.append(f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.8"/>')
        drawn += [
            f'<circle cx="{across(k):.1f}" cy="{down(v):.1f}" r="2.6" fill="{color}"/>' for k, v in points
        ]
        drawn.append(f'<text x="{_WIDTH - 120 + 60 * place}" y="{_TOP + 12}" fill="{color}">{name}</text>')
    if hysime < last:
        edge = across(hysime + 0.5)
        drawn.append(
            f'<path d="M{edge:.1f} {_TOP + 20}V{_HEIGHT - _BOTTOM}" stroke="#444" stroke-dasharray="5 4"/>'
        )
    return "".join([*drawn, "</svg>"])


def _scales(
    first: float, last: float, least: float, most: float
) -> tuple[Callable[[float], float], Callable[[float], float]]:
    """Where a number lies across (linear) and a value down (logarithmic)."""
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    decades = max(math.log10(most / least), 1e-9)
    return (
        lambda number: _LEFT + (number - first) / (last - first) * width,
        lambda value: _TOP + math.log10(most / value) / decades * height,
    )


def _frame(title: str, below: str, beside: str) -> Iterator[str]:
    floor, middle = _HEIGHT - _BOTTOM, (_LEFT + _WIDTH - _RIGHT) / 2
    yield f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" font-size="11" aria-label="{title}">'
    yield f'<text x="{_LEFT}" y="18" font-size="13" font-weight="600">{title}</text>'
    yield f'<path d="M{_LEFT} {_TOP}V{floor}H{_WIDTH - _RIGHT}" fill="none" stroke="#888"/>'
    yield f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">{below}</text>'
    turned = f"translate(13 {(_TOP + floor) / 2}) rotate(-90)"
    yield f'<text transform="{turned}" text-anchor="middle">{beside}</text>'


def _y_axis(down: Callable[[float], float], values: Sequence[float]) -> Iterator[str]:
    for value in values:
        y = down(value)
        yield f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e5e5e5"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'


def _x_axis(across: Callable[[float], float], numbers: range) -> Iterator[str]:
    step = max(1, math.ceil(len(numbers) / 12))
    y = _HEIGHT - _BOTTOM + 16
    for number in numbers[::step]:
        yield f'<text x="{across(number):.1f}" y="{y}" text-anchor="middle">{number}</text>'
