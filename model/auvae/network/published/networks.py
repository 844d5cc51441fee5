"""AUVAE-Net as its authors published it, and its siblings: network and losses. Training is elsewhere.

One network with switches: with all parts it is AUVAE-Net; without the U-Net AVAE, without the variance
AUAE, without both and without the dense layer behind the decoder AAE-Net. They are here to compare with and
to reproduce papers; what is known to be wrong with them is kept and said (`variants.caution`).

    pixels (n, B), divided by the scene's largest value
      -> PixelUNet      (n, B), or left as they are
      -> Encoder        abundances (n, K), and their log-variance (n, K) where there is one
      -> Decoder        mixtures (n, B), whose weights (K, B) are the endmembers; reconstructions (n, B)
      -> discriminator  tells abundances from draws of a normal distribution

Layers start as in Keras: Glorot's initialisers, biases at zero; batch norm with momentum 0.99, epsilon 1e-3.

References: AAE-Net, Jin et al., IEEE TNNLS 2021 (github.com/qiwenjjin/AAENet); AUVAE-Net and siblings,
github.com/Tai-Chi-Yueh/AUVAE-Net. The authors' scripts of the siblings differ in settings too (AAE-Net: 10
rounds, 0.01 instead of 0.03; AUAE: ReLU); here only the switched parts differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

SQUARES_WEIGHT = 0.008
DECAY_WEIGHT = 1e-3
LEAK = 0.2
DROPPED = 0.2


@dataclass(frozen=True)
class PublishedShape:
    """B bands, K endmembers, and which of the parts that tell the variants apart are there."""

    bands: int
    endmembers: int
    unet: bool
    variance: bool
    output: bool


def dense(inputs: int, outputs: int, *, bias: bool = True) -> nn.Linear:
    """A dense layer as Keras starts it: Glorot uniform weights, biases at zero."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def batch_norm(width: int) -> nn.BatchNorm1d:
    """Batch norm with Keras's settings: momentum 0.99 counts the past, torch's counts the present."""
    return nn.BatchNorm1d(width, eps=1e-3, momentum=0.01)


class CentreTap(nn.Linear):
    """A 3x3 convolution, zeros around the image, of images of one pixel: what is left of it, its centre tap.

    The other eight taps of a kernel meet only zeros: they change no output and get no gradient. The centre
    starts as Glorot's initialiser draws it for the whole 3x3 kernel.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        bound = math.sqrt(6 / (9 * inputs + 9 * outputs))
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.zeros_(self.bias)

    @property
    def dead_taps(self) -> int:
        """How many weights the published kernel has besides these."""
        return 8 * self.weight.numel()


class Dropout(nn.Module):
    """Dropout from uniform draws: torch's own draws on a processor take as long as a tenth of a step."""

    def forward(self, values: Tensor) -> Tensor:
        """Set a share `DROPPED` of the values to zero while training, and make up for it in the others."""
        if not self.training:
            return values
        return values * torch.rand_like(values).ge_(DROPPED).div_(1 - DROPPED)


class PixelUNet(nn.Module):
    """The published U-Net: no pooling, skips by concatenation, each pixel an image of its own."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.down_1, self.norm_1 = CentreTap(bands, 64), batch_norm(64)
        self.down_2, self.norm_2 = CentreTap(64, 128), batch_norm(128)
        self.down_3, self.norm_3 = CentreTap(128, 256), batch_norm(256)
        self.bottleneck, self.dropout = CentreTap(256, 512), Dropout()
        self.up_1 = CentreTap(512, 256)
        self.up_2 = CentreTap(256 + 256, 128)
        self.up_3 = CentreTap(128 + 128, 64)
        self.output = dense(64 + 64, bands)  # a 1x1 convolution

    def forward(self, pixels: Tensor) -> Tensor:
        """``(n, B)`` -> ``(n, B)``."""
        first = self.norm_1(leaky(self.down_1(pixels)))  # (n, 64)
        second = self.norm_2(leaky(self.down_2(first)))  # (n, 128)
        third = self.norm_3(leaky(self.down_3(second)))  # (n, 256)
        deepest = self.dropout(leaky(self.bottleneck(third)))  # (n, 512)
        up = leaky(self.up_1(deepest))  # (n, 256)
        up = leaky(self.up_2(torch.cat([third, up], 1)))  # (n, 128)
        up = leaky(self.up_3(torch.cat([second, up], 1)))  # (n, 64)
        return leaky(self.output(torch.cat([first, up], 1)))


def leaky(values: Tensor) -> Tensor:
    """LeakyReLU, in place: the layer before it has no use for what it overwrites."""
    return functional.leaky_relu(values, LEAK, inplace=True)


class Encoder(nn.Module):
    """Pixels to abundances: dense 9K-6K-3K-K, then the variational head, or what is left of it."""

    def __init__(self, shape: PublishedShape) -> None:
        super().__init__()
        count = shape.endmembers
        self.unet = PixelUNet(shape.bands) if shape.unet else None
        self.layers = nn.ModuleList(
            [
                dense(shape.bands, 9 * count),
                dense(9 * count, 6 * count),
                dense(6 * count, 3 * count),
                dense(3 * count, count, bias=False),
            ]
        )
        self.mean = dense(count, count, bias=False) if shape.variance else None
        self.log_variance = dense(count, count, bias=False) if shape.variance else None
        self.norm = batch_norm(count)
        self.threshold = nn.Parameter(torch.zeros(count))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        """``(n, B)`` -> abundances ``(n, K)``, non-negative, their sum 1 or 0; log-variance ``(n, K)``."""
        features = pixels if self.unet is None else self.unet(pixels)
        for layer in self.layers:
            features = leaky(layer(features))
        mean = features if self.mean is None else self.mean(features)
        kept = functional.relu(self.norm(mean) - self.threshold)
        abundances = kept / (kept.sum(-1, keepdim=True) + 1e-7)
        return abundances, None if self.log_variance is None else self.log_variance(features)


class Decoder(nn.Module):
    """Linear mixing, whose weights are the endmembers, and the dense layer that AUVAE-Net has behind it."""

    def __init__(self, shape: PublishedShape) -> None:
        super().__init__()
        # Glorot normal as in Keras: truncated at two deviations, then widened to the deviation it should have
        spread = math.sqrt(2 / (shape.endmembers + shape.bands)) / 0.87962566103423978
        spectra = torch.empty(shape.endmembers, shape.bands)
        nn.init.trunc_normal_(spectra, std=spread, a=-2 * spread, b=2 * spread)
        self.spectra = nn.Parameter(spectra)
        self.output = dense(shape.bands, shape.bands) if shape.output else None

    def forward(self, abundances: Tensor) -> Tensor:
        """``(n, K)`` -> reconstructions ``(n, B)``."""
        mixtures = abundances @ self.spectra
        return mixtures if self.output is None else leaky(self.output(mixtures))


class PublishedNet(nn.Module):
    """Encoder, decoder and discriminator of one published variant."""

    def __init__(self, shape: PublishedShape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = Encoder(shape)
        self.decoder = Decoder(shape)
        narrow = max(math.ceil(shape.bands / 4), shape.endmembers + 2) + 3
        wide = math.ceil(1.2 * shape.bands) + 5
        self.discriminator = nn.Sequential(  # its sigmoid is in the loss
            dense(shape.endmembers, narrow), nn.ReLU(), dense(narrow, wide), nn.ReLU(), dense(wide, 1)
        )

    @torch.no_grad()
    def constrain(self) -> None:
        """Endmembers and threshold stay non-negative: what fell below zero is zero."""
        self.decoder.spectra.clamp_min_(0)
        self.encoder.threshold.clamp_min_(0)

    def decay(self) -> Tensor:
        """The weight decay of the U-Net's last layer; zero without a U-Net."""
        if self.encoder.unet is None:
            return self.encoder.threshold.new_zeros(())
        return DECAY_WEIGHT * self.encoder.unet.output.weight.square().sum()

    def parameter_count(self) -> int:
        """Trainable parameters as published, with the dead taps of 3x3 kernels; discriminator aside."""
        parts = (self.encoder, self.decoder)
        live = sum(parameter.numel() for part in parts for parameter in part.parameters())
        return live + sum(layer.dead_taps for layer in self.modules() if isinstance(layer, CentreTap))


def mean_angle(truth: Tensor, found: Tensor) -> Tensor:
    """The authors' angle: arccos of the mean, over rows *and bands*, of the product of unit vectors.

    Over bands it should be the sum: as it is, a perfect fit of B bands has the angle arccos(1 / B).
    """
    product = functional.normalize(truth, dim=-1, eps=1e-6) * functional.normalize(found, dim=-1, eps=1e-6)
    return product.mean().acos()


def misfit(pixels: Tensor, rebuilt: Tensor) -> Tensor:
    """The authors' reconstruction loss: angle + 0.008 mean squared error."""
    return mean_angle(pixels, rebuilt) + SQUARES_WEIGHT * (pixels - rebuilt).square().mean()


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL of N(mean, variance) from N(0, 1), averaged over endmembers and pixels (Kingma & Welling 2014)."""
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).mean()
