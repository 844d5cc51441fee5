"""What all scenes of a run say together: a table, a report with plots over time, a file for programs."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import date, datetime, timezone
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .. import __version__
from ..results import write_text_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..job import Course
    from .job import ScenesJob

FILES = {"summary": "summary.csv", "report": "summary.html", "json": "summary.json"}
_COLUMNS = (
    "scene", "date", "material", "mean_abundance", "area_km2", "dominant_share", "dominant_area_km2",
    "pixels_with_data", "pixels", "complete", "folder",
)  # fmt: skip
_KM2 = 1e6
_FEWEST_DATES = 2
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 320, 76, 150, 14, 42
_SHOWN, _LABEL, _TICKS = 12, 80, 6
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:62em;margin:2em auto;padding:0 1em}
h1{margin-bottom:0}h2{margin-top:1.6em;border-bottom:1px solid #ddd}
table{border-collapse:collapse}td,th{padding:.25em .9em .25em 0;text-align:left;vertical-align:top}
td.number,th.number{text-align:right}
.warning{background:#fff4d6;padding:.4em .8em;margin:.4em 0}
code{overflow-wrap:anywhere}svg{max-width:100%;height:auto}
.quiet{color:#666}
"""


def write_summary(
    job: ScenesJob,
    output: Path,
    scenes: Sequence[dict[str, Any]],
    failed: Sequence[dict[str, str]],
    course: Course,
) -> dict[str, str]:
    """Write table, report and the file for programs; returns their paths by kind.

    Args:
        job: what was asked for.
        output: the folder.
        scenes: of each finished scene its path ("scene"), folder ("name"), "date" or None, "pixel_area" in
            square metres or None, and what result.json says ("result").
        failed: the scenes without a result, and why ("text").
        course: whose warnings and times the report names.

    Raises:
        OutputError: the folder cannot be written.
    """
    rows = [row for scene in scenes for row in _rows(scene)]
    document = {
        "format": "auvae-scenes",
        "schema": 1,
        "auvae": __version__,
        "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "options": job.options,
        "command": job.command,
        "seconds": course.seconds(),
        "scenes": [
            {"scene": scene["scene"], "folder": scene["name"], "date": scene["date"]} for scene in scenes
        ],
        "rows": rows,
        "failed": list(failed),
        "warnings": course.warnings,
    }
    contents = {
        "summary": _table(rows),
        "report": "\n".join(_page(job, document, scenes)) + "\n",
        "json": json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    }
    for kind, text in contents.items():
        write_text_whole(output / FILES[kind], text, job.id)
    return {kind: str(output / file) for kind, file in FILES.items()}


def _rows(scene: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the table says of each material of a scene."""
    result = scene["result"]
    pixels, area = result["pixels"], scene["pixel_area"]
    for item in result["endmembers"]:
        shares = (item["mean_abundance"], item["area_share"])
        areas = [None if area is None else round(share * pixels * area / _KM2, 6) for share in shares]
        cells = (
            scene["scene"], scene["date"], item["name"], round(shares[0], 6), areas[0], round(shares[1], 6),
            areas[1], pixels, result["scene"]["rows"] * result["scene"]["cols"], not result["missing"],
            scene["name"],
        )  # fmt: skip
        yield dict(zip(_COLUMNS, cells, strict=True))


def _table(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for row in rows:
        cells = {**row, "complete": "yes" if row["complete"] else "no"}
        table.writerow(["" if cells[column] is None else cells[column] for column in _COLUMNS])
    return text.getvalue()


def _page(job: ScenesJob, document: dict[str, Any], scenes: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The report of all scenes, line by line."""
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f"<title>{len(job.scenes)} scenes: unmixing report</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{len(scenes)} of {len(job.scenes)} scenes unmixed</h1>"
    shared = job.models == "one"
    how = (
        "One model for all: the same endmembers in every scene."
        if shared
        else ("One model each: endmembers of one number are not the same material in different scenes.")
    )
    yield f'<p class="quiet">{document["created"]}. {how}</p>'
    for text in document["warnings"]:
        yield f'<p class="warning">{escape(text)}</p>'
    rows = document["rows"]
    dated = {row["date"] for row in rows if row["date"]}
    if shared and len(dated) >= _FEWEST_DATES:
        colors = {item["name"]: item["color"] for item in scenes[0]["result"]["endmembers"]}
        yield "<h2>Over time</h2>"
        placed = all(row["area_km2"] is not None for row in rows)
        for unit in ("km²", "%") if placed else ("%",):
            yield f"<p>{_plot(over_time(rows, unit), colors, unit)}</p>"
        yield '<p class="quiet">Area: abundances summed over all pixels with data, of all scenes of a day.'
        yield "Share: the same as a part of the area with data, which clouds make smaller.</p>"
    yield "<h2>Scenes</h2>"
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
    if document["failed"]:
        yield "<h2>Not unmixed</h2><table>"
        for item in document["failed"]:
            yield f"<tr><td>{escape(item['name'])}</td><td>{escape(item['text'])}</td></tr>"
        yield "</table>"
    yield "<h2>Materials</h2>"
    yield '<table><tr><th>Scene</th><th>Date</th><th>Material</th><th class="number">Mean abundance</th>'
    yield '<th class="number">Area (km²)</th><th class="number">Largest in</th></tr>'
    for row in rows:
        area = "" if row["area_km2"] is None else f"{row['area_km2']:.6g}"
        yield f"<tr><td>{escape(row['folder'])}</td><td>{row['date'] or ''}</td>"
        yield f'<td>{escape(row["material"])}</td><td class="number">{row["mean_abundance"]:.3f}</td>'
        yield f'<td class="number">{area}</td><td class="number">{row["dominant_share"]:.1%}</td></tr>'
    yield "</table>"
    yield f"<h2>Settings</h2><p>The same again: <code>{escape(document['command'])}</code></p></body></html>"


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
        drawn.append(f'<text x="{_WIDTH - _RIGHT + 8}" y="{free + 4:.1f}">{escape(name)}</text>')
    for name, line in lines.items():
        points = " ".join(f"{across(day):.1f},{down(value):.1f}" for day, value in line)
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colors[name]}" stroke-width="1.8"/>')
        drawn += [
            f'<circle cx="{across(day):.1f}" cy="{down(value):.1f}" r="3" fill="{colors[name]}">'
            f"<title>{escape(name)}, {day}: {value:.4g} {unit}</title></circle>"
            for day, value in line
        ]
    return "".join([*drawn, "</svg>"])
