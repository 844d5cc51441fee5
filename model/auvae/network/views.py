"""What a training step sees of a scene, and what the bands that it does not see say of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..contract.errors import SceneError
from .auvae_net import Subspace
from .crops import Crops, Draws
from .losses import misfit


class Views:
    """The crops of a stage's steps, with what can be computed of all steps at once.

    Args:
        crops: of the scene.
        subspace: the scene's; it stays as it is.
        draws: crops and bands of every step.
    """

    def __init__(self, crops: Crops, subspace: Subspace, draws: Draws) -> None:
        self.crops, self.subspace, self.draws = crops, subspace, draws
        self._axes = subspace.axes
        self._solving = {
            name: self._inverse(bands) for name, bands in (("seen", draws.seen), ("judging", draws.judging))
        }

    def _inverse(self, bands: Tensor) -> Tensor:
        """``(steps, d, d)``: products with the axes in these bands times this are coordinates."""
        d = len(self._axes)
        squares = (self._axes[:, None] * self._axes).flatten(0, 1)  # (d d, B)
        gram = (bands @ squares.T).view(-1, d, d)
        return torch.linalg.inv(gram + self.subspace.noise * torch.eye(d, device=gram.device))

    def view(self, step: Tensor, shape: tuple[int, int]) -> View:
        """What the step of number ``step`` ``(1,)`` sees, a crop of this shape."""
        pixels, inside = self.crops.crop(self.draws, step, shape)
        seen, judging = (bands.index_select(0, step)[0] for bands in (self.draws.seen, self.draws.judging))
        solving = {name: inverse.index_select(0, step)[0] for name, inverse in self._solving.items()}
        return View(step, shape, pixels, inside, seen, judging, self._axes, solving)


@dataclass(frozen=True)
class View:
    """One step's crop of ``n = h w`` pixels.

    Attributes:
        step: its number, ``(1,)``, on the device.
        shape: rows and columns of the crop.
        pixels: normalised, ``(n, B)``.
        inside: 1 for valid pixels, ``(n,)``.
        seen: 1 for the bands that the encoder sees, ``(B,)``.
        judging: 1 for those that judge what it says, ``(B,)``.
        axes: of the subspace, ``(d, B)``.
        solving: from products with the axes to coordinates, ``(d, d)``, in "seen" and in "judging" bands.
    """

    step: Tensor
    shape: tuple[int, int]
    pixels: Tensor
    inside: Tensor
    seen: Tensor
    judging: Tensor
    axes: Tensor
    solving: dict[str, Tensor]

    @cached_property
    def _products(self) -> tuple[Tensor, Tensor]:
        """Products ``(n, d)`` with the axes in the bands that are seen, and in those that judge."""
        both = torch.cat([self.axes * self.seen, self.axes * self.judging])
        seen, judging = (self.pixels @ both.T).chunk(2, 1)
        return seen, judging

    def coordinates(self) -> Tensor:
        """Coordinates ``(1, d, h, w)`` of the pixels in the bands that are seen (see `Subspace`)."""
        return self._image(self._products[0] @ self.solving["seen"])

    def opposite(self) -> Tensor:
        """The same from the bands that judge."""
        return self._image(self._products[1] @ self.solving["judging"])

    def _image(self, values: Tensor) -> Tensor:
        return values.T.reshape(1, -1, *self.shape)

    @cached_property
    def energy(self) -> Tensor:
        """Sum of squares ``(n,)`` of the pixels in the bands that judge."""
        return self.pixels.square() @ self.judging

    def error(self, coordinates: Tensor) -> Tensor:
        """Mean squared error of cleaned ``coordinates`` ``(1, d, h, w)`` in the bands that judge."""
        hidden = self.axes * self.judging
        squared = misfit(self.energy, self._products[1], hidden @ hidden.T, coordinates[0].flatten(1).T)
        return self.mean(squared) / self.judging.sum()

    def mean(self, values: Tensor) -> Tensor:
        """Mean of ``(n,)`` over the valid pixels."""
        return (values * self.inside).sum() / self.inside.sum()


class LossTable:
    """Losses of every step of a stage, on the device until somebody asks."""

    def __init__(self, steps: int, device: torch.device) -> None:
        self._steps, self._device = steps, device
        self._values: dict[str, Tensor] = {}

    def note(self, step: Tensor, losses: dict[str, Tensor]) -> None:
        """Keep the losses of the step of number ``step`` ``(1,)``."""
        for name, loss in losses.items():
            if name not in self._values:
                self._values[name] = torch.zeros(self._steps, device=self._device)
            self._values[name].index_copy_(0, step, loss.detach().reshape(1))

    def at(self, step: int) -> dict[str, float]:
        """Losses of a step that is done.

        Raises:
            SceneError: one of them is not a number.
        """
        return _numbers({name: float(values[step]) for name, values in self._values.items()})

    def lines(self, every: int) -> list[dict[str, float]]:
        """Losses of every so many steps, and of the last.

        Raises:
            SceneError: one of them is not a number.
        """
        chosen = [*range(every - 1, self._steps, every)]
        if self._steps - 1 not in chosen:
            chosen.append(self._steps - 1)
        columns = {name: values.tolist() for name, values in self._values.items()}
        return [_numbers({name: column[step] for name, column in columns.items()}) for step in chosen]


def _numbers(losses: dict[str, float]) -> dict[str, float]:
    if not np.isfinite(list(losses.values())).all():
        raise SceneError(
            "Training ran into values that are not numbers.",
            "Look for extreme values (no-data not declared?), or leave out the bands that hold them.",
        )
    return losses
