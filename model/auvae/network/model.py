"""A trained network as everybody else sees it: it maps windows, and it can be saved. Trains nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..contract.choices import BRIGHTNESS, SHAPES
from ..endmembers.brightness import Brightness
from ..endmembers.lighting import Lighting, Reading, measure_lighting, usual_brightness
from .auvae_net import HALO, STRIDE, AUVAENet, NetworkShape
from .losses import misfit_of_shape

if TYPE_CHECKING:
    from ..contract.result_document import SearchDocument

FloatArray = NDArray[np.float32]
_PIECE = 2**24  # bytes that are on their way to a card while the next are made ready
_CACHED = {"cpu": 2**19, "cuda": 2**26}  # bytes of a window that are weighted together, to stay in the cache

ALIKE = 1.25
"""Two scenes of which one is up to so many times as bright as the other are lit alike."""

REPORT_EVERY = 0.1
"""Seconds between two reports of a training; a Cancel is noticed at the next one."""

Patch = tuple[FloatArray, NDArray[np.bool_]]


@dataclass(frozen=True)
class Progress:
    """Where training stands: ``fraction`` done, ``stage`` ("start" or "training"), a line of text, losses.

    ``endmembers`` ``(K, B)`` in the raster's unit come along while they move. ``left_card``: the text says
    why a graphics card was left for the processor, and belongs into the result.
    """

    fraction: float
    stage: str
    text: str
    losses: dict[str, float]
    endmembers: FloatArray | None = None
    left_card: bool = False


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Maps:
    """What a window is made of. Not a number wherever the window holds no valid pixel.

    Attributes:
        abundances: ``(rows, cols, K)``, non-negative, summing to one.
        uncertainty: ``(rows, cols, K)``, posterior standard deviation.
        angle: ``(rows, cols)``, radians between pixel and reconstruction.
        squared_error: ``(rows, cols)``, (pixel - reconstruction)^2, mean over bands, raster's unit squared.

    Bands that are mostly noise count less in both errors (`auvae.endmembers.brightness.band_weights`).
    """

    abundances: FloatArray
    uncertainty: FloatArray
    angle: FloatArray
    squared_error: FloatArray


class TrainedModel(Protocol):
    """What a trained network of any variant can do.

    Attributes:
        halo: pixels around a window that its maps depend on.
        history: losses while it was trained.
    """

    halo: int
    history: list[dict[str, float]]

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        ...

    def to(self, device: torch.device) -> TrainedModel:
        """The same model on another device; this one stays where it is."""
        ...

    @property
    def endmembers(self) -> FloatArray:
        """Endmember spectra ``(K, B)`` in the raster's unit."""
        ...

    @property
    def mixing(self) -> FloatArray:
        """Each endmember's brightness ``(K,)`` in mixtures: a pixel is ``b * sum(a_k * mixing_k * e_k)``."""
        ...

    def predict(self, cube: FloatArray, valid: NDArray[np.bool_]) -> Maps:
        """Unmix a window ``(rows, cols, B)`` in the raster's unit, where ``valid`` ``(rows, cols)``."""
        ...

    def state(self) -> dict[str, NDArray[Any]]:
        """Every tensor that restoring needs, by name."""
        ...

    def settings(self) -> dict[str, Any]:
        """Everything else that restoring needs, ready for JSON."""
        ...


class Model:
    """A trained network with what it needs to read a scene's pixels.

    Attributes:
        search: how its endmembers were found; None for a model that was read from a file.
    """

    halo = HALO

    def __init__(
        self,
        network: AUVAENet,
        brightness: Brightness,
        history: list[dict[str, float]],
        lighting: Lighting | None = None,
        choice: str = SHAPES,
    ) -> None:
        """Args other than the network's own.

        lighting: what the scene shows of its brightness; None in models of 0.1.0, which read shapes.
        choice: of `BRIGHTNESS`, how abundances are read.
        """
        self.network = network.eval()
        self.brightness = brightness
        self.history = history
        self.lighting = lighting
        self.choice = choice
        self.search: SearchDocument | None = None

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.network.subspace.basis.device

    def to(self, device: torch.device) -> Model:
        """The same model on another device; this one stays where it is."""
        network, brightness = deepcopy(self.network).to(device), self.brightness.to(device)
        moved = Model(network, brightness, self.history, self.lighting, self.choice)
        moved.search = self.search
        return moved

    @property
    def endmembers(self) -> FloatArray:
        """Endmember spectra ``(K, B)`` in the raster's unit."""
        with torch.no_grad():
            return as_array(self.brightness.restore(self.network.decoder.spectra))

    @property
    def mixing(self) -> FloatArray:
        """Each endmember's brightness ``(K,)`` in mixtures: a pixel is ``b * sum(a_k * mixing_k * e_k)``."""
        with torch.no_grad():
            darkness = self.brightness.darkness(self.network.decoder.spectra)[:, 0]
            return as_array(darkness if self.reading is None else self.reading.mixing(darkness))

    @property
    def reading(self) -> Reading | None:
        """How amounts are read as abundances; None as version 0.1.0 did, as shapes."""
        if self.lighting is None:
            return None
        return Reading.of(self.lighting, self.choice, self.device)

    def read_as(self, choice: str) -> Model:
        """The same model with brightness read as chosen of `BRIGHTNESS`."""
        return Model(self.network, self.brightness, self.history, self.lighting, choice)

    def measured(self, patches: Sequence[Patch], choice: str, seed: int) -> Model:
        """The same network that reads abundances as chosen of `BRIGHTNESS`, in the light of these patches."""
        lighting = lighting_of(self.network, self.brightness, patches, seed)
        return Model(self.network, self.brightness, self.history, lighting, choice)

    def lit_as(self, patches: Sequence[Patch]) -> tuple[Model, float]:
        """The model in the light of another scene, and how many times as bright that scene is.

        A scene under another sun or haze is brighter or darker as a whole, which says nothing of areas. Up
        to `ALIKE` times nothing is changed, and the number is 1.
        """
        if self.lighting is None:
            return self, 1.0
        times = usual_brightness(*_in_offsets(self.network, self.brightness, patches), self.lighting)
        if 1 / ALIKE <= times <= ALIKE or times <= 0:
            return self, 1.0
        return Model(
            self.network, self.brightness, self.history, self.lighting.lit(times), self.choice
        ), times

    def predict(self, cube: FloatArray, valid: NDArray[np.bool_]) -> Maps:
        """Unmix a window ``(rows, cols, B)`` in the raster's unit, where ``valid`` ``(rows, cols)``.

        Raises:
            torch.OutOfMemoryError: the window is too large for the device.
        """
        network = self.network
        device = self.device
        with torch.inference_mode():
            pixels, inside = as_tensor(cube, device).float(), as_tensor(valid, device)
            spectra = network.decoder.spectra
            # one pass over all the bands gives everything that is needed of them
            axes = torch.cat([self.brightness.basis, network.subspace.projection(), spectra])
            products, energy = _products(pixels, self.brightness.weights, axes.T)
            seen, energy = torch.where(inside[..., None], products, 0), torch.where(inside, energy, 1)
            lit, coordinates, products = seen.split(
                [len(self.brightness.basis), network.shape.dimensions, network.shape.endmembers], -1
            )
            measure = lit.norm(dim=-1, keepdim=True) + self.brightness.offset
            rows, cols = inside.shape
            clean = network.clean(padded(coordinates / measure, rows, cols).movedim(-1, 1))
            reading = self.reading
            if reading is None:
                mean, deviation = network.posterior(*clean)
                mixture = mean
            else:
                ends = self.brightness.darkness(spectra)[:, 0]
                darkness = padded(self.brightness.offset / measure, rows, cols)[..., 0]
                mean, deviation, mixture = network.read(*clean, reading, ends, darkness)
            mean, deviation, mixture = (part[0, :rows, :cols] for part in (mean, deviation, mixture))
            left = misfit_of_shape(energy, products, spectra @ spectra.T, mixture)
            sine = (left / energy.clamp_min(1e-12)).clamp_max(1).sqrt()
            squared = left / pixels.shape[-1]
            found = (mean, deviation, sine.asin(), squared)
            blank = [
                torch.where(inside.reshape(rows, cols, *[1] * (m.ndim - inside.ndim)), m, torch.nan)
                for m in found
            ]
        return Maps(*as_arrays(blank))

    def state(self) -> dict[str, NDArray[Any]]:
        """Every tensor that `restore` needs, by name."""
        tensors = {name: as_array(t) for name, t in self.network.state_dict().items()}
        brightness = {"basis": self.brightness.basis, "weights": self.brightness.weights}
        return tensors | {f"brightness.{name}": as_array(tensor) for name, tensor in brightness.items()}

    def settings(self) -> dict[str, Any]:
        """Everything else that `restore` needs, ready for JSON."""
        settings = {"shape": asdict(self.network.shape), "offset": self.brightness.offset}
        if self.lighting is not None:
            settings |= {"brightness": self.choice, "lighting": self.lighting.document()}
        return settings

    @classmethod
    def restore(cls, state: dict[str, NDArray[Any]], settings: dict[str, Any], device: str = "cpu") -> Model:
        """The model whose `state` and `settings` these are.

        Raises:
            ValueError, KeyError, RuntimeError: they are not of one model.
        """
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
        basis = tensors.pop("brightness.basis")
        weights = tensors.pop("brightness.weights", torch.ones_like(basis[0]))  # early models have none
        shape = NetworkShape(**settings["shape"])
        lighting = settings.get("lighting")  # models of 0.1.0 have none
        network = AUVAENet(shape)
        network.load_state_dict(tensors)
        target = torch.device(device)
        brightness = Brightness(basis, float(settings["offset"]), weights)
        if lighting is None:
            return cls(network.to(target), brightness.to(target), [])
        if settings["brightness"] not in BRIGHTNESS:
            raise ValueError("brightness is read in no way that this version knows")
        measured = Lighting.parse(lighting, shape.endmembers)
        return cls(network.to(target), brightness.to(target), [], measured, settings["brightness"])


def lighting_of(network: AUVAENet, brightness: Brightness, patches: Sequence[Patch], seed: int) -> Lighting:
    """How free the brightness of the scene of these patches is, by the network's endmembers."""
    return measure_lighting(*_in_offsets(network, brightness, patches), seed)


def _in_offsets(network: AUVAENet, brightness: Brightness, patches: Sequence[Patch]) -> tuple[Tensor, Tensor]:
    """Cleaned pixels ``(n, d)`` of patches, and the endmembers ``(K, d)``, in units of the offset."""
    device = network.subspace.basis.device
    cleaned = []
    with torch.inference_mode():
        for cube, valid in patches:
            pixels, inside = as_tensor(cube, device).float(), as_tensor(valid, device)
            pixels = torch.where(inside[..., None], pixels, 0)
            normalised = padded(brightness.normalise(pixels), *inside.shape)
            clean = network.clean(network.subspace(normalised))[0][0, :, : len(valid), : valid.shape[1]]
            measure = brightness.measure(pixels) / brightness.offset
            cleaned.append((clean.movedim(0, -1) * network.subspace.scale * measure)[inside])
        spectra = network.decoder.spectra
        return torch.cat(cleaned), spectra @ network.subspace.basis.T / brightness.darkness(spectra)


def _products(pixels: Tensor, weights: Tensor, axes: Tensor) -> tuple[Tensor, Tensor]:
    """Products ``(rows, cols, d)`` of weighted pixels ``(rows, cols, B)`` with axes ``(B, d)``, and |x|^2.

    A few lines at a time are weighted, multiplied and squared: as many as fit into a processor's cache.
    """
    lines = max(1, _CACHED[pixels.device.type] // pixels[0].nbytes)
    products, squares = [], []
    for part in pixels.split(lines):
        weighted = part * weights
        products.append(weighted @ axes)
        squares.append(weighted.square_().sum(-1))
    return torch.cat(products), torch.cat(squares)


def as_arrays(tensors: Sequence[Tensor]) -> list[FloatArray]:
    """`as_array` of several tensors: a card is asked, and waited for, once."""
    together = torch.cat([tensor.flatten() for tensor in tensors]).float().cpu()
    parts = together.split([tensor.numel() for tensor in tensors])
    return [part.reshape(tensor.shape).numpy() for part, tensor in zip(parts, tensors, strict=True)]


def as_array(tensor: Tensor) -> FloatArray:
    """A tensor of any device as 32-bit numbers in the memory of this computer."""
    array: FloatArray = tensor.detach().float().cpu().numpy()
    return array


def as_tensor(array: NDArray[Any], device: torch.device) -> Tensor:
    """An array on a device, in the order in which it lies in memory.

    To a card it goes through memory that the card can fetch from by itself, piece by piece: while one piece
    is fetched the next is made ready, and little of such memory, which is slow to come by, is needed.
    """
    tensor = torch.from_numpy(array)
    if device.type != "cuda":
        return tensor
    return in_pieces(tensor, torch.empty_like(tensor, device=device), pinned=True)


def in_pieces(tensor: Tensor, there: Tensor, *, pinned: bool) -> Tensor:
    """Copy a tensor into ``there`` in pieces of `_PIECE` bytes that lie together; ``pinned``: for a card."""
    outermost = max(range(tensor.ndim), key=tensor.stride, default=0)
    each = max(1, _PIECE * tensor.shape[outermost] // max(1, tensor.nbytes))
    pieces = (whole.split(each, dim=outermost) for whole in (tensor, there))
    for piece, place in zip(*pieces, strict=True):
        staged = torch.empty_like(piece, pin_memory=pinned)
        place.copy_(staged.copy_(piece), non_blocking=pinned)
    return there


def padded(image: Tensor, rows: int, cols: int) -> Tensor:
    """``(rows, cols, B)`` as a batch of one whose sides are multiples of `STRIDE`, edges repeated."""
    down, right = -rows % STRIDE, -cols % STRIDE
    return F.pad(image.movedim(-1, 0)[None], (0, right, 0, down), mode="replicate").movedim(1, -1)
