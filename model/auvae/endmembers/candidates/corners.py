"""Corners of the cloud of pixels (VCA, N-FINDR), softly normalised and in the raster's unit.

They find materials that only a few pixels show, and are exact where light mixes linearly; where materials
vary they find extremes of that variation.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..nfindr import nfindr
from ..search_space import SearchSpace
from ..vca import vca

NAME = "corners (VCA, N-FINDR)"

DRAWS = 4
"""Of random directions, for each of the two clouds."""

ALIKE = 5
"""A corner is the mean of so many pixels nearest to it: what noise is left averages out."""


def obstacle(space: SearchSpace) -> str:
    """Known endmembers, and too few pixels or dimensions for so many corners."""
    if space.known is not None:
        return "spectra are known, and corners cannot hold them"
    if min(space.points.shape) < space.count:
        return f"the scene has too few pixels or bands for {space.count} corners"
    return ""


def propose(space: SearchSpace) -> Tensor:
    """``(4 * DRAWS, K, d)``."""
    points = space.points
    found = []
    for cloud in (points.cpu(), space.unnormalised.cpu()):
        for _ in range(DRAWS):
            first = _nearest(cloud, vca(cloud, space.count, space.generator), 1)[:, 0]
            for corners in (first, torch.from_numpy(nfindr(cloud.numpy(), first.numpy()))):
                alike = _nearest(points, points[corners.to(points.device)], min(ALIKE, len(points)))
                found.append(points[alike].mean(1))
    return torch.stack(found)


def _nearest(points: Tensor, wanted: Tensor, count: int) -> Tensor:
    """Which ``count`` of ``points`` ``(n, d)`` are nearest to each of ``wanted``: ``(K, count)``."""
    return torch.stack([(points - one).square().sum(1).topk(count, largest=False).indices for one in wanted])
