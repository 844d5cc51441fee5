"""From patches of a scene to a trained model, and from the model to maps. Reads and writes no files.

Training has three stages. (1) *Cleaning*: the U-Net learns, from pixels and neighbourhoods seen in a
random half of the bands, what they are in the other half; noise cannot be foretold, the scene can, so
what it learns is the scene without its noise (Batson & Royer, Noise2Self, 2019). (2) *Start*: endmembers
are sought in the cleaned scene. (3) *Unmixing*: decoder and variational head join, with the same
masking of bands.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..contract.errors import SceneError
from ..endmembers.archetypes import Known
from ..endmembers.brightness import Brightness, counted
from ..endmembers.nonnegative import nonnegative_least_squares
from ..endmembers.search import find_endmembers
from .auvae_net import STRIDE, AUVAENet, NetworkShape, to_simplex
from .device import choose_device, one_thread, out_of_memory, too_little_memory
from .losses import misfit, misfit_of_shape, posterior_misfit
from .model import REPORT_EVERY, FloatArray, Model, Patch, Progress, Report, as_array, padded
from .options import EFFORTS, Effort, Options

SMALLEST_VALUE = 1e-6
"""Of a softly normalised spectrum: the decoder's weights are positive."""

EPOCH = 10
"""Steps that make an epoch: crops of a scene have no other measure of one round."""

SMALLEST_CROP = 12
"""When memory runs out crops are halved, down to this."""

LEARNING_RATE = 3e-3
HEAD_RATE = 1e-2
DECODER_RATE = 1e-4
BRIGHTNESS_SPREAD = 0.3
"""Deviation of the logarithm of a material's brightness: its pure pixels are not all alike."""

FINE_TUNING_FREEDOM = 0.9
"""How far a new scene may pull away the endmembers of a model that is fine-tuned on it.

On Jasper Ridge with its spectra bent, 0.5 got half of the way to what training anew finds, 0.9 nearly all.
"""

FINE_TUNING = 4
"""Fine-tuning cleans for one step where training would for so many: the U-Net knows how."""

CONVENTION_SPREAD = 1.0
"""Deviation of the convention of brightness, what counts as 100 % of a material: see `counted`."""

SEEN_BANDS = (0.4, 0.8)
"""The encoder sees a share of the bands drawn from this range; the rest judge what it says."""


@dataclass(frozen=True)
class Start:
    """What a training does not have to find.

    Attributes:
        known: endmember spectra ``(Kk, B)`` in the raster's unit, with Kk <= K; they come first.
        freedom: how far the scene may pull them away, from 0 (not at all) to 1 (they are only a start).
        model: whose U-Net and subspace to go on with, None to begin anew.
    """

    known: FloatArray
    freedom: float = 0.0
    model: Model | None = None

    @classmethod
    def from_model(cls, model: Model) -> Start:
        """Fine-tune a model: the same endmembers in the same order, which the scene may pull away."""
        return cls(model.endmembers, FINE_TUNING_FREEDOM, model)


def _turned(image: Tensor, way: int) -> Tensor:
    """``(h, w, ...)`` in one of the eight ways to lay down a square: the ground has no up and no left."""
    quarters, mirrored = divmod(way, 2)
    turned = torch.rot90(image, quarters)
    return turned.transpose(0, 1) if mirrored else turned


def train_auvae_net(
    patches: Sequence[Patch], options: Options, report: Report, start: Start | None = None
) -> Model:
    """Train AUVAE-Net: arguments and errors as of `auvae.network.train.train`."""
    device = choose_device(options.device)
    with one_thread():
        return _train_in_what_fits(patches, options, device, report, start)


def _train_in_what_fits(
    patches: Sequence[Patch], options: Options, device: torch.device, report: Report, start: Start | None
) -> Model:
    """Train, in smaller crops where memory does not do."""
    effort = EFFORTS[options.quality]
    if start is not None and start.model is not None:
        effort = replace(effort, cleaning=-(-effort.cleaning // FINE_TUNING))
    while True:
        try:
            return Trainer(patches, options, effort, device, report, start).run()
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            if effort.crop <= SMALLEST_CROP:
                raise too_little_memory(device) from error
        effort = replace(effort, crop=effort.crop // 2)
        if device.type == "cuda":
            torch.cuda.empty_cache()
        report(Progress(0.0, "start", f"Memory is short: patches of {effort.crop} pixels", {}))


@dataclass(frozen=True)
class _Hidden:
    """What hidden bands say about ``n`` pixels: see `misfit`; ``count`` is how many bands they are."""

    count: float
    energy: Tensor
    products: Tensor
    gram: Tensor

    def error(self, coordinates: Tensor) -> Tensor:
        """Mean squared error of ``coordinates`` ``(n, d)`` in the hidden bands."""
        return misfit(self.energy, self.products, self.gram, coordinates).mean() / self.count


class Trainer:
    """One training: holds the scene's normalised patches, the network and the random numbers."""

    def __init__(
        self,
        patches: Sequence[Patch],
        options: Options,
        effort: Effort,
        device: torch.device,
        report: Report,
        start: Start | None = None,
    ) -> None:
        self.options, self.effort, self.device = options, effort, device
        self._send, self._sent = report, 0.0
        self.history: list[dict[str, float]] = []
        torch.manual_seed(options.seed)
        self.chance = torch.Generator().manual_seed(options.seed)
        self.noise = torch.Generator(device).manual_seed(options.seed)
        self.tell(0.0, "start", "Measuring brightness and signal subspace", {})

        pixels = torch.from_numpy(np.concatenate([cube[valid] for cube, valid in patches])).float().to(device)
        if len(pixels) < options.endmembers:
            raise SceneError(
                f"The scene has {len(pixels)} valid pixels, fewer than {options.endmembers} endmembers.",
                "Choose fewer endmembers or a larger scene.",
            )
        bands = pixels.shape[1]
        dimensions = min(options.endmembers + 4, bands)
        earlier = None if start is None else start.model
        shape = NetworkShape(bands, options.endmembers, dimensions)
        if earlier is not None:
            shape = earlier.network.shape
            dimensions = shape.dimensions
        self.brightness = Brightness.of(pixels, dimensions)
        if self.brightness.offset <= 0 or float(pixels.std(0).max()) == 0:
            raise SceneError(
                "All pixels of the scene are equal.", "Choose a scene that shows more than one material."
            )
        normalised = self.brightness.normalise(pixels)

        self.known = None
        if start is not None:
            given = torch.from_numpy(start.known).float().to(device)
            shapes = self.brightness.normalise(given).clamp_min(SMALLEST_VALUE)
            self.known = Known(shapes, start.freedom)
        self.network = AUVAENet(shape).to(device)
        if earlier is not None:
            self.network.load_state_dict(earlier.network.state_dict())
        self.network.subspace.measure(normalised)
        if earlier is not None:
            self._turn_subspace(earlier.network.subspace.basis.to(device), normalised)
        self.patches = [self._prepared(*patch) for patch in patches]
        self.weights = torch.tensor([float(valid.sum()) for _, valid in self.patches])

    def _turn_subspace(self, wanted: Tensor, normalised: Tensor) -> None:
        """Turn the axes of the scene's subspace to those ``(d, B)`` that the U-Net knows (Procrustes)."""
        subspace = self.network.subspace
        left, _, right = torch.linalg.svd(wanted @ subspace.basis.T)
        subspace.basis.copy_(left @ right @ subspace.basis)
        subspace.scale.copy_((normalised @ subspace.basis.T).std(0).clamp_min(1e-6))

    def _prepared(self, cube: FloatArray, valid: NDArray[np.bool_]) -> tuple[Tensor, Tensor]:
        """A patch normalised, its sides multiples of `STRIDE`; what was added is not valid."""
        inside = torch.from_numpy(np.ascontiguousarray(valid)).to(self.device)
        pixels = torch.from_numpy(np.ascontiguousarray(cube, dtype=np.float32)).to(self.device)
        pixels = torch.where(inside[..., None], pixels, 0)
        pixels = padded(self.brightness.normalise(pixels), *inside.shape)[0]
        inside = F.pad(inside, (0, pixels.shape[1] - inside.shape[1], 0, pixels.shape[0] - inside.shape[0]))
        return pixels, inside

    def tell(
        self, fraction: float, stage: str, text: str, losses: dict[str, float], *, moved: bool = False
    ) -> None:
        """Report where training stands; ``moved``: with the endmembers as they are now."""
        self._sent = time.monotonic()
        endmembers = as_array(self.brightness.restore(self.network.decoder.spectra)) if moved else None
        self._send(Progress(fraction, stage, text, losses, endmembers))

    def run(self) -> Model:
        """Clean, find endmembers, unmix."""
        total = self.effort.cleaning + self.effort.unmixing
        split = 0.9 * self.effort.cleaning / total
        self.clean(0.0, split)
        self.start(split)
        self.unmix(split + 0.1, 1.0)
        return Model(self.network, self.brightness, self.history)

    def crops(self, steps: int) -> Iterator[tuple[int, Tensor, Tensor, Tensor]]:
        """For each step: its number, pixels ``(1, h, w, B)``, valid ``(1, h, w)``, bands to see ``(B,)``."""
        for step in range(steps):
            pixels, inside = self.patches[int(torch.multinomial(self.weights, 1, generator=self.chance))]
            top, left = (self._offset(side) for side in inside.shape)
            window = (slice(top, top + self.effort.crop), slice(left, left + self.effort.crop))
            low, high = SEEN_BANDS
            share = low + (high - low) * float(torch.rand(1, generator=self.chance))
            order = torch.randperm(pixels.shape[-1], generator=self.chance)
            seen = torch.zeros(pixels.shape[-1])
            seen[order[: max(1, min(len(order) - 1, round(share * len(order))))]] = 1.0
            if inside[window].any():
                turned = int(torch.randint(8, (1,), generator=self.chance))
                crop = _turned(pixels[window], turned)[None], _turned(inside[window], turned)[None]
                yield step, *crop, seen.to(self.device)

    def hidden(self, pixels: Tensor, inside: Tensor, seen: Tensor) -> _Hidden:
        """What the bands that the encoder did not see say about the valid pixels of a crop."""
        unseen = 1 - seen
        axes = self.network.subspace.axes * unseen
        return _Hidden(
            count=float(unseen.sum()),
            energy=(pixels.square() @ unseen)[inside],
            products=(pixels @ axes.T)[inside],
            gram=axes @ axes.T,
        )

    def _offset(self, side: int) -> int:
        """A random first row or column of a crop, on the U-Net's grid."""
        places = max(0, side - self.effort.crop) // STRIDE + 1
        return int(torch.randint(places, (1,), generator=self.chance)) * STRIDE

    def clean(self, begin: float, end: float) -> None:
        """Stage 1: the U-Net learns the scene without its noise."""
        steps = self.effort.cleaning
        optimiser = torch.optim.Adam(self.network.unet.parameters(), LEARNING_RATE, betas=(0.9, 0.99))
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.15
        )
        for step, pixels, inside, seen in self.crops(steps):
            coordinates, _ = self.network.clean(self.network.subspace(pixels, seen))
            error = self.hidden(pixels, inside, seen).error(coordinates.movedim(1, -1)[inside])
            optimiser.zero_grad()
            (error / error.detach().clamp_min(1e-12)).backward()
            optimiser.step()
            schedule.step()
            self.record(step, steps, begin, end, "Cleaning", {"reconstruction": error})

    @torch.no_grad()
    def start(self, fraction: float) -> None:
        """Stage 2: endmembers of the cleaned scene become the decoder's weights; the noise is measured."""
        self.tell(fraction, "training", "Looking for endmembers in the cleaned scene", {})
        cleaned = torch.cat([self._cleaned(pixels)[0][inside] for pixels, inside in self.patches])
        generator = torch.Generator().manual_seed(self.options.seed)
        found = find_endmembers(
            cleaned, self.options.endmembers, self.effort.starts, self.effort.rounds, generator, self.known
        )
        self.network.decoder.log_spectra.copy_(found[0].log())
        self.alternatives = found
        misfits = []
        for pixels, inside in self.patches:
            mean, _ = self.network(pixels[None])
            everything = torch.ones(pixels.shape[-1], device=self.device)
            misfits.append(self._misfit(pixels[None], inside[None], everything, mean[0][inside]))
        self.variance = torch.cat(misfits).mean().clamp_min(1e-12)
        self.tell(fraction, "training", "Endmembers found", {}, moved=True)

    def _misfit(self, pixels: Tensor, inside: Tensor, judging: Tensor, abundances: Tensor) -> Tensor:
        """Mean squared misfit of valid pixels' shapes in the bands of ``judging`` that are 1: ``(n,)``."""
        spectra = self.network.decoder.spectra * judging
        energy, products = (pixels.square() @ judging)[inside], (pixels @ spectra.T)[inside]
        return misfit_of_shape(energy, products, spectra @ spectra.T, abundances) / judging.sum()

    def _cleaned(self, pixels: Tensor) -> Tensor:
        return (
            self.network.clean(self.network.subspace(pixels[None]))[0].movedim(1, -1)
            @ self.network.subspace.axes
        )

    def unmix(self, begin: float, end: float) -> None:
        """Stage 3: encoder, posterior and decoder together.

        What the posterior learns does not reach the U-Net: pulled two ways, it forgot how to clean.
        """
        steps, network = self.effort.unmixing, self.network
        groups = [
            {"params": network.unet.parameters(), "lr": LEARNING_RATE / 3},
            {"params": network.head.parameters(), "lr": HEAD_RATE},
            {"params": network.decoder.parameters(), "lr": DECODER_RATE},
        ]
        optimiser = torch.optim.Adam(groups, betas=(0.9, 0.99))
        schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, steps)
        for step, pixels, inside, seen in self.crops(steps):
            coordinates, features = network.clean(network.subspace(pixels, seen))
            mean, deviation = (part[inside] for part in network.posterior(coordinates, features.detach()))
            draws = self._posterior_draws(mean.detach(), coordinates, pixels, inside, seen)
            error = self._misfit(pixels, inside, 1 - seen, mean).mean()
            clean = self.hidden(pixels, inside, seen).error(coordinates.movedim(1, -1)[inside])
            posterior = posterior_misfit(draws, mean, deviation)
            loss = (error + clean) / self.variance + posterior
            optimiser.zero_grad()
            loss.backward()
            before = network.decoder.log_spectra.detach().clone()
            optimiser.step()
            self._hold(before)
            schedule.step()
            self.record(
                step, steps, begin, end, "Unmixing", {"reconstruction": error, "posterior": posterior}
            )

    @torch.no_grad()
    def _hold(self, before: Tensor) -> None:
        """Take back, of a step that moved known endmembers, what their freedom does not allow."""
        if self.known is not None:
            held = slice(0, len(self.known.spectra))
            spectra = self.network.decoder.log_spectra
            spectra[held] = torch.lerp(before[held], spectra[held], self.known.freedom)

    @torch.no_grad()
    def _posterior_draws(
        self, mean: Tensor, coordinates: Tensor, pixels: Tensor, inside: Tensor, seen: Tensor
    ) -> Tensor:
        """Abundances ``(n, K)`` that are as plausible as the network's own, for the posterior to cover.

        They differ by what is unknown: which of the nearly equal sets of endmembers is right, what brightness
        of each material counts as 100 %, and the noise. Half the difference between two estimates from
        disjoint halves of the bands has the variance of one from all of them.
        """
        draw = int(torch.randint(len(self.alternatives), (1,), generator=self.chance))
        light = torch.randn(self.options.endmembers, 1, generator=self.noise, device=self.device)
        convention = CONVENTION_SPREAD * float(torch.randn(1, generator=self.chance))
        other = counted(self.alternatives[draw], convention) * (BRIGHTNESS_SPREAD * light).exp()
        again, _ = self.network.clean(self.network.subspace(pixels, 1 - seen))
        elsewhere = self._abundances(coordinates.movedim(1, -1)[inside], other)
        hidden = self._abundances(again.movedim(1, -1)[inside], self.network.decoder.spectra)
        return elsewhere + (hidden - mean) / 2

    def _abundances(self, coordinates: Tensor, spectra: Tensor) -> Tensor:
        """Per-pixel abundances ``(n, K)`` of ``coordinates`` ``(n, d)`` with these endmembers ``(K, B)``."""
        products = coordinates @ (self.network.subspace.axes @ spectra.T)
        return to_simplex(nonnegative_least_squares(products, spectra @ spectra.T))

    def record(
        self, step: int, steps: int, begin: float, end: float, stage: str, losses: dict[str, Tensor]
    ) -> None:
        """Keep one line of losses an epoch as history, and report.

        Raises:
            SceneError: a loss is no longer a number.
        """
        noted = (step + 1) % EPOCH == 0 or step + 1 == steps
        due = time.monotonic() - self._sent >= REPORT_EVERY
        if not (noted or due):  # reading a loss would make the device wait
            return
        values = {name: float(loss.detach()) for name, loss in losses.items()}
        if not all(np.isfinite(value) for value in values.values()):
            raise SceneError(
                "Training ran into values that are not numbers.",
                "Look for extreme values (no-data not declared?), or leave out the bands that hold them.",
            )
        if noted:
            self.history.append({"epoch": len(self.history) + 1, **values})
        moved = noted and stage == "Unmixing"
        if due or moved:
            text = f"{stage}: epoch {step // EPOCH + 1} of {-(-steps // EPOCH)}"
            self.tell(begin + (end - begin) * (step + 1) / steps, "training", text, values, moved=moved)
