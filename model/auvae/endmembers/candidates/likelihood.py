"""The most likely simplex: endmembers that no pixel reaches, told by the faces between them.

Where no pixel is pure, pixels that lack a material still lie on the face opposite to it (`faces`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ...numerics.nonnegative import nonnegative_least_squares, ridged
from ...numerics.optimiser import Adam, one_cycle
from ...numerics.steps import repeat
from ..faces import LEAST_LIGHT, Cloud, Parameters, Simplices, log_likelihood
from ..search_space import SearchSpace, normalised, unnormalised

NAME = "the most likely simplex"

LINEAR = 0.5
"""Signal beyond the K strongest dimensions, over noise, from which on materials vary or light bends.

0.06 to 0.3 in simulated linear scenes, 0.5 to 13 in real ones and those whose spectra vary.
"""

WIDER = (1.0, 1.2, 1.4, 1.8)
"""Simplices start from endmembers moved so many times as far from their mean."""

FITTED_WIDER, ROUNDS = WIDER[:2], 10
"""The same of the endmembers so far after so many rounds of least squares, which are wider already."""

AS_DARK, DARKEST_BANDS = 0.9, 0.01
"""Moved no further than so large a share of the way on which so many of the bands reach zero."""

FEW, STEPS, RATE = 500, 150, 0.03
BEST, LAST_STEPS, LAST_RATE = 2, 100, 0.015
"""All climb on so few pixels, then the best of them on all: which hill a climb ends on is luck, its height is
not. Rates are of endmembers, in shares of those they start from."""

LOOSE_RATE = 0.06
"""Of all other parameters, which are logarithms."""

FIRST_BLUR, LAST_BLUR = 0.06, 1e-3
"""Added to the blur at the beginning, when the faces are still far from where they belong, and at the end."""

REACHED, UNCERTAIN = 0.9, 0.25
"""Scenes have no pure pixels where the purest hold less than this, mean of all materials (0.6 to 0.88 in
simulated scenes without, 0.94 and more in those with); if the deviation of one is larger, nobody knows."""

NOISIEST, UNSURE, NEGATIVE = 0.15, 3.0, 20.0
"""Deviation of a material's abundance in a pixel of median length, from which on a simplex loses so many nats
for every factor of e; and nats lost where spectra are all negative."""

PUREST = 0.005
"""Share of the pixels whose mean abundance is the most that a material reaches."""

ALIKE, NEAR = 0.02, 0.06
"""Radians, on average, from the endmembers so far, below which these stay (0.015 in three scenes of nonlinear
mixtures with pure pixels); below the second, unless the purest pixels lack more than `SURE` times what noise
hides (1.4 in a scene of nonlinear mixtures, 1.8 to 10 in those without pure pixels). Where no pixel was pure
the angle was 0.03 to 0.21, less where materials are alike."""

SURE = 2.0
"""Deviations of noise that are no chance."""

NEARLY = 0.02
"""Mean log likelihood below the best's, down to which another start's simplex is an alternative."""


def obstacle(space: SearchSpace) -> str:
    """Known endmembers, and materials that vary or light that mixes nonlinearly, as far as noise shows it."""
    if space.known is not None:
        return "spectra are known, and the simplex cannot hold them"
    if space.excess < LINEAR:
        return ""
    if math.isinf(space.excess):
        return "how strong the noise is was not known"
    return (
        "materials vary, or light mixes nonlinearly: the signal that so many endmembers do not explain is "
        f"{space.excess:.1f} times the noise, and a simplex can be told below {LINEAR:g}"
    )


def propose(space: SearchSpace, so_far: Tensor) -> tuple[Tensor, str]:
    """The likeliest simplices, best first ``(M, K, d)``, or none and why: pixels are pure, or noise hides it.

    Args:
        space: of the scene.
        so_far: ``(K, d)``, the endmembers that stand for the scene so far.
    """
    found, pure, sure = likeliest(space, so_far)
    if pure:
        return found[:0], pure
    cosines = F.normalize(found[0], dim=1) @ F.normalize(so_far, dim=1).T
    apart = float(cosines.clamp(-1, 1).max(1).values.acos().mean())
    if apart < (ALIKE if sure else NEAR):
        return found[:0], f"its endmembers are nearly those of the other kinds, {apart:.2f} radians from them"
    return found, ""


def likeliest(space: SearchSpace, so_far: Tensor) -> tuple[Tensor, str, bool]:
    """As `propose`, but also where pixels are pure, which is said; and `Fitted.sure` of the best."""
    first = unnormalised(so_far)[:, : space.count]
    cloud, unit = Cloud.of(space, first)
    if len(cloud.sizes) < 10 * space.count**2:
        return so_far[None][:0], f"the scene has too few pixels for {space.count} faces", False
    found = fit(cloud.some(FEW), starts(cloud, first / unit), space, STEPS, RATE)
    best = found.likelihood.nan_to_num(-torch.inf).topk(BEST).indices
    loose = [part[best] for part in found.loose]
    fitted = fit(cloud, found.ends[best], space, LAST_STEPS, LAST_RATE, loose)
    likelihood = fitted.likelihood.nan_to_num(-torch.inf)
    if math.isinf(float(likelihood.max())):
        return so_far[None][:0], "no simplex could be fitted", False
    order = likelihood.argsort(descending=True).tolist()
    kept = [index for index in order if likelihood[index] >= likelihood.max() - NEARLY]
    spectra = F.pad(fitted.ends[kept] * unit, (0, space.points.shape[1] - space.count)) @ space.basis
    return normalised(spectra.clamp_min(0) @ space.basis.T), fitted.why_pure(kept[0]), fitted.sure(kept[0])


def starts(cloud: Cloud, so_far: Tensor) -> Tensor:
    """Simplices ``(M, K, K)`` to climb from.

    From endmembers so far, from pixels far apart, and from the first as least squares move them.
    Endmembers so far may be so near to one plane that noise hides all abundances; no climb leads from there.
    """
    kinds = (so_far, WIDER), (_far_apart(cloud), WIDER), (_least_squares(cloud, so_far), FITTED_WIDER)
    return torch.stack([wider(ends, cloud.axes, factor) for ends, factors in kinds for factor in factors])


def _least_squares(cloud: Cloud, ends: Tensor) -> Tensor:
    """Endmembers ``(K, K)`` after some rounds of least squares in turn: non-negative amounts, endmembers."""
    pixels = cloud.shapes * cloud.sizes[:, None]
    for _ in range(ROUNDS):
        amounts = nonnegative_least_squares(pixels @ ends.T, ridged(ends @ ends.T))
        ends = torch.linalg.solve(ridged(amounts.T @ amounts), amounts.T @ pixels)
    return ends


def _far_apart(cloud: Cloud) -> Tensor:
    """K pixels ``(K, K)``, each the furthest from the span of those before (Araujo et al. 2001)."""
    left, found = cloud.shapes, list[int]()
    for _ in range(left.shape[1]):
        found.append(int(left.norm(dim=1).argmax()))
        direction = F.normalize(left[found[-1]], dim=0)
        left = left - torch.outer(left @ direction, direction)
    return cloud.shapes[found] * cloud.sizes[found, None]


def wider(ends: Tensor, axes: Tensor, factor: float) -> Tensor:
    """Endmembers ``(K, K)``, so many times as far from their mean, as far as spectra stay positive."""
    centre = ends.mean(0)
    spectra, mean = ends @ axes, centre @ axes
    far = torch.where(mean > spectra, spectra.clamp_min(0) / (mean - spectra).clamp_min(1e-12), 1.0)
    room = AS_DARK * far.quantile(DARKEST_BANDS, dim=1, keepdim=True)
    return ends + room.clamp_max(factor - 1) * (ends - centre)


@dataclass(frozen=True)
class Fitted:
    """Simplices as they came out.

    Attributes:
        ends: ``(M, K, K)``, with their brightness.
        likelihood: ``(M,)``, mean log likelihood of a pixel, less what lies below zero of the spectra.
        reached: ``(M, K)``, abundance of each material in its purest pixels, less noise, at most 1.
        noise: ``(M, K)``, deviation of that.
        loose: all other parameters, as of `Parameters.loose`.
    """

    ends: Tensor
    likelihood: Tensor
    reached: Tensor
    noise: Tensor
    loose: list[Tensor]

    def sure(self, index: int) -> bool:
        """Whether the purest pixels lack more of their material than noise could hide."""
        return float(1 - self.reached[index].mean()) > SURE * float(self.noise[index].max())

    def why_pure(self, index: int) -> str:
        """Why materials count as shown by pure pixels; "" where no pixels are as pure as that."""
        reached, noise = float(self.reached[index].mean()), float(self.noise[index].max())
        if reached >= REACHED:
            return (
                f"the purest pixels hold {reached:.0%} of their material on average, and below {REACHED:.0%} "
                "all pixels would count as mixed"
            )
        if noise >= UNCERTAIN:
            return f"noise hides how pure the purest pixels are (by {noise:.2f} of a pixel)"
        return ""


@torch.enable_grad()
def fit(
    cloud: Cloud, ends: Tensor, space: SearchSpace, steps: int, rate: float, loose: list[Tensor] | None = None
) -> Fitted:
    """Climb from M simplices ``(M, K, K)``, brightness included, to the likeliest near each, all at once.

    With ``loose``, what an earlier climb ended with, it goes on: blurred again, it would leave where it was.
    """
    held = Parameters.start(ends)
    blur = FIRST_BLUR
    if loose is not None:
        held.go_on_from(loose)
        blur = 0.0
    whole = torch.eye(space.count, device=ends.device)
    optimisers = [
        Adam(part, one_cycle(steps, peak, rising=0.2), spread_decay=0.98)
        for part, peak in (([held.moved], rate), (held.loose, LOOSE_RATE))
    ]

    def climb(number: Tensor) -> None:
        floor = LAST_BLUR + blur * (1 - number / (0.6 * steps)).clamp_min(0)
        now = Simplices.of((whole + held.moved) @ ends)
        value = log_likelihood(cloud, now, held, floor)[0].mean(1)
        for optimiser in optimisers:
            optimiser.forget_gradient()
        (held.drawn() + _implausible(cloud, now) - value).sum().backward()
        for optimiser in optimisers:
            optimiser.step(number)
        held.hold()

    repeat(climb, steps, ends.device, lambda done: space.report(f"Fitting {NAME}: {done:.0%}"))
    with torch.no_grad():
        now = Simplices.of((whole + held.moved) @ ends)
        value, amounts = log_likelihood(cloud, now, held, torch.tensor(LAST_BLUR))
        across = now.inverse
        size = ((cloud.shapes @ across).sum(2, keepdim=True) * cloud.sizes[:, None]).clamp_min(LEAST_LIGHT)
        error = cloud.noise * across.norm(dim=1)[:, None] / size
        top, where = amounts.topk(max(3, int(PUREST * len(cloud.sizes))), dim=1)
        noise = error.gather(1, where).mean(1)
        likelihood = value.mean(1) - _implausible(cloud, now)
        reached, ended = (top.mean(1) - noise).clamp_max(1), [part.detach() for part in held.loose]
        return Fitted(now.ends, likelihood, reached, noise, ended)


def _implausible(cloud: Cloud, simplices: Simplices) -> Tensor:
    """Nats ``(M,)`` that simplices lose whose abundances noise hides, or whose spectra are negative."""
    return NEGATIVE * _below_zero(cloud, simplices.ends) + UNSURE * _unsure(cloud, simplices.inverse)


def _unsure(cloud: Cloud, inverse: Tensor) -> Tensor:
    """How far ``(M,)`` noise blurs abundances beyond `NOISIEST`, summed over endmembers.

    Without it two endmembers run into one, where the blurs of their abundances are no longer independent.
    """
    return F.relu((cloud.noise * inverse.norm(dim=1) / NOISIEST).log()).sum(1)


def _below_zero(cloud: Cloud, ends: Tensor) -> Tensor:
    """Share ``(M,)`` of the endmembers' spectra that is negative, summed over endmembers."""
    spectra = ends @ cloud.axes
    return (F.relu(-spectra).sum(2) / spectra.abs().sum(2)).sum(1)
