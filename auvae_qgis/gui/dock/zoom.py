"""Pans and zooms axes in pixels of the display, whatever the scale of their axes. Draws nothing."""

from __future__ import annotations

from typing import Any

import numpy as np


def shift(axes: Any, across: float, up: float) -> None:
    """Move the view by shares of its width and height, whatever the scale of the axes."""
    box = axes.bbox
    _show(axes, box.x0 + across * box.width, box.y0 + up * box.height, box.width, box.height)


def scale(axes: Any, factor: float, about: tuple[float, float] | None) -> None:
    """Show ``factor`` times as much, with the display point ``about`` (None: the middle) where it is."""
    box = axes.bbox
    x, y = about or ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    _show(
        axes,
        x - factor * (x - box.x0),
        y - factor * (y - box.y0),
        factor * box.width,
        factor * box.height,
    )


def _show(axes: Any, x: float, y: float, width: float, height: float) -> None:
    """Let this rectangle of the display fill the axes."""
    corners = axes.transData.inverted().transform([(x, y), (x + width, y + height)])
    if np.isfinite(corners).all():
        axes.set_xlim(corners[0][0], corners[1][0])
        axes.set_ylim(corners[0][1], corners[1][1])
