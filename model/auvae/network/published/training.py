"""From patches of a scene to a trained published network, and from it to maps. Reads and writes no files.

The authors' schedule: rounds over the scene in ten batches, on each batch in turn 30 steps of the
autoencoder, 10 of the discriminator, 10 of the generator. One thing is not as published: the authors gave
the true endmembers to the regulariser of the decoder. Here VCA stands in for them, so that training is
blind.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ...contract.errors import SceneError
from ...contract.variants import PUBLISHED, title
from ...endmembers.vca import vca
from ...numerics.device import (
    on_best_device,
    out_of_memory,
    release_card,
    repeatable,
    seed_random_numbers,
    too_little_memory,
)
from ...numerics.nonnegative import to_simplex
from ...numerics.steps import RepeatedStep
from ..model import REPORT_EVERY, FloatArray, Maps, Patch, Progress, Report, as_array
from ..options import Options
from .networks import PublishedNet, PublishedShape, divergence, mean_angle, misfit

ROUNDS = {"draft": 4, "standard": 20, "high": 60}
"""Rounds over the scene by quality; standard is the published schedule."""

BATCHES = 10
"""A round takes the pixels in ten batches, in the raster's order."""

AUTOENCODER_STEPS, DISCRIMINATOR_STEPS, GENERATOR_STEPS = 30, 10, 10
LEARNING_RATE, DISCRIMINATOR_RATE = 2e-4, 1e-4
REFERENCE_WEIGHT = 0.03

FEWEST_PIXELS = 2 * BATCHES
"""Batch norm needs two pixels in a batch."""

MOST_THINNING = 64
"""When memory runs out every second pixel is left out, again and again, down to one in this many."""

CHUNK = 8192
"""Pixels unmixed at a time: the U-Net makes thousands of numbers of each."""


class PublishedModel:
    """A trained published network with what it needs to read a scene's pixels."""

    halo = 0

    def __init__(
        self, variant: str, network: PublishedNet, scale: float, history: list[dict[str, float]]
    ) -> None:
        self.variant = variant
        self.network = network.eval()
        self.scale = scale
        self.history = history

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.network.parameters()).device

    def to(self, device: torch.device) -> PublishedModel:
        """The same model on another device; this one stays where it is."""
        return PublishedModel(self.variant, deepcopy(self.network).to(device), self.scale, self.history)

    @property
    def endmembers(self) -> FloatArray:
        """Endmember spectra ``(K, B)`` in the raster's unit."""
        return as_array(self.network.decoder.spectra * self.scale)

    @property
    def mixing(self) -> FloatArray:
        """How bright each endmember is in a mixture ``(K,)``: as bright as it is."""
        return np.ones(len(self.network.decoder.spectra), np.float32)

    def predict(self, cube: FloatArray, valid: NDArray[np.bool_]) -> Maps:
        """Unmix a window ``(rows, cols, B)`` in the raster's unit, where ``valid`` ``(rows, cols)``.

        A pixel of which the threshold leaves nothing gets equal shares. The uncertainty is the deviation
        of the variants with a variance (about 1: see `variants.caution`); for the others it is that of an
        abundance of which nothing is known, drawn evenly from the simplex. Error and angle are those of
        abundances times endmembers.

        Raises:
            torch.OutOfMemoryError: the window is too large for the device.
        """
        count = self.network.shape.endmembers
        unknown = math.sqrt((count - 1) / (count + 1)) / count
        device = self.network.decoder.spectra.device
        abundances = np.full((*valid.shape, count), np.nan, np.float32)
        uncertainty = abundances.copy()
        angle = np.full(valid.shape, np.nan, np.float32)
        squared = angle.copy()
        found: list[tuple[FloatArray, ...]] = []
        with torch.inference_mode():
            for chunk in torch.from_numpy(cube[valid].astype(np.float32, copy=False)).split(CHUNK):
                pixels = chunk.to(device) / self.scale
                kept, log_variance = self.network.encoder(pixels)
                mean = to_simplex(kept)
                spread = (
                    torch.full_like(mean, unknown)
                    if log_variance is None
                    else (0.5 * log_variance).clamp_max(20).exp()
                )
                rebuilt = mean @ self.network.decoder.spectra
                cosine = functional.cosine_similarity(pixels, rebuilt, dim=-1).clamp(-1, 1)
                error = ((pixels - rebuilt) * self.scale).square().mean(-1)
                found.append((as_array(mean), as_array(spread), as_array(cosine.acos()), as_array(error)))
        for target, parts in zip(
            (abundances, uncertainty, angle, squared), zip(*found, strict=True), strict=bool(found)
        ):
            target[valid] = np.concatenate(parts)
        return Maps(abundances, uncertainty, angle, squared)

    def state(self) -> dict[str, NDArray[Any]]:
        """Every tensor that `restore` needs, by name."""
        tensors = self.network.state_dict()
        return {
            name: tensor.cpu().numpy()
            for name, tensor in tensors.items()
            if not name.startswith("discriminator.")
        }

    def settings(self) -> dict[str, Any]:
        """Everything else that `restore` needs, ready for JSON."""
        return {"variant": self.variant, "shape": asdict(self.network.shape), "scale": self.scale}

    @classmethod
    def restore(
        cls, state: dict[str, NDArray[Any]], settings: dict[str, Any], device: str = "cpu"
    ) -> PublishedModel:
        """The model whose `state` and `settings` these are.

        Raises:
            ValueError, KeyError, RuntimeError: they are not of one model.
        """
        network = PublishedNet(PublishedShape(**settings["shape"]))
        tensors = {name: torch.from_numpy(np.array(values)) for name, values in state.items()}
        missing, unexpected = network.load_state_dict(tensors, strict=False)
        if unexpected or any(not name.startswith("discriminator.") for name in missing):
            raise ValueError(f"not a state of this network: {sorted({*missing, *unexpected})}")
        return cls(settings["variant"], network.to(torch.device(device)), float(settings["scale"]), [])


def train_published(patches: Sequence[Patch], options: Options, report: Report) -> PublishedModel:
    """Train a published variant on the pixels of one scene, blind. Arguments and errors as for `train`."""
    spectra = np.concatenate([cube[valid] for cube, valid in patches])

    def on(device: torch.device) -> PublishedModel:
        with repeatable(device):
            return _train_in_what_fits(spectra, options, device, report)

    def warn(text: str) -> None:
        report(Progress(0.0, "start", text, {}, left_card=True))

    return on_best_device(options.device, on, warn)


def _train_in_what_fits(
    spectra: FloatArray, options: Options, device: torch.device, report: Report
) -> PublishedModel:
    """Train, on fewer pixels where memory does not do."""
    thinning = 1
    while True:
        try:
            return _Training(spectra[::thinning], options, device, report).run()
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            if thinning >= MOST_THINNING or len(spectra) < 2 * thinning * FEWEST_PIXELS:
                raise too_little_memory(device) from error
        thinning *= 2
        release_card()
        report(Progress(0.0, "start", f"Memory is short: training on one pixel in {thinning}", {}))


class _Training:
    """One training: the scene's pixels, the network, its three optimisers.

    The three kinds of steps work on tensors that stay where they are, so that a card can record each of them.
    """

    def __init__(self, spectra: FloatArray, options: Options, device: torch.device, report: Report) -> None:
        self.options, self.report, self.sent = options, report, 0.0
        self.history: list[dict[str, float]] = []
        self.tell(0.0, "start", "Looking for reference endmembers (VCA)", {})
        needed = max(FEWEST_PIXELS, options.endmembers)
        if len(spectra) < needed:
            raise SceneError(
                f"The scene has {len(spectra)} valid pixels; {title(options.variant)} needs {needed}.",
                "Choose a larger scene, or the default variant.",
            )
        self.scale = float(spectra.max())
        if self.scale <= 0 or not spectra.std(0).any():
            raise SceneError(
                "All pixels of the scene are equal, or none is positive.",
                "Choose a scene that shows more than one material.",
            )
        self.pixels = torch.from_numpy(spectra.astype(np.float32, copy=False)).to(device) / self.scale
        chance = torch.Generator().manual_seed(options.seed)
        self.reference = vca(self.pixels, options.endmembers, chance)

        seed_random_numbers(
            device, options.seed
        )  # first weights, dropout, samples, draws for the discriminator
        parts = PUBLISHED[options.variant]
        shape = PublishedShape(
            self.pixels.shape[1], options.endmembers, parts.unet, parts.variance, parts.output
        )
        self.network = PublishedNet(shape).to(device)
        encoder, decoder = self.network.encoder, self.network.decoder
        self.losses: dict[str, Tensor] = {}
        self.batch = torch.empty_like(self.pixels[: len(self.pixels) // BATCHES])
        self.fake, self.real = torch.empty(2, len(self.batch), options.endmembers, device=device)
        recorded = device.type == "cuda"
        self.kinds = {
            "rebuild": RepeatedStep(self.rebuild, recorded=recorded),
            "judge": RepeatedStep(self.judge, recorded=recorded),
            "deceive": RepeatedStep(self.deceive, recorded=recorded),
        }
        self.rebuilding = _adam([*encoder.parameters(), *decoder.parameters()], LEARNING_RATE)
        self.judging = _adam(list(self.network.discriminator.parameters()), DISCRIMINATOR_RATE)
        self.deceiving = _adam(list(encoder.parameters()), LEARNING_RATE)

    def tell(self, fraction: float, stage: str, text: str, losses: dict[str, float]) -> None:
        """Report where training stands."""
        self.sent = time.monotonic()
        self.report(Progress(fraction, stage, text, losses))

    def run(self) -> PublishedModel:
        """The published schedule: in each round, batch after batch, the three kinds of steps in turn."""
        rounds = ROUNDS[self.options.quality]
        each = AUTOENCODER_STEPS + DISCRIMINATOR_STEPS + GENERATOR_STEPS
        for step, batch in enumerate(self.batches(rounds)):
            text = f"Training: round {step // BATCHES + 1} of {rounds}"
            losses = self.losses
            for taken, _ in enumerate(self.steps(batch), start=1):
                if time.monotonic() - self.sent >= REPORT_EVERY:
                    done = (step + taken / each) / (rounds * BATCHES)
                    self.tell(done, "training", text, _numbers(losses))
            self.history.append({"step": step + 1, **_numbers(losses)})
            if step % BATCHES == 0:
                spectra = as_array(self.network.decoder.spectra) * np.float32(self.scale)
                done = (step + 1) / (rounds * BATCHES)
                self.report(Progress(done, "training", text, _numbers(losses), spectra))
        return PublishedModel(self.options.variant, self.network, self.scale, self.history)

    def batches(self, rounds: int) -> Iterator[Tensor]:
        """Ten batches of N/10 pixels a round, in the raster's order; fewer than ten pixels are left over."""
        size = len(self.pixels) // BATCHES
        for _ in range(rounds):
            yield from self.pixels[: size * BATCHES].split(size)

    def steps(self, batch: Tensor) -> Iterator[None]:
        """Take every step on one batch ``(n, B)``; `losses` holds what each kind made smaller."""
        self.network.train()
        self.batch.copy_(batch)
        for _ in range(AUTOENCODER_STEPS):
            yield self.kinds["rebuild"]()
        self.fake.copy_(self.unmixed(self.batch))
        self.real.normal_()
        for _ in range(DISCRIMINATOR_STEPS):
            yield self.kinds["judge"]()
        for _ in range(GENERATOR_STEPS):
            yield self.kinds["deceive"]()

    def rebuild(self) -> None:
        """A step of the autoencoder; the loss is the misfit, and with a variance |misfit + KL| too."""
        batch = self.batch
        abundances, log_variance = self.network.encoder(batch)
        if log_variance is None:
            loss = misfit(batch, self.network.decoder(abundances))
        else:
            sampled = abundances + (0.5 * log_variance).exp() * torch.randn_like(abundances)
            loss = misfit(batch, self.network.decoder(sampled))
            loss = loss + (loss + divergence(abundances, log_variance)).abs()
        angle = mean_angle(self.network.decoder.spectra, self.reference)
        self.step(self.rebuilding, loss + REFERENCE_WEIGHT * angle + self.network.decay())
        self.losses["reconstruction"] = loss.detach()

    @torch.no_grad()
    def unmixed(self, batch: Tensor) -> Tensor:
        """Abundances ``(n, K)`` as the network gives them outside training."""
        self.network.eval()
        abundances: Tensor = self.network.encoder(batch)[0]
        self.network.train()
        return abundances

    def judge(self) -> None:
        """A step of the discriminator: normal draws are real, the network's abundances are not."""
        logits = self.network.discriminator(torch.cat([self.fake, self.real]))
        labels = torch.zeros_like(logits)
        labels[len(self.fake) :] = 1
        loss = functional.binary_cross_entropy_with_logits(logits, labels)
        self.step(self.judging, loss)
        self.losses["discriminator"] = loss.detach()

    def deceive(self) -> None:
        """A step of the encoder towards abundances that the discriminator takes for real."""
        self.network.discriminator.requires_grad_(False)
        logits = self.network.discriminator(self.network.encoder(self.batch)[0])
        loss = functional.softplus(-logits).mean()
        self.step(self.deceiving, loss + self.network.decay())
        self.network.discriminator.requires_grad_(True)
        self.losses["adversary"] = loss.detach()

    def step(self, optimiser: torch.optim.Adam, loss: Tensor) -> None:
        """One step of Adam, then back within the constraints."""
        self.network.zero_grad()
        loss.backward()
        optimiser.step()
        self.network.constrain()


def _adam(parameters: list[nn.Parameter], rate: float) -> torch.optim.Adam:
    return torch.optim.Adam(parameters, rate, eps=1e-7, fused=True, capturable=parameters[0].is_cuda)


def _numbers(losses: dict[str, Tensor]) -> dict[str, float]:
    """Losses as numbers; SceneError when one is none any more."""
    values = {name: float(loss) for name, loss in losses.items()}
    if not all(math.isfinite(value) for value in values.values()):
        raise SceneError(
            "Training ran into values that are not numbers.",
            "Look for extreme values (no-data not declared?), or leave out the bands that hold them.",
        )
    return values
