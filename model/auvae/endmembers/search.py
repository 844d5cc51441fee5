"""Endmembers found in the image itself: brightness, subspace, archetypes. Tensors in, tensors out; no files.

Everything here works on pixels with a *soft* brightness normalisation, ``x = y / (|y| + tau * median
|y|)``: bright pixels are compared by shape, dark ones keep their darkness, so that noise in water or
shadow is not blown up to the size of a signal.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .archetypes import CENTRES, Known, archetypes, cluster
from .brightness import signal_subspace
from .nonnegative import nonnegative_least_squares

NEARLY = 1.15
"""A start whose mean angle is within this factor of the best's explains the scene nearly as well."""

ALTERNATIVES = 8
"""The most of such starts that are kept; how they differ is what is uncertain about the endmembers."""

JUDGES = 5000
"""Pixels, spread over the scene, by which the starts are judged."""


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
