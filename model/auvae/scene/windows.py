"""Windows and cells over the grid of a raster. Knows no raster."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from rasterio.windows import Window

# Pixels a band is judged by, in windows spread over the scene: a whole read would take as long as the
# mapping.
_PROBE = 32
_PROBES = 4
_PROBE_WHOLE = 256 * 256
# No-data lies at the edges: there it is looked for, in small windows on a lattice over all of the scene.
_EDGE = 8
_EDGES = 6


def tiles(rows: int, cols: int, size: int) -> Iterator[Window]:
    """Windows of nearly equal size, at most size x size, that cover a grid without slivers."""
    for top, bottom, left, right in _grid(rows, cols, math.ceil(rows / size), math.ceil(cols / size)):
        yield Window(left, top, right - left, bottom - top)


def cells(rows: int, cols: int, count: int) -> Iterator[tuple[int, int, int, int]]:
    """About `count` cells (top, bottom, left, right) of a grid, as nearly square as they can be."""
    down = min(count, max(1, round(math.sqrt(count * rows / cols))))
    return _grid(rows, cols, down, max(1, count // down))


def probes(rows: int, cols: int) -> list[Window]:
    """Windows spread over a scene, by which its bands are judged; all of a small one."""
    if rows * cols <= _PROBE_WHOLE:
        return list(tiles(rows, cols, 256))
    return _lattice(rows, cols, _PROBE, np.linspace(0, 1, _PROBES + 2)[1:-1])


def edges(rows: int, cols: int) -> list[Window]:
    """Small windows on a lattice that reaches the edges of a scene; none for one that `probes` has whole."""
    if rows * cols <= _PROBE_WHOLE:
        return []
    return _lattice(rows, cols, _EDGE, np.linspace(0, 1, _EDGES))


def _lattice(rows: int, cols: int, size: int, places: np.ndarray) -> list[Window]:
    """Windows of a size whose places are given as shares of what is left of the scene beside them."""
    height, width = min(size, rows), min(size, cols)
    down, across = ((places * left).astype(int).tolist() for left in (rows - height, cols - width))
    return [Window(col, row, width, height) for row in down for col in across]


def _grid(rows: int, cols: int, down: int, across: int) -> Iterator[tuple[int, int, int, int]]:
    edges = [
        np.linspace(0, size, parts + 1, dtype=int).tolist() for size, parts in ((rows, down), (cols, across))
    ]
    for top, bottom in pairwise(edges[0]):
        for left, right in pairwise(edges[1]):
            yield top, bottom, left, right
