"""Inverses and volumes of small matrices, with their gradient, without asking the host anything."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def inverted(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Inverses ``(M, K, K)`` of matrices ``(M, K, K)``, and logarithms of their determinants' sizes ``(M,)``.

    By Gauss-Jordan elimination with pivots, all of them side by side: which way a library of a card's goes
    depends on their number and size, and some ways ask the host, so that a step with them cannot be recorded.
    Of a singular matrix neither is finite, which raises nothing. The gradient is not differentiable again.
    """
    inverses, volumes = _Inverted.apply(matrices)
    return inverses, volumes


class _Inverted(torch.autograd.Function):
    """d inverse = - inverse dA inverse, d log |det A| = trace(inverse dA)."""

    @staticmethod
    def forward(ctx: Any, matrices: Tensor) -> tuple[Tensor, Tensor]:
        count = matrices.shape[1]
        places = torch.arange(count, device=matrices.device)
        whole = (places[:, None] == places).to(matrices).expand_as(matrices)
        rows = torch.cat([matrices, whole], 2)  # (M, K, 2 K)
        volumes = torch.zeros_like(matrices[:, 0, 0])
        for k in range(count):
            pivot = rows[:, k:, k].abs().argmax(1, keepdim=True) + k
            exchanged = torch.where(places == pivot, k, places)
            exchanged[:, k] = pivot[:, 0]
            rows = rows.gather(1, exchanged[:, :, None].expand_as(rows))
            largest = rows[:, k, k, None]
            volumes = volumes + largest[:, 0].abs().log()
            row = rows[:, k] / largest
            rows = rows - rows[:, :, k, None] * row[:, None]
            rows[:, k] = row
        inverse = rows[:, :, count:]
        ctx.save_for_backward(inverse)
        return inverse, volumes

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        (inverse,) = ctx.saved_tensors
        of_inverse, of_volume = slopes
        turned = inverse.mT
        return of_volume[:, None, None] * turned - turned @ of_inverse @ turned
