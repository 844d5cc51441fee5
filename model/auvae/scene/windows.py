"""Windows and cells over the grid of a raster. Knows no raster."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from rasterio.windows import Window


def tiles(rows: int, cols: int, size: int) -> Iterator[Window]:
    """Windows of nearly equal size, at most size x size, that cover a grid without slivers."""
    for top, bottom, left, right in _grid(rows, cols, math.ceil(rows / size), math.ceil(cols / size)):
        yield Window(left, top, right - left, bottom - top)


def cells(rows: int, cols: int, count: int) -> Iterator[tuple[int, int, int, int]]:
    """About `count` cells (top, bottom, left, right) of a grid, as nearly square as they can be."""
    down = min(count, max(1, round(math.sqrt(count * rows / cols))))
    return _grid(rows, cols, down, max(1, count // down))


def _grid(rows: int, cols: int, down: int, across: int) -> Iterator[tuple[int, int, int, int]]:
    edges = [
        np.linspace(0, size, parts + 1, dtype=int).tolist() for size, parts in ((rows, down), (cols, across))
    ]
    for top, bottom in pairwise(edges[0]):
        for left, right in pairwise(edges[1]):
            yield top, bottom, left, right
