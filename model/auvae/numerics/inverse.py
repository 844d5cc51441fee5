"""Inverses and volumes of a few small matrices, with their gradient, without asking the host anything."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def inverted(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Inverses ``(M, K, K)`` of matrices ``(M, K, K)``, and logarithms of their determinants' sizes ``(M,)``.

    Of a singular matrix they are not finite, which raises nothing. The gradient is not differentiable again.
    """
    inverses, volumes = _Inverted.apply(matrices)
    return inverses, volumes


class _Inverted(torch.autograd.Function):
    """Both from one factorisation; d inverse = - inverse dA inverse, d log |det A| = trace(inverse dA)."""

    @staticmethod
    def forward(ctx: Any, matrices: Tensor) -> tuple[Tensor, Tensor]:
        whole = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
        inverses, volumes = [], []
        for matrix in matrices:  # one after the other: on a card a library that solves several asks the host
            factors, pivots, _ = torch.linalg.lu_factor_ex(matrix)
            inverses.append(torch.linalg.lu_solve(factors, pivots, whole))
            volumes.append(factors.diagonal().abs().log().sum())
        inverse = torch.stack(inverses)
        ctx.save_for_backward(inverse)
        return inverse, torch.stack(volumes)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        (inverse,) = ctx.saved_tensors
        of_inverse, of_volume = slopes
        turned = inverse.mT
        return of_volume[:, None, None] * turned - turned @ of_inverse @ turned
