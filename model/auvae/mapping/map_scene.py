"""A trained model over a whole scene, window by window. Reads, computes and writes at the same time.

A few windows are mapped side by side: on the processor each on threads of its own; on a card one is made
ready while another is computed.

What is in memory is a few windows, however large the scene. Writes no files itself.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from rasterio.windows import Window

from ..contract.errors import DeviceError
from ..network.auvae_net import STRIDE
from ..network.model import Maps, TrainedModel
from ..numerics.device import CardFailure, card_failure, out_of_memory, release_card
from ..numerics.threads import threads_side_by_side
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

Given = TypeVar("Given")
Made = TypeVar("Made")


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
    begun, before = time.monotonic(), first * scene.cols
    last = scene.rows if last is None else last
    pixels, done = last * scene.cols, before
    windows = _windows(scene, strip_height(scene, model.halo), first, last)
    with (
        threads_side_by_side(model.device) as together,
        _threads(1, "reading") as reading,
        _threads(together, "computing") as computing,
        _threads(1, "writing") as writing,
    ):
        # Window by window over the whole scene: the next strip is read while this one is written.
        read = _ahead(reading, partial(_read, scene, model.halo), windows, _AHEAD)
        written: deque[Future[None]] = deque()
        for tried in _ahead(computing, predictor.attempt, read, together, predictor.under_way):
            for part, maps in predictor.maps(tried):
                inside = _slices(part.inner, part.outer)
                written.append(writing.submit(writer.write, part.inner, maps, part.cube, inside))
            while len(written) > _AHEAD:
                written.popleft().result()
            window = tried.piece.inner
            done += window.width * window.height
            report(done / pixels, _sentence(done, before, pixels, time.monotonic() - begun))
            if window.col_off + window.width == scene.cols:
                while written:
                    written.popleft().result()
                yield window.row_off + window.height


def strip_height(scene: Scene, halo: int) -> int:
    """Rows of a strip: those of a window, or fewer where whole lines have to be read for any part of them."""
    if scene.line_bytes is None:
        return WINDOW
    lines = CACHE_BYTES // 2 // scene.line_bytes - 2 * halo
    return int(np.clip(lines // STRIDE * STRIDE, _LOWEST_WINDOW, WINDOW))


@dataclass(frozen=True)
class _Attempt:
    """A piece and its maps; without them the error that came instead, None where it was too large to try.

    ``model`` and ``size`` of windows are those that it was tried with.
    """

    piece: _Piece
    model: TrainedModel
    size: int
    maps: Maps | None = None
    error: Exception | None = None


class _Predictor:
    """Maps pieces, in smaller parts where memory does not do.

    Attributes:
        under_way: the attempts that other threads make.
    """

    def __init__(
        self,
        scene: Scene,
        model: TrainedModel,
        say: Callable[[str], None],
        warn: Callable[[str], None] | None,
    ) -> None:
        self._scene, self._model, self._say, self._warn = scene, model, say, warn
        self._size = WINDOW
        self.under_way: deque[Future[_Attempt]] = deque()
        # Taken now: of a card that has failed nothing can be fetched any more.
        spare = warn is not None and model.device.type == "cuda"
        self._spare = model.to(torch.device("cpu")) if spare else None

    def attempt(self, piece: _Piece) -> _Attempt:
        """Try to map a piece, on whatever thread."""
        tried = _Attempt(piece, self._model, self._size)
        if max(piece.inner.width, piece.inner.height) > tried.size:
            return tried
        try:
            return replace(tried, maps=tried.model.predict(piece.cube, piece.valid))
        except (RuntimeError, MemoryError) as error:
            # the traceback would keep the failed window's memory
            return replace(tried, error=error.with_traceback(None))

    def maps(self, tried: _Attempt) -> Iterator[tuple[_Piece, Maps]]:
        """The piece of an attempt, or the parts of it, each with its maps."""
        if tried.maps is not None:
            yield tried.piece, tried.maps
            return
        # otherwise what was in its way is mended already
        if tried.error is not None and tried.model is self._model and tried.size == self._size:
            self._mend(tried.error)
        whole = max(tried.piece.inner.width, tried.piece.inner.height) <= self._size
        for part in [tried.piece] if whole else self._quarters(tried.piece):
            yield from self.maps(self.attempt(part))

    def _mend(self, error: Exception) -> None:
        """Go on with smaller windows or with the processor, or raise."""
        short = out_of_memory(error)
        failure = card_failure(error) if self._model.device.type == "cuda" else None
        if not short and not failure:
            raise error
        if failure and not short and self._warn is None:
            raise DeviceError(f"The graphics card failed: {failure.what}.", failure.remedy) from error
        wait(self.under_way)  # until they have given their memory back
        if short and self._size >= 2 * SMALLEST_WINDOW:
            self._shrink()
        else:
            self._leave_card(failure)

    def _leave_card(self, failure: CardFailure | None) -> None:
        """Go on with the processor, where that is allowed."""
        if failure is None or self._warn is None or self._spare is None:
            raise DeviceError(
                f"There is not enough memory to map even {self._size} x {self._size} pixels at a time.",
                "Close other programs, set the device to CPU, or choose fewer bands.",
            )
        self._model, self._size = self._spare, WINDOW
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


def _read(scene: Scene, halo: int, inner: Window) -> _Piece:
    outer = scene.grown(inner, halo)
    return _Piece(inner, outer, *scene.read(outer))


@contextmanager
def _threads(count: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Threads that at the end finish what they have begun, and begin nothing more."""
    threads = ThreadPoolExecutor(count, name)
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


def _ahead(
    threads: ThreadPoolExecutor,
    work: Callable[[Given], Made],
    items: Iterator[Given],
    count: int,
    under_way: deque[Future[Made]] | None = None,
) -> Iterator[Made]:
    """What the threads make of every item, so many of them ahead; they are in ``under_way`` meanwhile."""
    waiting = deque() if under_way is None else under_way
    for item in items:
        waiting.append(threads.submit(work, item))
        if len(waiting) > count:
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
