"""From patches of a scene to a trained model, and from the model to maps. Reads and writes no files.

Training has three stages. (1) *Cleaning*: the U-Net learns, from pixels and neighbourhoods seen in a
random half of the bands, what they are in the other half; noise cannot be foretold, the scene can, so
what it learns is the scene without its noise (Batson & Royer, Noise2Self, 2019). (2) *Start*: endmembers
are sought in the cleaned scene. (3) *Unmixing*: decoder and variational head join, with the same
masking of bands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..contract.errors import SceneError
from ..endmembers.archetypes import Known
from ..endmembers.brightness import Brightness
from ..endmembers.lighting import Reading
from ..endmembers.search import find_endmembers
from ..endmembers.search_record import search_document
from ..endmembers.targets import Observed
from ..numerics.device import (
    on_best_device,
    out_of_memory,
    release_card,
    repeatable,
    seed_random_numbers,
    too_little_memory,
)
from ..numerics.optimiser import Adam, falling, one_cycle
from ..numerics.steps import Pace, RepeatedStep
from ..numerics.threads import training_threads
from .auvae_net import SPARE_DIRECTIONS, AUVAENet, NetworkShape
from .crops import Crops
from .losses import misfit_of_shape, posterior_misfit
from .model import (
    REPORT_EVERY,
    FloatArray,
    Model,
    Patch,
    Progress,
    Report,
    as_array,
    lighting_of,
    padded,
)
from .options import EFFORTS, Effort, Options
from .posterior_draws import PosteriorDraws
from .views import LossTable, View, Views

SMALLEST_VALUE = 1e-6
"""Of a softly normalised spectrum: the decoder's weights are positive."""

EPOCH = 10
"""Steps that make an epoch: crops of a scene have no other measure of one round."""

NOISY = 0.1
"""Noise over the weakest direction that tells materials apart, from which on all steps are made."""

FEWEST_OF_CLEANING, FEWEST_STEPS = 0.25, 40
"""Of the steps of cleaning, made on the cleanest scene: the smallest share, and the smallest number."""

SMALLEST_CROP = 12
"""When memory runs out crops are halved, down to this."""

LEARNING_RATE = 3e-3
HEAD_RATE = 1e-2
DECODER_RATE = 1e-4

FINE_TUNING_FREEDOM = 0.9
"""How far a new scene may pull away the endmembers of a model that is fine-tuned on it.

On Jasper Ridge with its spectra bent, 0.5 got half of the way to what training anew finds, 0.9 nearly all.
"""

FINE_TUNING = 4
"""Fine-tuning cleans for one step where training would for so many: the U-Net knows how."""


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


def train_auvae_net(
    patches: Sequence[Patch], options: Options, report: Report, start: Start | None = None
) -> Model:
    """Train AUVAE-Net: arguments and errors as of `auvae.network.train.train`."""

    def on(device: torch.device) -> Model:
        with training_threads(), repeatable(device):
            return _train_in_what_fits(patches, options, device, report, start)

    def warn(text: str) -> None:
        report(Progress(0.0, "start", text, {}, left_card=True))

    return on_best_device(options.device, on, warn)


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
        release_card()
        report(Progress(0.0, "start", f"Memory is short: patches of {effort.crop} pixels", {}))


class Trainer:
    """One training: holds the scene's normalised patches, the network and the random numbers.

    A step of a stage is a function without arguments that asks the host nothing: its number is a tensor, all
    that is random was drawn before, losses are noted in a table on the device. So it can be recorded as a
    CUDA graph, and the CPU runs the very same function.
    """

    def __init__(
        self,
        patches: Sequence[Patch],
        options: Options,
        effort: Effort,
        device: torch.device,
        report: Report,
        start: Start | None = None,
    ) -> None:
        self.scene, self.options, self.effort, self.device = patches, options, effort, device
        self.recorded = device.type == "cuda"
        self.average: Callable[[Tensor], None] | None = None
        self._send, self._sent = report, 0.0
        self.history: list[dict[str, float]] = []
        seed_random_numbers(device, options.seed)
        self.chance = torch.Generator().manual_seed(options.seed)
        self.tell(0.0, "start", "Measuring brightness and signal subspace", {})

        pixels = torch.from_numpy(np.concatenate([cube[valid] for cube, valid in patches])).float().to(device)
        if len(pixels) < options.endmembers:
            raise SceneError(
                f"The scene has {len(pixels)} valid pixels, fewer than {options.endmembers} endmembers.",
                "Choose fewer endmembers or a larger scene.",
            )
        bands = pixels.shape[1]
        dimensions = min(options.endmembers + SPARE_DIRECTIONS, bands)
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
        self.crops = Crops([self._prepared(*patch) for patch in patches], effort.crop)

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

    def _tell_now_and_then(self, fraction: float, text: str) -> None:
        if time.monotonic() - self._sent >= REPORT_EVERY:
            self.tell(fraction, "training", text, {})

    def run(self) -> Model:
        """Clean, find endmembers, unmix."""
        total = self.effort.cleaning + self.effort.unmixing
        split = 0.9 * self.effort.cleaning / total
        self.clean(0.0, split)
        self.start(split)
        self.unmix(split + 0.1, 1.0)
        self.network.zero_grad(set_to_none=True)
        lighting = lighting_of(self.network, self.brightness, self.scene, self.options.seed)
        model = Model(self.network, self.brightness, self.history, lighting, self.options.brightness)
        model.search = self.search
        return model

    def clean(self, begin: float, end: float) -> None:
        """Stage 1: the U-Net learns the scene without its noise; the less there is, the fewer steps."""
        share = min(1.0, max(FEWEST_OF_CLEANING, self.network.subspace.noise_share() / NOISY))
        steps = max(min(self.effort.cleaning, FEWEST_STEPS), round(share * self.effort.cleaning))
        views = self.views(steps)
        optimiser = Adam(self.network.unet.parameters(), one_cycle(steps, LEARNING_RATE))

        def step(view: View) -> dict[str, Tensor]:
            coordinates, _ = self.network.clean(view.coordinates())
            error = view.error(coordinates)
            optimiser.forget_gradient()
            (error / error.detach().clamp_min(1e-12)).backward()
            optimiser.step(view.step, self.average)
            return {"reconstruction": error}

        self._repeat(step, views, begin, end, "Cleaning")

    @torch.no_grad()
    def start(self, fraction: float) -> None:
        """Stage 2: endmembers of the cleaned scene become the decoder's weights; the noise is measured."""
        self.tell(fraction, "training", "Looking for endmembers in the cleaned scene", {})
        cleaned = torch.cat([self._cleaned(pixels)[0][inside] for pixels, inside in self.crops.patches])
        generator = torch.Generator().manual_seed(self.options.seed)
        found = find_endmembers(
            cleaned,
            self.options.endmembers,
            self.effort.starts,
            self.effort.rounds,
            generator,
            self.known,
            Observed.of(self.crops.patches),
            extrapolate=self.effort.extrapolate,
            report=lambda text: self._tell_now_and_then(fraction, text),
        )
        self.network.decoder.log_spectra.copy_(found.spectra[0].log())
        self.alternatives = found.spectra
        self.search = search_document(found, cleaned, 0 if self.known is None else len(self.known.spectra))
        misfits = []
        for pixels, inside in self.crops.patches:
            mean, _ = self.network(pixels[None])
            everything = torch.ones(pixels.shape[-1], device=self.device)
            seen = pixels[inside]
            misfits.append(self._misfit(seen, seen.square().sum(1), everything, mean[0][inside]))
        self.variance = torch.cat(misfits).mean().clamp_min(1e-12)
        self.lighting = lighting_of(self.network, self.brightness, self.scene, self.options.seed)
        self.tell(fraction, "training", "Endmembers found", {}, moved=True)

    def _misfit(self, pixels: Tensor, energy: Tensor, judging: Tensor, abundances: Tensor) -> Tensor:
        """Mean squared misfit of pixels' shapes in the bands of ``judging`` that are 1: ``(n,)``.

        ``energy`` ``(n,)``: sum of squares of the pixels in these bands.
        """
        spectra = self.network.decoder.spectra * judging
        return misfit_of_shape(energy, pixels @ spectra.T, spectra @ spectra.T, abundances) / judging.sum()

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
        views = self.views(steps)
        reading = Reading.of(self.lighting, self.options.brightness, self.device)
        plausible = PosteriorDraws(network, self.brightness, reading, self.alternatives, steps, self.chance)
        parts = (
            (network.unet, LEARNING_RATE / 3),
            (network.head, HEAD_RATE),
            (network.decoder, DECODER_RATE),
        )
        optimisers = [Adam(part.parameters(), falling(steps, rate)) for part, rate in parts]

        def step(view: View) -> dict[str, Tensor]:
            coordinates, features = network.clean(view.coordinates())
            shapes, _ = network.posterior(coordinates, features.detach())
            left = self._misfit(view.pixels, view.energy, view.judging, shapes.flatten(0, 2))
            error = view.mean(left)
            with torch.no_grad():
                opposite = network.clean(view.opposite())[0]
            mean, again, draws = plausible.of(coordinates, opposite, view)
            deviation = network.head.deviations(mean.view_as(shapes), features.detach()).flatten(0, 2)
            # Half the difference of two estimates from disjoint halves of the bands has the variance of one
            # from all of them: the noise.
            noise = (again - mean) / 2
            posterior = view.mean(posterior_misfit(draws + noise, mean, deviation))
            loss = (error + view.error(coordinates)) / self.variance + posterior
            for optimiser in optimisers:
                optimiser.forget_gradient()
            loss.backward()
            before = network.decoder.log_spectra.detach().clone()
            for optimiser in optimisers:
                optimiser.step(view.step, self.average)
            self._hold(before)
            return {"reconstruction": error, "posterior": posterior}

        self._repeat(step, views, begin, end, "Unmixing")

    @torch.no_grad()
    def _hold(self, before: Tensor) -> None:
        """Take back, of a step that moved known endmembers, what their freedom does not allow."""
        if self.known is not None:
            held = slice(0, len(self.known.spectra))
            spectra = self.network.decoder.log_spectra
            spectra[held] = torch.lerp(before[held], spectra[held], self.known.freedom)

    def views(self, steps: int) -> Views:
        """What the steps of a stage are to see."""
        return Views(self.crops, self.network.subspace, self.crops.draw(steps, self.chance))

    def _repeat(
        self, step: Callable[[View], dict[str, Tensor]], views: Views, begin: float, end: float, stage: str
    ) -> None:
        """Take all steps of a stage, keep one line of losses an epoch as history, and report.

        Raises:
            SceneError: a loss is no longer a number.
        """
        shapes = views.draws.shapes
        steps, noted = len(shapes), LossTable(len(shapes), self.device)
        number = torch.zeros(1, dtype=torch.int64, device=self.device)

        def taken(shape: tuple[int, int]) -> None:
            noted.note(number, step(views.view(number, shape)))
            number.add_(1)

        run = {
            shape: RepeatedStep(partial(taken, shape), recorded=self.recorded)
            for shape in sorted(set(shapes))
        }
        pace = Pace(self.device)
        for index, shape in enumerate(shapes):
            run[shape]()
            ended = index + 1 == steps
            if (index + 1) % EPOCH == 0 or ended:
                pace.mark()
            if ended or time.monotonic() - self._sent >= REPORT_EVERY:
                # only now: reading a loss makes the host wait for the device
                text = f"{stage}: epoch {index // EPOCH + 1} of {-(-steps // EPOCH)}"
                fraction = begin + (end - begin) * (index + 1) / steps
                self.tell(fraction, "training", text, noted.at(index), moved=stage == "Unmixing")
        for losses in noted.lines(EPOCH):
            self.history.append({"epoch": len(self.history) + 1, **losses})
