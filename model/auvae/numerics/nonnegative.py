"""Non-negative least squares for many pixels at once, exactly. Tensors in, tensors out; no files."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .inverse import inverted

ROUNDING = 8
"""Times the precision of the Gram matrix, added to unit endmembers' squares: two equal ones do no harm."""

SMALLEST_RIDGE = 1e-12
"""Added at least: a Gram matrix of 64 bits is factorised in 64 bits."""

NOTHING = 1e-8
"""Amounts that sum to less than this do not tell what a pixel is made of."""

NEGLIGIBLE = 1e-9
"""Of a pixel's largest product with a unit endmember: a slope below this is rounding."""

PATIENCE = 3
"""Rounds without progress, after which only one of a pixel's endmembers changes sides in a round."""

MOST_ROUNDS = 10
"""Times K: rounds after which a pixel is left as it is; 30,000 pixels of 20 endmembers needed 20 in all."""

SHARING = 3
"""Pixels for a pattern of endmembers in play, from which on its matrix is inverted once for all of them."""

SWEEPS = 12
"""Of coordinate descent: with so many a step of training is near enough to the solution."""

AT_ONCE = 2**20
"""Numbers in the matrices that are factorised together: what fits into a processor's cache is fastest."""


def nonnegative_least_squares(target: Tensor, gram: Tensor, stiffness: Tensor | None = None) -> Tensor:
    """Minimise ``|x - n S|^2 + stiffness (sum(n) - 1)^2`` over ``n >= 0``, without gradient.

    Block principal pivoting (Kim & Park, SIAM J. Scientific Computing 33(6), 2011): a pixel's endmembers are
    split into those in play and those held at zero; all that break a condition of optimality change sides at
    once, until none does. The result is exact, however alike two endmembers are. All pixels take their rounds
    together, and those with the same endmembers in play share one factorisation (Van Benthem & Keenan, J.
    Chemometrics 18, 2004). Computed in 64 bits, on the tensors' device.

    Args:
        target: ``(..., K)``, the products ``x S^T``.
        gram: ``(K, K)``, ``S S^T``.
        stiffness: how firmly the sum is held at one, ``(...)`` or one number for all, in the unit of
            ``gram``: 0 (or None) leaves brightness free, infinity is fully constrained least squares.

    Returns:
        ``(..., K)`` in the type of ``target``; the abundances are these divided by their sum, the sum is the
        pixel's brightness.
    """
    with torch.no_grad():
        size = gram.diagonal().double().sqrt()
        size = torch.where(size > 0, size, 1)
        unit = gram.double() / (size[:, None] * size)
        # symmetric to the last bit, or exchanges may go round in circles
        ridge = max(ROUNDING * torch.finfo(gram.dtype).eps, SMALLEST_RIDGE)
        unit = (unit + unit.T) / 2 + ridge * torch.eye(len(unit), dtype=unit.dtype, device=unit.device)
        wanted = target.reshape(-1, len(gram)).double() / size
        free = torch.zeros((), dtype=unit.dtype, device=unit.device) if stiffness is None else stiffness
        give = 1 / free.double().expand(target.shape[:-1]).reshape(-1, 1)  # infinity where the sum is free
        portion = max(1, AT_ONCE // unit.numel())
        parts = zip(wanted.split(portion), give.split(portion), strict=True)
        amounts = torch.cat([_pivoted(x, unit, 1 / size, None if stiffness is None else g) for x, g in parts])
        amounts = amounts / size
    return amounts.clamp_min(0).reshape(target.shape).to(target.dtype)


def _pivoted(wanted: Tensor, gram: Tensor, ones: Tensor, give: Tensor | None) -> Tensor:
    """The solution ``(n, K)`` for endmembers of unit length.

    ``ones`` ``(K,)`` is what one of each adds to the sum; ``give`` ``(n, 1)`` is one over the stiffness, or
    None where the sum is free.
    """
    pixels, count = wanted.shape
    amounts = torch.zeros_like(wanted)
    rows = torch.arange(pixels, device=wanted.device)
    playing = torch.ones_like(wanted, dtype=torch.bool)
    fewest = torch.full_like(rows, count + 1)
    patience = torch.full_like(rows, PATIENCE)
    order = torch.arange(1, count + 1, device=wanted.device)
    for _ in range(MOST_ROUNDS * count):
        found, slope = _solved(wanted, gram, ones, give, playing)
        amounts[rows] = found
        largest = wanted.abs().amax(-1, keepdim=True) + found.abs().sum(-1, keepdim=True)
        wrong = torch.where(playing, found < 0, slope > NEGLIGIBLE * largest)
        number = wrong.sum(-1)
        left = number.nonzero()[:, 0]
        if not len(left):
            break
        rows, wanted, playing, wrong = rows[left], wanted[left], playing[left], wrong[left]
        give = None if give is None else give[left]
        number, fewest, patience = number[left], fewest[left], patience[left]
        better = number < fewest
        alone = ~better & (patience <= 0)
        patience = torch.where(better, PATIENCE, patience - 1)
        fewest = torch.minimum(fewest, number)
        last = order == (wrong * order).amax(-1, keepdim=True)
        playing = playing ^ torch.where(alone[:, None], last, wrong)
    return amounts


def _solved(
    wanted: Tensor, gram: Tensor, ones: Tensor, give: Tensor | None, playing: Tensor
) -> tuple[Tensor, Tensor]:
    """The best mixtures ``(n, K)`` without bounds of the endmembers in play, and the gain of more of each."""
    bits = 2 ** torch.arange(len(gram), device=gram.device)
    patterns, which = torch.unique((playing * bits).sum(-1), return_inverse=True)
    shared = len(patterns) * SHARING <= len(wanted)
    inside = ((patterns[:, None] & bits > 0) if shared else playing).to(gram.dtype)
    both = inside[:, :, None] * inside[:, None]
    factor = torch.linalg.cholesky_ex(gram * both + torch.diag_embed(1 - inside)).L  # what is NaN stays NaN
    if shared:
        inverse = torch.cholesky_inverse(factor) * both  # (patterns, K, K)
        alike = len(patterns) == 1
        found = wanted @ inverse[0] if alike else torch.bmm(wanted[:, None], inverse[which])[:, 0]
    else:
        found = torch.cholesky_solve((wanted * inside)[:, :, None], factor)[:, :, 0]
    slope = wanted - found @ gram
    if give is not None:  # a term of rank one: Sherman & Morrison, 1950
        if shared:
            along = (inverse @ ones)[which]
        else:
            along = torch.cholesky_solve((ones * inside)[:, :, None], factor)[:, :, 0]
        push = (1 - found @ ones)[:, None] / (give + (along @ ones)[:, None])
        found = found + push * along
        slope = slope + push * (ones - along @ gram)
    return found, slope


def descended(target: Tensor, gram: Tensor, sweeps: int = SWEEPS) -> Tensor:
    """Nearly what `nonnegative_least_squares` finds, by a fixed number of sweeps that ask the host nothing.

    For training, where a step is recorded as a CUDA graph. Arguments and result as there, with a free sum; no
    gradient.
    """
    with torch.no_grad():
        size = gram.diagonal()[:, None]
        scaled, wanted = gram / size, target.reshape(-1, len(gram)).T / size  # (K, K), (K, n)
        amounts = (inverted(ridged(gram)[None])[0][0] @ (wanted * size)).clamp_min_(0)
        lines = list(zip(scaled, wanted, amounts, strict=True))  # views, made once
        for _ in range(sweeps):
            for row, right, own in lines:
                own.add_(right - row @ amounts).clamp_min_(0)
    return amounts.T.reshape(target.shape)


def descended_together(target: Tensor, gram: Tensor, stiffness: Tensor, sweeps: int = SWEEPS) -> Tensor:
    """What `descended` finds, of P problems side by side: the time goes into asking, not into computing.

    Args:
        target: ``(P, n, K)``.
        gram: ``(P, K, K)``.
        stiffness: ``(P, n)``, as of `nonnegative_least_squares`, and finite: 0 leaves the sum free.
        sweeps: how many.

    Returns:
        ``(P, n, K)``; no gradient.
    """
    with torch.no_grad():
        size = gram.diagonal(dim1=1, dim2=2)[:, :, None]  # (P, K, 1)
        right = target.mT
        amounts = (inverted(ridged(gram))[0] @ right).clamp_min_(0)
        pull = stiffness[:, None] / size  # (P, K, n)
        step = 1 / (1 + pull)
        wanted = step * (right / size + pull)
        # an amount's gain falls with what all explain, by its row of the Gram matrix, and with their sum
        rows = torch.stack([gram / size, torch.ones_like(gram)], 2)  # (P, K, 2, K)
        lines = list(zip(rows.unbind(1), wanted.unbind(1), amounts.unbind(1), step.unbind(1),
                         (step * pull).unbind(1), strict=True))  # fmt: skip
        for _ in range(sweeps):
            for row, most, own, by_row, by_sum in lines:
                explained, total = (row @ amounts).unbind(1)
                own.add_(most).addcmul_(by_row, explained, value=-1).addcmul_(by_sum, total, value=-1)
                own.clamp_min_(0)
    return amounts.mT


def solve_on_support(target: Tensor, gram: Tensor, support: Tensor) -> Tensor:
    """The least-squares solution with its zeros given: a linear solve, which autograd differentiates exactly.

    Args:
        target: ``(n, K)``.
        gram: ``(K, K)``.
        support: ``(n, K)`` bool, where the solution may differ from zero.
    """
    inside = support.to(target.dtype)
    outside = torch.diag_embed(1 - inside)
    matrix = ridged(gram) * inside.unsqueeze(-1) * inside.unsqueeze(-2) + outside
    return _Solution.apply(matrix, target * inside)


class _Solution(torch.autograd.Function):
    """The solution of many small positive definite systems at once, differentiable in both arguments.

    On a card by Gauss-Jordan elimination, K rounds over all systems side by side: it needs no pivots, and no
    library that asks the host or works on a stream of its own, so that a step can be recorded.
    """

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, right: Tensor) -> Tensor:
        """``matrix`` ``(n, K, K)``, ``right`` ``(n, K)`` -> ``(n, K)``."""
        found = _solve(matrix, right)
        ctx.save_for_backward(matrix, found)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        """As of any linear solve: ``g = M^-T dx``, ``dM = -g x^T``."""
        matrix, found = ctx.saved_tensors
        back = _solve(matrix.mT, gradients[0])
        return -back[:, :, None] * found[:, None, :], back


def _solve(matrix: Tensor, right: Tensor) -> Tensor:
    """Solve ``matrix`` ``(n, K, K)`` for ``right`` ``(n, K)``."""
    if matrix.is_cuda:
        return eliminated(matrix, right)
    return torch.linalg.solve_ex(matrix, right[:, :, None])[0][:, :, 0]


def eliminated(matrix: Tensor, right: Tensor) -> Tensor:
    """Solve positive definite ``matrix`` ``(n, K, K)`` for ``right`` ``(n, K)`` by elimination."""
    rows = torch.cat([matrix, right[:, :, None]], 2).permute(1, 2, 0).contiguous()  # systems lie side by side
    for k in range(len(rows)):
        pivot = rows[k] / rows[k, k]
        rows = rows - rows[:, k : k + 1] * pivot
        rows[k] = pivot
    return rows[:, -1].T


def ridged(gram: Tensor) -> Tensor:
    """Gram matrices ``(..., K, K)`` with a little of their scale on the diagonal: twins do not stop them."""
    scale = gram.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None]
    return gram + 1e-6 * scale * torch.eye(gram.shape[-1], device=gram.device, dtype=gram.dtype)


def to_simplex(amounts: Tensor) -> Tensor:
    """Divide non-negative amounts ``(..., K)`` by their sum; where nothing is left, every share is 1/K."""
    total = amounts.sum(-1, keepdim=True)
    return torch.where(total > NOTHING, amounts / total.clamp_min(NOTHING), 1 / amounts.shape[-1])
