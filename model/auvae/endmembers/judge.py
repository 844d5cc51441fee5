"""Which of several sets of endmembers a scene's pixels speak for. Makes none, and knows no kinds of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..numerics.nonnegative import nonnegative_least_squares

CONVINCING = 0.65
"""A set of another kind replaces archetypes of centres when it leaves at most this share of their mean angle.

Where light mixes linearly the corners of the cleaned scene leave 0.1 to 0.6 of it. Where materials vary they
leave 0.8 to 1.2, and the smaller figure is no sign of better endmembers: extremes of a material's variation
come nearer to its pixels than its mean does.
"""

NEEDED = 1.2
"""Without any one of a convincing set the mean angle grows by this factor at least.

A set with a member that hardly any pixel needs has put it on noise, or on a material that shows in few pixels
only; for the latter there are targets.
"""


@dataclass(frozen=True)
class Signs:
    """What the pixels say of one set of endmembers.

    Attributes:
        angle: mean angle, in radians, between pixels and their non-negative mixtures.
        halves: the same for each half of the pixels.
        least: by what factor the angle grows without the endmember that is needed least.
    """

    angle: float
    halves: tuple[float, float]
    least: float


def angles(points: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """Angles ``(n,)`` between points ``(n, d)`` and mixtures of ``ends`` ``(K, d)``; amounts ``(n, K)``."""
    amounts = nonnegative_least_squares(points @ ends.T, ends @ ends.T)
    cosine = torch.nn.functional.cosine_similarity(amounts @ ends, points, dim=-1)
    return cosine.clamp(-1, 1).acos(), amounts


def mean_angle(points: Tensor, ends: Tensor) -> float:
    """Mean angle, in radians, between points ``(n, d)`` and their mixtures of ``ends`` ``(K, d)``."""
    return float(angles(points, ends)[0].mean())


def needed(points: Tensor, ends: Tensor) -> list[float]:
    """By what factor the mean angle grows when each endmember is left out."""
    whole = max(mean_angle(points, ends), 1e-9)
    rows = torch.arange(len(ends), device=ends.device)
    return [mean_angle(points, ends[rows != left_out]) / whole for left_out in range(len(ends))]


def signs(points: Tensor, ends: Tensor) -> Signs:
    """All signs of one set ``(K, d)``."""
    found = angles(points, ends)[0]
    halves = float(found[::2].mean()), float(found[1::2].mean())
    return Signs(float(found.mean()), halves, min(needed(points, ends)))


@dataclass(frozen=True)
class Verdict:
    """Whether a set replaces the one that stands for the scene so far, and why: a part of a sentence."""

    convinces: bool
    reason: str


def verdict(newcomer: Signs, incumbent: Signs) -> Verdict:
    """Compare a set with the one that stands for the scene so far."""
    share = max(new / max(old, 1e-9) for new, old in zip(newcomer.halves, incumbent.halves, strict=True))
    left = f"they leave {share:.0%} of the mean angle"
    if share > CONVINCING:
        return Verdict(False, f"{left}, and at most {CONVINCING:.0%} would convince")
    if newcomer.least < NEEDED:
        return Verdict(False, f"{left}, but the scene hardly needs one of them")
    return Verdict(True, f"{left}, and every one of them is needed")
