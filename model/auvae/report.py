"""report.html: one page for people, with everything it shows inside it. Computes no numbers."""

from __future__ import annotations

import base64
import math
import warnings
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from .count_plot import evidence_plot
from .palette import rgb
from .variants import title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_THUMBNAIL = 240
_WIDTH, _HEIGHT = 860, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 14, 52
# Neighbours farther apart than this many usual steps have left-out bands between them.
_GAP = 2.5
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:900px;margin:2em auto;padding:0 1em}
h1{font-size:1.5em;margin-bottom:0}h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid #ddd}
table{border-collapse:collapse}td,th{padding:.25em .9em .25em 0;text-align:left;vertical-align:top}
td.number,th.number{text-align:right}.swatch{display:inline-block;width:.9em;height:.9em;margin-right:.5em}
figure{display:inline-block;margin:0 1em 1em 0}figure img{border:1px solid #ddd;background:#fff;display:block;
image-rendering:pixelated}
.warning{background:#fff4d6;padding:.4em .8em;margin:.4em 0}
code{overflow-wrap:anywhere}svg{max-width:100%;height:auto}
.quiet{color:#666}
"""


def thumbnail(path: Path, color: str) -> str:
    """A small base64 PNG of an abundance map: white to `color` for 0 to 1, clear where there is no data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as raster:
            shrink = min(1.0, _THUMBNAIL / max(raster.shape))
            shape = (max(1, round(raster.height * shrink)), max(1, round(raster.width * shrink)))
            values = raster.read(1, out_shape=shape, masked=True, resampling=Resampling.average)
        share = np.clip(values.filled(0), 0, 1)[None]
        tone = np.array(rgb(color), float)[:, None, None]
        bands = np.concatenate(
            [255 + (tone - 255) * share, np.where(values.mask, 0, 255) * np.ones_like(share)]
        )
        with MemoryFile() as memory:
            with memory.open(driver="PNG", width=shape[1], height=shape[0], count=4, dtype="uint8") as image:
                image.write(bands.round().astype(np.uint8))
            return base64.b64encode(memory.read()).decode("ascii")


def page(document: dict[str, Any], endmembers: np.ndarray, thumbnails: Sequence[str]) -> str:
    """The report of one result.

    document: as in result.json. endmembers: (K, B) in the raster's unit. thumbnails: a base64 PNG an
    endmember.
    """
    network = title(document["options"]["variant"])
    parts = [
        *_opening(document, "unmixing report", f"Unmixed into {len(endmembers)} endmembers by {network}"),
        "<h2>Endmember spectra</h2>",
        _plot(document, endmembers),
        "<h2>Abundances</h2>",
        *_abundances(document["endmembers"], thumbnails),
        "<h2>How well it fits</h2>",
        *_fit(document["metrics"], str(document["unit"])),
        *(_counting(document["count"]) if document["count"] else ()),
        "<h2>Settings</h2>",
        _table({"Raster": document["scene"]["path"], **document["options"]}),
        f"<p>The same again: <code>{escape(document['command'])}</code></p>",
        _left_out(document["bands"]),
        "<h2>Made with</h2>",
        _table({"device": document["device"], **document["versions"]}),
        _seconds(document["seconds"]),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _opening(document: dict[str, Any], subject: str, done: str) -> Iterator[str]:
    """The page down to its warnings: what it is about, what was done, and on how much of the scene."""
    scene = document["scene"]
    name, made = escape(str(scene["name"])), escape(document["created"])
    kept = sum(band["kept"] for band in document["bands"])
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f"<title>{name}: {subject}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{name}</h1>"
    yield f'<p class="quiet">{escape(done)}, {made}.'
    yield f"{scene['rows']} × {scene['cols']} pixels, {kept} of {len(document['bands'])} bands.</p>"
    for text in document["warnings"]:
        yield f'<p class="warning">{escape(text)}</p>'


def count_page(document: dict[str, Any]) -> str:
    """The report of a count alone. document: the keys of result.json that a count has."""
    parts = [
        *_opening(document, "number of endmembers", "Endmembers counted by AUVAE Unmixing"),
        *_counting(document["count"]),
        "<h2>Settings</h2>",
        _table({"Raster": document["scene"]["path"], **document["options"]}),
        _left_out(document["bands"]),
        "<h2>Made with</h2>",
        _table(document["versions"]),
        _seconds(document["seconds"]),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def inspection_page(document: dict[str, Any]) -> str:
    """What was decided about a scene, without unmixing it. document: the keys that `job` gives it."""
    found = document["inspection"]
    means = np.array([np.nan if mean is None else mean for mean in found["means"]], float)
    used = np.array([band["kept"] for band in document["bands"]])
    shown = np.isfinite(means)
    lines = np.zeros((2, 0))
    if (shown & used).any():
        # The left-out bands lie under the others, cut off where they would set the scale.
        low, high = means[shown & used].min(), means[shown & used].max()
        room = 0.3 * (high - low)
        lines = np.stack([means.clip(low - room, high + room), np.where(used, means, np.nan)])[:, shown]
    mean = {
        "bands": [{**band, "kept": bool(seen)} for band, seen in zip(document["bands"], shown, strict=True)],
        "unit": document["unit"],
        "endmembers": [{"name": "Left out", "color": "#c9a227"}, {"name": "Used", "color": "#1f6f8b"}],
    }
    share = found["no_data"]
    rows = "".join(
        f'<tr><td class="number">{band["number"]}</td><td class="number">{_value(band["wavelength_nm"])}</td>'
        f'<td class="number">{_value(band["fwhm_nm"])}</td><td class="number">{_value(value)}</td>'
        f"<td>{'yes' if band['kept'] else 'no'}</td><td>{escape(band['reason'])}</td></tr>"
        for band, value in zip(document["bands"], found["means"], strict=True)
    )
    parts = [
        *_opening(document, "bands", "Looked at by AUVAE Unmixing"),
        *(f"<p>{escape(text)}</p>" for text in document["notes"]),
        f"<p>Unit of the values: {escape(document['unit'])}. {share:.1%} of {found['pixels']} pixels",
        "looked at hold no data in the bands used, or lie outside the mask.</p>",
        "<h2>Mean spectrum</h2>",
        _plot(mean, lines) if lines.size else "",
        '<p class="quiet">Blue: bands used. Yellow: bands left out.</p>',
        _left_out(document["bands"]),
        "<h2>Bands</h2>",
        '<table><tr><th class="number">Band</th><th class="number">Wavelength (nm)</th>',
        '<th class="number">FWHM (nm)</th><th class="number">Mean</th><th>Used</th><th>Reason</th></tr>',
        f"{rows}</table>",
        "<h2>Settings</h2>",
        _table({"Raster": document["scene"]["path"], **document["options"]}),
        "<h2>Made with</h2>",
        _table(document["versions"]),
        _seconds(document["seconds"]),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _value(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _counting(count: dict[str, Any]) -> Iterator[str]:
    """The estimate of the number of endmembers, both criteria, and what speaks for each number."""
    yield "<h2>How many endmembers</h2>"
    yield f"<p>{escape(count['sentence'])}</p>"
    yield f"<table><tr><th>Estimate</th><td>{count['count']}</td></tr>"
    yield f"<tr><th>HySime</th><td>{count['hysime']}</td></tr>"
    yield f"<tr><th>Count of materials</th><td>{count['materials']}</td></tr></table>"
    yield f"<p>{evidence_plot(count)}</p>"
    yield '<p class="quiet">'
    yield "Count of materials: for each number of endmembers, what the least needed of them is worth:"
    yield "by how much pixels and mixtures differ more in shape (mean angle) without it, as a share"
    yield "of the scene's variety. The number is the largest whose endmembers are all worth more than"
    yield "the dashed line; a copy or a blend of others is worth nothing. HySime: directions of the"
    yield "spectra in which there is more signal than noise, left of the dashed line. Materials that"
    yield "vary, and light that mixes nonlinearly, need many directions each, so HySime is the"
    yield "estimate only where the signal ends at its last direction.</p>"


def _abundances(endmembers: Sequence[dict[str, Any]], thumbnails: Sequence[str]) -> Iterator[str]:
    """The maps, then how much of the scene each endmember makes up."""
    for item, image in zip(endmembers, thumbnails, strict=True):
        yield f'<figure><img alt="" src="data:image/png;base64,{image}">'
        yield f"<figcaption>{_label(item)}</figcaption></figure>"
    yield '<p class="quiet">White is none, full colour is a pixel of nothing else.</p>'
    yield '<table><tr><th>Endmember</th><th class="number">Mean abundance</th>'
    yield '<th class="number">Area share</th></tr>'
    for item in endmembers:
        yield f'<tr><td>{_label(item)}</td><td class="number">{item["mean_abundance"]:.3f}</td>'
        yield f'<td class="number">{item["area_share"]:.1%}</td></tr>'
    yield '</table><p class="quiet">Mean abundance is the average over all pixels with data; area share is'
    yield "the part of these pixels in which the endmember is the largest.</p>"


def _fit(metrics: dict[str, float], unit: str) -> Iterator[str]:
    """The metrics, each with what it means."""
    yield f'<table><tr><th>RMSE</th><td class="number">{metrics["rmse"]:.5g}</td>'
    yield "<td>How far the pixels lie from their reconstruction, root mean square, in the raster's own unit"
    yield f"({escape(unit)}).</td></tr>"
    yield f'<tr><th>Mean angle</th><td class="number">{metrics["mean_angle"]:.4f}</td>'
    yield "<td>How much the shapes of pixels and their reconstructions differ: the mean spectral angle,"
    yield "in radians (0 is the same shape).</td></tr></table>"


def _label(item: dict[str, Any]) -> str:
    return f'<span class="swatch" style="background:{item["color"]}"></span>{_named(item)}'


def _named(item: dict[str, Any]) -> str:
    """An endmember's name, marked so that renaming finds it and nothing else."""
    return f'<span class="endmember">{escape(item["name"])}</span>'


def _table(rows: dict[str, Any]) -> str:
    cells = (
        f"<tr><th>{escape(key.replace('_', ' ').capitalize())}</th><td>{escape(_shown(key, value))}</td></tr>"
        for key, value in rows.items()
    )
    return "<table>" + "".join(cells) + "</table>"


def _shown(key: str, value: object) -> str:
    if value is None:
        return "all good ones" if key == "bands" else "none"
    if isinstance(value, dict):
        return "; ".join(f"{name.replace('_', ' ')} {_shown(name, part)}" for name, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _seconds(seconds: dict[str, float]) -> str:
    stages = ", ".join(f"{escape(stage)} {value:.1f} s" for stage, value in seconds.items())
    return f'<p class="quiet">Time: {stages}.</p>'


def _left_out(bands: Sequence[dict[str, Any]]) -> str:
    by_reason: dict[str, list[int]] = {}
    for band in bands:
        if not band["kept"]:
            by_reason.setdefault(band["reason"], []).append(band["number"])
    if not by_reason:
        return "<p>All bands were used.</p>"
    items = "".join(f"<li>{escape(reason)}: {_ranges(numbers)}</li>" for reason, numbers in by_reason.items())
    return f"<p>Bands left out:</p><ul>{items}</ul>"


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 7 as "1-3, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _plot(document: dict[str, Any], endmembers: np.ndarray) -> str:
    """The spectra as SVG, one line an endmember, broken where bands were left out and where it is NaN."""
    kept = [band for band in document["bands"] if band["kept"]]
    in_nm = all(band["wavelength_nm"] is not None for band in kept)
    x = np.array([band["wavelength_nm"] if in_nm else band["number"] for band in kept], float)
    order = np.argsort(x, kind="stable")
    x, spectra = x[order], np.asarray(endmembers, float)[:, order]
    least, most = float(np.nanmin(spectra)), float(np.nanmax(spectra))
    x_ticks, y_ticks = _ticks(x[0], x[-1]), _ticks(min(0.0, least), most)
    low, high = min(y_ticks[0], least), max(y_ticks[-1], most)

    def across(value: float) -> float:
        return _LEFT + (value - x[0]) / max(x[-1] - x[0], 1e-12) * (_WIDTH - _LEFT - _RIGHT)

    def down(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - low) / max(high - low, 1e-12) * (_HEIGHT - _TOP - _BOTTOM)

    floor = _HEIGHT - _BOTTOM
    drawn = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" font-size="12" aria-label="Spectra">']
    for tick in y_ticks:
        y = down(tick)
        drawn.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e5e5e5"/>')
        drawn.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in x_ticks:
        place = across(tick)
        drawn.append(f'<path d="M{place:.1f} {floor}v5" stroke="#888"/>')
        drawn.append(f'<text x="{place:.1f}" y="{floor + 19}" text-anchor="middle">{tick:g}</text>')
    drawn.append(f'<path d="M{_LEFT} {_TOP}V{floor}H{_WIDTH - _RIGHT}" fill="none" stroke="#888"/>')
    middle, label = (_LEFT + _WIDTH - _RIGHT) / 2, "Wavelength (nm)" if in_nm else "Band"
    drawn.append(f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">{label}</text>')
    turned = f"translate(16 {(_TOP + floor) / 2}) rotate(-90)"
    drawn.append(f'<text transform="{turned}" text-anchor="middle">{escape(document["unit"])}</text>')
    for item, spectrum in zip(document["endmembers"], spectra, strict=True):
        seen = np.isfinite(spectrum)
        starts = set(_breaks(x[seen]).tolist())
        steps = "".join(
            f"{'M' if index in starts else 'L'}{across(place):.1f} {down(value):.1f}"
            for index, (place, value) in enumerate(zip(x[seen], spectrum[seen], strict=True))
        )
        title = f'<title class="endmember">{escape(item["name"])}</title>'
        drawn.append(
            f'<path d="{steps}" fill="none" stroke="{item["color"]}" stroke-width="1.8">{title}</path>'
        )
    return "".join([*drawn, "</svg>"])


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
