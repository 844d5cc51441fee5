"""Known spectra whose amounts are read as the brightness of the scene allows. `lighting` has the formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..contract.choices import BRIGHTNESS
from ..endmembers.brightness import Brightness
from ..endmembers.lighting import Lighting, Reading, measure_lighting
from .auvae_net import SPARE_DIRECTIONS
from .least_squares_model import LeastSquaresModel
from .model import FloatArray, Patch, as_array

CALM = 3
"""Side, in pixels, of the neighbourhood whose mean stands for a pixel where brightness is measured: there is
no U-Net that would take its noise away."""


class LitLeastSquares(LeastSquaresModel):
    """Known endmembers ``(K, B)`` and what a scene shows of its brightness; abundances sum to one."""

    def __init__(
        self, endmembers: FloatArray, brightness: Brightness, lighting: Lighting, choice: str
    ) -> None:
        super().__init__(endmembers, sum_to_one=True)
        self.brightness = Brightness(
            brightness.basis.double(), brightness.offset, brightness.weights.double()
        )
        self.lighting = lighting
        self.choice = choice
        self.reading = Reading.of(lighting, choice, self.device)

    @classmethod
    def of_scene(
        cls, endmembers: FloatArray, patches: Sequence[Patch], choice: str, seed: int
    ) -> LitLeastSquares:
        """Known endmembers read as chosen of `BRIGHTNESS` in the light of the scene of these patches."""
        with torch.inference_mode():
            spectra = torch.from_numpy(np.asarray(endmembers, np.float32))
            pixels = torch.from_numpy(np.concatenate([cube[valid] for cube, valid in patches])).float()
            brightness = Brightness.of(pixels, min(len(spectra) + SPARE_DIRECTIONS, pixels.shape[1]))
            axes = brightness.axes.T / brightness.offset
            calm = [calmed(torch.from_numpy(cube).float() @ axes, valid) for cube, valid in patches]
            lighting = measure_lighting(torch.cat(calm), spectra @ axes, seed)
        return cls(endmembers, brightness, lighting, choice)

    @property
    def mixing(self) -> FloatArray:
        """Each endmember's brightness ``(K,)`` in mixtures: a pixel is ``b * sum(a_k * mixing_k * e_k)``."""
        return as_array(self.reading.mixing(self._darkness(torch.from_numpy(self.endmembers).double())))

    def _darkness(self, pixels: Tensor) -> Tensor:
        """Darkness ``(n,)`` of pixels ``(n, B)`` in the raster's unit."""
        return (self.brightness.offset / self.brightness.measure(pixels))[:, 0]

    def _unmixed(self, pixels: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        with torch.inference_mode():
            seen, spectra = torch.from_numpy(pixels), torch.from_numpy(self.endmembers).double()
            shapes = self.brightness.normalise(spectra)
            found, mixture = self.reading.abundances(
                self.brightness.normalise(seen) @ shapes.T,
                shapes @ shapes.T,
                self._darkness(spectra),
                self._darkness(seen),
            )
            rebuilt = mixture @ (shapes / self.brightness.weights)
            level = (seen * rebuilt).sum(1) / rebuilt.square().sum(1).clamp_min(1e-30)
            return found.numpy(), (rebuilt * level[:, None]).numpy()

    def state(self) -> dict[str, NDArray[Any]]:
        """Every tensor that `restore` needs, by name."""
        parts = {"basis": self.brightness.basis, "weights": self.brightness.weights}
        return super().state() | {f"brightness.{name}": as_array(part) for name, part in parts.items()}

    def settings(self) -> dict[str, Any]:
        """Everything else that `restore` needs, ready for JSON."""
        settings = super().settings()
        settings["shape"]["dimensions"] = len(self.brightness.basis)
        lighting = self.lighting.document()
        return {**settings, "offset": self.brightness.offset, "brightness": self.choice, "lighting": lighting}

    @classmethod
    def restore(cls, state: dict[str, NDArray[Any]], settings: dict[str, Any]) -> LitLeastSquares:
        """The model whose `state` and `settings` these are.

        Raises:
            ValueError, KeyError, TypeError: they are not of one model.
        """
        if settings["brightness"] not in BRIGHTNESS:
            raise ValueError("brightness is read in no way that this version knows")
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
        brightness = Brightness(
            tensors["brightness.basis"], float(settings["offset"]), tensors["brightness.weights"]
        )
        lighting = Lighting.parse(settings["lighting"], settings["shape"]["endmembers"])
        return cls(state["endmembers"], brightness, lighting, settings["brightness"])


def calmed(coordinates: Tensor, valid: NDArray[np.bool_]) -> Tensor:
    """Means over `CALM` x `CALM` pixels: of coordinates ``(rows, cols, d)``, where ``valid``: ``(n, d)``."""
    inside = torch.from_numpy(valid)
    image = torch.where(inside[..., None], coordinates, 0).movedim(-1, 0)
    both = torch.cat([image, inside[None].to(image.dtype)])
    means = F.avg_pool2d(F.pad(both[None], (CALM // 2,) * 4), CALM, stride=1)[0]
    return (means[:-1] / means[-1:].clamp_min(1e-6)).movedim(0, -1)[inside]
