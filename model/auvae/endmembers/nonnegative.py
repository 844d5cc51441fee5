"""Non-negative least squares for many pixels at once. Tensors in, tensors out; no files."""

from __future__ import annotations

import torch
from torch import Tensor

LOOK_EVERY = 5
"""Sweeps of coordinate descent between two looks at whether anything still changes."""


def nonnegative_least_squares(target: Tensor, gram: Tensor, sweeps: int = 30) -> Tensor:
    """Minimise ``|x - n S|^2`` over ``n >= 0`` by coordinate descent, without gradient.

    Starts from the unconstrained solution and ends early when a sweep no longer changes anything.

    Args:
        target: ``(..., K)``, the products ``x S^T``.
        gram: ``(K, K)``, ``S S^T``.
        sweeps: the most rounds over all endmembers.

    Returns:
        ``(..., K)``; the abundances are these divided by their sum, the sum is the pixel's brightness.
    """
    with torch.no_grad():
        wanted = target.reshape(
            -1, len(gram)
        ).T.contiguous()  # (K, n): an endmember's amounts lie side by side
        amounts = torch.linalg.solve(ridged(gram), wanted).clamp_min(0)
        negligible = 1e-4 * float(amounts.abs().max())
        for sweep in range(sweeps):
            before = amounts.clone() if sweep % LOOK_EVERY == 0 else None
            for k in range(len(gram)):
                step = (wanted[k] - gram[k] @ amounts) / gram[k, k]
                amounts[k].add_(step).clamp_min_(0)
            if before is not None and float((amounts - before).abs().max()) <= negligible:
                break
    return amounts.T.reshape(target.shape)


def descended(target: Tensor, gram: Tensor, sweeps: int = 12) -> Tensor:
    """Nearly what `nonnegative_least_squares` finds, by a fixed number of sweeps that ask the host nothing.

    For training, where a step is recorded as a CUDA graph. Arguments and result as there; no gradient.
    """
    with torch.no_grad():
        size = gram.diagonal()[:, None]
        scaled, wanted = gram / size, target.reshape(-1, len(gram)).T / size  # (K, K), (K, n)
        amounts = torch.linalg.solve_ex(ridged(gram), wanted * size)[0].clamp_min_(0)
        for _ in range(sweeps):
            for row, right, own in zip(scaled, wanted, amounts, strict=True):
                own.add_(right - row @ amounts).clamp_min_(0)
    return amounts.T.reshape(target.shape)


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
    return torch.linalg.solve_ex(matrix, (target * inside).unsqueeze(-1))[0].squeeze(-1)


def ridged(gram: Tensor) -> Tensor:
    """The Gram matrix with a little of its scale on the diagonal: twins among endmembers do not stop it."""
    return gram + 1e-6 * gram.diagonal().mean() * torch.eye(len(gram), device=gram.device, dtype=gram.dtype)
