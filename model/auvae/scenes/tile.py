"""The maps of one block of a scene, on their way from the worker that made them to the scene's rasters.

A tile is a folder of plain arrays: what is in memory is a window, and no more than a rename makes it whole.
"""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..mapping.map_rasters import settled
from ..mapping.overview import Overview
from ..mapping.statistics import MapStatistics
from ..result.disk import disk_errors_named
from ..scene.pixel_area import PixelArea

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasterio.windows import Window

    from ..network.model import Maps
    from ..scene.scene import Scene

_ARRAYS = ("abundances", "uncertainty", "angle")
_SUMS = "sums.npz"
_ROWS = 128


class TileWriter:
    """Takes the maps of rows `first` to `last` of a scene; a context manager. Whole or not there.

    Args:
        place: where the tile is to lie; its parent folder exists.
        scene: that they are of.
        first: first row; last: the row behind the block.
        endmembers: K.
    """

    def __init__(self, place: Path, scene: Scene, first: int, last: int, endmembers: int) -> None:
        self._place, self._first = place, first
        self._staged = place.with_name(f"{place.name}.partial-{uuid.uuid4().hex}")
        rows, cols = last - first, scene.cols
        shapes = ((rows, cols, endmembers), (rows, cols, endmembers), (rows, cols))
        try:
            with disk_errors_named(place):
                self._staged.mkdir()
                self._arrays = {
                    name: _array_on_disk(self._staged / f"{name}.npy", shape)
                    for name, shape in zip(_ARRAYS, shapes, strict=True)
                }
        except BaseException:
            shutil.rmtree(self._staged, ignore_errors=True)
            raise
        self._statistics = MapStatistics(endmembers, PixelArea.of(scene).by_row)
        self._overview = Overview(scene.rows, scene.cols, scene.wavelengths, len(scene.kept))

    def write(self, window: Window, maps: Maps, cube: np.ndarray, inside: tuple[slice, slice]) -> None:
        """Take the maps of a window, as `mapping.Writer` describes it."""
        abundances, valid = settled(maps, inside)
        top, left = window.row_off - self._first, window.col_off
        place = np.s_[top : top + window.height, left : left + window.width]
        uncertainty, angle, errors = (
            part[inside] for part in (maps.uncertainty, maps.angle, maps.squared_error)
        )
        for name, values in zip(_ARRAYS, (abundances, uncertainty, angle), strict=True):
            self._arrays[name][place] = values
        corner = (window.row_off, window.col_off)
        self._statistics.see(
            abundances[valid], uncertainty[valid], angle[valid], errors[valid], cube[inside], valid, corner
        )
        self._overview.see(window, cube[inside], valid, angle, errors)

    def __enter__(self) -> TileWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._arrays = {}  # with which the mapped files are written
        try:
            if kind is None:
                seen = {**self._statistics.arrays(), **self._overview.arrays()}
                with disk_errors_named(self._place):
                    np.savez(self._staged / _SUMS, allow_pickle=False, **seen)
                # Another worker may have finished the same block, when this one was thought to be lost.
                with suppress(OSError):
                    self._staged.rename(self._place)
        finally:
            shutil.rmtree(self._staged, ignore_errors=True)


def _array_on_disk(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """An array in a file, with its room taken: on a full disk a mapped file would end the process."""
    array = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def tile_parts(place: Path, first: int) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """The maps of a tile, a few rows at a time: the row they begin with, and as `place` takes them.

    Raises:
        OSError, ValueError: the tile cannot be read.
    """
    arrays = [np.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS]
    for row in range(0, len(arrays[0]), _ROWS):
        abundances, uncertainty, angle = (np.array(array[row : row + _ROWS]) for array in arrays)
        yield first + row, (abundances, uncertainty, angle)


def tile_sums(place: Path) -> dict[str, np.ndarray]:
    """What `ResultWriter.add` needs of a tile."""
    with np.load(place / _SUMS, allow_pickle=False) as arrays:
        return dict(arrays)
