"""How likely pixels are as mixtures in a simplex whose faces are populated. Seeks no simplex.

A pixel is a direction and a length in the K strongest dimensions. Its abundances are, before they are tied to
a sum of one, independent: none, a little (exponential), or any amount. Noise, and how much each material
varies, blur the faces; the variation is learned, so that where materials vary a face is not mistaken for
their edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..numerics.inverse import inverted
from .search_space import SearchSpace

PIXELS = 1500
"""The most pixels whose likelihood is asked."""

SCALES = (0.015, 0.06, 0.25)
"""Mean abundances of the exponentials."""

BLUR, LARGEST_BLUR = 0.005, 0.12
"""Deviation of a material's variation, in shares: where it starts and is drawn to, and its limit."""

LIGHT, COMMON_LIGHT = 0.05, 0.2
"""Deviation of the logarithm of brightness, of one material and of all: where they start."""

MOST, LEAST_MOST, EDGE = 0.95, 0.3, 0.03
"""How much of a material a pixel holds at most: where it starts, its limit, and deviation of that edge."""

FACES_SEE = 1 / 3
"""The share of the noise that blurs faces. Noise makes abundances wrong together, a dark material's most of
all; counted as if each were wrong by itself, all of it moved dark materials by 0.2 to 1 rad (a third: 0.05 to
0.3), however many pixels. What a third does not explain `blur` and `OUTLYING` do."""

OUTLYING = 0.02
"""Share of pixels that are no mixture of the endmembers."""

DRAWN = 3e-4
"""Nats by which a parameter is drawn to its start, for its distance of one."""

RESOLVED = 0.5
"""Pixels whose noise is larger, in shares, say nothing about faces."""

LEAST_LIGHT = 0.2
"""A pixel is no mixture whose amounts sum to less than this, where one of median length sums to one."""

_PARTS = len(SCALES) + 2
_CELLS = 128
_BLURS = tuple(0.008 * 2**level for level in range(7))
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_FAR_OUTSIDE = -60.0


@dataclass(frozen=True)
class Sums:
    """What depends on no parameter of the densities of K shares and of their sum.

    Attributes:
        others: ``(K, K)``, 0 on its diagonal, 1 elsewhere.
        rates: ``(E, 1, 1, 1)``, one over the mean of each exponential.
        areas: ``(E, 1, 1, 1)``, logarithm of what each holds between 0 and 1, before it is divided by that.
        cells: ``(E, C)``, how much of each exponential lies in each cell of shares.
        edges: ``(C + 1,)``, where the cells end.
        kernels: ``(S, L)``, normal distributions around a sum of one, of the deviations `_BLURS`.
        levels: ``(L,)``, their numbers.
    """

    others: Tensor
    rates: Tensor
    areas: Tensor
    cells: Tensor
    edges: Tensor
    kernels: Tensor
    levels: Tensor

    @classmethod
    def of(cls, count: int, like: Tensor) -> Sums:
        """For K shares, in the type and on the device of ``like``."""
        edges = torch.linspace(0, 1, _CELLS + 1, dtype=like.dtype)
        cells = [
            (torch.exp(-edges[:-1] / scale) - torch.exp(-edges[1:] / scale)) / (1 - math.exp(-1 / scale))
            for scale in SCALES
        ]
        size = 2 ** math.ceil(math.log2(_CELLS * count + 1))
        away = torch.arange(size, dtype=like.dtype) / _CELLS - 1
        blurs = torch.tensor(_BLURS, dtype=like.dtype)
        kernels = torch.exp(-0.5 * (away[:, None] / blurs).square()) / (blurs * math.sqrt(2 * math.pi))
        levels = torch.arange(len(_BLURS), dtype=like.dtype)
        scales = torch.tensor(SCALES, dtype=like.dtype)[:, None, None, None]
        areas = (scales * (1 - (-1 / scales).exp())).log()
        others = 1 - torch.eye(count, dtype=like.dtype)
        tensors = others, 1 / scales, areas, torch.stack(cells), edges, kernels, levels
        return cls(*(tensor.to(like.device) for tensor in tensors))

    def log_density(self, parts: Tensor, most: Tensor, variance: Tensor) -> Tensor:
        """Log density ``(M, n)``, at a sum of one, of independent shares blurred by ``variance`` in all.

        ``parts`` ``(M, K, P)`` are log weights, ``most`` ``(M, K)`` the largest amounts. Computed for
        `_BLURS` deviations, and between them interpolated.
        """
        weights, full = parts.exp(), most[..., None]
        mass = weights[..., 1:-1] @ self.cells
        mass = mass + weights[..., -1:] * ((full - self.edges[:-1]) * _CELLS).clamp(0, 1) / (full * _CELLS)
        mass = 0.5 * F.pad(mass, (0, 1)) + 0.5 * F.pad(mass, (1, 0))  # from cells to their edges
        mass = mass + F.pad(weights[..., :1], (0, _CELLS))
        size = len(self.kernels)
        waves = torch.fft.rfft(mass, n=size).unbind(1)
        product = waves[0]
        for wave in waves[1:]:  # of torch's own product the gradient asks the host
            product = product * wave
        total = torch.fft.irfft(product, n=size)  # (M, S)
        levels = (total @ self.kernels).clamp_min(1e-9).log()  # (M, L)
        place = (0.5 * variance.log() - math.log(_BLURS[0])) / math.log(_BLURS[1] / _BLURS[0])
        place = place.clamp(0, len(_BLURS) - 1)[..., None] - self.levels
        return ((1 - place.abs()).clamp_min(0) * levels[:, None]).sum(2)


@dataclass(frozen=True)
class Cloud:
    """Pixels by direction and length, in the K strongest dimensions.

    Attributes:
        axes: ``(K, B)``, orthonormal.
        shapes: ``(n, K)``, of length one.
        sizes: ``(n,)``, their median is one.
        noise: deviation of the noise in every dimension, in the unit of the sizes.
        foreign: ``(n,)``, log density of pixels that are no mixture.
        sums: of K shares.
    """

    axes: Tensor
    shapes: Tensor
    sizes: Tensor
    noise: float
    foreign: Tensor
    sums: Sums

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
        foreign, sums = _foreign(shapes, sizes), Sums.of(count, shapes)
        return cls(space.basis[:count], shapes, sizes, noise, foreign, sums), unit

    def some(self, count: int) -> Cloud:
        """The same with so many of the pixels, which lie in an order that is chance."""
        shapes, sizes, foreign = self.shapes[:count], self.sizes[:count], self.foreign[:count]
        return replace(self, shapes=shapes, sizes=sizes, foreign=foreign)


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
        moved: ``(M, K, K)``, what is added to the endmembers they start from, as mixtures of these: so a step
            changes all abundances alike (the relative gradient, Cardoso & Laheld 1996), those of a dark
            material, too, whose direction depends on little light.
        parts: ``(M, K, P)``, logits of none, exponentials and any amount, of each material.
        blur: ``(M, K, K)``, log variance of the abundance of k where j is.
        own: ``(M, K)``, log variance of each material's brightness.
        common: ``(M,)``, log variance of the light.
        most: ``(M, K)``, the logarithm of how much of each material a pixel holds at most.
    """

    moved: Tensor
    parts: Tensor
    blur: Tensor
    own: Tensor
    common: Tensor
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
            ends.new_full((many, count), math.log(MOST)),
        )
        for tensor in (*found.loose, found.moved):
            tensor.requires_grad_()
        return found

    @property
    def loose(self) -> list[Tensor]:
        """All but the endmembers."""
        return [self.parts, self.blur, self.own, self.common, self.most]

    def drawn(self) -> Tensor:
        """How far ``(M,)`` they are from where they begin, so that what no pixel tells stays there."""
        blur = (self.blur - 2 * math.log(BLUR)).square().sum((1, 2))
        own = (self.own - 2 * math.log(LIGHT)).square().sum(1)
        return DRAWN * (blur + own + self.parts.square().sum((1, 2)))

    @torch.no_grad()
    def go_on_from(self, loose: list[Tensor]) -> None:
        """Begin with what another climb ended with, in the order of `loose`."""
        for own, other in zip(self.loose, loose, strict=True):
            own.copy_(other)

    @torch.no_grad()
    def hold(self) -> None:
        """Keep them where they mean something."""
        self.blur.clamp_(-14, 2 * math.log(LARGEST_BLUR))
        self.own.clamp_(-10, 2 * math.log(0.6))
        self.common.clamp_(-8, 0)
        self.most.clamp_(math.log(LEAST_MOST), 0)


@dataclass(frozen=True)
class Simplices:
    """M simplices side by side.

    Attributes:
        ends: ``(M, K, K)``, with their brightness.
        inverse: ``(M, K, K)``, a column an endmember: pixels times it are amounts.
        volume: ``(M,)``, logarithm of the determinant of ``ends``.
    """

    ends: Tensor
    inverse: Tensor
    volume: Tensor

    @classmethod
    def of(cls, ends: Tensor) -> Simplices:
        """Of endmembers ``(M, K, K)``."""
        return cls(ends, *inverted(ends))


def log_likelihood(
    cloud: Cloud, simplices: Simplices, held: Parameters, floor: Tensor
) -> tuple[Tensor, Tensor]:
    """Log density of each pixel ``(M, n)`` and its abundances of endmembers ``(M, n, K)``.

    ``floor``: deviation, in shares, that is added to the blur of all faces.
    """
    inverse = simplices.inverse
    count = inverse.shape[1]
    amounts = cloud.shapes @ inverse
    total = amounts.sum(2)
    inside = total * cloud.sizes > LEAST_LIGHT
    total = torch.maximum(total, LEAST_LIGHT / cloud.sizes)
    shares = amounts / total[..., None]
    square = shares.clamp(0, 1)
    square = square / square.sum(2, keepdim=True).clamp_min(1e-9)
    square = square.square()
    size = total * cloud.sizes
    noise = FACES_SEE * cloud.noise
    seen = (noise * inverse.norm(dim=1)).square()[:, None] / size[..., None].square()
    variance = seen + square @ (held.blur.exp() * cloud.sums.others).mT + floor**2
    parts, most = F.log_softmax(held.parts, -1), held.most.exp()
    prior = _log_prior(cloud.sums, shares, variance, parts, most).sum(2)
    prior = prior - cloud.sums.log_density(parts, most, variance.sum(2))
    lit = size.log()
    whole = (noise * inverse.sum(2).norm(dim=1))[:, None] / size
    spread = held.common.exp()[:, None] + (square @ held.own.exp()[..., None])[..., 0] + whole.square()
    volume = -simplices.volume[:, None] - count * total.log()
    value = prior + volume - 0.5 * (lit.square() / spread + spread.log()) - _HALF_LOG_2PI
    value = torch.where(inside, value, _FAR_OUTSIDE)
    return torch.logaddexp(math.log1p(-OUTLYING) + value, math.log(OUTLYING) + cloud.foreign), shares


def _log_prior(sums: Sums, shares: Tensor, variance: Tensor, parts: Tensor, most: Tensor) -> Tensor:
    """Log density of shares ``(M, n, K)``: none, exponentials or any amount, blurred by ``variance``."""
    deviation = variance.sqrt()
    z = shares / deviation
    weights = parts.movedim(-1, 0)[:, :, None]  # (P, M, 1, K)
    none = weights[0] - 0.5 * z.square() - deviation.log() - _HALF_LOG_2PI
    short = (deviation * sums.rates).clamp_max(6.0)  # (E, M, n, K)
    few = weights[1:-1] - sums.areas + 0.5 * short.square() - z * short
    edge = (most[:, None] - shares) * (variance + EDGE**2).rsqrt()
    below = torch.special.log_ndtr(torch.cat([z - short, z[None], edge[None]]))
    any_amount = weights[-1] - most.log()[:, None] + below[-2] + below[-1]
    return torch.cat([none[None], few + below[:-2], any_amount[None]]).logsumexp(0)
