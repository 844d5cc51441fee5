"""What AUVAE-Net is trained to make small. Tensors in, scalars out; no network, no schedule.

Shapes: ``n`` pixels, ``B`` bands, ``K`` endmembers.
"""

from __future__ import annotations

from torch import Tensor


def misfit(energy: Tensor, products: Tensor, gram: Tensor, mixture: Tensor) -> Tensor:
    """``|x - m W|^2`` of every pixel ``(n,)`` without ever forming ``m W``, which has all the bands.

    Expanded it is ``|x|^2 - 2 m . (x W^T) + m (W W^T) m^T``.

    Args:
        energy: ``|x|^2``, ``(n,)``.
        products: ``x W^T``, ``(n, q)``.
        gram: ``W W^T``, ``(q, q)``.
        mixture: m, ``(n, q)``.
    """
    squared = energy - 2 * (mixture * products).sum(-1) + ((mixture @ gram) * mixture).sum(-1)
    return squared.clamp_min(0)


def misfit_of_shape(energy: Tensor, products: Tensor, gram: Tensor, mixture: Tensor) -> Tensor:
    """The smallest ``|x - g m W|^2`` over the brightness g: ``|x|^2 sin^2(angle)``, smooth at angle zero.

    Arguments as for `misfit`; ``(n,)``.
    """
    overlap = (mixture * products).sum(-1)
    size = ((mixture @ gram) * mixture).sum(-1).clamp_min(1e-12)
    return (energy - overlap**2 / size).clamp_min(0)


def posterior_misfit(draws: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Negative log-likelihood of ``draws`` ``(n, K)`` under the Gaussian posterior of every pixel: ``(n,)``.

    With draws of the true posterior this is the forward divergence KL(p || q) up to a constant: the posterior
    learns to cover them, where the usual KL(q || p) would let it settle on one of them. It moves only the
    deviation: the mean is the reconstruction's business.
    """
    return (((draws - mean.detach()) / deviation) ** 2 / 2 + deviation.log()).sum(-1)
