"""A step run again and again: as it is, or recorded once as a CUDA graph and replayed."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from .device import out_of_memory

WARM_UP = 3
"""Steps that run as they are before one is recorded: libraries choose their kernels in them."""

AHEAD = 2
"""Marks that the host may be ahead of a card: progress and Cancel are of what is really done."""

MARKED = 10
"""Steps of `repeat` from one such mark to the next."""


class RepeatedStep:
    """One step, for as often as it is called.

    On a card most of a small step is Python asking for kernels; a recorded step is asked for once.

    Args:
        step: reads its number and all else from tensors that stay where they are, and asks the host nothing.
        recorded: whether to record it as a CUDA graph.
    """

    def __init__(self, step: Callable[[], None], *, recorded: bool) -> None:
        self._step, self._recorded = step, recorded
        self._graph: torch.cuda.CUDAGraph | None = None
        self._done = 0

    def __call__(self) -> None:
        """Take the step once more."""
        if self._graph is not None:
            self._graph.replay()
        elif not self._recorded:
            self._step()
        elif self._done < WARM_UP:
            self._done += 1
            self._warm_up()
        else:
            self._record()
            self()

    @cached_property
    def _beside(self) -> torch.cuda.Stream:
        """The stream that is recorded: what autograd remembers of a stream must be of that one."""
        return torch.cuda.Stream()

    def _warm_up(self) -> None:
        """Take the step as it is, on the stream that will be recorded."""
        here, beside = torch.cuda.current_stream(), self._beside
        beside.wait_stream(here)
        with torch.cuda.stream(beside):
            self._step()
        here.wait_stream(beside)

    def _record(self) -> None:
        """Record the step, which does not take it; a card that cannot record goes on without."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=self._beside):
                self._step()
        except RuntimeError as error:
            if out_of_memory(error):
                raise
            warnings.warn(f"The card records no steps, which makes training slower: {error}", stacklevel=2)
            self._recorded = False
        else:
            self._graph = graph


class Pace:
    """Keeps the host at most `AHEAD` marks ahead of the device; on the CPU nothing is ever behind."""

    def __init__(self, device: torch.device) -> None:
        self._on_card = device.type == "cuda"
        self._marks: deque[torch.cuda.Event] = deque()

    def mark(self) -> None:
        """Note that so much is asked for, and wait until nearly all of it is done."""
        if not self._on_card:
            return
        event = torch.cuda.Event()
        event.record()
        self._marks.append(event)
        if len(self._marks) > AHEAD:
            self._marks.popleft().synchronize()


def repeat(
    step: Callable[[Tensor], None],
    steps: int,
    device: torch.device,
    report: Callable[[float], None] = lambda _: None,
) -> None:
    """Take a step so many times; on a card it is recorded.

    Args:
        step: as of `RepeatedStep`, but it is handed its number ``(1,)``, from 0 on.
        steps: how many.
        device: where all that it reads and writes lies.
        report: told before each step what share of them is taken; what it raises ends the work.
    """
    number = torch.zeros(1, dtype=torch.int64, device=device)

    def taken() -> None:
        step(number)
        number.add_(1)

    run, pace = RepeatedStep(taken, recorded=device.type == "cuda"), Pace(device)
    for index in range(steps):
        report(index / steps)
        run()
        if (index + 1) % MARKED == 0:
            pace.mark()
