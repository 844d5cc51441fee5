"""What AUVAE-Net is trained to make small. Tensors in, scalars out; no network, no schedule.

Shapes: ``n`` pixels, ``B`` bands, ``K`` endmembers.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
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


def posterior_divergence(
    mean: Tensor, deviation: Tensor, prior_mean: Tensor, prior_deviation: Tensor
) -> Tensor:
    """KL of the Gaussian posterior ``(n, K)`` from the scene's own prior ``(K,)``, mean over pixels.

    KL(N(m, s) || N(p, q)) = log(q / s) + (s^2 + (m - p)^2) / (2 q^2) - 1/2, summed over endmembers
    (Kingma & Welling 2014). The prior is measured from the scene (empirical Bayes), so it pulls towards
    nothing foreign.
    """
    ratio = (deviation**2 + (mean - prior_mean) ** 2) / (2 * prior_deviation**2)
    return (torch.log(prior_deviation / deviation) + ratio - 0.5).sum(-1).mean()


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Logistic loss: logits ``(n, 1)`` of prior draws up, of the network's abundances down."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def adversarial_loss(fake: Tensor) -> Tensor:
    """Non-saturating generator loss (Goodfellow et al. 2014) of the discriminator's logits ``(n, 1)``."""
    return F.softplus(-fake).mean()


def independent_bands(residuals: Tensor) -> float:
    """How many independent measurements the bands of ``residuals`` ``(n, B)`` are worth, from 1 to B.

    The participation ratio ``(tr C)^2 / tr C^2`` of their covariance. White noise gives nearly B; what a
    linear model cannot explain is correlated between neighbouring bands and gives a few. Without it a
    posterior would be as narrow as if every band were news.
    """
    covariance = residuals.T @ residuals / len(residuals)
    return float(covariance.trace() ** 2 / (covariance**2).sum().clamp_min(1e-30))
