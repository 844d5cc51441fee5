"""Pixels unlike all of their neighbours: damaged ones, or something else in each. They pull archetypes away.

Archetypes lie on the rim of the scene, and so do outliers: where there are many, some archetypes are spent on
them and a material is lost. What a few pixels in a row show (`targets`) is not alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .targets import Observed

UNLIKE, TIMES = 0.1, 15.0
"""A pixel is alone that is so far from the nearest of its eight neighbours, softly normalised, and so many
times as far as the median pixel is. In the eight real and public scenes 7 pixels are at most."""

MANY = 0.004
"""Share of the pixels from which on they matter. Scenes without outliers had 0.0025 at most, one with an
outlier among a hundred pixels 0.0097; fewer have no weight in a cluster's centre."""


def lone_pixels(pixels: Tensor, observed: Observed | None) -> Tensor:
    """Which of the cleaned, softly normalised ``pixels`` ``(n, B)`` are alone, ``(n,)``; none where few are.

    Args:
        pixels: in the order of ``observed``.
        observed: says which are neighbours; None where that is not known.
    """
    if observed is None:
        return torch.zeros(len(pixels), dtype=torch.bool, device=pixels.device)
    nearest = torch.full((len(pixels),), torch.inf, device=pixels.device)
    for neighbour in observed.neighbours().T:
        away = (pixels - pixels[neighbour]).norm(dim=1)
        nearest = torch.minimum(nearest, torch.where(neighbour >= 0, away, torch.inf))
    known = nearest.isfinite()
    usual = float(nearest[known].median()) if bool(known.any()) else 0.0
    alone = known & (nearest > max(UNLIKE, TIMES * usual))
    return alone if float(alone.float().mean()) >= MANY else torch.zeros_like(alone)
