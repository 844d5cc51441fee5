"""summary.html: one page on all scenes of a run, with everything it shows inside it."""

from __future__ import annotations

import csv
import math
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from .charts import spectra_plot
from .pages import rendered, svg
from .report_pictures import composite

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from markupsafe import Markup

    from ..contract.jobs import ScenesJob

_FEWEST_DATES = 2
_MOST_PICTURES = 60
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 320, 76, 150, 14, 42
_SHOWN, _LABEL, _TICKS = 12, 80, 6


def page(job: ScenesJob, document: dict[str, Any], scenes: Sequence[dict[str, Any]], output: Path) -> str:
    """The report of all scenes.

    Args:
        job: what was asked for.
        document: as in summary.json.
        scenes: as `summary.write_summary` has them.
        output: the folder that holds their results.
    """
    shared, rows = job.models == "one", document["rows"]
    by_scene: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        by_scene.setdefault(row["folder"], {})[row["material"]] = row
    return rendered(
        "summary.html.j2",
        document=document,
        warnings=document["warnings"],
        asked=len(job.scenes),
        scenes=scenes,
        shared=shared,
        spectra=svg(_spectra(scenes[0], output)) if shared else "",
        plots=_over_time(rows, scenes) if shared else [],
        pictures=[_picture(scene, output) for scene in scenes[:_MOST_PICTURES]],
        materials=list(dict.fromkeys(row["material"] for row in rows)),
        by_scene=by_scene,
        placed=all(row["area_km2"] is not None for row in rows),
        readings=_readings(scenes),
    )


def _readings(scenes: Sequence[dict[str, Any]]) -> list[str]:
    """What abundances are shares of; said once where it is the same in all scenes."""
    texts = {(scene["result"].get("brightness") or {}).get("text", ""): scene["name"] for scene in scenes}
    return [text if len(texts) == 1 else f"{name}: {text}" for text, name in texts.items() if text]


def _spectra(scene: dict[str, Any], output: Path) -> str:
    """The spectra that all scenes have in common, out of the result of one of them."""
    result = scene["result"]
    with (output / scene["name"] / result["files"]["endmembers"]).open(encoding="utf-8", newline="") as file:
        table = np.array(list(csv.reader(file))[1:], float)
    return spectra_plot(result, table[:, 1:].T)


def _over_time(rows: Sequence[dict[str, Any]], scenes: Sequence[dict[str, Any]]) -> list[Markup]:
    """Plots of area by day, where there is more than one day."""
    if len({row["date"] for row in rows if row["date"]}) < _FEWEST_DATES:
        return []
    colors = {item["name"]: item["color"] for scene in scenes for item in scene["result"]["endmembers"]}
    placed = all(row["area_km2"] is not None for row in rows)
    return [svg(_plot(over_time(rows, unit), colors, unit)) for unit in (("km²", "%") if placed else ("%",))]


def _picture(scene: dict[str, Any], output: Path) -> tuple[str, str, str]:
    """Folder, caption and composite of a scene."""
    name = scene["name"]
    caption = name if not scene["date"] or scene["date"] in name else f"{name}, {scene['date']}"
    return name, caption, composite(output / name / scene["result"]["files"]["composite"])


def over_time(rows: Sequence[dict[str, Any]], unit: str) -> dict[str, list[tuple[date, float]]]:
    """For each material its area by day: in km², or as a share (%) of the pixels with data."""
    days: dict[str, dict[str, float]] = {}
    whole: dict[str, float] = {}
    for row in rows:
        if not row["date"]:
            continue
        # Pixels stand for area where scenes lie nowhere.
        amount = (
            row["mean_abundance"] * row["pixels_with_data"] if row["area_km2"] is None else row["area_km2"]
        )
        material = days.setdefault(row["material"], {})
        material[row["date"]] = material.get(row["date"], 0.0) + amount
        whole[row["date"]] = whole.get(row["date"], 0.0) + amount
    return {
        name: [
            (date.fromisoformat(day), amount if unit != "%" else 100 * amount / (whole[day] or 1))
            for day, amount in sorted(amounts.items())
        ]
        for name, amounts in days.items()
    }


def _plot(lines: dict[str, list[tuple[date, float]]], colors: dict[str, str], unit: str) -> str:
    """Lines over days as SVG, named at their right ends."""
    every = [point for line in lines.values() for point in line]
    first, last = min(day for day, _ in every), max(day for day, _ in every)
    top = max(value for _, value in every) or 1.0
    step = 10.0 ** math.floor(math.log10(top))
    step = next(factor * step for factor in (0.1, 0.2, 0.5, 1, 2, 5) if top / (factor * step) <= _TICKS)
    ticks = [round(number * step, 10) for number in range(math.ceil(top / step - 1e-9) + 1)]

    def across(day: date) -> float:
        return _LEFT + (day - first).days / max(1, (last - first).days) * (_WIDTH - _LEFT - _RIGHT)

    def down(value: float) -> float:
        return _HEIGHT - _BOTTOM - value / ticks[-1] * (_HEIGHT - _TOP - _BOTTOM)

    what = "Share of the pixels with data (%)" if unit == "%" else f"Area ({unit})"
    drawn = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" font-size="12" aria-label="{what}">']
    for tick in ticks:
        drawn.append(f'<path d="M{_LEFT} {down(tick):.1f}H{_WIDTH - _RIGHT}" stroke="#e5e5e5"/>')
        drawn.append(f'<text x="{_LEFT - 8}" y="{down(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    days = sorted({day for day, _ in every})
    shown = days if len(days) <= _SHOWN else days[:: math.ceil(len(days) / _SHOWN)]
    free = -math.inf
    for day in shown:
        place, floor = across(day), _HEIGHT - _BOTTOM
        drawn.append(f'<path d="M{place:.1f} {floor}v5" stroke="#888"/>')
        if place - free >= _LABEL:
            free = place
            drawn.append(f'<text x="{place:.1f}" y="{floor + 19}" text-anchor="middle">{day}</text>')
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    turned = f"translate(16 {middle}) rotate(-90)"
    drawn.append(f'<text transform="{turned}" text-anchor="middle">{what}</text>')
    ends = sorted((down(line[-1][1]), name) for name, line in lines.items())
    free = -math.inf
    for height, name in ends:
        free = max(height, free + 14)
        end = f'x="{_WIDTH - _RIGHT + 8}" y="{free + 4:.1f}"'
        drawn.append(f'<text {end} class="endmember">{escape(name)}</text>')
    for name, line in lines.items():
        points = " ".join(f"{across(day):.1f},{down(value):.1f}" for day, value in line)
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colors[name]}" stroke-width="1.8"/>')
        drawn += [
            f'<circle cx="{across(day):.1f}" cy="{down(value):.1f}" r="3" fill="{colors[name]}">'
            f"<title>{day}: {value:.4g} {unit}</title></circle>"
            for day, value in line
        ]
    return "".join([*drawn, "</svg>"])
