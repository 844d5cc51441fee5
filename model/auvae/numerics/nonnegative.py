"""Non-negative least squares for many pixels at once, exactly. Tensors in, tensors out; no files."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
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

LISTED = 10
"""Endmembers up to which all patterns are inverted before the first round, if so many pixels share them."""

SWEEPS = 12
"""Of coordinate descent: with so many a step of training is near enough to the solution."""

AT_ONCE = {"cpu": 2**19, "cuda": 2**24}
"""Numbers in the matrices of pixels that take their rounds together: a processor's cache holds so many."""


def nonnegative_least_squares(target: Tensor, gram: Tensor, stiffness: Tensor | None = None) -> Tensor:
    """Minimise ``|x - n S|^2 + stiffness (sum(n) - 1)^2`` over ``n >= 0``, without gradient.

    Block principal pivoting (Kim & Park, SIAM J. Scientific Computing 33(6), 2011): a pixel's endmembers are
    split into those in play and those held at zero; all that break a condition of optimality change sides at
    once, until none does. The result is exact, however alike two endmembers are. All pixels take their rounds
    together, and those with the same endmembers in play share one factorisation (Van Benthem & Keenan, J.
    Chemometrics 18, 2004). Several problems are solved side by side: rounds are what takes time, above all on
    a card, which is waited for once in each. Computed in 64 bits, on the tensors' device.

    Args:
        target: ``(..., K)``, the products ``x S^T``; of P problems ``(P, ..., K)``.
        gram: ``(K, K)``, ``S S^T``; of P problems ``(P, K, K)``.
        stiffness: how firmly the sum is held at one, ``(...)`` or one number for all, in the unit of
            ``gram``: 0 (or None) leaves brightness free, infinity is fully constrained least squares.

    Returns:
        The shape and type of ``target``; the abundances are these divided by their sum, the sum is the
        pixel's brightness. Where that is free, an endmember that is zero is left out: its amount is 0.
    """
    count = gram.shape[-1]
    with torch.no_grad():
        grams = gram.reshape(-1, count, count)
        wanted = target.reshape(len(grams), -1, count).double()
        give = None
        if stiffness is not None:  # infinity where the sum is free
            give = (1 / stiffness.double()).expand(target.shape[:-1]).reshape(len(grams), -1, 1)
        portion = max(1, AT_ONCE[target.device.type] // count**2)
        together = max(1, portion // max(1, wanted.shape[1]))  # problems
        gives = repeat(None) if give is None else give.split(together)
        groups = zip(wanted.split(together), grams.split(together), gives, strict=False)
        amounts = torch.cat([_solved_together(*group, portion) for group in groups])
    return amounts.reshape(target.shape).to(target.dtype)


def _solved_together(wanted: Tensor, gram: Tensor, give: Tensor | None, portion: int) -> Tensor:
    """The solutions ``(P, n, K)`` of P problems, so many pixels at once.

    Args:
        wanted: ``(P, n, K)``.
        gram: ``(P, K, K)``.
        give: ``(P, n, 1)``, one over the stiffness; None where the sum is free.
        portion: pixels.
    """
    systems = _Systems.of(gram)
    wanted = wanted * systems.ones[:, None]
    found, slope = systems.all_playing(wanted, give)
    problem = torch.arange(len(gram), device=gram.device).repeat_interleave(wanted.shape[1])
    table = systems.table() if systems.few_beside(len(problem)) else None
    columns = [wanted, wanted.abs().amax(-1, keepdim=True)]
    given = torch.cat(columns if give is None else [*columns, give], -1)
    pixels = (given.flatten(0, 1), found.flatten(0, 1), slope.flatten(0, 1), problem)
    parts = zip(*(part.split(portion) for part in pixels), strict=True)
    amounts = torch.cat([_pivoted(*part, systems=systems, table=table) for part in parts])
    return (amounts.view(wanted.shape) * systems.ones[:, None]).clamp_min_(0)


@dataclass(frozen=True)
class _Systems:
    """P problems whose endmembers have unit length.

    Attributes:
        gram: ``(P, K, K)``.
        ones: ``(P, K)``, what one of each adds to the sum.
        bits: ``(K,)``, an endmember's in the number of a pattern of those in play.
    """

    gram: Tensor
    ones: Tensor
    bits: Tensor

    @classmethod
    def of(cls, gram: Tensor) -> _Systems:
        """The problems with Gram matrices ``(P, K, K)``."""
        count = gram.shape[-1]
        ridge = max(ROUNDING * torch.finfo(gram.dtype).eps, SMALLEST_RIDGE)
        gram = gram.double()
        size = gram.diagonal(dim1=1, dim2=2).sqrt()
        ones = 1 / size.masked_fill(size <= 0, 1)
        gram = gram * (ones[:, :, None] * ones[:, None])
        # symmetric to the last bit, or exchanges may go round in circles
        unit = (gram + gram.mT) / 2 + ridge * torch.eye(count, dtype=gram.dtype, device=gram.device)
        return cls(unit, ones, 2 ** torch.arange(count, device=gram.device))

    def few_beside(self, pixels: int) -> bool:
        """Whether there are few patterns beside so many pixels."""
        problems, count = self.ones.shape
        return count <= LISTED and problems * 2**count * SHARING <= pixels

    def table(self) -> Tensor:
        """Inverses ``(P 2^K, K, K)`` of all patterns of all problems, by number ``problem 2^K + pattern``."""
        problems, count = self.ones.shape
        return self.inverses(torch.arange(problems * 2**count, device=self.bits.device))

    def inverses(self, numbers: Tensor) -> Tensor:
        """Inverses ``(q, K, K)`` of the Gram matrices of those in play, else zero, by number ``(q,)``."""
        factor, inside = self._factors(numbers)
        inverse = torch.cholesky_inverse(factor)
        inverse.diagonal(dim1=1, dim2=2).sub_(1 - inside)
        return inverse

    def solutions(self, right: Tensor, numbers: Tensor) -> Tensor:
        """Solutions ``(n, m, K)`` of right sides ``(n, m, K)`` by those in play, by number ``(n,)``."""
        factor, inside = self._factors(numbers)
        return torch.cholesky_solve((right * inside[:, None]).mT, factor).mT

    def _factors(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Cholesky factors, with ones on the diagonal for endmembers not in play, and those in play."""
        inside = ((numbers[:, None] & self.bits) > 0).double()
        matrix = self.gram[numbers >> len(self.bits)]
        matrix.mul_(inside[:, :, None]).mul_(inside[:, None]).diagonal(dim1=1, dim2=2).add_(1 - inside)
        return torch.linalg.cholesky_ex(matrix).L, inside  # what is NaN stays NaN

    def all_playing(self, wanted: Tensor, give: Tensor | None) -> tuple[Tensor, Tensor]:
        """`_solved` where all endmembers are in play, of products ``(P, n, K)``."""
        problems, count = self.ones.shape
        inverse = self.inverses(torch.arange(1, problems + 1, device=self.bits.device) * 2**count - 1)
        found, ones = wanted @ inverse, self.ones[:, None]
        if give is None:
            return found, wanted - found @ self.gram
        found, push = _pushed(found, ones @ inverse, ones, give)
        return found, wanted - found @ self.gram + push * ones


def _pivoted(
    given: Tensor, found: Tensor, slope: Tensor, problem: Tensor, *, systems: _Systems, table: Tensor | None
) -> Tensor:
    """The solution ``(n, K)`` from where all endmembers are in play.

    Args:
        given: ``(n, K + 1)``, products with endmembers of unit length and the largest of them; as a last
            column, one over the stiffness, unless the sum is free.
        found: ``(n, K)``, the best mixtures without bounds.
        slope: ``(n, K)``, the gain of more of each endmember.
        problem: ``(n,)``, the number of each pixel's.
        systems: the problems.
        table: `_Systems.table`, where it is worth making.
    """
    count = found.shape[1]
    amounts = torch.empty_like(found)
    rows = torch.arange(len(found), device=found.device)
    begun = (2**count - 1, count + 1, PATIENCE)  # the pattern, the fewest that were wrong, patience
    state = torch.stack([rows, problem, *(torch.full_like(rows, number) for number in begun)], 1)
    for _ in range(MOST_ROUNDS * count):
        rows, problem, pattern, fewest, patience = state.unbind(1)
        amounts[rows] = found
        limit = NEGLIGIBLE * (given[:, count : count + 1] + found.abs().sum(-1, keepdim=True))
        wrong = torch.where((pattern[:, None] & systems.bits) > 0, found < 0, slope > limit)
        number = wrong.sum(-1)
        left = number.nonzero()[:, 0]
        if not len(left):
            break
        better = number < fewest
        patience = (patience - 1).masked_fill(better, PATIENCE)
        sides = wrong * systems.bits
        change = torch.where(patience < 0, sides.amax(-1), sides.sum(-1))
        fewest = torch.minimum(fewest, number)
        state = torch.stack([rows, problem, pattern ^ change, fewest, patience], 1)[left]
        given = given[left]
        found, slope = _solved(given, state[:, 1], state[:, 2], systems, table)
    return amounts


def _solved(
    given: Tensor, problem: Tensor, pattern: Tensor, systems: _Systems, table: Tensor | None
) -> tuple[Tensor, Tensor]:
    """The best mixtures ``(n, K)`` without bounds of the endmembers in play, and the gain of more of each."""
    count = len(systems.bits)
    wanted, give = given[:, :count], given[:, count + 1 :]
    numbers = which = (problem << count) + pattern
    ones = systems.ones[problem]
    right = torch.stack([wanted, ones], 1) if give.shape[1] else wanted[:, None]
    if table is None:
        patterns, which = torch.unique(numbers, return_inverse=True)
        if len(patterns) * SHARING <= len(numbers):
            table = systems.inverses(patterns)
    solved = systems.solutions(right, numbers) if table is None else torch.bmm(right, table[which])
    found, push = solved[:, 0], None
    if give.shape[1]:
        found, push = _pushed(found, solved[:, 1], ones, give)
    alone = len(systems.gram) == 1
    explained = found @ systems.gram[0] if alone else torch.bmm(found[:, None], systems.gram[problem])[:, 0]
    slope = wanted - explained
    return found, slope if push is None else slope + push * ones


def _pushed(found: Tensor, along: Tensor, ones: Tensor, give: Tensor) -> tuple[Tensor, Tensor]:
    """Mixtures ``(..., K)`` whose sum is held, a term of rank one (Sherman & Morrison, 1950), and its force.

    ``along`` is how a mixture follows a force, ``ones`` what one of each endmember adds to the sum.
    """
    push = (1 - (found * ones).sum(-1, keepdim=True)) / (give + (along * ones).sum(-1, keepdim=True))
    return found + push * along, push


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
