"""Brightness of pixels, taken out softly, and the signal subspace it is measured in. Reads no files."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SOFTNESS = 0.2
"""tau of the soft normalisation: 0 compares pure shapes, from about 1 on spectra are nearly raw."""

NOISIER, NOISE_SHARE = 5.0, 0.05
"""A band is noisy that has so many times the median band's noise, and so much of its variance from it."""

FEWEST_A_BAND = 4
"""Pixels a band, with fewer of which noise cannot be told from signal."""


@dataclass(frozen=True)
class Brightness:
    """The soft normalisation of one scene.

    Attributes:
        basis: ``(d, B)`` orthonormal signal subspace of the weighted pixels; brightness is measured inside
            it, where noise is small.
        offset: ``tau * median brightness``, in the raster's unit.
        weights: ``(B,)``, what a band counts: 1, and less for the few that are mostly noise.
    """

    basis: Tensor
    offset: float
    weights: Tensor

    @classmethod
    def of(cls, pixels: Tensor, dimensions: int) -> Brightness:
        """Measure signal subspace, median brightness and noisy bands of a scene's ``pixels`` ``(n, B)``."""
        plain = cls._weighted(pixels, dimensions, torch.ones_like(pixels[0]))
        weights = band_weights(plain.normalise(pixels))
        return plain if bool((weights == 1).all()) else cls._weighted(pixels, dimensions, weights)

    @classmethod
    def _weighted(cls, pixels: Tensor, dimensions: int, weights: Tensor) -> Brightness:
        weighted = pixels * weights
        basis = signal_subspace(weighted, dimensions)
        median = float((weighted @ basis.T).norm(dim=1).median())
        return cls(basis, SOFTNESS * median, weights)

    def measure(self, pixels: Tensor) -> Tensor:
        """What pixels ``(..., B)`` are divided by: ``(..., 1)``, in the raster's unit."""
        return (pixels @ self.axes.T).norm(dim=-1, keepdim=True) + self.offset

    def normalise(self, pixels: Tensor) -> Tensor:
        """Pixels ``(..., B)`` in the raster's unit, weighted and divided by `measure`."""
        return pixels * self.weights / self.measure(pixels).clamp_min(1e-12)

    def restore(self, spectra: Tensor) -> Tensor:
        """Bring normalised spectra ``(K, B)`` back to the raster's unit: undo `normalise`."""
        return spectra * self.offset / self.darkness(spectra) / self.weights

    def darkness(self, spectra: Tensor) -> Tensor:
        """``offset / (brightness + offset)`` of normalised spectra ``(K, B)``: ``(K, 1)``."""
        return 1 - (spectra @ self.basis.T).norm(dim=-1, keepdim=True).clamp_max(0.995)

    @property
    def axes(self) -> Tensor:
        """``(d, B)``: pixels in the raster's unit times its transpose lie in the signal subspace."""
        return self.basis * self.weights

    def to(self, device: torch.device) -> Brightness:
        """The same on another device."""
        return Brightness(self.basis.to(device), self.offset, self.weights.to(device))


def band_weights(pixels: Tensor) -> Tensor:
    """What each band is to count, so that stripes and dying detectors do not rule the rest.

    Noise is what the other bands cannot tell of a band (Roger & Arnold 1996). A band that has `NOISIER` times
    as much as the median, and of whose variance it is `NOISE_SHARE` or more, is scaled down to the former.

    Args:
        pixels: ``(n, B)``, normalised.

    Returns:
        ``(B,)``, 1 for nearly all; all 1 where there are too few pixels to tell.
    """
    count, bands = pixels.shape
    if count < FEWEST_A_BAND * bands:
        return torch.ones_like(pixels[0])
    correlation = (pixels.T @ pixels).double() / count
    ridge = 1e-9 * correlation.diagonal().mean() * torch.eye(bands, device=pixels.device)
    noise = (1 / torch.linalg.inv(correlation + ridge).diagonal()).clamp_min(0).sqrt().to(pixels.dtype)
    most = NOISIER * noise.median()
    noisy = (noise > most) & (noise**2 > NOISE_SHARE * pixels.var(0))
    return torch.where(noisy, most / noise.clamp_min(1e-12), 1.0)


def counted(spectra: Tensor, convention: Tensor) -> Tensor:
    """Softly normalised endmembers ``(..., K, B)`` with another brightness counting as 100 % of each.

    At 0 they stay; at -1 all have the same brightness, so that shares are those of shapes; at 1 each has its
    own, so that shares are those of the area. Between, and beyond, powers of these factors.
    ``convention`` is ``(..., 1, 1)``.
    """
    norm = spectra.norm(dim=-1, keepdim=True).clamp(0.05, 0.98)
    own, same = 1 / (1 - norm), 1 / norm  # |y| + offset over offset; and over |y|: see `Brightness`
    factor = torch.where(convention > 0, own, 1 / same) ** convention
    return spectra * factor / factor.log().mean(-2, keepdim=True).exp()


def signal_subspace(pixels: Tensor, dimensions: int) -> Tensor:
    """Orthonormal basis ``(d, B)`` of the strongest directions of ``pixels`` ``(n, B)``, not centred."""
    correlation = (pixels.T @ pixels).double() / len(pixels)
    _, vectors = torch.linalg.eigh(correlation)
    return vectors.flip(1)[:, :dimensions].T.to(pixels.dtype).contiguous()
