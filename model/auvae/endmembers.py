"""Endmembers found in the image itself: brightness, subspace, archetypes. Tensors in, tensors out; no files.

Everything here works on pixels with a *soft* brightness normalisation, ``x = y / (|y| + tau * median
|y|)``: bright pixels are compared by shape, dark ones keep their darkness, so that noise in water or
shadow is not blown up to the size of a signal.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SOFTNESS = 0.2
"""tau of the soft normalisation: 0 compares pure shapes, from about 1 on spectra are nearly raw."""

NOISIER, NOISE_SHARE = 5.0, 0.05
"""A band is noisy that has so many times the median band's noise, and so much of its variance from it."""

FEWEST_A_BAND = 4
"""Pixels a band, with fewer of which noise cannot be told from signal."""

NEARLY = 1.15
"""A start whose mean angle is within this factor of the best's explains the scene nearly as well."""

ALTERNATIVES = 8
"""The most of such starts that are kept; how they differ is what is uncertain about the endmembers."""

LOOK_EVERY = 5
"""Sweeps of coordinate descent between two looks at whether anything still changes."""

CENTRES = 300
"""Cluster centres that stand for the pixels while archetypes are sought."""

JUDGES = 5000
"""Pixels, spread over the scene, by which the starts are judged."""


@dataclass(frozen=True)
class Brightness:
    """The soft normalisation of one scene.

    Attributes:
        basis: ``(d, B)`` orthonormal signal subspace of the weighted pixels; brightness is measured inside
            it, where noise is small.
        offset: ``tau * median brightness``, in the raster's unit.
        weights: ``(B,)``, what a band counts: 1, and less for the few that are mostly noise.
    """

    basis: Tensor
    offset: float
    weights: Tensor

    @classmethod
    def of(cls, pixels: Tensor, dimensions: int) -> Brightness:
        """Measure signal subspace, median brightness and noisy bands of a scene's ``pixels`` ``(n, B)``."""
        plain = cls._weighted(pixels, dimensions, torch.ones_like(pixels[0]))
        weights = band_weights(plain.normalise(pixels))
        return plain if bool((weights == 1).all()) else cls._weighted(pixels, dimensions, weights)

    @classmethod
    def _weighted(cls, pixels: Tensor, dimensions: int, weights: Tensor) -> Brightness:
        weighted = pixels * weights
        basis = signal_subspace(weighted, dimensions)
        median = float((weighted @ basis.T).norm(dim=1).median())
        return cls(basis, SOFTNESS * median, weights)

    def measure(self, pixels: Tensor) -> Tensor:
        """What pixels ``(..., B)`` are divided by: ``(..., 1)``, in the raster's unit."""
        return (pixels @ self.axes.T).norm(dim=-1, keepdim=True) + self.offset

    def normalise(self, pixels: Tensor) -> Tensor:
        """Pixels ``(..., B)`` in the raster's unit, weighted and divided by `measure`."""
        return pixels * self.weights / self.measure(pixels).clamp_min(1e-12)

    def restore(self, spectra: Tensor) -> Tensor:
        """Bring normalised spectra ``(K, B)`` back to the raster's unit: undo `normalise`."""
        return spectra * self.offset / self.darkness(spectra) / self.weights

    def darkness(self, spectra: Tensor) -> Tensor:
        """``offset / (brightness + offset)`` of normalised spectra ``(K, B)``: ``(K, 1)``."""
        return 1 - (spectra @ self.basis.T).norm(dim=-1, keepdim=True).clamp_max(0.995)

    @property
    def axes(self) -> Tensor:
        """``(d, B)``: pixels in the raster's unit times its transpose lie in the signal subspace."""
        return self.basis * self.weights

    def to(self, device: torch.device) -> Brightness:
        """The same on another device."""
        return Brightness(self.basis.to(device), self.offset, self.weights.to(device))


def band_weights(pixels: Tensor) -> Tensor:
    """What each band is to count, so that stripes and dying detectors do not rule the rest.

    Noise is what the other bands cannot tell of a band (Roger & Arnold 1996). A band that has `NOISIER` times
    as much as the median, and of whose variance it is `NOISE_SHARE` or more, is scaled down to the former.

    Args:
        pixels: ``(n, B)``, normalised.

    Returns:
        ``(B,)``, 1 for nearly all; all 1 where there are too few pixels to tell.
    """
    count, bands = pixels.shape
    if count < FEWEST_A_BAND * bands:
        return torch.ones_like(pixels[0])
    correlation = (pixels.T @ pixels).double() / count
    ridge = 1e-9 * correlation.diagonal().mean() * torch.eye(bands, device=pixels.device)
    noise = (1 / torch.linalg.inv(correlation + ridge).diagonal()).clamp_min(0).sqrt().to(pixels.dtype)
    most = NOISIER * noise.median()
    noisy = (noise > most) & (noise**2 > NOISE_SHARE * pixels.var(0))
    return torch.where(noisy, most / noise.clamp_min(1e-12), 1.0)


@dataclass(frozen=True)
class Known:
    """Endmembers that are known beforehand.

    Attributes:
        spectra: ``(Kk, B)`` softly normalised, or their coordinates ``(Kk, d)``.
        freedom: how far the scene may pull them away, 0 (not at all) to 1 (they are only where it starts).
    """

    spectra: Tensor
    freedom: float


def counted(spectra: Tensor, convention: float) -> Tensor:
    """Softly normalised endmembers ``(K, B)`` with another brightness counting as 100 % of each.

    At 0 they stay; at -1 all have the same brightness, so that shares are those of shapes; at 1 each has its
    own, so that shares are those of the area. Between, and beyond, powers of these factors.
    """
    norm = spectra.norm(dim=1, keepdim=True).clamp(0.05, 0.98)
    own, same = 1 / (1 - norm), 1 / norm  # |y| + offset over offset; and over |y|: see `Brightness`
    factor = own**convention if convention > 0 else same**-convention
    return spectra * factor / factor.log().mean().exp()


def signal_subspace(pixels: Tensor, dimensions: int) -> Tensor:
    """Orthonormal basis ``(d, B)`` of the strongest directions of ``pixels`` ``(n, B)``, not centred."""
    correlation = (pixels.T @ pixels).double() / len(pixels)
    _, vectors = torch.linalg.eigh(correlation)
    return vectors.flip(1)[:, :dimensions].T.to(pixels.dtype).contiguous()


def cluster(points: Tensor, count: int, generator: torch.Generator, rounds: int = 8) -> tuple[Tensor, Tensor]:
    """Summarise ``points`` ``(n, d)`` by k-means centres.

    Returns:
        centres ``(m, d)`` with ``m <= count``, and how many points each stands for ``(m,)``.
    """
    if len(points) <= count:
        return points, torch.ones(len(points), device=points.device)
    chosen = torch.randperm(len(points), generator=generator)[:count].to(points.device)
    centres = points[chosen]
    sizes = torch.ones(count, device=points.device)
    for _ in range(rounds):
        nearest = torch.cat([torch.cdist(part, centres).argmin(1) for part in points.split(65536)])
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        sizes = torch.bincount(nearest, minlength=count).to(points.dtype)
        centres = torch.where(sizes[:, None] > 0, sums / sizes[:, None].clamp_min(1), centres)
    kept = sizes > 0
    return centres[kept], sizes[kept]


def archetypes(
    points: Tensor,
    weights: Tensor,
    count: int,
    starts: int,
    rounds: int,
    generator: torch.Generator,
    known: Known | None = None,
) -> Tensor:
    """Archetypal analysis by entropic (multiplicative) descent, several random starts at once.

    Minimises ``sum_i w_i |x_i - a_i B X|^2`` over rows ``a_i`` and rows of ``B`` on the simplex:
    archetypes are convex mixtures of points, and points convex mixtures of archetypes (Cutler & Breiman
    1994; entropic updates as in Zouaoui et al., EDAA, 2023).

    Args:
        points: ``(n, d)``.
        weights: ``(n,)``, positive.
        count: K, the number of archetypes.
        starts: random starts, computed together.
        rounds: alternations between points as mixtures and archetypes as mixtures.
        generator: draws the starts.
        known: archetypes that are given, in the unit of ``points``; they come first. Each is
            ``(1 - freedom)`` of what was given and ``freedom`` of a mixture of points that is sought.

    Returns:
        ``(starts, K, d)`` archetypes of every start.
    """
    weights = weights / weights.mean()
    given = points.new_zeros(count, points.shape[1])  # what is not sought of each archetype
    sought = points.new_ones(count, 1)  # the share that is
    if known is not None:
        given[: len(known.spectra)] = (1 - known.freedom) * known.spectra
        sought[: len(known.spectra)] = known.freedom
    mixtures = _furthest_points(points, weights, count, starts, generator, known)  # (starts, K, n): rows of B
    shares = points.new_full((starts, len(points), count), 1 / count)  # (starts, n, K): rows a_i
    largest = (points**2).sum(-1).max()
    for _ in range(rounds):
        found = given + sought * (mixtures @ points)
        gram, target = found @ found.mT, points @ found.mT
        step = 4 / _largest_eigenvalue(gram)
        for _ in range(5):
            shares = torch.softmax(shares.clamp_min(1e-30).log() - step * (shares @ gram - target), dim=-1)
        weighted = shares * weights[:, None]
        gram, target = shares.mT @ weighted, weighted.mT @ points
        step = 8 / (_largest_eigenvalue(gram) * largest)
        for _ in range(5):
            slope = (sought * (gram @ (given + sought * (mixtures @ points)) - target)) @ points.T
            mixtures = torch.softmax(mixtures.clamp_min(1e-30).log() - step * slope, dim=-1)
    return given + sought * (mixtures @ points)


def _largest_eigenvalue(symmetric: Tensor) -> Tensor:
    """Largest eigenvalue of each matrix ``(..., K, K)``, as ``(..., 1, 1)``."""
    return torch.linalg.eigvalsh(symmetric)[..., -1:, None].clamp_min(1e-12)


def _furthest_points(
    points: Tensor,
    weights: Tensor,
    count: int,
    starts: int,
    generator: torch.Generator,
    known: Known | None,
) -> Tensor:
    """First mixtures ``(starts, K, n)``: half of each on a point far from those before it, half on all.

    A known archetype starts on the point nearest to it, and the others are far from it, not from that point.
    """
    apart = None if known is None else torch.cdist(known.spectra, points).cpu() ** 2  # (Kk, n)
    distance = torch.cdist(points, points).cpu() ** 2
    weights = weights.cpu()
    mixtures = torch.full((starts, count, len(points)), 0.5 / len(points))
    for start in range(starts):
        chance, nearest = weights, torch.full_like(weights, torch.inf)
        for k in range(count):
            if apart is not None and k < len(apart):
                mixtures[start, k, int(apart[k].argmin())] += 0.5
                nearest = torch.minimum(nearest, apart[k])
            else:
                drawn = int(torch.multinomial(chance + 1e-12, 1, generator=generator))
                mixtures[start, k, drawn] += 0.5
                nearest = torch.minimum(nearest, distance[drawn])
            chance = nearest * weights / (nearest * weights).sum().clamp_min(1e-30)
    return mixtures.to(points.device)


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
        amounts = torch.linalg.solve(_ridged(gram), wanted).clamp_min(0)
        negligible = 1e-4 * float(amounts.abs().max())
        for sweep in range(sweeps):
            before = amounts.clone() if sweep % LOOK_EVERY == 0 else None
            for k in range(len(gram)):
                step = (wanted[k] - gram[k] @ amounts) / gram[k, k]
                amounts[k].add_(step).clamp_min_(0)
            if before is not None and float((amounts - before).abs().max()) <= negligible:
                break
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
    matrix = _ridged(gram) * inside.unsqueeze(-1) * inside.unsqueeze(-2) + outside
    return torch.linalg.solve(matrix, (target * inside).unsqueeze(-1)).squeeze(-1)


def _ridged(gram: Tensor) -> Tensor:
    """The Gram matrix with a little of its scale on the diagonal: twins among endmembers do not stop it."""
    return gram + 1e-6 * gram.diagonal().mean() * torch.eye(len(gram), device=gram.device, dtype=gram.dtype)


def find_endmembers(
    pixels: Tensor,
    count: int,
    starts: int,
    rounds: int,
    generator: torch.Generator,
    known: Known | None = None,
) -> Tensor:
    """Find ``count`` endmembers among softly normalised ``pixels`` ``(n, B)``, blind but for those known.

    Archetypes of the pixels' cluster centres are sought from many starts in the ``K + 2`` dimensional signal
    subspace. The start whose non-negative mixtures come nearest to the pixels in angle is the best: of the
    criteria tried (residual, volume, correlation, entropy) it agreed best with the truth on scenes that have
    one. Judged by the centres instead, the choice varied more from seed to seed.

    Returns:
        ``(M, K, B)`` non-negative, in the normalised unit: first the best, the known endmembers in their
        order, then its most abundant one first; then other starts that explain the scene nearly as well,
        endmembers in the same order.
    """
    basis = signal_subspace(pixels, min(count + 2, pixels.shape[1]))
    points = pixels @ basis.T
    centres, sizes = cluster(points, CENTRES, generator)
    projected = None if known is None else Known(known.spectra @ basis.T, known.freedom)
    candidates = archetypes(centres, sizes.sqrt(), count, starts, rounds, generator, projected)
    judges = points[:: -(-len(points) // JUDGES)]
    angles, amounts = [], []
    for found in candidates:
        mixture = nonnegative_least_squares(judges @ found.T, found @ found.T)
        cosine = torch.nn.functional.cosine_similarity(mixture @ found, judges, dim=-1)
        angles.append(float(cosine.clamp(-1, 1).acos().mean()))
        amounts.append((mixture / mixture.sum(-1, keepdim=True).clamp_min(1e-9)).mean(0))
    ranking = sorted(range(starts), key=lambda start: angles[start])
    first = 0 if known is None else len(known.spectra)
    order = amounts[ranking[0]][first:].argsort(descending=True) + first
    best = candidates[ranking[0]][torch.cat([torch.arange(first, device=order.device), order])]
    nearly = [start for start in ranking[1:] if angles[start] <= NEARLY * angles[ranking[0]]]
    found = [best, *(_in_order_of(best, candidates[start], first) for start in nearly[: ALTERNATIVES - 1])]
    spectra = torch.stack(found) @ basis
    if known is not None:
        # what of them lies outside the scene's subspace
        spectra[:, :first] += (1 - known.freedom) * (known.spectra - known.spectra @ basis.T @ basis)
    return spectra.clamp_min(1e-6)


def _in_order_of(reference: Tensor, spectra: Tensor, first: int) -> Tensor:
    """``spectra`` ``(K, d)`` in the order of the most similar spectra of ``reference``, each used once.

    The ``first`` ones are known, and where they are.
    """
    similarity = torch.nn.functional.cosine_similarity(reference[:, None], spectra[None], dim=-1)
    order = torch.arange(len(reference), device=spectra.device)
    similarity[:first], similarity[:, :first] = -torch.inf, -torch.inf
    for _ in range(len(reference) - first):
        row, column = divmod(int(similarity.argmax()), len(reference))
        order[row] = column
        similarity[row], similarity[:, column] = -torch.inf, -torch.inf
    return spectra[order]
