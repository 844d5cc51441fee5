"""A trained model over a whole scene, window by window. Reads, computes and writes at the same time.

What is in memory is a few windows, however large the scene. Writes no files itself.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from rasterio.windows import Window

from ..contract.errors import DeviceError
from ..network.auvae_net import STRIDE
from ..network.model import Maps, TrainedModel
from ..numerics.device import CardFailure, card_failure, out_of_memory, release_card
from ..scene.scene import Scene
from .gdal_cache import CACHE_BYTES

WINDOW = 256
"""Side of a window, in pixels."""

SMALLEST_WINDOW = 32
"""Where memory runs out windows are halved, down to this."""

_LOWEST_WINDOW = 16
_AHEAD = 2
_SLOW = 10.0
_MINUTE = 60


class Writer(Protocol):
    """What maps are handed to; `auvae.result.writer.ResultWriter` is one."""

    def write(self, window: Window, maps: Maps, cube: np.ndarray, inside: tuple[slice, slice]) -> None:
        """Take the maps of a window and its surroundings, and the pixels they are of; ``inside`` is it."""


Report = Callable[[float, str], None]
"""Told the share of the scene that is mapped and a line of text; what it raises ends the mapping."""


@dataclass(frozen=True)
class _Piece:
    """A window with its surroundings, ``outer``, as read: cube (rows, cols, B) and valid (rows, cols)."""

    inner: Window
    outer: Window
    cube: np.ndarray
    valid: np.ndarray

    def part(self, inner: Window, outer: Window) -> _Piece:
        """A part of it, without reading again."""
        inside = _slices(outer, self.outer)
        return _Piece(inner, outer, self.cube[inside], self.valid[inside])


def map_scene(
    scene: Scene,
    model: TrainedModel,
    writer: Writer,
    report: Report,
    say: Callable[[str], None],
    first: int = 0,
    last: int | None = None,
    *,
    warn: Callable[[str], None] | None = None,
) -> Iterator[int]:
    """Map a scene, or a block of its rows, in strips, each in windows from left to right.

    Args:
        scene: open; nobody else reads it meanwhile.
        model: trained on its bands.
        writer: gets every window once, from another thread, one after the other.
        report: told how far it is.
        say: told that memory ran out and windows became smaller.
        first: the first row that is not mapped yet, where an earlier strip ended.
        last: the row behind the block, where a strip ends; None maps to the end of the scene.
        warn: told that the card failed and the processor goes on; None: such a failure ends the mapping.

    Yields:
        the row behind each strip, once all before it is written.

    Raises:
        DeviceError: memory does not even do for the smallest windows, or the card failed.
    """
    predictor = _Predictor(scene, model, say, warn)
    height = strip_height(scene, model.halo)
    begun, before = time.monotonic(), first * scene.cols
    last = scene.rows if last is None else last
    pixels, done = last * scene.cols, before
    reading, writing = ThreadPoolExecutor(1, "reading"), ThreadPoolExecutor(1, "writing")
    try:
        # Window by window over the whole scene: the next strip is read while this one is written.
        read = _ahead(
            reading, lambda window: _read(scene, window, model.halo), _windows(scene, height, first, last)
        )
        written: deque[Future[None]] = deque()
        for piece in read:
            for part, maps in predictor.maps(piece):
                inside = _slices(part.inner, part.outer)
                written.append(writing.submit(writer.write, part.inner, maps, part.cube, inside))
            while len(written) > _AHEAD:
                written.popleft().result()
            done += piece.inner.width * piece.inner.height
            report(done / pixels, _sentence(done, before, pixels, time.monotonic() - begun))
            if piece.inner.col_off + piece.inner.width == scene.cols:
                while written:
                    written.popleft().result()
                yield piece.inner.row_off + piece.inner.height
    finally:
        for threads in (reading, writing):
            threads.shutdown(cancel_futures=True)


def strip_height(scene: Scene, halo: int) -> int:
    """Rows of a strip: those of a window, or fewer where whole lines have to be read for any part of them."""
    if scene.line_bytes is None:
        return WINDOW
    lines = CACHE_BYTES // 2 // scene.line_bytes - 2 * halo
    return int(np.clip(lines // STRIDE * STRIDE, _LOWEST_WINDOW, WINDOW))


class _Predictor:
    """Maps pieces, in smaller parts where memory does not do."""

    def __init__(
        self,
        scene: Scene,
        model: TrainedModel,
        say: Callable[[str], None],
        warn: Callable[[str], None] | None,
    ) -> None:
        self._scene, self._model, self._say, self._warn = scene, model, say, warn
        self._size = WINDOW

    def maps(self, piece: _Piece) -> Iterator[tuple[_Piece, Maps]]:
        """The piece, or the parts of it, each with its maps."""
        waiting = deque([piece])
        while waiting:
            part = waiting.popleft()
            if max(part.inner.width, part.inner.height) > self._size:
                waiting.extendleft(reversed(list(self._quarters(part))))
                continue
            try:
                maps = self._model.predict(part.cube, part.valid)
            except (RuntimeError, MemoryError) as error:
                short = out_of_memory(error)
                failure = card_failure(error) if self._model.device.type == "cuda" else None
                if not short and not failure:
                    raise
                if failure and not short and self._warn is None:
                    raise DeviceError(f"The graphics card failed: {failure.what}.", failure.remedy) from error
            else:
                yield part, maps
                continue
            # Outside the except block, whose traceback would keep the failed window's memory.
            if short and self._size >= 2 * SMALLEST_WINDOW:
                self._shrink()
            else:
                self._leave_card(failure)
            waiting.appendleft(part)

    def _leave_card(self, failure: CardFailure | None) -> None:
        """Go on with the processor, where that is allowed."""
        if failure is None or self._warn is None:
            raise DeviceError(
                f"There is not enough memory to map even {self._size} x {self._size} pixels at a time.",
                "Close other programs, set the device to CPU, or choose fewer bands.",
            )
        self._model, self._size = self._model.to(torch.device("cpu")), WINDOW
        release_card()
        self._warn(f"The graphics card failed ({failure.what}), so the processor maps. {failure.remedy}")

    def _shrink(self) -> None:
        release_card()
        self._size //= 2
        self._say(f"Memory ran out: mapping goes on in windows of {self._size} x {self._size} pixels.")

    def _quarters(self, piece: _Piece) -> Iterator[_Piece]:
        # Halves that begin on the network's grid: elsewhere it would see other neighbourhoods.
        window = piece.inner
        height, width = (-(-side // (2 * STRIDE)) * STRIDE for side in (window.height, window.width))
        for row in range(0, window.height, height):
            for col in range(0, window.width, width):
                inner = Window(
                    window.col_off + col,
                    window.row_off + row,
                    min(width, window.width - col),
                    min(height, window.height - row),
                )
                yield piece.part(inner, self._scene.grown(inner, self._model.halo))


def _windows(scene: Scene, height: int, first: int, last: int) -> Iterator[Window]:
    for row in range(first, last, height):
        for col in range(0, scene.cols, WINDOW):
            yield Window(col, row, min(WINDOW, scene.cols - col), min(height, last - row))


def _read(scene: Scene, inner: Window, halo: int) -> _Piece:
    outer = scene.grown(inner, halo)
    return _Piece(inner, outer, *scene.read(outer))


def _ahead(
    threads: ThreadPoolExecutor, read: Callable[[Window], _Piece], windows: Iterator[Window]
) -> Iterator[_Piece]:
    """What is read of every window, a few of them ahead."""
    waiting: deque[Future[_Piece]] = deque()
    for window in windows:
        waiting.append(threads.submit(read, window))
        if len(waiting) > _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _slices(inner: Any, outer: Any) -> tuple[slice, slice]:
    """Where a window lies in a larger one."""
    top, left = inner.row_off - outer.row_off, inner.col_off - outer.col_off
    return np.s_[top : top + inner.height, left : left + inner.width]


def _sentence(done: int, before: int, pixels: int, seconds: float) -> str:
    """How far the mapping is and, once it can be told, how long it will take."""
    text = f"Mapping: {done / pixels:.0%} of the scene"
    left = seconds * (pixels - done) / (done - before)
    if seconds < _SLOW or left < _SLOW:
        return text
    return f"{text}, {f'{left / _MINUTE:.0f} min' if left > _MINUTE else f'{left:.0f} s'} left"
