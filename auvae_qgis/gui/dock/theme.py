"""The colours and dashes of all plots, beside those of endmembers, which come with each result. No widgets.

Endmembers keep the palette of model/auvae/palette.py, made for normal and colour-blind eyes alike; what is
drawn beside them must not be taken for one of them, so it differs by dash and by ink, not by hue alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.PyQt.QtGui import QPalette

from .fonts import families

HALF_LIGHT = 127

# What an endmember is compared with: dashes, in the endmember's own colour or in ink.
DASHES = ((0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)), (0, (1, 1)))

# Clicked pixels and losses: "muted" of Paul Tol's qualitative schemes for colour-blind people.
TRAIL = ("#CC6677", "#44AA99", "#AA4499", "#999933", "#88CCEE", "#882255")

# From the seventh endmember on hues come near each other: a dash tells them apart.
SOLID_ENDMEMBERS = 6


@dataclass(frozen=True)
class Tones:
    """What a plot is drawn on and with."""

    paper: str
    ink: str


LIGHT = Tones("#ffffff", "#1a1a1a")
DARK_INK, LIGHT_INK = "#1a1a1a", "#e6e6e6"


def tones(palette: QPalette) -> Tones:
    """Return paper and ink for a widget's palette.

    The ink is not the palette's: QGIS's dark themes colour text in their style sheet alone.
    """
    base = palette.color(QPalette.ColorRole.Base)
    return Tones(base.name(), DARK_INK if base.lightness() > HALF_LIGHT else LIGHT_INK)


def paint(figure: Any, used: Tones) -> None:
    """Give a figure this paper and this ink."""
    figure.set_facecolor(used.paper)
    for axes in figure.axes:
        axes.set_facecolor(used.paper)
        axes.tick_params(colors=used.ink, which="both")
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts):
            text.set_color(used.ink)
            text.set_family(families())
        axes.xaxis.get_offset_text().set_color(used.ink)
        axes.yaxis.get_offset_text().set_color(used.ink)
        for spine in axes.spines.values():
            spine.set_color(used.ink)
        for line in (*axes.lines, *axes.collections):
            if line.get_gid() == "ink":
                line.set_color(used.ink)
        legend = axes.get_legend()
        for text in legend.get_texts() if legend is not None else ():
            text.set_color(used.ink)
            text.set_family(families())
        for handle in legend.get_lines() if legend is not None else ():
            if handle.get_gid() == "ink":
                handle.set_color(used.ink)


def endmember_dash(index: int) -> object:
    """Return the line style of the endmember with this index."""
    return "-" if index < SOLID_ENDMEMBERS else DASHES[(index - SOLID_ENDMEMBERS) % len(DASHES)]
