"""What a search for endmembers weighed and found, as result.json keeps it. Searches nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .judge import angles

if TYPE_CHECKING:
    from ..contract.result_document import SceneView, SearchDocument
    from .search import Endmembers

VIEWED = 250
"""The most pixels that a view of the scene shows."""


def search_document(found: Endmembers, pixels: Tensor, held: int) -> SearchDocument:
    """What was weighed, which set won and how sure each of its endmembers is, ready for JSON.

    Args:
        found: by the search.
        pixels: ``(n, B)``, softly normalised, in which it was found.
        held: so many endmembers, the first, were known.
    """
    doubtful = set(found.doubtful)
    return {
        "kind": found.kind,
        "reasons": list(found.reasons),
        "weighed": [
            {
                "name": kind.name,
                "chosen": kind.chosen,
                "reason": kind.reason,
                "mean_angle": round(kind.angle, 5),
                "least_needed": round(kind.least, 3),
                "distance": None if kind.distance is None else round(kind.distance, 4),
            }
            for kind in found.weighed
        ],
        "not_weighed": [{"name": kind.name, "reason": kind.reason} for kind in found.not_weighed],
        "alternatives": len(found.spectra) - 1,
        "endmembers": [
            {
                "target_pixels": size,
                "needed": round(growth, 3),
                "doubtful": number in doubtful,
                # a known spectrum and a rare material are the same in every set: that is no sign of certainty
                "spread": None if number < held or size else spread,
            }
            for number, (size, growth, spread) in enumerate(
                zip(found.targets, found.needed, _spread(found.spectra), strict=True)
            )
        ],
        "view": scene_view(pixels, found.spectra[0]),
    }


def _spread(spectra: Tensor) -> list[float | None]:
    """For every endmember the mean angle, in radians, to its match in the other sets; None without any.

    Args:
        spectra: ``(M, K, B)``, the best set first.
    """
    best, others = spectra[0].double(), spectra[1:].double()
    if not len(others):
        return [None] * len(best)
    cosine = torch.nn.functional.cosine_similarity(others, best[None], dim=-1)
    return [round(angle, 5) for angle in cosine.clamp(-1, 1).acos().mean(0).tolist()]


def scene_view(pixels: Tensor, endmembers: Tensor) -> SceneView:
    """Pixels, their mixtures of the endmembers, and these, along the two directions of most difference.

    Every pixel is scaled so that its amounts of the endmembers sum to one. The mixtures then lie in the
    simplex of the endmembers, and no pixel lies outside it for its brightness alone.

    Args:
        pixels: ``(n, B)``, softly normalised.
        endmembers: ``(K, B)``, softly normalised.
    """
    shown = pixels[:: -(-len(pixels) // VIEWED)]
    amounts = angles(shown, endmembers)[1]
    whole = amounts.sum(-1, keepdim=True)
    some = whole[:, 0] > 0
    whole = whole[some].clamp_min(1e-6)
    scaled, mixtures = shown[some] / whole, amounts[some] @ endmembers / whole
    middle = scaled.mean(0)
    # mixtures, not pixels: what is left of a dark pixel is as large as any signal once it is scaled
    spread = torch.cat([mixtures, endmembers]) - middle
    axes = torch.linalg.eigh((spread.T @ spread).double())[1][:, -2:].flip(1)
    strongest = axes.abs().argmax(0)
    axes = axes * axes[strongest, torch.arange(2, device=axes.device)].sign()  # which of both ends is chance
    flat = (((points - middle).double() @ axes).tolist() for points in (scaled, mixtures, endmembers))
    seen = [[[round(x, 4), round(y, 4)] for x, y in points] for points in flat]
    return {"pixels": seen[0], "mixtures": seen[1], "endmembers": seen[2]}
