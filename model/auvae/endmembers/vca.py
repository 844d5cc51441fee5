"""Vertex component analysis: pixels at the corners of the scene's simplex. No training, no files."""

from __future__ import annotations

import math

import torch
from torch import Tensor

NOTHING = 1e-12

DARK = 20
"""Pixels of less than so many times the noise are mostly noise once their brightness is divided out."""


def vca(pixels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Endmembers by vertex component analysis (Nascimento & Dias, IEEE TGRS 43(4), 2005).

    Pixels are projected onto their signal subspace: at low signal to noise onto an affine one of K - 1
    dimensions, else onto a linear one of K dimensions with the brightness divided out; nearly black pixels
    are no candidates then. Then, K times, the
    pixel farthest along a random direction orthogonal to the endmembers found so far becomes the next.

    Args:
        pixels: ``(n, B)`` with ``n >= K`` and ``B >= K``.
        count: K, the number of endmembers.
        generator: on the CPU; draws the directions. The same seed gives the same endmembers.

    Returns:
        ``(K, B)``: K pixels of the scene, without what lies outside the signal subspace, in the pixels' unit.

    Raises:
        ValueError: fewer pixels or bands than endmembers.
    """
    if min(pixels.shape) < count:
        raise ValueError(f"{count} endmembers need as many pixels and bands, not {tuple(pixels.shape)}")
    spectra = pixels.double()
    if signal_to_noise(spectra, count) < 15 + 10 * math.log10(count):
        mean = spectra.mean(0)
        axes = _strongest(spectra - mean, count - 1)
        points = (spectra - mean) @ axes  # (n, K - 1)
        clean = points @ axes.T + mean
        height = points.norm(dim=1).max().expand(len(points), 1)
        points = torch.cat([points, height], 1)
    else:
        axes = _strongest(spectra, count)
        points = spectra @ axes  # (n, K)
        clean = points @ axes.T
        brightness = points @ points.mean(0)
        noise = (spectra - clean).square().sum() / (len(spectra) * max(1, spectra.shape[1] - count))
        lit = brightness > (DARK * noise.sqrt() + NOTHING) * points.mean(0).norm()
        points = torch.where(lit[:, None], points / torch.where(lit, brightness, 1)[:, None], 0)
    return clean[_corners(points, generator)].to(pixels.dtype)


def signal_to_noise(pixels: Tensor, count: int) -> float:
    """Estimate the signal-to-noise ratio of ``pixels`` ``(n, B)`` in dB, given K endmembers (equation 13)."""
    bands, mean = pixels.shape[1], pixels.mean(0)
    projected = (pixels - mean) @ _strongest(pixels - mean, count)
    power = float(pixels.square().sum(1).mean())
    signal = float(projected.square().sum(1).mean() + mean.square().sum())
    noise = power - signal
    if noise <= NOTHING * power:
        return math.inf
    kept = signal - count / bands * power
    return 10 * math.log10(kept / noise) if kept > 0 else -math.inf


def _strongest(pixels: Tensor, dimensions: int) -> Tensor:
    """The directions ``(B, d)`` along which ``pixels`` ``(n, B)`` are strongest, orthonormal."""
    _, vectors = torch.linalg.eigh(pixels.T @ pixels / len(pixels))
    return vectors[:, vectors.shape[1] - dimensions :].flip(1)


def _corners(points: Tensor, generator: torch.Generator) -> list[int]:
    """Indices of the K of ``points`` ``(n, K)`` that span the largest simplex, one after the other."""
    count = points.shape[1]
    found = points.new_zeros(count, count)  # a column an endmember
    found[-1, 0] = 1
    corners = []
    for k in range(count):
        drawn = torch.rand(count, generator=generator, dtype=torch.float64).to(points.device)
        direction = drawn - found @ (torch.linalg.pinv(found) @ drawn)
        corner = int((points @ (direction / direction.norm().clamp_min(NOTHING))).abs().argmax())
        found[:, k] = points[corner]
        corners.append(corner)
    return corners
