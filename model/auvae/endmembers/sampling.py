"""Where a scene is learned from: all of it, or windows that show every kind of pixel. Trains nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from rasterio.windows import Window

from ..scene.windows import cells, tiles
from .archetypes import cluster
from .brightness import Brightness

if TYPE_CHECKING:
    from ..scene.scene import Scene

Patch = tuple[np.ndarray, np.ndarray]

BUDGET = 65536
"""Pixels to learn from."""

TILE = 128
WINDOW = 48
"""Sides of the patches of a scene that is learned from as a whole, and of one that is sampled."""

_PROBE = 8
_PROBES_A_WINDOW = 4
_KINDS = 24
_DIMENSIONS = 8
# With fewer of the pixels to learn from than one in so many, a masked scene is looked through for more.
_FEWEST_LEARNED = 4
# Tries to find data in one cell of the grid; a tilted swath leaves a third of its rectangle empty.
_TRIES = 6


def sample_patches(scene: Scene, seed: int, window: int = WINDOW, budget: int = BUDGET) -> Iterator[Patch]:
    """Patches to learn from, at most about ``budget`` pixels in all; the same seed gives the same patches.

    The whole scene in tiles when it fits. Otherwise small probes are read, drawn in the cells of a grid over
    the scene; their pixels are sorted into kinds; and windows are laid around the probes that together show
    the kinds most evenly, so that what is rare is seen too.

    Args:
        scene: open.
        seed: of all draws.
        window: side of a window.
        budget: pixels.

    Yields:
        cube ``(rows, cols, B)`` and valid ``(rows, cols)`` as `Scene.read` gives them, with a valid pixel.
    """
    if scene.rows * scene.cols <= budget:
        for tile in tiles(scene.rows, scene.cols, TILE):
            yield from _with_data(scene, tile)
        return
    count = max(1, budget // window**2)
    found = 0
    for row, col in _chosen(scene, count, np.random.default_rng(seed), seed):
        height, width = min(window, scene.rows), min(window, scene.cols)
        top = min(max(0, row - height // 2), scene.rows - height)
        left = min(max(0, col - width // 2), scene.cols - width)
        for patch in _with_data(scene, Window(left, top, width, height)):
            found += int(patch[1].sum())
            yield patch
    if found and not scene.masked:
        return
    # Draws miss a small mask, or the little data of a nearly empty scene: look everywhere.
    for tile in tiles(scene.rows, scene.cols, TILE):
        if found >= budget // _FEWEST_LEARNED:
            return
        for patch in _with_data(scene, tile):
            found += int(patch[1].sum())
            yield patch


def _with_data(scene: Scene, window: Window) -> Iterator[Patch]:
    cube, valid = scene.read(window)
    if valid.any():
        yield cube, valid


def _chosen(scene: Scene, count: int, draws: np.random.Generator, seed: int) -> list[tuple[int, int]]:
    """Centres (row, col) of at most ``count`` windows that show all kinds of pixel."""
    places, spectra = [], []
    for top, bottom, left, right in cells(scene.rows, scene.cols, _PROBES_A_WINDOW * count):
        for _ in range(_TRIES):
            height, width = min(_PROBE, bottom - top), min(_PROBE, right - left)
            row = int(draws.integers(top, bottom - height + 1))
            col = int(draws.integers(left, right - width + 1))
            cube, valid = scene.read(Window(col, row, width, height))
            if valid.any():
                places.append((row + height // 2, col + width // 2))
                spectra.append(cube[valid])
                break
    if len(places) <= count:
        return places
    kinds = _kinds(np.concatenate(spectra), seed)
    ends = np.cumsum([len(part) for part in spectra])[:-1]
    shown = np.stack([np.bincount(part, minlength=_KINDS) for part in np.split(kinds, ends)])
    return [places[index] for index in _most_even(shown, count)]


def _kinds(spectra: np.ndarray, seed: int) -> np.ndarray:
    """Which of `_KINDS` clusters of softly normalised spectra each of ``(n, B)`` belongs to: ``(n,)``."""
    pixels = torch.from_numpy(spectra).float()
    brightness = Brightness.of(pixels, min(_DIMENSIONS, pixels.shape[1]))
    points = brightness.normalise(pixels) @ brightness.basis.T
    centres, _ = cluster(points, _KINDS, torch.Generator().manual_seed(seed))
    kinds: np.ndarray = torch.cdist(points, centres).argmin(1).numpy()
    return kinds


def _most_even(shown: np.ndarray, count: int) -> list[int]:
    """Probes that each add most to the sum, over kinds, of the square root of how many pixels show it.

    Args:
        shown: ``(probes, kinds)``, pixels of each kind in each probe.
        count: how many to choose.
    """
    covered = np.zeros(shown.shape[1])
    left = list(range(len(shown)))
    chosen = []
    for _ in range(count):
        gains = (np.sqrt(covered + shown[left]) - np.sqrt(covered)).sum(axis=1)
        best = left.pop(int(gains.argmax()))
        covered += shown[best]
        chosen.append(best)
    return sorted(chosen)
