"""What a scene is, as unmixing reads it: the mean of its bands, the share of no-data. Unmixes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.windows import Window

if TYPE_CHECKING:
    from .scene import Scene

# Larger scenes are looked at in windows spread over them: a mean needs no more.
_WHOLE = 1_000_000
_SIDE = 64
_WINDOWS_A_SIDE = 12


@dataclass(frozen=True)
class Inspection:
    """What was seen.

    Attributes:
        means: each band's mean in the raster's unit over the pixels with data, None where it has none;
            bands that are left out too.
        no_data: share of the pixels looked at that are not unmixed.
        pixels: how many pixels were looked at.
    """

    means: tuple[float | None, ...]
    no_data: float
    pixels: int

    def document(self) -> dict[str, Any]:
        """The same for the report."""
        return {"means": list(self.means), "no_data": self.no_data, "pixels": self.pixels}


def inspect_scene(scene: Scene, report: Callable[[float], None]) -> Inspection:
    """Look at a scene, the whole of it up to a megapixel; `report` is told the share that is done."""
    numbers = [band.number for band in scene.bands]
    sums, counts = np.zeros(len(numbers)), np.zeros(len(numbers), int)
    pixels = empty = 0
    spread = _windows(scene)
    # A small mask may lie between windows that are spread over a large scene.
    everywhere = (inner for inner, _ in scene.windows(256, 0))
    for done, window in enumerate(chain(spread, everywhere)):
        if done >= len(spread) and empty < pixels:
            break
        report(min(1.0, done / len(spread)))
        _, valid = scene.read(window)
        pixels += valid.size
        empty += int((~valid).sum())
        if valid.any():
            values, good = scene.values(numbers, window)
            good &= valid[..., None]
            sums += np.where(good, values, 0).sum(axis=(0, 1), dtype=np.float64)
            counts += good.sum(axis=(0, 1))
    means = tuple(
        float(f"{total / count:.7g}") if count else None for total, count in zip(sums, counts, strict=True)
    )
    return Inspection(means, empty / max(1, pixels), pixels)


def _windows(scene: Scene) -> list[Window]:
    if scene.rows * scene.cols <= _WHOLE:
        return [inner for inner, _ in scene.windows(256, 0)]
    height, width = min(_SIDE, scene.rows), min(_SIDE, scene.cols)
    down, across = (min(_WINDOWS_A_SIDE, math.ceil(size / _SIDE)) for size in (scene.rows, scene.cols))
    return [
        Window(int(col), int(row), width, height)
        for row in np.linspace(0, scene.rows - height, down, dtype=int)
        for col in np.linspace(0, scene.cols - width, across, dtype=int)
    ]
