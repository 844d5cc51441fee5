"""report.html: one page for people, with everything it shows inside it. Computes no numbers."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contract.variants import DEFAULT, title
from .charts import losses_plot, spectra_plot
from .count_plot import evidence_plot
from .repeat import qgis_command
from .report_pictures import ERROR_TONES, WORST_ANGLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .report_pictures import Pictures

_CITATION = (
    "AUVAE Unmixing developers: AUVAE Unmixing, version {}. Computer program. github.com/auvae/auvae-unmixing"
)
# The losses of network and published networks, in words.
_LOSSES = {
    "reconstruction": "Error in unseen bands",
    "posterior": "Misfit of the posterior",
    "angle": "Spectral angle",
}
# Mean angles up to which a sentence holds, in radians.
_SENTENCES = (
    (0.02, "the endmembers explain nearly everything that is not noise"),
    (0.05, "small: two measurements of one material differ as much"),
    (0.1, "noticeable: kinds of one material, such as two kinds of vegetation, differ as much"),
    (math.inf, "large: different materials may differ no more, so look at the error map"),
)
STYLE = """
:root{color-scheme:light dark;
--ink:#222;--paper:#fff;--quiet:#666;--line:#ddd;--warn:#fff4d6;--code:#f4f4f4}
@media (prefers-color-scheme:dark){:root{
--ink:#ddd;--paper:#1c1e21;--quiet:#9a9a9a;--line:#444;--warn:#4a3b12;--code:#2a2d31}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
body{max-width:900px;margin:2em auto;padding:0 1em}
h1{font-size:1.5em;margin-bottom:0}h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid var(--line)}
table{border-collapse:collapse}td,th{padding:.25em .9em .25em 0;text-align:left;vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
.swatch{display:inline-block;width:.9em;height:.9em;margin-right:.5em;border:1px solid #0003}
.legend>span{display:inline-block;margin-right:1.4em}
figure{display:inline-block;margin:0 1em 1em 0;vertical-align:top;max-width:100%}
figure img{border:1px solid var(--line);background:#fff;display:block;image-rendering:pixelated;width:240px}
figure.large img{width:400px;max-width:100%}figcaption{max-width:400px;font-size:.93em}
.warning{background:var(--warn);padding:.4em .8em;margin:.4em 0;border-left:4px solid #d9a400}
code{overflow-wrap:anywhere;background:var(--code);padding:.1em .3em}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--code);padding:.6em .8em;margin:.4em 0}
svg{max-width:100%;height:auto;background:#fff}
.ramp{display:inline-block;height:.8em;width:8em;margin:0 .5em;border:1px solid var(--line)}
.quiet{color:var(--quiet)}
@media print{h2,figure,svg{break-inside:avoid}h2{break-after:avoid}}
"""


def page(document: dict[str, Any], endmembers: np.ndarray, spread: np.ndarray, images: Pictures) -> str:
    """The report of one result.

    document: as in result.json. endmembers: (K, B) in the raster's unit; spread: (K, B), the standard
    deviation of each one's purest pixels. images: of the maps.
    """
    network = title(document["options"]["variant"])
    parts = [
        *_opening(document, "unmixing report", f"Unmixed into {len(endmembers)} endmembers by {network}"),
        *_glance(document, images),
        "<h2>Endmember spectra</h2>",
        spectra_plot(document, endmembers, spread),
        *legend(document["endmembers"]),
        '<p class="quiet">The colour around a line: standard deviation of its purest pixels, each made as',
        "bright as the endmember. A gap: bands that were left out, or that the image does not have.</p>",
        "<h2>Abundances</h2>",
        *_abundances(document, images.maps),
        "<h2>How well it fits</h2>",
        *_fit(document, endmembers, images.error),
        *_training(document["history"]),
        *(_counting(document["count"]) if document["count"] else ()),
        "<h2>Settings</h2>",
        _table({"Raster": document["scene"]["path"], **document["options"]}),
        _left_out(document["bands"]),
        "<h2>How to repeat it</h2>",
        *_repeating(document),
        "<h2>How to cite it</h2>",
        f"<p>{escape(_CITATION.format(document['auvae']))}</p>",
        '<p class="quiet">CITATION.cff in the plugin says the same for reference managers.</p>',
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
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<title>{name}: {subject}</title><style>{STYLE}</style></head><body>"
    yield f"<h1>{name}</h1>"
    yield f'<p class="quiet">{escape(done)}, {made}.'
    yield f"{scene['rows']} × {scene['cols']} pixels, {kept} of {len(document['bands'])} bands.</p>"
    for text in document["warnings"]:
        yield f'<p class="warning">{escape(text)}</p>'


def _glance(document: dict[str, Any], images: Pictures) -> Iterator[str]:
    """The scene, what it is made of, and what is what."""
    bands = ", ".join(map(str, images.scene_bands))
    colours = "true colour" if images.true_colour else "false colour"
    for image, caption in (
        (images.scene, f"The scene, {colours}: bands {bands} as red, green, blue"),
        (images.composite, "Composite: the endmembers' colours mixed by abundance"),
        (images.dominant, "Dominant material: the largest abundance"),
    ):
        yield f'<figure><img alt="" src="data:image/png;base64,{image}">'
        yield f'<figcaption style="width:240px">{escape(caption)}</figcaption></figure>'
    yield from legend(document["endmembers"])


def legend(endmembers: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Names of endmembers (name, color) beside their colours."""
    yield f'<p class="legend">{"".join(f"<span>{_label(item)}</span>" for item in endmembers)}</p>'


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
        spectra_plot(mean, lines) if lines.size else "",
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


def _abundances(document: dict[str, Any], images: Sequence[str]) -> Iterator[str]:
    """The maps, then how much of the scene each endmember makes up, and how surely."""
    endmembers = document["endmembers"]
    for item, image in zip(endmembers, images, strict=True):
        yield f'<figure><img alt="" src="data:image/png;base64,{image}">'
        yield f"<figcaption>{_label(item)}</figcaption></figure>"
    yield '<p class="quiet">White is none, full colour is a pixel of nothing else.</p>'
    certain = document["options"]["variant"] == DEFAULT
    yield '<table><tr><th>Endmember</th><th class="number">Mean abundance</th><th class="number">Area'
    yield "share</th>"
    yield '<th class="number">Uncertainty</th></tr>' if certain else "</tr>"
    for item in endmembers:
        yield f'<tr><td>{_label(item)}</td><td class="number">{item["mean_abundance"]:.3f}</td>'
        yield f'<td class="number">{item["area_share"]:.1%}</td>'
        yield f'<td class="number">± {item["mean_uncertainty"]:.3f}</td></tr>' if certain else "</tr>"
    yield '</table><p class="quiet">Mean abundance is the average over all pixels with data; area share is'
    yield "the part of these pixels in which the endmember is the largest."
    if certain:
        yield "Uncertainty is the mean standard deviation of its abundance: in about two pixels of three the"
        yield "abundance is within it. It covers noise, other sets of endmembers that fit nearly as well,"
        yield "and how"
        yield "bright 100 % of a material is."
    yield "</p>"


def _fit(document: dict[str, Any], endmembers: np.ndarray, error: str) -> Iterator[str]:
    """The metrics, each with what it means, and where on the map the pixels differ most."""
    metrics, unit = document["metrics"], document["unit"]
    angle, share = metrics["mean_angle"], math.sin(min(metrics["mean_angle"], math.pi / 2))
    sentence = next(text for limit, text in _SENTENCES if angle <= limit)
    means = np.array([item["mean_abundance"] for item in document["endmembers"]])
    level = float(means @ np.sqrt((np.asarray(endmembers, float) ** 2).mean(axis=1)))
    relative = f", {metrics['rmse'] / level:.1%} of what the endmembers reflect" if level > 0 else ""
    yield f'<table><tr><th>Mean angle</th><td class="number">{angle:.4f}</td>'
    yield "<td>The mean spectral angle between pixels and their reconstructions, in radians"
    yield f"({math.degrees(angle):.1f}°): how much their shapes differ, whatever their brightness. About"
    yield f"{share:.1%} of a typical pixel's spectrum is nothing that these endmembers make up. That is"
    yield f"{sentence}.</td></tr>"
    yield f'<tr><th>RMSE</th><td class="number">{metrics["rmse"]:.5g}</td>'
    yield "<td>How far the pixels lie from their reconstructions, root mean square over pixels and bands,"
    yield f"in the raster's own unit ({escape(unit)}){relative}.</td></tr>"
    yield "</table>"
    yield '<figure class="large"><img alt=""'
    yield f'src="data:image/png;base64,{error}"><figcaption>Reconstruction error: 0'
    yield f'<span class="ramp" style="background:linear-gradient(90deg,{",".join(ERROR_TONES)})"></span>'
    yield f"{WORST_ANGLE * angle:.2g} radians and more. Even noise is fine. A structure that you recognise"
    yield "on the"
    yield "ground is a material that no endmember stands for. Dark pixels (water, shade) have larger"
    yield "angles: their"
    yield "noise is larger beside their signal.</figcaption></figure>"


def _training(history: Sequence[dict[str, float]]) -> Iterator[str]:
    """The losses, where there are enough of them to draw."""
    plots = losses_plot(history, _LOSSES)
    if plots:
        yield "<h2>Training</h2>"
        yield f"<p>{plots}</p>"
        yield '<p class="quiet">Losses jump, as every step sees another part of the scene. That they no'
        yield "longer fall tells that it was trained for long enough; falling at the end, that a higher"
        yield "quality may be worth its time.</p>"


def _repeating(document: dict[str, Any]) -> Iterator[str]:
    """The commands that make this result again."""
    yield "<p>With the same raster, seed and versions the same numbers come out on the same device. In QGIS:"
    yield "<i>Processing ▸ History</i>.</p>"
    through_qgis = qgis_command(document)
    if through_qgis:
        yield f"<p>In a terminal, with QGIS:</p><pre>{escape(through_qgis)}</pre>"
    yield "<p>With the command of the core alone:</p>"
    yield f"<pre>{escape(document['command'])}</pre>"


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
