"""Archetypal analysis: endmembers are mixtures of pixels, and pixels mixtures of endmembers. No files."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..numerics.steps import repeat

CENTRES = 300
"""Cluster centres that stand for the pixels while archetypes are sought."""

_CHUNK = 16384


@dataclass(frozen=True)
class Known:
    """Endmembers that are known beforehand.

    Attributes:
        spectra: ``(Kk, B)`` softly normalised, or their coordinates ``(Kk, d)``.
        freedom: how far the scene may pull them away, 0 (not at all) to 1 (they are only where it starts).
    """

    spectra: Tensor
    freedom: float


def cluster(points: Tensor, count: int, generator: torch.Generator, rounds: int = 8) -> tuple[Tensor, Tensor]:
    """Summarise ``points`` ``(n, d)`` by k-means centres.

    Returns:
        centres ``(m, d)`` with ``m <= count``, and how many points each stands for ``(m,)``.
    """
    if len(points) <= count:
        return points, torch.ones(len(points), device=points.device)
    chosen = torch.randperm(len(points), generator=generator)[:count].to(points.device)
    centres = points[chosen]
    sizes = torch.ones(count, device=points.device)
    for _ in range(rounds):
        sums, sizes = torch.zeros_like(centres), torch.zeros_like(sizes)
        for part in points.split(_CHUNK):
            nearest = torch.cdist(part, centres).argmin(1)
            if points.is_cuda:  # where index_add_ adds in another order every time
                belongs = nn.functional.one_hot(nearest, count).to(points.dtype)
                sums += belongs.T @ part
                sizes += belongs.sum(0)
            else:
                sums.index_add_(0, nearest, part)
                sizes += torch.bincount(nearest, minlength=count)
        centres = torch.where(sizes[:, None] > 0, sums / sizes[:, None].clamp_min(1), centres)
    kept = sizes > 0
    return centres[kept], sizes[kept]


def archetypes(
    points: Tensor,
    weights: Tensor,
    count: int,
    starts: int,
    rounds: int,
    generator: torch.Generator,
    known: Known | None = None,
) -> Tensor:
    """Archetypal analysis by entropic (multiplicative) descent, several random starts at once.

    Minimises ``sum_i w_i |x_i - a_i B X|^2`` over rows ``a_i`` and rows of ``B`` on the simplex:
    archetypes are convex mixtures of points, and points convex mixtures of archetypes (Cutler & Breiman
    1994; entropic updates as in Zouaoui et al., EDAA, 2023).

    Args:
        points: ``(n, d)``.
        weights: ``(n,)``, positive.
        count: K, the number of archetypes.
        starts: random starts, computed together.
        rounds: alternations between points as mixtures and archetypes as mixtures.
        generator: draws the starts.
        known: archetypes that are given, in the unit of ``points``; they come first. Each is
            ``(1 - freedom)`` of what was given and ``freedom`` of a mixture of points that is sought.

    Returns:
        ``(starts, K, d)`` archetypes of every start.
    """
    weights = weights / weights.mean()
    given = points.new_zeros(count, points.shape[1])  # what is not sought of each archetype
    sought = points.new_ones(count, 1)  # the share that is
    if known is not None:
        given[: len(known.spectra)] = (1 - known.freedom) * known.spectra
        sought[: len(known.spectra)] = known.freedom
    mixtures = _furthest_points(points, weights, count, starts, generator, known)  # (starts, K, n): rows of B
    shares = points.new_full((starts, count, len(points)), 1 / count)  # (starts, K, n): columns a_i
    largest = (points**2).sum(-1).max()

    def alternate(_number: Tensor) -> None:
        """Points as mixtures of archetypes, then archetypes as mixtures of points."""
        found = given + sought * (mixtures @ points)
        gram, target = found @ found.mT, found @ points.T
        step = 4 / _largest_eigenvalue(gram)
        gram, target = step * gram, step * target
        moved = shares
        for _ in range(5):
            moved = _climbed(moved, torch.baddbmm(target, gram, moved, alpha=-1), 1)
        shares.copy_(moved)
        weighted = shares * weights
        gram, target = shares @ weighted.mT, weighted @ points
        step = 8 / (_largest_eigenvalue(gram) * largest)
        gram, target = step * sought * gram * sought.T, step * sought * (target - gram @ given)
        moved = mixtures
        for _ in range(5):
            ahead = torch.baddbmm(target, gram, moved @ points, alpha=-1)
            moved = _climbed(moved, ahead @ points.T, 2)
        mixtures.copy_(moved)

    repeat(alternate, rounds, points.device)
    return given + sought * (mixtures @ points)


def _climbed(shares: Tensor, ahead: Tensor, dim: int) -> Tensor:
    """Shares that sum to one along ``dim`` after an entropic step along ``ahead``, which is overwritten."""
    ahead.sub_(ahead.amax(dim, keepdim=True)).exp_().mul_(shares)
    return ahead.div_(ahead.sum(dim, keepdim=True)).clamp_min_(1e-30)


def _largest_eigenvalue(positive: Tensor) -> Tensor:
    """Nearly the largest eigenvalue of each matrix ``(M, K, K)`` of positive numbers, as ``(M, 1, 1)``.

    Power iteration from equal parts, near which the first eigenvector of such a matrix lies: at most 1.3 %
    too small in simulated scenes. It only sets how far a step goes, and a solver would ask the host.
    """
    along = positive @ (positive @ positive.sum(2, keepdim=True))
    size = along.norm(dim=1, keepdim=True).clamp_min(1e-30)
    return ((positive @ along).norm(dim=1, keepdim=True) / size).clamp_min(1e-12)


def _furthest_points(
    points: Tensor,
    weights: Tensor,
    count: int,
    starts: int,
    generator: torch.Generator,
    known: Known | None,
) -> Tensor:
    """First mixtures ``(starts, K, n)``: half of each on a point far from those before it, half on all.

    A known archetype starts on the point nearest to it, and the others are far from it, not from that point.
    """
    apart = None if known is None else torch.cdist(known.spectra, points).cpu() ** 2  # (Kk, n)
    distance = torch.cdist(points, points).cpu() ** 2
    weights = weights.cpu()
    mixtures = torch.full((starts, count, len(points)), 0.5 / len(points))
    for start in range(starts):
        chance, nearest = weights, torch.full_like(weights, torch.inf)
        for k in range(count):
            if apart is not None and k < len(apart):
                mixtures[start, k, int(apart[k].argmin())] += 0.5
                nearest = torch.minimum(nearest, apart[k])
            else:
                drawn = int(torch.multinomial(chance + 1e-12, 1, generator=generator))
                mixtures[start, k, drawn] += 0.5
                nearest = torch.minimum(nearest, distance[drawn])
            chance = nearest * weights / (nearest * weights).sum().clamp_min(1e-30)
    return mixtures.to(points.device)
