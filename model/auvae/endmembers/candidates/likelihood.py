"""The most likely simplex: endmembers that no pixel reaches, told by the faces between them.

Where no pixel is pure, pixels that lack a material still lie on the face opposite to it. A pixel is a
direction and a length in the K strongest dimensions. Its abundances are, before they are tied to a sum of
one, independent: none, a little (exponential), or any amount. Noise, and how much each material varies, blur
the faces; the variation is learned, so that where materials vary a face is not mistaken for their edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..optimiser import Adam, one_cycle
from ..search_space import SearchSpace, normalised, unnormalised

NAME = "the most likely simplex"

LINEAR = 0.5
"""Signal beyond the K strongest dimensions, over noise, from which on materials vary or light bends.

0.06 to 0.3 in simulated linear scenes, 0.5 to 13 in real ones and those whose spectra vary.
"""

WIDER = (1.0, 1.3, 1.6)
"""Simplices start from the endmembers so far, moved so many times as far from their mean."""

PIXELS, STEPS = 1500, 300
RATE, LOOSE_RATE = 1e-2, 0.05
"""Of endmembers, whose length is one, and of all other parameters, which are logarithms."""

SCALES = (0.015, 0.06, 0.25)
"""Mean abundances of the exponentials."""

BLUR, LARGEST_BLUR = 0.005, 0.12
"""Deviation of a material's variation, in shares: where it starts and is drawn to, and its limit."""

LIGHT, COMMON_LIGHT = 0.05, 0.2
"""Deviation of the logarithm of brightness, of one material and of all: where they start."""

MOST, LEAST_MOST, EDGE = 0.95, 0.3, 0.03
"""How much of a material a pixel holds at most: where it starts, its limit, and deviation of that edge."""

FIRST_BLUR, LAST_BLUR = 0.06, 1e-3
"""Added to the blur at the beginning, when the faces are still far from where they belong, and at the end."""

OUTLYING = 0.02
"""Share of pixels that are no mixture of the endmembers."""

REACHED, UNCERTAIN = 0.9, 0.25
"""Scenes have no pure pixels where the purest hold less than this, mean of all materials (0.6 to 0.88 in
simulated scenes without, 0.94 and more in those with); if the deviation of one is larger, nobody knows."""

NOISIEST, UNSURE, NEGATIVE = 0.15, 3.0, 20.0
"""Deviation of a material's abundance in a pixel of median length, from which on a simplex loses so many nats
for every factor of e; and nats lost where spectra are all negative."""

DRAWN = 3e-4
"""Nats by which a parameter is drawn to its start, for its distance of one."""

PUREST = 0.005
"""Share of the pixels whose mean abundance is the most that a material reaches."""

RESOLVED = 0.5
"""Pixels whose noise is larger, in shares, say nothing about faces."""

NEARLY = 0.02
"""Mean log likelihood below the best's, down to which another start's simplex is an alternative."""

_PARTS = len(SCALES) + 2
_CELLS = 128
_BLURS = tuple(0.008 * 2**level for level in range(7))
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_FAR_OUTSIDE, _LEAST_LIGHT = -60.0, 0.2


@dataclass(frozen=True)
class Cloud:
    """Pixels by direction and length, in the K strongest dimensions.

    Attributes:
        axes: ``(K, B)``, orthonormal.
        shapes: ``(n, K)``, of length one.
        sizes: ``(n,)``, their median is one.
        noise: deviation of the noise in every dimension, in the unit of the sizes.
        foreign: ``(n,)``, log density of pixels that are no mixture.
    """

    axes: Tensor
    shapes: Tensor
    sizes: Tensor
    noise: float
    foreign: Tensor

    @classmethod
    def of(cls, space: SearchSpace, ends: Tensor) -> tuple[Cloud, float]:
        """Pixels that say something of the faces between ``ends`` ``(K, K)``, and their unit."""
        count = space.count
        points = space.unnormalised[:, :count]
        unit = float(points.norm(dim=1).median().clamp_min(1e-12))
        noise = space.noise / unit
        sizes = points.norm(dim=1) / unit
        across = torch.linalg.inv_ex(F.normalize(ends, dim=1))[0].norm(dim=0).median()
        error = noise * across / sizes.clamp_min(1e-6)
        usable = (error <= max(RESOLVED, float(error.median()))).nonzero()[:, 0]
        drawn = torch.randperm(len(usable), generator=space.generator)[:PIXELS].to(usable.device)
        points, sizes = points[usable[drawn]] / unit, sizes[usable[drawn]].clamp_min(1e-6)
        shapes = points / sizes[:, None]
        return cls(space.basis[:count], shapes, sizes, noise, _foreign(shapes, sizes)), unit


def _foreign(shapes: Tensor, sizes: Tensor) -> Tensor:
    """Log density ``(n,)`` of a normal distribution wider than the pixels' own."""
    centre = F.normalize(shapes.mean(0), dim=0)
    along = (shapes @ centre).clamp_min(0.05)
    plane = torch.linalg.svd(centre[None])[2][1:]
    flat = torch.cat([shapes @ plane.T / along[:, None], sizes.log()[:, None]], 1)
    spread = 4 * torch.cov(flat.T) + 1e-5 * torch.eye(flat.shape[1], device=flat.device)
    root = torch.linalg.cholesky(spread)
    away = torch.linalg.solve_triangular(root, (flat - flat.mean(0)).T, upper=False)
    density = -0.5 * away.square().sum(0) - root.diagonal().log().sum() - len(centre) * _HALF_LOG_2PI
    return density - len(centre) * along.log()


@dataclass(frozen=True)
class Parameters:
    """Of M simplices side by side.

    Attributes:
        moved: ``(M, K, K)``, what is added to the endmembers they start from.
        parts: ``(M, K, P)``, logits of none, exponentials and any amount, of each material.
        blur: ``(M, K, K)``, log variance of the abundance of k where j is.
        own: ``(M, K)``, log variance of each material's brightness.
        common: ``(M,)``, log variance of the light.
        light: ``(M, K)``, log brightness of each material.
        most: ``(M, K)``, the logarithm of how much of each material a pixel holds at most.
    """

    moved: Tensor
    parts: Tensor
    blur: Tensor
    own: Tensor
    common: Tensor
    light: Tensor
    most: Tensor

    @classmethod
    def start(cls, ends: Tensor) -> Parameters:
        """Parameters to begin with at ``ends`` ``(M, K, K)``."""
        many, count, _ = ends.shape
        parts = ends.new_zeros(many, count, _PARTS)
        parts[..., -1] = 1.5
        found = cls(
            torch.zeros_like(ends),
            parts,
            torch.full_like(ends, 2 * math.log(BLUR)),
            ends.new_full((many, count), 2 * math.log(LIGHT)),
            ends.new_full((many,), 2 * math.log(COMMON_LIGHT)),
            ends.norm(dim=2).clamp_min(1e-9).log(),
            ends.new_full((many, count), math.log(MOST)),
        )
        for tensor in (*found.loose, found.moved):
            tensor.requires_grad_()
        return found

    @property
    def loose(self) -> list[Tensor]:
        """All but the endmembers."""
        return [self.parts, self.blur, self.own, self.common, self.light, self.most]

    def drawn(self) -> Tensor:
        """How far ``(M,)`` they are from where they begin, so that what no pixel tells stays there."""
        blur = (self.blur - 2 * math.log(BLUR)).square().sum((1, 2))
        own = (self.own - 2 * math.log(LIGHT)).square().sum(1)
        return DRAWN * (blur + own + self.parts.square().sum((1, 2)))

    @torch.no_grad()
    def hold(self, dimmest: float, brightest: float) -> None:
        """Keep them where they mean something."""
        self.blur.clamp_(-14, 2 * math.log(LARGEST_BLUR))
        self.own.clamp_(-10, 2 * math.log(0.6))
        self.common.clamp_(-8, 0)
        self.light.clamp_(dimmest, brightest)
        self.most.clamp_(math.log(LEAST_MOST), 0)


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
    none = space.points.new_zeros(0, space.count, space.points.shape[1])
    first = unnormalised(so_far)[:, : space.count]
    centre = first.mean(0)
    starts = torch.stack([centre + factor * (first - centre) for factor in WIDER])
    cloud, unit = Cloud.of(space, first)
    if len(cloud.sizes) < 10 * space.count**2:
        return none, f"the scene has too few pixels for {space.count} faces"
    fitted = fit(cloud, starts / unit, space)
    order = fitted.likelihood.argsort(descending=True)
    pure = fitted.why_pure(int(order[0]))
    if pure:
        return none, pure
    kept = [index for index in order.tolist() if fitted.likelihood[index] >= fitted.likelihood.max() - NEARLY]
    spectra = F.pad(fitted.ends[kept] * unit, (0, space.points.shape[1] - space.count))
    return normalised((spectra @ space.basis).clamp_min(0) @ space.basis.T), ""


@dataclass(frozen=True)
class Fitted:
    """Simplices as they came out.

    Attributes:
        ends: ``(M, K, K)``, with their brightness.
        likelihood: ``(M,)``, mean log likelihood of a pixel, less what lies below zero of the spectra.
        reached: ``(M, K)``, abundance of each material in its purest pixels, less noise, at most 1.
        noise: ``(M, K)``, deviation of that.
    """

    ends: Tensor
    likelihood: Tensor
    reached: Tensor
    noise: Tensor

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
def fit(cloud: Cloud, ends: Tensor, space: SearchSpace) -> Fitted:
    """Climb from M simplices ``(M, K, K)`` of unit endmembers to the likeliest near each, all at once."""
    held = Parameters.start(ends)
    ends = F.normalize(ends, dim=2)
    dimmest = math.log(0.3 * float(cloud.sizes.quantile(0.001)))
    brightest = math.log(1.1 * float(cloud.sizes.quantile(0.999)))
    optimisers = [
        Adam(part, one_cycle(STEPS, rate, rising=0.2), spread_decay=0.98)
        for part, rate in (([held.moved], RATE), (held.loose, LOOSE_RATE))
    ]
    for step, number in enumerate(torch.arange(STEPS, device=ends.device).split(1)):
        space.report(f"Fitting {NAME}: {step / STEPS:.0%}")
        floor = LAST_BLUR + FIRST_BLUR * max(0.0, 1 - step / (0.6 * STEPS))
        now = F.normalize(ends + held.moved, dim=2)
        value = log_likelihood(cloud, now, held, floor)[0].mean(1)
        loss = (
            -value + NEGATIVE * _below_zero(cloud, now) + held.drawn() + UNSURE * _unsure(cloud, now, held)
        ).sum()
        for optimiser in optimisers:
            optimiser.forget_gradient()
        loss.backward()
        for optimiser in optimisers:
            optimiser.step(number)
        held.hold(dimmest, brightest)
    with torch.no_grad():
        now = F.normalize(ends + held.moved, dim=2)
        value, amounts = log_likelihood(cloud, now, held, LAST_BLUR)
        across = torch.linalg.inv_ex(now * held.light.exp()[..., None])[0]  # (M, K, K)
        size = ((cloud.shapes @ across).sum(2, keepdim=True) * cloud.sizes[:, None]).clamp_min(_LEAST_LIGHT)
        error = cloud.noise * across.norm(dim=1)[:, None] / size
        top, where = amounts.topk(max(3, int(PUREST * len(cloud.sizes))), dim=1)
        noise = error.gather(1, where).mean(1)
        likelihood = value.mean(1) - NEGATIVE * _below_zero(cloud, now) - UNSURE * _unsure(cloud, now, held)
        return Fitted(
            now * held.light.exp()[..., None], likelihood, (top.mean(1) - noise).clamp_max(1), noise
        )


def _unsure(cloud: Cloud, ends: Tensor, held: Parameters) -> Tensor:
    """How far ``(M,)`` noise blurs abundances beyond `NOISIEST`, summed over endmembers.

    Without it two endmembers run into one, where the blurs of their abundances are no longer independent.
    """
    inverse = torch.linalg.inv_ex(ends * held.light.exp()[..., None])[0]
    return F.relu((cloud.noise * inverse.norm(dim=1) / NOISIEST).log()).sum(1)


def _below_zero(cloud: Cloud, ends: Tensor) -> Tensor:
    """Share ``(M,)`` of the endmembers' spectra that is negative, summed over endmembers."""
    spectra = ends @ cloud.axes
    return (F.relu(-spectra).sum(2) / spectra.abs().sum(2)).sum(1)


def log_likelihood(cloud: Cloud, ends: Tensor, held: Parameters, floor: float) -> tuple[Tensor, Tensor]:
    """Log density of each pixel ``(M, n)`` and its abundances of unit endmembers ``(M, n, K)``."""
    count = ends.shape[1]
    inverse = torch.linalg.inv_ex(ends * held.light.exp()[..., None])[0]  # (M, K, K): a column an endmember
    amounts = cloud.shapes @ inverse
    total = amounts.sum(2)
    inside = total * cloud.sizes > _LEAST_LIGHT
    total = torch.maximum(total, _LEAST_LIGHT / cloud.sizes)
    shares = amounts / total[..., None]
    square = shares.clamp(0, 1)
    square = square / square.sum(2, keepdim=True).clamp_min(1e-9)
    square = square.square()
    size = total * cloud.sizes
    others = 1 - torch.eye(count, device=ends.device)
    seen = (cloud.noise * inverse.norm(dim=1)).square()[:, None] / size[..., None].square()
    variance = seen + square @ (held.blur.exp() * others).mT + floor**2
    parts = F.log_softmax(held.parts, -1)
    prior = _log_prior(shares, variance, parts, held.most.exp()).sum(2)
    prior = prior - _log_normaliser(parts, held.most.exp(), variance.sum(2))
    lit = size.log()
    whole = (cloud.noise * inverse.sum(2).norm(dim=1))[:, None] / size
    spread = held.common.exp()[:, None] + (square @ held.own.exp()[..., None])[..., 0] + whole.square()
    volume = torch.linalg.slogdet(inverse)[1][:, None] - count * total.log()
    value = prior + volume - 0.5 * (lit.square() / spread + spread.log()) - _HALF_LOG_2PI
    value = torch.where(inside, value, _FAR_OUTSIDE)
    return torch.logaddexp(math.log1p(-OUTLYING) + value, math.log(OUTLYING) + cloud.foreign), shares


def _log_prior(shares: Tensor, variance: Tensor, parts: Tensor, most: Tensor) -> Tensor:
    """Log density of shares ``(M, n, K)``: none, exponentials or any amount, blurred by ``variance``."""
    deviation = variance.sqrt()
    z = shares / deviation
    terms = [parts[:, None, :, 0] - 0.5 * z.square() - deviation.log() - _HALF_LOG_2PI]
    for part, scale in enumerate(SCALES, start=1):
        short = (deviation / scale).clamp_max(6.0)
        weight = parts[:, None, :, part] - math.log(scale * (1 - math.exp(-1 / scale)))
        terms.append(weight + 0.5 * short.square() - z * short + torch.special.log_ndtr(z - short))
    edge = (most[:, None] - shares) * (variance + EDGE**2).rsqrt()
    terms.append(
        parts[:, None, :, -1] - most.log()[:, None] + torch.special.log_ndtr(z) + torch.special.log_ndtr(edge)
    )
    return torch.stack(terms).logsumexp(0)


def _log_normaliser(parts: Tensor, most: Tensor, variance: Tensor) -> Tensor:
    """Log density ``(M, n)``, at a sum of one, of independent shares blurred by ``variance`` in all.

    ``parts`` ``(M, K, P)`` are log weights. Computed for `_BLURS` deviations, and between them interpolated.
    """
    edges = torch.linspace(0, 1, _CELLS + 1, device=parts.device, dtype=parts.dtype)
    cells = [
        (torch.exp(-edges[:-1] / scale) - torch.exp(-edges[1:] / scale)) / (1 - math.exp(-1 / scale))
        for scale in SCALES
    ]
    weights, full = parts.exp(), most[..., None]
    mass = weights[..., 1:-1] @ torch.stack(cells)
    mass = mass + weights[..., -1:] * ((full - edges[:-1]) * _CELLS).clamp(0, 1) / (full * _CELLS)
    mass = 0.5 * F.pad(mass, (0, 1)) + 0.5 * F.pad(mass, (1, 0))  # from cells to their edges
    mass = mass + F.pad(weights[..., :1], (0, _CELLS))
    size = 2 ** math.ceil(math.log2(_CELLS * mass.shape[1] + 1))
    total = torch.fft.irfft(torch.fft.rfft(mass, n=size).prod(1), n=size)  # (M, size)
    away = torch.arange(size, device=parts.device, dtype=parts.dtype) / _CELLS - 1
    blurs = torch.tensor(_BLURS, device=parts.device, dtype=parts.dtype)
    kernels = torch.exp(-0.5 * (away[:, None] / blurs).square()) / (blurs * math.sqrt(2 * math.pi))
    levels = (total @ kernels).clamp_min(1e-9).log()  # (M, levels)
    place = (0.5 * variance.log() - math.log(_BLURS[0])) / math.log(_BLURS[1] / _BLURS[0])
    place = place.clamp(0, len(_BLURS) - 1)[..., None] - torch.arange(len(_BLURS), device=parts.device)
    return ((1 - place.abs()).clamp_min(0) * levels[:, None]).sum(2)
