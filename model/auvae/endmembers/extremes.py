"""Pixels that are extreme when a scene is looked at from random sides. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rasterio.windows import Window

    from ..scene.scene import Scene

DIMENSIONS = 10
"""Of the signal subspace in which the scene is looked at; directions of noise would hide its corners."""

SAMPLED = 65536
"""Pixels, spread over the scene, that its subspace is measured on and its endmembers are sought among."""

_WINDOW = 256
_CHUNK = 4096

Report = Callable[[float], None]


@dataclass(frozen=True)
class Sides:
    """Directions from which a scene is looked at, in the space where noise has deviation one.

    Attributes:
        mean: ``(B,)``, raster's unit.
        axes: ``(d, B)``: pixels less the mean, times its transpose, are coordinates in noise deviations.
        directions: ``(S, d)``, of length one.
    """

    mean: np.ndarray
    axes: np.ndarray
    directions: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray, count: int, seed: int) -> Sides:
        """``count`` random directions in the signal subspace of ``pixels`` ``(n, B)``."""
        mean = pixels.mean(axis=0, dtype=np.float64)
        centred = pixels - mean
        power, vectors = np.linalg.eigh(centred.T @ centred / max(1, len(pixels)))
        dimensions = max(1, min(DIMENSIONS, len(power) - 1))
        noise = np.sqrt(max(power[:-dimensions].mean(), 1e-12 * power[-1], 1e-30))
        draws = np.random.default_rng(seed).normal(size=(count, dimensions))
        directions = draws / np.linalg.norm(draws, axis=1, keepdims=True)
        return cls(mean, vectors[:, -dimensions:].T / noise, directions)

    def places(self, pixels: np.ndarray) -> np.ndarray:
        """Where pixels ``(n, B)`` lie along each direction, ``(n, S)``, in deviations of the noise."""
        return np.asarray(((pixels - self.mean) @ self.axes.T) @ self.directions.T)


@dataclass(frozen=True)
class Found:
    """Pixels of a scene: spectra ``(n, B)`` in the raster's unit, and their rows and cols ``(n, 2)``."""

    spectra: np.ndarray
    places: np.ndarray


def sampled(scene: Scene, seed: int, report: Report) -> Found:
    """All pixels with data of a small scene; of a large one, pixels drawn from all over it."""
    share = min(1.0, SAMPLED / (scene.rows * scene.cols))
    draws = np.random.default_rng(seed)
    spectra, places = [], []
    for window, pixels, found in _walk(scene, report):
        chosen = draws.random(len(pixels)) < share if share < 1 else np.ones(len(pixels), bool)
        spectra.append(pixels[chosen])
        places.append(found[chosen] + (window.row_off, window.col_off))
    return Found(np.concatenate(spectra), np.concatenate(places))


def extremes(scene: Scene, sides: Sides, report: Report) -> tuple[np.ndarray, np.ndarray, Found]:
    """The ends of the scene along each direction, and the pixels that lie there.

    Returns:
        lowest and highest place ``(S,)``, and these pixels, each once.
    """
    count = len(sides.directions)
    ends = np.full((2, count), -np.inf)  # of minus the places, and of the places
    spectra = np.zeros((2, count, len(scene.kept)), np.float32)
    where = np.full((2, count, 2), -1)
    for window, pixels, found in _walk(scene, report):
        for start in range(0, len(pixels), _CHUNK):
            part = slice(start, start + _CHUNK)
            places = sides.places(pixels[part])
            for side, signed in enumerate((-places, places)):
                best = signed.argmax(axis=0)
                further = signed[best, np.arange(count)] > ends[side]
                ends[side, further] = signed[best[further], np.flatnonzero(further)]
                spectra[side, further] = pixels[part][best[further]]
                where[side, further] = found[part][best[further]] + (window.row_off, window.col_off)
    places, index = np.unique(where.reshape(-1, 2), axis=0, return_index=True)
    index, places = index[places[:, 0] >= 0], places[places[:, 0] >= 0]
    return -ends[0], ends[1], Found(spectra.reshape(-1, spectra.shape[-1])[index], places)


def times_extreme(
    pixels: np.ndarray, sides: Sides, ends: tuple[np.ndarray, np.ndarray], threshold: float
) -> np.ndarray:
    """In how many directions pixels ``(n, B)`` lie within ``threshold`` deviations of an end, ``(n,)``.

    The pixel purity index of Boardman, Kruse & Green (JPL Airborne Earth Science Workshop, 1995), with the
    threshold as ENVI counts it, in deviations of the noise.
    """
    counts = np.zeros(len(pixels), np.int32)
    for start in range(0, len(pixels), _CHUNK):
        places = sides.places(pixels[start : start + _CHUNK])
        near = (places <= ends[0] + threshold) | (places >= ends[1] - threshold)
        counts[start : start + _CHUNK] = near.sum(axis=1)
    return counts


def _walk(scene: Scene, report: Report) -> Iterator[tuple[Window, np.ndarray, np.ndarray]]:
    """Window after window: the window, its pixels with data (n, B), and their rows and cols in it (n, 2)."""
    done = 0
    for window, _ in scene.windows(_WINDOW, 0):
        cube, valid = scene.read(window)
        yield window, cube[valid], np.argwhere(valid)
        done += valid.size
        report(done / (scene.rows * scene.cols))
