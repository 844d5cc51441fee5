"""AUVAE-Net: (Adversarial) U-shaped Variational Autoencoder Network for hyperspectral unmixing.

Read from top to bottom it is the figure of the method, four parts in the order in which a pixel meets them:

    pixels (N, B, H, W)
      -> Subspace         coordinates (N, d, H, W) in the scene's signal subspace, from any set of bands
      -> UNet             what the neighbourhood adds: coordinates without noise, and features (N, C, H, W)
      -> VariationalHead  posterior of the abundances: mean on the simplex and deviation, each (N, K, H, W)
      -> LinearDecoder    pixels again; its non-negative weights (K, B) *are* the endmember spectra

References: the adversarial autoencoder for unmixing (AAE-Net: Jin et al., 2021) and its U-shaped variational
descendant, AUVAE-Net. The published network has a fifth part, an adversary. Against a prior of abundances it
was tried here and made maps worse or no better (bench/adversary.py measures it, model/NOTES.md has the
figures), so that only the networks in published.py have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..endmembers.brightness import signal_subspace
from ..endmembers.lighting import Reading
from ..numerics.nonnegative import descended, nonnegative_least_squares, solve_on_support, to_simplex

HALO = 16
"""Pixels of neighbourhood that reach an abundance through the U-Net, rounded up to its stride."""

SPARE_DIRECTIONS = 4
"""Dimensions of the signal subspace beyond one for each endmember."""

NEIGHBOURHOODS = (3, 7)
"""Sides, in pixels, of the neighbourhoods whose mean a pixel may move towards."""

LARGEST_DEVIATION = 0.5
"""Of a share between 0 and 1: more than this says no more."""

SMALLEST_DEVIATION = 0.01
"""Of an abundance, before the head's factor: no pixel is certain."""

SMALL = 128
"""Pixels along a side, up to which means are taken by products with matrices: several times quicker."""

STRIDE = 4
"""The U-Net halves its grid twice: heights and widths are multiples of this."""


@dataclass(frozen=True)
class NetworkShape:
    """The sizes of a network: B bands, K endmembers, d subspace dimensions, C channels of the U-Net."""

    bands: int
    endmembers: int
    dimensions: int
    channels: int = 24


class Subspace(nn.Module):
    """Coordinates of pixels in the scene's signal subspace, from whatever bands are given.

    Least squares weighed against the noise: with few bands, or along directions in which the scene hardly
    varies, a coordinate stays near zero instead of repeating the noise.
    """

    basis: Tensor
    scale: Tensor
    noise: Tensor

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.register_buffer("basis", torch.zeros(shape.dimensions, shape.bands))
        self.register_buffer("scale", torch.ones(shape.dimensions))
        self.register_buffer("noise", torch.zeros(()))

    def forward(self, pixels: Tensor, bands: Tensor | None = None) -> Tensor:
        """Project ``pixels`` ``(N, H, W, B)`` from the bands that are 1 in ``bands`` ``(B,)`` (None: all).

        Returns:
            ``(N, d, H, W)`` coordinates divided by their spread over the scene.
        """
        return (pixels @ self.projection(bands).T).movedim(-1, 1)

    def projection(self, bands: Tensor | None = None) -> Tensor:
        """``(d, B)``: pixels times its transpose are coordinates, from ``bands`` ``(B,)`` (None: all)."""
        seen = self.axes if bands is None else self.axes * bands
        gram = seen @ seen.T + self.noise * torch.eye(len(seen), device=seen.device)
        return torch.linalg.solve(gram, seen)

    def measure(self, pixels: Tensor) -> None:
        """Set the subspace to that of ``pixels`` ``(n, B)``."""
        self.basis.copy_(signal_subspace(pixels, len(self.scale)))
        coordinates = pixels @ self.basis.T
        self.scale.copy_(coordinates.std(0).clamp_min(1e-6))
        outside = (pixels - coordinates @ self.basis).square().sum() / len(pixels)
        self.noise.copy_((outside / max(1, pixels.shape[1] - len(self.scale))).clamp_min(1e-9))

    def noise_share(self) -> float:
        """Deviation of the noise over that of the scene in its weakest direction that tells materials apart.

        K endmembers span K directions; the rest of the subspace is held in reserve.
        """
        directions = self.scale.sort(descending=True).values
        return float(self.noise.sqrt() / directions[max(0, len(directions) - SPARE_DIRECTIONS - 1)])

    @property
    def axes(self) -> Tensor:
        """``(d, B)``: coordinates times this are pixels."""
        return self.basis * self.scale[:, None]


class EdgedConv2d(nn.Conv2d):
    """A 3x3 convolution of an image with its edges repeated; gradients are summed in a fixed order."""

    def forward(self, image: Tensor) -> Tensor:
        """``(N, C, H, W)`` -> ``(N, C', H, W)``."""
        if not self.training:  # the same; a card adds up its gradient in any order
            return super().forward(F.pad(image, (1, 1, 1, 1), mode="replicate"))
        image = torch.cat([image[:, :, :1], image, image[:, :, -1:]], 2)
        image = torch.cat([image[..., :1], image, image[..., -1:]], 3)
        return super().forward(image)


def doubled(image: Tensor, side: int) -> Tensor:
    """Twice as many rows (``side`` 2) or columns (3) of ``(N, C, H, W)``, by linear interpolation.

    As `torch.nn.functional.interpolate` with ``align_corners=False``, whose gradient a card adds up in any
    order.
    """
    count = image.shape[side]
    before = torch.cat([image.narrow(side, 0, 1), image.narrow(side, 0, count - 1)], side)
    after = torch.cat([image.narrow(side, 1, count - 1), image.narrow(side, count - 1, 1)], side)
    pairs = torch.stack([torch.lerp(image, before, 0.25), torch.lerp(image, after, 0.25)], side + 1)
    return pairs.flatten(side, side + 1)


@cache
def _averaging(length: int, side: int, device: torch.device) -> Tensor:
    """``(length, length)``: times a column, the means of ``side`` neighbours with its ends repeated."""
    ends = F.pad(torch.eye(length)[None], (side // 2,) * 2, mode="replicate")
    return F.avg_pool1d(ends, side, stride=1)[0].T.contiguous().to(device)


class UNet(nn.Module):
    """Three scales of 3x3 neighbourhoods, skips by concatenation, strided convolutions instead of pooling.

    What comes out steers: where the scene is smooth a pixel moves towards the mean of its neighbourhood,
    narrow or wide, as far as its gates say; what a mean cannot give is added as a correction.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        channels = shape.channels
        self.fine = self._convolution(shape.dimensions, channels)
        self.to_middle = self._convolution(channels, channels, stride=2)
        self.middle = self._convolution(channels, channels)
        self.to_coarse = self._convolution(channels, channels, stride=2)
        self.coarse = self._convolution(channels, channels)
        self.up_middle = self._convolution(2 * channels, channels)
        self.up_fine = self._convolution(2 * channels, channels)
        self.correction = nn.Conv2d(channels, shape.dimensions * (1 + len(NEIGHBOURHOODS)), 1)
        for parameter in self.correction.parameters():  # starts as the identity: per-pixel unmixing
            nn.init.zeros_(parameter)

    @staticmethod
    def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
        layer = EdgedConv2d(inputs, outputs, 3) if stride == 1 else nn.Conv2d(inputs, outputs, stride, stride)
        return nn.Sequential(layer, nn.LeakyReLU(0.2, inplace=True))

    def forward(self, coordinates: Tensor) -> tuple[Tensor, Tensor]:
        """Coordinates ``(N, d, H, W)`` -> the same without noise, and features ``(N, C, H, W)``.

        H and W are multiples of `STRIDE`.
        """
        # mapping, where no gradient has to be summed in a fixed order, takes the quicker ways to the same
        if not self.training:
            coordinates = coordinates.contiguous(memory_format=torch.channels_last)
        fine = self.fine(coordinates)
        middle = self.middle(self.to_middle(fine))
        coarse = self.coarse(self.to_coarse(middle))
        middle = self.up_middle(torch.cat([self._up(coarse), middle], 1))
        features = self.up_fine(torch.cat([self._up(middle), fine], 1))
        correction, *gates = self.correction(features).chunk(1 + len(NEIGHBOURHOODS), 1)
        cleaned = coordinates + correction
        for side, gate in zip(NEIGHBOURHOODS, gates, strict=True):
            cleaned = cleaned + gate * (self._mean(coordinates, side) - coordinates)
        return cleaned, features

    @staticmethod
    def _mean(image: Tensor, side: int) -> Tensor:
        if max(image.shape[2:]) <= SMALL:
            along, across = (_averaging(length, side, image.device) for length in image.shape[2:])
            return along @ image @ across.T
        around = F.pad(image, (side // 2,) * 4, mode="replicate")
        # along columns, then along rows: 2 x side additions a pixel and not side x side
        return F.avg_pool2d(F.avg_pool2d(around, (side, 1), stride=1), (1, side), stride=1)

    def _up(self, image: Tensor) -> Tensor:
        if self.training:
            return doubled(doubled(image, 2), 3)
        return F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)


class VariationalHead(nn.Module):
    """The posterior of the abundances: a mean that obeys ANC and ASC, and a deviation of each abundance.

    The deviation is a learned factor on `mixing_uncertainty`, which is nothing in pure pixels and largest in
    even mixtures: whatever is wrong with an endmember, its pure pixels are still pure.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.deviation = nn.Conv2d(shape.channels, shape.endmembers, 1)
        for parameter in self.deviation.parameters():
            nn.init.zeros_(parameter)

    def forward(self, products: Tensor, gram: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior of clean pixels ``x`` given endmembers ``S``.

        Args:
            products: ``(N, H, W, K)``, ``x S^T``.
            gram: ``(K, K)``, ``S S^T``.
            features: ``(N, C, H, W)``, of the U-Net.

        Returns:
            mean ``(N, H, W, K)``, non-negative, summing to one: the non-negative least-squares mixture (soft
            thresholding in the metric of the endmembers) with its brightness divided out; and the deviation
            ``(N, H, W, K)``.
        """
        find = descended if self.training else nonnegative_least_squares
        amounts = find(products.detach(), gram.detach())
        if self.training:
            support = amounts.reshape(-1, len(gram)) > 0
            solved = solve_on_support(products.reshape(support.shape), gram, support)
            amounts = solved.clamp_min(0).reshape(products.shape)
        mean = to_simplex(amounts)
        return mean, self.deviations(mean, features)

    def deviations(self, mean: Tensor, features: Tensor) -> Tensor:
        """Deviation of abundances ``(N, H, W, K)``, from features ``(N, C, H, W)``; moves only the factor."""
        factor = self.deviation(features).movedim(1, -1).clamp(-5, 3).exp()
        deviation = factor * (mixing_uncertainty(mean.detach()) + SMALLEST_DEVIATION)
        return deviation.clamp_max(LARGEST_DEVIATION)


def mixing_uncertainty(abundances: Tensor) -> Tensor:
    """Deviation of ``(..., K)`` abundances when every endmember's brightness deviates by its own size.

    From ``a_k = n_k / sum n``: ``da_k = a_k (d_k - sum_j a_j d_j)``, with independent d_k of deviation one.
    """
    squares = abundances**2
    others = squares.sum(-1, keepdim=True) - squares
    return abundances * ((1 - abundances) ** 2 + others).sqrt()


class LinearDecoder(nn.Module):
    """Linear mixing: its weights, kept positive by their logarithm, are the endmember spectra ``(K, B)``.

    A pixel of brightness one is ``abundances @ spectra``. It is never multiplied out: how far that is from
    what was measured follows from products with the spectra (`losses.misfit_of_shape`), K numbers and not B.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.log_spectra = nn.Parameter(torch.zeros(shape.endmembers, shape.bands))

    @property
    def spectra(self) -> Tensor:
        """Endmembers ``(K, B)`` in the softly normalised unit."""
        return self.log_spectra.exp()


class AUVAENet(nn.Module):
    """The four parts together."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.subspace = Subspace(shape)
        self.unet = UNet(shape)
        self.head = VariationalHead(shape)
        self.decoder = LinearDecoder(shape)

    def clean(self, coordinates: Tensor) -> tuple[Tensor, Tensor]:
        """Coordinates ``(N, d, H, W)`` of pixels -> clean coordinates and features (see `UNet`)."""
        return self.unet(coordinates)

    def posterior(self, coordinates: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the abundances, each ``(N, H, W, K)``, from what `clean` returned.

        Brightness is free: these are shares of shape, whose misfit trains the network.
        """
        return self.head(*self.products(coordinates), features)

    def products(self, coordinates: Tensor) -> tuple[Tensor, Tensor]:
        """Clean pixels times endmembers ``(N, H, W, K)``, and the endmembers' Gram matrix ``(K, K)``."""
        spectra = self.decoder.spectra
        to_products = self.subspace.axes @ spectra.T  # (d, K)
        return coordinates.movedim(1, -1) @ to_products, spectra @ spectra.T

    def read(
        self, coordinates: Tensor, features: Tensor, reading: Reading, endmembers: Tensor, pixels: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, deviation and mixture, each ``(N, H, W, K)``, with the brightness latent that a scene allows.

        Args:
            coordinates: ``(N, d, H, W)``, clean.
            features: ``(N, C, H, W)``.
            reading: of amounts as abundances.
            endmembers: ``(K,)``, their darkness (see `Brightness.darkness`).
            pixels: ``(N, H, W)``, theirs.
        """
        products, gram = self.products(coordinates)
        flat = products.detach().reshape(-1, len(gram))
        found = reading.abundances(flat, gram.detach(), endmembers, pixels.reshape(-1))
        mean, mixture = (part.reshape(products.shape) for part in found)
        return mean, self.head.deviations(mean, features), mixture

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Softly normalised pixels ``(N, H, W, B)`` -> abundances and deviations, each ``(N, H, W, K)``."""
        return self.posterior(*self.clean(self.subspace(pixels)))
