"""Gives the parts of a plot their room, in one pass: matplotlib's own layout takes 70 ms. Draws nothing."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

Cell = tuple[float, float, float, float]  # left, bottom, right, top, as shares of the figure

PAD = 7.0  # points around every part
SLACK = 0.01  # pixels: inches times dots per inch may be a little less than the pixels they came from
GAP = 2.0  # pixels between a title and the edge of its cell
LEAST = 0.04  # of the figure: what is left for the lines where labels take it all


def arranging(cells: dict[Any, Cell], titles: dict[Any, str], renderer: Any) -> Iterator[None]:
    """Move every axes into its cell, so that its labels stay in there too; yields after every measuring.

    Axes whose cells begin or end at the same place share that margin, so that they are aligned. A title is
    moved away from the edge of its cell, and cut where it is longer than the cell is wide.
    """
    needed = {}
    for axes in cells:
        needed[axes] = yield from _margins(axes, renderer)
        yield
    for axes, cell in cells.items():
        box = axes.figure.bbox
        left, bottom, right, top = (
            max(needed[other][side] for other, theirs in cells.items() if theirs[side] == cell[side])
            for side in range(4)
        )
        x0, x1 = cell[0] + left / box.width, cell[2] - right / box.width
        y0, y1 = cell[1] + bottom / box.height, cell[3] - top / box.height
        axes.set_position([x0, y0, max(LEAST, x1 - x0), max(LEAST, y1 - y0)])
        if titles.get(axes):
            _fit_title(axes, titles[axes], cell, renderer)


def whole_pixels(canvas: Any) -> tuple[float, float]:
    """Return the size of a page, in inches, that covers its widget: a column less would show old pixels."""
    ratio, dpi = canvas.device_pixel_ratio, canvas.figure.dpi
    return (round(canvas.width() * ratio) + SLACK) / dpi, (round(canvas.height() * ratio) + SLACK) / dpi


def _fit_title(axes: Any, text: str, cell: Cell, renderer: Any) -> None:
    """Show as much of a title as its cell is wide, as near to the middle of ``axes`` as it fits."""
    title, box = axes.title, axes.bbox
    left, right = cell[0] * axes.figure.bbox.width + GAP, cell[2] * axes.figure.bbox.width - GAP
    title.set_text(text)
    width = title.get_window_extent(renderer).width
    most = max(map(len, text.split("\n")))
    while width > right - left and most > 1:
        most = min(most - 1, int(most * (right - left) / width))
        lines = [line if len(line) <= most else line[: most - 1].rstrip() + "…" for line in text.split("\n")]
        title.set_text("\n".join(lines))
        width = title.get_window_extent(renderer).width
    middle = min(max((box.x0 + box.x1) / 2, left + width / 2), max(left + width / 2, right - width / 2))
    title.set_x((middle - box.x0) / box.width)


def _margins(axes: Any, renderer: Any) -> Generator[None, None, tuple[float, float, float, float]]:
    """Return how many pixels labels and title of ``axes`` take on the left, below, on the right and above."""
    box, pad = axes.bbox, renderer.points_to_pixels(PAD)
    left = bottom = right = top = 0.0
    if axes.axison:
        for axis in (axes.xaxis, axes.yaxis):
            taken = axis.get_tightbbox(renderer)
            if taken is not None:
                left, bottom = max(left, box.x0 - taken.x0), max(bottom, box.y0 - taken.y0)
                right, top = max(right, taken.x1 - box.x1), max(top, taken.y1 - box.y1)
            yield
    if axes.get_title():
        top = max(top, axes.title.get_window_extent(renderer).height + pad)
    return left + pad, bottom + pad, right + pad, top + pad
