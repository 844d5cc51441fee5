"""Random crops of a scene's patches and random halves of its bands, all drawn before the first step.

What a step needs is looked up on the device by the step's number: the host is asked nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .auvae_net import STRIDE

SEEN_BANDS = (0.4, 0.8)
"""The encoder sees a share of the bands drawn from this range; the rest judge what it says."""


@dataclass(frozen=True)
class Draws:
    """Crops and bands of every step.

    Attributes:
        shapes: rows and columns of each crop.
        base: where in the flat store a crop's first pixel lies, ``(steps,)``.
        down: how far the pixel in the next row lies from it, ``(steps,)``.
        across: and the pixel in the next column, ``(steps,)``.
        seen: bands that the encoder sees, 1 or 0, ``(steps, B)``.
        judging: bands that judge what it says, ``(steps, B)``.
    """

    shapes: list[tuple[int, int]]
    base: Tensor
    down: Tensor
    across: Tensor
    seen: Tensor
    judging: Tensor


class Crops:
    """The pixels of all patches, one after the other on the device, and crops of them.

    Args:
        patches: pairs of normalised pixels ``(rows, cols, B)`` and which of them are valid ``(rows, cols)``;
            sides are multiples of `STRIDE`.
        side: rows and columns of a crop; of a smaller patch the whole side.
    """

    def __init__(self, patches: Sequence[tuple[Tensor, Tensor]], side: int) -> None:
        bands = patches[0][0].shape[-1]
        self.pixels = torch.cat([pixels.reshape(-1, bands) for pixels, _ in patches])
        self.inside = torch.cat([inside.reshape(-1) for _, inside in patches]).to(self.pixels.dtype)
        self._valid = [int(inside.sum()) for _, inside in patches]
        self._places = [_Places.of(inside, side) for _, inside in patches]
        starts = torch.tensor([0, *(inside.numel() for _, inside in patches)]).cumsum(0)
        self.patches = [
            (self.pixels[start:end].view(*inside.shape, bands), inside)
            for start, end, (_, inside) in zip(starts[:-1], starts[1:], patches, strict=True)
        ]
        self._starts = starts.tolist()

    def draw(self, steps: int, chance: torch.Generator) -> Draws:
        """Draw crops with at least one valid pixel each, in all eight ways to lay them down, and bands."""
        weights = torch.tensor(self._valid, dtype=torch.float64)
        which = torch.multinomial(weights, steps, replacement=True, generator=chance).tolist()
        shares = torch.rand(steps, generator=chance, dtype=torch.float64).tolist()
        ways = torch.randint(8, (steps,), generator=chance).tolist()
        shapes, lines = [], []
        for patch, share, way in zip(which, shares, ways, strict=True):
            shape, line = self._places[patch].crop(share, way)
            shapes.append(shape)
            lines.append((line[0] + self._starts[patch], *line[1:]))
        base, down, across = torch.tensor(lines, device=self.pixels.device).T.contiguous()
        seen = self._bands(steps, chance)
        return Draws(shapes, base, down, across, seen, 1 - seen)

    def _bands(self, steps: int, chance: torch.Generator) -> Tensor:
        """``(steps, B)``: 1 for the bands that a step sees, a random share of `SEEN_BANDS`, at least one."""
        bands = self.pixels.shape[1]
        low, high = SEEN_BANDS
        share = low + (high - low) * torch.rand(steps, 1, generator=chance)
        count = (share * bands).round().clamp(1, max(1, bands - 1))
        rank = torch.rand(steps, bands, generator=chance).argsort(1).argsort(1)
        return (rank < count).to(self.pixels)

    def crop(self, draws: Draws, step: Tensor, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Pixels ``(h w, B)`` of the crop of a step, and 1 for the valid ones of them ``(h w,)``.

        Args:
            draws: of all steps.
            step: number of the step, ``(1,)``, on the device.
            shape: the crop's rows and columns, as ``draws.shapes`` has them.
        """
        rows, cols = (torch.arange(side, device=step.device) for side in shape)
        base, down, across = (line.index_select(0, step) for line in (draws.base, draws.down, draws.across))
        index = (base + down * rows[:, None] + across * cols).reshape(-1)
        return self.pixels.index_select(0, index), self.inside.index_select(0, index)


@dataclass(frozen=True)
class _Places:
    """Where crops of one patch may lie: first rows and columns of those that hold a valid pixel."""

    shape: tuple[int, int]
    columns: int
    top: list[int]
    left: list[int]

    @classmethod
    def of(cls, inside: Tensor, side: int) -> _Places:
        rows, cols = inside.shape
        shape = min(side, rows), min(side, cols)
        held = F.avg_pool2d(inside[None, None].float().cpu(), shape, stride=STRIDE)[0, 0] > 0
        top, left = (held.nonzero() * STRIDE).T.tolist()
        return cls(shape, cols, top, left)

    def crop(self, share: float, way: int) -> tuple[tuple[int, int], tuple[int, int, int]]:
        """Shape, and base, step down and step across in the patch, of a place laid down in one of 8 ways."""
        place = int(share * len(self.top))
        height, width = self.shape
        first, down, across = self.top[place] * self.columns + self.left[place], self.columns, 1
        if way & 1:
            first, down = first + (height - 1) * self.columns, -down
        if way & 2:
            first, across = first + width - 1, -across
        if way & 4:
            return (width, height), (first, across, down)
        return (height, width), (first, down, across)
