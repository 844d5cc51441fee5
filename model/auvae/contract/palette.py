"""The colours of endmembers, the same in maps, plots and the report. Nothing is drawn here."""

from __future__ import annotations

import re

# The first six are Okabe and Ito's (2008). Each further one is the colour of middle lightness farthest, in
# CIELAB and with normal, protanope and deuteranope vision (Machado et al. 2009), from all before it.
COLORS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#0000FF", "#003C3C",
    "#2D1EA5", "#692D00", "#4B78FF", "#E1C378", "#5A0F69", "#E1C3C3", "#F02D5A", "#784B78",
    "#5A693C", "#2D4BF0", "#8796FF", "#004BA5", "#C3C396", "#00E1F0", "#0000C3", "#004B2D",
    "#00E13C", "#A53C00", "#E1784B", "#963CD2", "#D29696", "#3CB4C3",
)  # fmt: skip


def is_color(text: object) -> bool:
    """Whether it is a colour as results have it, #RRGGBB."""
    return isinstance(text, str) and re.fullmatch("#[0-9A-Fa-f]{6}", text) is not None


def by_place(count: int) -> list[str]:
    """Colours of endmembers that are in no other result: in their order."""
    return [COLORS[index % len(COLORS)] for index in range(count)]


def rgb(color: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of "#RRGGBB"."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
