"""Endmembers found in the image itself: candidates of several kinds, judged by the pixels. No files.

Everything here works on pixels with a *soft* brightness normalisation, ``x = y / (|y| + tau * median
|y|)``: bright pixels are compared by shape, dark ones keep their darkness, so that noise in water or
shadow is not blown up to the size of a signal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from . import adversary, judge, targets
from .archetypes import Known
from .candidates import EXTRAPOLATORS, PROPOSERS
from .lone import lone_pixels
from .pedestal import without_pedestal
from .search_space import SearchSpace

NEARLY = 1.15
"""A set whose mean angle is within this factor of the best's explains the scene nearly as well."""

HARDLY_NEEDED = 1.01
"""Without an endmember the mean angle grows by this factor at least, or it is doubtful."""

NOT_EXTRAPOLATED = (
    "Whether all pixels are mixed, and the endmembers purer than any of them, was not looked into: "
    "draft quality leaves that out."
)

ALTERNATIVES = 8
"""The most of such sets that are kept; how they differ is what is uncertain about the endmembers."""


@dataclass(frozen=True)
class Weighed:
    """A kind of candidates, its best set, and whether the endmembers are of this kind.

    Attributes:
        name: of the kind.
        angle: mean angle, in radians, that the set leaves between pixels and mixtures.
        least: factor by which that angle grows without the endmember that is needed least.
        chosen: whether the endmembers are this set; of exactly one kind.
        reason: why, or why not: a part of a sentence, such as "they leave 70% of the mean angle, ...".
        distance: Jensen-Shannon distance, in nats, between the scene and pixels generated with the set; None
            where no adversary was asked.
    """

    name: str
    angle: float
    least: float
    chosen: bool
    reason: str
    distance: float | None = None


@dataclass(frozen=True)
class Endmembers:
    """What was found, and what for.

    Attributes:
        spectra: ``(M, K, B)`` non-negative, softly normalised: first the best set, the known endmembers in
            their order, then its most abundant one first; then other sets that explain the scene nearly as
            well, endmembers in the same order.
        kind: what the best set is.
        weighed: what the best set of every kind leaves of the scene.
        reasons: a sentence for each thing that decided.
        targets: for every endmember, how many pixels it is the mean of where it is a rare material, else 0.
        needed: for every endmember, by what factor the scene's mean angle grows without it.
    """

    spectra: Tensor
    kind: str
    weighed: tuple[Weighed, ...]
    reasons: tuple[str, ...]
    targets: tuple[int, ...]
    needed: tuple[float, ...]

    @property
    def doubtful(self) -> list[int]:
        """Endmembers that the scene does not need and that are no rare material either."""
        each = enumerate(zip(self.needed, self.targets, strict=True))
        return [number for number, (growth, size) in each if growth < HARDLY_NEEDED and not size]


@dataclass(frozen=True)
class _Sets:
    """Sets of endmembers of one kind, the one with the smallest mean angle first; ``reason`` as `Weighed`."""

    name: str
    ends: list[Tensor]
    angles: list[float]
    signs: judge.Signs
    reason: str = "no other kind left much less of the scene"
    distance: float | None = None


def find_endmembers(
    pixels: Tensor,
    count: int,
    starts: int,
    rounds: int,
    generator: torch.Generator,
    known: Known | None = None,
    observed: targets.Observed | None = None,
    *,
    extrapolate: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> Endmembers:
    """Find ``count`` endmembers among softly normalised ``pixels`` ``(n, B)``, blind but for those known.

    Every kind of `candidates.PROPOSERS` proposes sets in the ``K + 2`` dimensional signal subspace; the one
    whose non-negative mixtures come nearest to the pixels in angle stands for its kind. Archetypes of cluster
    centres stay unless another kind convinces `judge`. A share that every pixel holds of everything is taken
    off (`pedestal`), or endmembers that the scene does not need give way to rare materials (`targets`). Where
    there is neither, endmembers beyond all pixels are sought (`candidates.EXTRAPOLATORS`) and judged
    by `adversary`.

    Args:
        pixels: cleaned, if they can be.
        count: K.
        starts: random starts of archetypes.
        rounds: of the archetypes' descent.
        generator: on the CPU; the same seed gives the same endmembers.
        known: endmembers that are given.
        observed: the pixels as measured, in the order of ``pixels``; without them nothing is sought
            that is rare, or purer than all pixels.
        extrapolate: whether to take the time for endmembers beyond all pixels.
        report: told what is being done where that takes long; what it raises ends the search.
    """
    alone = lone_pixels(pixels, observed)
    measured = None if observed is None else observed.pixels[~alone]
    space = SearchSpace.of(pixels[~alone], count, starts, rounds, generator, known, measured, report)
    kinds, chosen = _kinds(space)
    reasons = _left_out(alone)
    spectra, bare = _spectra(space, _nearly_as_good(space, kinds, chosen), known)
    if bare:
        reasons.append("Every pixel holds a share of everything, which was taken off the endmembers.")
    rare = [0] * count
    judges = pixels[:: -(-len(pixels) // len(space.judges))]
    if observed is not None and not bare:
        for target in targets.find_targets(observed, judges, spectra[0], space.held):
            spectra[:, target.instead] = target.spectrum
            rare[target.instead] = len(target.pixels)
    if any(rare):
        reasons.append(f"{sum(size > 0 for size in rare)} of the endmembers are materials of a few pixels.")
    if not bare and not any(rare) and not bool(alone.any()):  # with outliers no critic was tried
        kinds, further = _extrapolated(space, kinds, chosen) if extrapolate else (kinds, chosen)
        if further.name != chosen.name:
            chosen = further
            spectra = _ordered(space, chosen.ends)
        elif not extrapolate and any(kind.applies(space) for kind in EXTRAPOLATORS):
            reasons.append(NOT_EXTRAPOLATED)
    reasons.insert(0, f"Endmembers are {chosen.name}: {chosen.reason}.")
    weighed, needed = (_weighed(sets, chosen) for sets in kinds), judge.needed(judges, spectra[0])
    return Endmembers(spectra, chosen.name, tuple(weighed), tuple(reasons), tuple(rare), tuple(needed))


def _left_out(alone: Tensor) -> list[str]:
    """A sentence on pixels ``(n,)`` that are left out, where some are."""
    share = float(alone.float().mean())
    left_out = f"They were sought without the {share:.1%} of the pixels that are unlike all around them."
    return [left_out] if share else []


def _spectra(space: SearchSpace, ends: list[Tensor], known: Known | None) -> tuple[Tensor, bool]:
    """Spectra ``(M, K, B)`` of sets, and whether a share of everything was taken off them.

    ``known`` are spectra, of which the space holds a part only.
    """
    bare = None if known is not None else without_pedestal(space, ends[0])
    if bare is not None:
        others = (without_pedestal(space, other) for other in ends[1:])
        ends = [bare, *(other for other in others if other is not None)]
    spectra = torch.stack(ends) @ space.basis
    if known is not None:
        outside = known.spectra - known.spectra @ space.basis.T @ space.basis
        spectra[:, : space.held] += (1 - known.freedom) * outside
    return spectra.clamp_min(1e-6), bare is not None


def _ordered(space: SearchSpace, sets: list[Tensor]) -> Tensor:
    """Spectra ``(M, K, B)`` of sets, all in the order of the first, its most abundant one first."""
    best = most_abundant_first(space, sets[0])
    alike = (_in_order_of(best, other, 0) for other in sets[1:])
    return (torch.stack([best, *alike]) @ space.basis).clamp_min(1e-6)


def _weighed(sets: _Sets, chosen: _Sets) -> Weighed:
    won = sets.name == chosen.name
    return Weighed(sets.name, sets.signs.angle, sets.signs.least, won, sets.reason, sets.distance)


def _extrapolated(space: SearchSpace, kinds: list[_Sets], chosen: _Sets) -> tuple[list[_Sets], _Sets]:
    """The kinds with those beyond all pixels, and the one that stands for the scene then."""
    for kind in EXTRAPOLATORS:
        if not kind.applies(space):
            continue
        proposed = kind.propose(space, chosen.ends[0])
        if not len(proposed):
            continue
        near, far = adversary.distances(space, torch.stack([chosen.ends[0], proposed[0]])).tolist()
        verdict = adversary.verdict(far, near)
        angles = [judge.mean_angle(space.judges, ends) for ends in proposed]
        signs = judge.signs(space.judges, proposed[0])
        further = _Sets(kind.NAME, list(proposed), angles, signs, verdict.reason, far)
        passed = replace(chosen, distance=near)
        if verdict.convinces:
            passed = replace(passed, reason=f"pixels generated with {kind.NAME} are more like the scene's")
        kinds = [*(passed if sets is chosen else sets for sets in kinds), further]
        chosen = further if verdict.convinces else passed
    return kinds, chosen


def _kinds(space: SearchSpace) -> tuple[list[_Sets], _Sets]:
    """The sets of every kind, and those of the kind that stands for the scene."""
    judged = (_judged(space, kind.NAME, kind.propose(space)) for kind in PROPOSERS)
    kinds = [sets for sets in judged if sets is not None]
    chosen = 0
    for number, sets in enumerate(kinds[1:], start=1):
        verdict = judge.verdict(sets.signs, kinds[chosen].signs)
        kinds[number] = replace(sets, reason=verdict.reason)
        if verdict.convinces:
            kinds[chosen] = replace(kinds[chosen], reason=f"{sets.name} leave much less of the scene")
            chosen = number
    return kinds, kinds[chosen]


def _nearly_as_good(space: SearchSpace, kinds: list[_Sets], chosen: _Sets) -> list[Tensor]:
    """The best set, and at most `ALTERNATIVES` - 1 others that leave nearly as little, in its order."""
    best = most_abundant_first(space, chosen.ends[0])
    limit = NEARLY * chosen.angles[0]
    others = [
        _in_order_of(best, ends, space.held)
        for sets in (chosen, *(sets for sets in kinds if sets is not chosen))
        for ends, angle in zip(sets.ends, sets.angles, strict=True)
        if angle <= limit and ends is not chosen.ends[0]
    ]
    return [best, *others[: ALTERNATIVES - 1]]


def _judged(space: SearchSpace, name: str, proposed: Tensor) -> _Sets | None:
    """A kind's sets ``(M, K, d)`` by their mean angle; None where there are none."""
    if not len(proposed):
        return None
    angles = [judge.mean_angle(space.judges, ends) for ends in proposed]
    ranking = sorted(range(len(angles)), key=lambda index: angles[index])
    ends = [proposed[index] for index in ranking]
    return _Sets(name, ends, [angles[index] for index in ranking], judge.signs(space.judges, ends[0]))


def most_abundant_first(space: SearchSpace, ends: Tensor) -> Tensor:
    """The endmembers ``(K, d)``, after the known ones, in the order of how abundant they are."""
    amounts = judge.angles(space.judges, ends)[1]
    mean = (amounts / amounts.sum(-1, keepdim=True).clamp_min(1e-9)).mean(0)
    order = mean[space.held :].argsort(descending=True) + space.held
    return ends[torch.cat([torch.arange(space.held, device=order.device), order])]


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
