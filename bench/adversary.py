"""The adversary that AUVAE-Net leaves out, as a loss beside that of the posterior: for the ablation only."""

from __future__ import annotations

import torch
from auvae.network.losses import posterior_misfit
from torch import Tensor, nn

WEIGHT = 0.3
"""Of the adversary beside the posterior's likelihood, whose size is about one."""

LEARNING_RATE = 1e-3


class Adversary:
    """Stands for `posterior_misfit`: the same, and samples of the posterior are to pass for draws of a prior.

    The prior is a Dirichlet with the mean and spread of the first abundances that come; the discriminator and
    the posterior train in turns, by the logistic and the non-saturating loss (Goodfellow et al. 2014).
    """

    def __init__(self) -> None:
        self.discriminator: nn.Module | None = None

    def __call__(self, draws: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
        """The loss; all arguments ``(n, K)``."""
        if self.discriminator is None:
            self._start(draws)
        sampled = soft_threshold(mean + deviation * torch.randn_like(mean))
        real = self.prior.sample((len(mean),)).to(mean)
        judged = self.discriminator(real / real.sum(-1, keepdim=True)), self.discriminator(sampled.detach())
        self.optimiser.zero_grad()
        (nn.functional.softplus(-judged[0]).mean() + nn.functional.softplus(judged[1]).mean()).backward()
        self.optimiser.step()
        fooled = nn.functional.softplus(-self.discriminator(sampled)).mean()
        return posterior_misfit(draws, mean, deviation) + WEIGHT * fooled

    def _start(self, abundances: Tensor) -> None:
        count = abundances.shape[-1]
        width = 4 * count + 16
        self.discriminator = nn.Sequential(
            nn.Linear(count, width), nn.LeakyReLU(0.2),
            nn.Linear(width, width), nn.LeakyReLU(0.2),
            nn.Linear(width, 1),
        ).to(abundances)  # fmt: skip
        self.optimiser = torch.optim.Adam(self.discriminator.parameters(), LEARNING_RATE, betas=(0.5, 0.99))
        mean, spread = abundances.mean(0), abundances.var(0).sum().clamp_min(1e-4)
        concentration = ((1 - mean.square().sum()) / spread - 1).clamp(0.2, 50)
        self.prior = torch.distributions.Gamma((concentration * mean).clamp_min(0.02), torch.ones_like(mean))


def soft_threshold(values: Tensor) -> Tensor:
    """Soft thresholding at the level that leaves a sum of one: the Euclidean projection onto the simplex.

    ``max(v - t, 0)`` with t as in Duchi et al. 2008, figure 1; ``(..., K)`` to ``(..., K)``.
    """
    ordered = values.sort(dim=-1, descending=True).values
    ranks = torch.arange(1, values.shape[-1] + 1, device=values.device)
    levels = (ordered.cumsum(-1) - 1) / ranks
    last = (ordered > levels).sum(-1, keepdim=True) - 1
    return (values - levels.gather(-1, last)).clamp_min(0)
