"""AUVAE-Net as the bench runs it: a scene's arrays in, maps out; whole, or with one part taken away."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from auvae.contract.choices import AREAS, FIXED, SHAPES
from auvae.endmembers.search import Endmembers
from auvae.network import trainer as training
from auvae.network.auvae_net import VariationalHead
from auvae.network.least_squares_model import LeastSquaresModel
from auvae.network.model import Model
from auvae.network.options import EFFORTS, Options
from auvae.network.views import Views
from auvae.numerics.device import choose_device
from auvae.numerics.nonnegative import nonnegative_least_squares, to_simplex
from numpy.typing import NDArray
from torch import Tensor, nn

from .adversary import Adversary
from .scenes import Known

Maps = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Found:
    """What a method found: endmembers ``(K, B)``, abundances and their deviation ``(rows, cols, K)``.

    readings: abundances by the same endmembers with brightness read in other ways, by name.
    """

    endmembers: Maps
    abundances: Maps
    seconds: float
    uncertainty: Maps | None = None
    readings: Mapping[str, Maps] = field(default_factory=dict)


@dataclass(frozen=True)
class Variation:
    """A training that differs from the default: another trainer, other values of names in `training`."""

    trainer: type[training.Trainer] = training.Trainer
    names: Mapping[str, Any] = field(default_factory=dict)


def train(scene: Known, seed: int, variation: Variation = Variation(), quality: str = "standard") -> Model:
    """Train on the scene."""
    options = Options(scene.count, quality, seed)
    device = choose_device(options.device)
    patches = [(scene.cube, scene.valid)]
    with ExitStack() as changes:
        for name, value in variation.names.items():
            changes.enter_context(patch.object(training, name, value))
        return variation.trainer(patches, options, EFFORTS[quality], device, lambda _: None).run()


def unmix(scene: Known, seed: int, variation: Variation = Variation()) -> Found:
    """Train on the scene and map it."""
    begun = time.perf_counter()
    model = train(scene, seed, variation)
    maps = model.predict(scene.cube, scene.valid)
    seconds = time.perf_counter() - begun
    return Found(model.endmembers, maps.abundances, seconds, maps.uncertainty, _readings(model, scene))


def _readings(model: Model, scene: Known) -> dict[str, Maps]:
    """The same endmembers read as every choice of `BRIGHTNESS`, and by least squares of each pixel alone."""
    fixed = {choice: model.read_as(choice) for choice in (AREAS, FIXED, SHAPES)}
    alone = {
        name: LeastSquaresModel(model.endmembers, sum_to_one=sums)
        for name, sums in (("FCLS", True), ("NNLS", False))
    }
    found = {
        name: reader.predict(scene.cube, scene.valid).abundances for name, reader in (fixed | alone).items()
    }
    found["NNLS"] = found["NNLS"] / np.maximum(found["NNLS"].sum(-1, keepdims=True), 1e-12)
    return found


def unmix_with_adversary(scene: Known, seed: int) -> Found:
    """Train with the part that the default leaves out, and map the scene."""
    return unmix(scene, seed, Variation(names={"posterior_misfit": Adversary()}))


def per_pixel(model: Model, scene: Known) -> NDArray[np.float32]:
    """Abundances ``(rows, cols, K)`` without the network: NNLS of each pixel, then sum to one."""
    with torch.inference_mode():
        pixels = torch.from_numpy(scene.cube)
        normalised = model.brightness.normalise(pixels)
        spectra = model.network.decoder.spectra
        amounts = nonnegative_least_squares(normalised @ spectra.T, spectra @ spectra.T)
        shares = to_simplex(amounts).numpy()
    return np.where(scene.valid[..., None], shares, np.nan)


class _NoNeighbours(nn.Module):
    """Stands where the U-Net stood and adds nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.nothing = nn.Parameter(torch.zeros(1))  # an optimiser wants something to move

    def forward(self, coordinates: Tensor) -> tuple[Tensor, Tensor]:
        count, _, height, width = coordinates.shape
        return coordinates, coordinates.new_zeros(count, self.channels, height, width)


class _WithoutUNet(training.Trainer):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.network.unet = _NoNeighbours(self.network.shape.channels).to(self.device)

    def clean(self, begin: float, end: float) -> None:
        """Without neighbours there is nothing to learn before the start."""


class _Certain(VariationalHead):
    """A head that is always sure."""

    def deviations(self, mean: Tensor, _features: Tensor) -> Tensor:
        """Next to nothing, for every abundance."""
        return torch.full_like(mean, 1e-6)


class _WithoutVariance(training.Trainer):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.network.head = _Certain(self.network.shape)


class _WithoutMasking(training.Trainer):
    def views(self, steps: int) -> Views:
        """Every band is seen, and every band judges."""
        draws = self.crops.draw(steps, self.chance)
        all_bands = torch.ones_like(draws.seen)
        return Views(self.crops, self.network.subspace, replace(draws, seen=all_bands, judging=all_bands))


def _random_pixels(
    pixels: Tensor, count: int, _starts: int, _rounds: int, chance: torch.Generator, *_: object, **__: object
) -> Endmembers:
    return _given(pixels[torch.randperm(len(pixels), generator=chance)[:count]])


def _given(spectra: Tensor) -> Endmembers:
    """Softly normalised spectra ``(K, B)`` in place of what is found in the scene."""
    return Endmembers(
        spectra.clamp_min(1e-6)[None],
        "given",
        weighed=(),
        not_weighed=(),
        reasons=(),
        targets=(0,) * len(spectra),
        needed=(1.0,) * len(spectra),
    )


def with_endmembers(spectra: NDArray[np.floating[Any]]) -> Variation:
    """Training in which the endmembers are known and stay: ``(K, B)`` in the raster's unit."""

    class Given(training.Trainer):
        def start(self, fraction: float) -> None:
            given = torch.from_numpy(np.asarray(spectra, np.float32))
            normalised = self.brightness.normalise(given)
            with patch.object(training, "find_endmembers", lambda *_, **__: _given(normalised)):
                super().start(fraction)

    return Variation(Given, {"DECODER_RATE": 0.0})


WITHOUT: dict[str, Variation] = {
    "U-Net": Variation(_WithoutUNet),
    "variance": Variation(_WithoutVariance),
    "start": Variation(names={"find_endmembers": _random_pixels}),
    "learning the decoder": Variation(names={"DECODER_RATE": 0.0}),
    "masking": Variation(_WithoutMasking),
}
"""The default with one part taken away, by the part's name."""
