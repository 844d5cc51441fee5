"""Adam on one flat vector of parameters, along a schedule that is laid out before the first step.

A step of it asks the host nothing: it can be recorded as a CUDA graph. It is written here because the
optimisers of torch load its compiler when they are made, which takes longer than a draft trains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

SPREAD_DECAY = 0.99
"""beta_2, unless another is given: what remains of the mean squared gradient after a step."""

EPSILON = 1e-8
"""Added to the root of the mean squared gradient."""

FIRST_RATE, LAST_RATE = 1 / 25, 1 / 250_000
"""Of `one_cycle`, as shares of the peak."""

CYCLED_MOMENTUM = (0.95, 0.85)
"""Of `one_cycle`: where the rate is lowest, and where it peaks."""


@dataclass(frozen=True)
class Schedule:
    """What every step of an optimiser goes by.

    Attributes:
        rate: learning rate, ``(steps,)``.
        momentum: beta_1, what remains of the mean gradient after a step, ``(steps,)``.
    """

    rate: Tensor
    momentum: Tensor


def one_cycle(steps: int, peak: float, rising: float = 0.15) -> Schedule:
    """Up to a peak and down to nearly nothing, along cosines (Smith & Topin, Super-Convergence, 2019).

    Args:
        steps: how many there will be.
        peak: the largest learning rate.
        rising: share of the steps before the peak.
    """
    top = rising * steps - 1
    calm, busy = CYCLED_MOMENTUM
    rates, momenta = [], []
    for step in range(steps):
        if step <= top:
            rate = _cosine(FIRST_RATE, 1.0, step / max(top, 1e-9))
            momentum = _cosine(calm, busy, step / max(top, 1e-9))
        else:
            share = (step - top) / max(steps - 1 - top, 1)
            rate, momentum = _cosine(1.0, LAST_RATE, share), _cosine(busy, calm, share)
        rates.append(peak * rate)
        momenta.append(momentum)
    return Schedule(torch.tensor(rates), torch.tensor(momenta))


def _cosine(first: float, last: float, share: float) -> float:
    """Between two values, slowly at both ends."""
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2


def falling(steps: int, peak: float, momentum: float = 0.9, last: float = 0.05) -> Schedule:
    """From ``peak`` in a straight line towards ``last`` of it."""
    shares = 1 - (1 - last) * torch.arange(steps) / max(steps, 1)
    return Schedule(peak * shares, torch.full((steps,), momentum))


def steady(steps: int, rate: float, momentum: float = 0.9) -> Schedule:
    """The same rate in every step."""
    return Schedule(torch.full((steps,), rate), torch.full((steps,), momentum))


class Adam:
    """Adaptive moments (Kingma & Ba 2015) for parameters that lie in one vector from now on.

    Args:
        parameters: of one device; each becomes a view of that vector, and its gradient of another.
        schedule: rate and momentum of every step.
        spread_decay: beta_2.
        shrinking: how strongly parameters are drawn to zero: their share that is added to the gradient.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        schedule: Schedule,
        spread_decay: float = SPREAD_DECAY,
        shrinking: float = 0.0,
    ) -> None:
        held = list(parameters)
        self.values = torch.cat([parameter.detach().flatten() for parameter in held])
        self.gradient = torch.zeros_like(self.values)
        self._mean, self._square = torch.zeros_like(self.values), torch.zeros_like(self.values)
        sizes = [parameter.numel() for parameter in held]
        parts = zip(held, self.values.split(sizes), self.gradient.split(sizes), strict=True)
        for parameter, values, gradient in parts:
            parameter.data = values.view_as(parameter)
            parameter.grad = gradient.view_as(parameter)
        device = self.values.device
        self._rate, self._momentum = schedule.rate.to(device), schedule.momentum.to(device)
        self._spread_decay, self._shrinking = spread_decay, shrinking

    def forget_gradient(self) -> None:
        """Set the gradient to zero, before the next one is computed."""
        self.gradient.zero_()

    @torch.no_grad()
    def step(self, number: Tensor, average: Callable[[Tensor], None] | None = None) -> None:
        """Move the parameters against their gradient.

        Args:
            number: of this step, ``(1,)``, from 0 on; on the parameters' device.
            average: changes the gradient in place first, where several processes train together.
        """
        if average is not None:
            average(self.gradient)
        if self._shrinking:
            self.gradient.add_(self.values, alpha=self._shrinking)
        rate, momentum = self._rate.index_select(0, number), self._momentum.index_select(0, number)
        self._mean.lerp_(self.gradient, 1 - momentum)
        left = self._spread_decay
        self._square.mul_(left).addcmul_(self.gradient, self.gradient, value=1 - left)
        done = number + 1
        size = rate / (1 - momentum**done)
        spread = (self._square / (1 - left**done)).sqrt_().add_(EPSILON)
        self.values.sub_(self._mean / spread * size)
