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
from .targets import Rarities

NEARLY = 1.15
"""A set whose mean angle is within this factor of the best's explains the scene nearly as well."""

HARDLY_NEEDED = 1.01
"""Without an endmember the mean angle grows by this factor at least, or it is doubtful."""

NOT_EXTRAPOLATED = (
    "Whether all pixels are mixed, and the endmembers purer than any of them, was not looked into: "
    "draft quality leaves that out."
)

DRAFT = "draft quality leaves it out"
"""Why a kind that takes seconds was not asked."""

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
class NotWeighed:
    """A kind of candidates that proposed nothing, and why: a part of a sentence, as `Weighed`'s reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Endmembers:
    """What was found, and what for.

    Attributes:
        spectra: ``(M, K, B)`` non-negative, softly normalised: first the best set, the known endmembers in
            their order, then its most abundant one first; then other sets that explain the scene nearly as
            well, endmembers in the same order.
        kind: what the best set is.
        weighed: what the best set of every kind leaves of the scene.
        not_weighed: the kinds of which there is no set.
        reasons: a sentence for each thing that decided.
        targets: for every endmember, how many pixels it is the mean of where it is a rare material, else 0.
        needed: for every endmember, by what factor the scene's mean angle grows without it.
    """

    spectra: Tensor
    kind: str
    weighed: tuple[Weighed, ...]
    not_weighed: tuple[NotWeighed, ...]
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
    no share was, endmembers beyond all pixels are sought (`candidates.EXTRAPOLATORS`), which stay if mixtures
    of them explain what was taken for rare, and `adversary` has no objection.

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
    kinds, chosen, not_weighed = _kinds(space)
    spectra, bare = _spectra(space, _nearly_as_good(space, kinds, chosen), known)
    judges = pixels[:: -(-len(pixels) // len(space.judges))]
    rare = [0] * count if bare else _put_targets(observed, judges, spectra, space.held)
    few = {number: size for number, size in enumerate(rare) if size}
    rarities = Rarities(spectra[0][list(few)], tuple(few.values()))
    obstacle, draft = _obstacle(alone, bare=bare), "" if extrapolate else DRAFT
    kinds, further, without = _extrapolated(space, kinds, chosen, rarities, obstacle, draft)
    if further.name != chosen.name:
        spectra, rare = _ordered(space, further.ends), [0] * count
    reasons = [f"Endmembers are {further.name}: {further.reason}.", *_remarks(alone, rare, bare=bare)]
    if any(kind.reason == DRAFT for kind in without):
        reasons.append(NOT_EXTRAPOLATED)
    return Endmembers(
        spectra,
        further.name,
        tuple(_weighed(sets, further) for sets in kinds),
        (*not_weighed, *without),
        tuple(reasons),
        tuple(rare),
        tuple(judge.growths(judges, spectra[0])[1]),
    )


def _put_targets(observed: targets.Observed | None, judges: Tensor, spectra: Tensor, held: int) -> list[int]:
    """Put rare materials into sets of ``spectra`` ``(M, K, B)``; of how many pixels each is, else 0."""
    rare = [0] * spectra.shape[1]
    if observed is not None:
        for target in targets.find_targets(observed, judges, spectra[0], held):
            spectra[:, target.instead] = target.spectrum
            rare[target.instead] = len(target.pixels)
    return rare


def _obstacle(alone: Tensor, *, bare: bool) -> str:
    """Why nothing purer than all pixels is sought, of whatever kind; "" where it may be."""
    if bare:
        return "a share of everything was taken off every pixel, and what is left has pure pixels"
    if bool(alone.any()):
        return "many pixels are unlike all around them, and what they do to it is not known"
    return ""


def _remarks(alone: Tensor, rare: list[int], *, bare: bool) -> list[str]:
    """A sentence each on pixels ``(n,)`` that are left out, on a share taken off, on rare materials."""
    remarks = []
    if share := float(alone.float().mean()):
        remarks.append(
            f"They were sought without the {share:.1%} of the pixels that are unlike all around them."
        )
    if bare:
        remarks.append("Every pixel holds a share of everything, which was taken off the endmembers.")
    if any(rare):
        remarks.append(f"{sum(size > 0 for size in rare)} of the endmembers are materials of a few pixels.")
    return remarks


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


def _extrapolated(
    space: SearchSpace, kinds: list[_Sets], chosen: _Sets, rarities: Rarities, obstacle: str, otherwise: str
) -> tuple[list[_Sets], _Sets, list[NotWeighed]]:
    """The kinds with those beyond all pixels, the one that stands for the scene then, those without a set.

    ``rarities``: what was taken for rare materials, and must be mixtures of such a set.
    ``obstacle``: why none is asked; ``otherwise``: the same, where a kind itself has no other reason.
    """
    not_weighed = []
    for kind in EXTRAPOLATORS:
        reason = obstacle or kind.obstacle(space) or otherwise
        if reason:
            not_weighed.append(NotWeighed(kind.NAME, reason))
            continue
        proposed, reason = kind.propose(space, chosen.ends[0])
        if not reason and not rarities.mixed((proposed[0] @ space.basis).clamp_min(1e-6), space.noise):
            reason = "some endmembers are materials of a few pixels, which are no mixtures of its endmembers"
        if reason:
            not_weighed.append(NotWeighed(kind.NAME, reason))
            continue
        near, far = adversary.distances(space, torch.stack([chosen.ends[0], proposed[0]])).tolist()
        verdict = adversary.verdict(far, near)
        angles = judge.mean_angles(space.judges, proposed)
        signs = judge.signs(space.judges, proposed[0])
        further = _Sets(kind.NAME, list(proposed), angles, signs, verdict.reason, far)
        passed = replace(chosen, distance=near)
        if verdict.convinces:
            passed = replace(passed, reason=f"{kind.NAME} shows that all pixels are mixed")
        kinds = [*(passed if sets is chosen else sets for sets in kinds), further]
        chosen = further if verdict.convinces else passed
    return kinds, chosen, not_weighed


def _kinds(space: SearchSpace) -> tuple[list[_Sets], _Sets, list[NotWeighed]]:
    """The sets of every kind, those of the kind that stands for the scene, and the kinds not asked."""
    obstacles = {kind.NAME: kind.obstacle(space) for kind in PROPOSERS}
    not_weighed = [NotWeighed(name, reason) for name, reason in obstacles.items() if reason]
    kinds = [_judged(space, kind.NAME, kind.propose(space)) for kind in PROPOSERS if not obstacles[kind.NAME]]
    chosen = 0
    for number, sets in enumerate(kinds[1:], start=1):
        verdict = judge.verdict(sets.signs, kinds[chosen].signs)
        kinds[number] = replace(sets, reason=verdict.reason)
        if verdict.convinces:
            kinds[chosen] = replace(kinds[chosen], reason=f"{sets.name} leave much less of the scene")
            chosen = number
    return kinds, kinds[chosen], not_weighed


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


def _judged(space: SearchSpace, name: str, proposed: Tensor) -> _Sets:
    """A kind's sets ``(M, K, d)`` by their mean angle."""
    angles = judge.mean_angles(space.judges, proposed)
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
