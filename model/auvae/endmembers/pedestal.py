"""The share of everything that every pixel holds, where the darkest endmember gives it away. No files."""

from __future__ import annotations

from torch import Tensor

from .search_space import SearchSpace, normalised, unnormalised

LOWEST = 0.02
"""Quantile, over bands, of an endmember's ratio to the scene's mean: what it shares with everything."""

ALIKE, COMMON = 1.05, 0.5
"""The pedestal is seen where so large a share of the bands has a ratio within this factor of the lowest."""

OWN, OWN_SHARE = 1.15, 0.03
"""In so large a share of the bands the material must show more than that: what it is itself."""

LARGEST = 0.6
"""A larger share than this is no pedestal but a material much like the mean."""


def without_pedestal(space: SearchSpace, ends: Tensor) -> Tensor | None:
    """Endmembers without what every pixel holds of everything; None where nothing says that there is such.

    If every pixel holds at least a share c of the scene's mean m, the data equal those of other materials,
    ``E' = (1 - c) E + c m``, with pure pixels. A dark material shows it: E' is then proportional to m in
    most bands, and what is not is its own.

    Args:
        space: of the scene.
        ends: ``(K, d)``, the best endmembers so far, in the coordinates of ``space.points``.
    """
    mean = (space.unnormalised.mean(0) @ space.basis).clamp_min(1e-12)
    bare = unnormalised(ends) @ space.basis
    ratio = bare / mean
    lowest = ratio.sort(dim=1).values[:, int(LOWEST * (ratio.shape[1] - 1))]
    darkest = int(lowest.argmin())
    share = float(lowest[darkest])
    alike = float((ratio[darkest] < ALIKE * share).float().mean())
    own = float((ratio[darkest] > OWN * share).float().mean())
    if not 0 < share <= LARGEST or alike < COMMON or own < OWN_SHARE:
        return None
    left = (bare - share * mean).clamp_min(0)
    return normalised(left @ space.basis.T)
