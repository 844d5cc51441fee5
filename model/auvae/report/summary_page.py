"""summary.html: one page on all scenes of a run, with everything it shows inside it. Computes no numbers."""

from __future__ import annotations

import csv
import math
from collections import Counter
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from .charts import spectra_plot
from .report import STYLE, legend
from .report_pictures import composite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

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
    shared = job.models == "one"
    parts = [
        *_opening(job, document, scenes),
        *(_endmembers(scenes[0], output) if shared else ()),
        *(_over_time(document["rows"], scenes) if shared else ()),
        "<h2>Scenes</h2>",
        *_pictures(scenes, output),
        *_scenes(scenes),
        *_failed(document["failed"]),
        "<h2>Materials</h2>",
        *(_shared_materials if shared else _materials)(document["rows"]),
        f"<h2>Settings</h2><p>The same again:</p><pre>{escape(document['command'])}</pre></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _opening(job: ScenesJob, document: dict[str, Any], scenes: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<title>{len(job.scenes)} scenes: unmixing report</title><style>{STYLE}</style></head><body>"
    yield f"<h1>{len(scenes)} of {len(job.scenes)} scenes unmixed</h1>"
    how = "One model each: endmembers of one number are not the same material in different scenes."
    if job.models == "one":
        how = "One model for all: the same endmembers in every scene."
    yield f'<p class="quiet">{document["created"]}. {how}</p>'
    for text in document["warnings"]:
        yield f'<p class="warning">{escape(text)}</p>'


def _endmembers(scene: dict[str, Any], output: Path) -> Iterator[str]:
    """The spectra that all scenes have in common, out of the result of one of them."""
    result = scene["result"]
    with (output / scene["name"] / result["files"]["endmembers"]).open(encoding="utf-8", newline="") as file:
        table = np.array(list(csv.reader(file))[1:], float)
    yield "<h2>Endmember spectra</h2>"
    yield spectra_plot(result, table[:, 1:].T)
    yield from legend(result["endmembers"])


def _over_time(rows: Sequence[dict[str, Any]], scenes: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Plots of area by day, where there is more than one day."""
    if len({row["date"] for row in rows if row["date"]}) < _FEWEST_DATES:
        return
    colors = {item["name"]: item["color"] for scene in scenes for item in scene["result"]["endmembers"]}
    yield "<h2>Over time</h2>"
    placed = all(row["area_km2"] is not None for row in rows)
    for unit in ("km²", "%") if placed else ("%",):
        yield f"<p>{_plot(over_time(rows, unit), colors, unit)}</p>"
    yield '<p class="quiet">Area: abundances summed over all pixels with data, of all scenes of a day.'
    yield "Share: the same as a part of the area with data, which clouds make smaller.</p>"


def _pictures(scenes: Sequence[dict[str, Any]], output: Path) -> Iterator[str]:
    """Composites of the scenes, each a link to its report."""
    for scene in scenes[:_MOST_PICTURES]:
        name = scene["name"]
        picture = composite(output / name / scene["result"]["files"]["composite"])
        caption = escape(name if not scene["date"] or scene["date"] in name else f"{name}, {scene['date']}")
        yield f'<figure><a href="{quote(name)}/report.html">'
        yield f'<img alt="" src="data:image/png;base64,{picture}"></a>'
        yield f'<figcaption style="width:240px">{caption}</figcaption></figure>'
    if len(scenes) > _MOST_PICTURES:
        yield f'<p class="quiet">The first {_MOST_PICTURES} of {len(scenes)} composites.</p>'


def _scenes(scenes: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield '<table><tr><th>Scene</th><th>Date</th><th class="number">Pixels with data</th>'
    yield '<th class="number">RMSE</th><th class="number">Mean angle</th><th>Complete</th></tr>'
    for scene in scenes:
        result, name = scene["result"], scene["name"]
        blocks = len(result["missing"])
        state = "yes" if not blocks else f"{blocks} {'block' if blocks == 1 else 'blocks'} missing"
        yield f'<tr><td><a href="{quote(name)}/report.html">{escape(name)}</a></td>'
        yield f'<td>{scene["date"] or ""}</td><td class="number">{result["pixels"]}</td>'
        yield f'<td class="number">{result["metrics"]["rmse"]:.5g}</td>'
        yield f'<td class="number">{result["metrics"]["mean_angle"]:.4f}</td><td>{state}</td></tr>'
    yield "</table>"


def _failed(scenes: Sequence[dict[str, str]]) -> Iterator[str]:
    if not scenes:
        return
    yield "<h2>Not unmixed</h2><table>"
    for item in scenes:
        yield f"<tr><td>{escape(item['name'])}</td><td>{escape(item['text'])}</td></tr>"
    yield "</table>"


def _shared_materials(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A line a scene and a column a material: its area, and its share of the pixels with data."""
    names = list(dict.fromkeys(row["material"] for row in rows))
    by_scene: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        by_scene.setdefault(row["folder"], {})[row["material"]] = row
    placed = all(row["area_km2"] is not None for row in rows)
    yield f'<p class="quiet">{"Area in km², and mean" if placed else "Mean"} abundance.</p>'
    heads = (f'<th class="number"><span class="endmember">{escape(name)}</span></th>' for name in names)
    yield f"<table><tr><th>Scene</th>{''.join(heads)}</tr>"
    for scene, materials in by_scene.items():
        cells = []
        for name in names:
            here = materials.get(name)  # None: somebody renamed it in a scene that was finished before
            share = f"{here['mean_abundance']:.1%}" if here else ""
            area = f"{here['area_km2']:.4g} " if here and placed else ""
            cells.append(f'<td class="number">{area}<span class="quiet">{share}</span></td>')
        yield f"<tr><td>{escape(scene)}</td>{''.join(cells)}</tr>"
    yield "</table>"


def _materials(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A line a material of a scene: they differ from scene to scene."""
    yield '<table><tr><th>Scene</th><th>Date</th><th>Material</th><th class="number">Mean abundance</th>'
    yield '<th class="number">Area (km²)</th><th class="number">Largest in</th></tr>'
    folders: dict[str, int] = {}
    numbers: Counter[str] = Counter()
    for row in rows:
        area = "" if row["area_km2"] is None else f"{row['area_km2']:.6g}"
        scene, number = folders.setdefault(row["folder"], len(folders)), numbers[row["folder"]]
        numbers[row["folder"]] += 1
        yield f"<tr><td>{escape(row['folder'])}</td><td>{row['date'] or ''}</td>"
        yield f'<td id="endmember-{scene}-{number}">{escape(row["material"])}</td>'
        yield f'<td class="number">{row["mean_abundance"]:.3f}</td>'
        yield f'<td class="number">{area}</td><td class="number">{row["dominant_share"]:.1%}</td></tr>'
    yield "</table>"


def over_time(rows: Sequence[dict[str, Any]], unit: str) -> dict[str, list[tuple[date, float]]]:
    """For each material its area by day: in km², or as a share (%) of the area with data."""
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

    what = "Share of the area with data (%)" if unit == "%" else f"Area ({unit})"
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
