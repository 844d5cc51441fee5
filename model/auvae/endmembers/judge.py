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

SMALLEST = 1e-9
"""A mean angle, in radians, that others are divided by, at least."""

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
    """Angles between points ``(n, d)`` and mixtures of sets of endmembers, and the amounts in these.

    Args:
        points: ``(n, d)``.
        ends: ``(K, d)``, or P sets side by side ``(P, K, d)``; what is zero is left out of its set.

    Returns:
        angles ``(n,)`` and amounts ``(n, K)``, or ``(P, n)`` and ``(P, n, K)``.
    """
    amounts = nonnegative_least_squares(points @ ends.mT, ends @ ends.mT)
    cosine = torch.nn.functional.cosine_similarity(amounts @ ends, points, dim=-1)
    return cosine.clamp(-1, 1).acos(), amounts


def mean_angles(points: Tensor, sets: Tensor) -> list[float]:
    """Mean angles, in radians, between points ``(n, d)`` and mixtures of each of ``sets`` ``(P, K, d)``."""
    means: list[float] = angles(points, sets)[0].mean(-1).tolist()
    return means


def growths(points: Tensor, ends: Tensor) -> tuple[float, list[float]]:
    """Mean angle of a set ``(K, d)``, and by what factor it grows when each endmember is left out."""
    whole, *without = mean_angles(points, _with_one_left_out(ends))
    whole = max(whole, SMALLEST)
    return whole, [angle / whole for angle in without]


def signs(points: Tensor, ends: Tensor) -> Signs:
    """All signs of one set ``(K, d)``."""
    found = angles(points, _with_one_left_out(ends))[0]
    both = torch.stack([found[:, ::2].mean(1), found[:, 1::2].mean(1), found.mean(1)])
    even, odd, (whole, *without) = both.tolist()
    return Signs(whole, (even[0], odd[0]), min(without) / max(whole, SMALLEST))


def _with_one_left_out(ends: Tensor) -> Tensor:
    """The set ``(K, d)``, and it without each of its endmembers: ``(K + 1, K, d)``."""
    count = len(ends)
    without = 1 - torch.eye(count, dtype=ends.dtype, device=ends.device)
    return torch.cat([ends[None], ends * without[:, :, None]])


@dataclass(frozen=True)
class Verdict:
    """Whether a set replaces the one that stands for the scene so far, and why: a part of a sentence."""

    convinces: bool
    reason: str


def verdict(newcomer: Signs, incumbent: Signs) -> Verdict:
    """Compare a set with the one that stands for the scene so far."""
    share = max(new / max(old, SMALLEST) for new, old in zip(newcomer.halves, incumbent.halves, strict=True))
    left = f"they leave {share:.0%} of the mean angle"
    if share > CONVINCING:
        return Verdict(False, f"{left}, and at most {CONVINCING:.0%} would convince")
    if newcomer.least < NEEDED:
        return Verdict(False, f"{left}, but the scene hardly needs one of them")
    return Verdict(True, f"{left}, and every one of them is needed")
