"""Which endmembers are doubtful, and why: sentences for the analyst, from numbers. Opens no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..contract.materials import ALIKE
from .advice import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..contract.result_document import NearestDocument, SearchDocument

UNSURE = 0.5
"""Share of the way to the nearest other endmember that equally good sets may differ in one by."""

COMMON = 10
"""A patch's spectrum that is the largest in so many times as many pixels is of no rare material."""


def is_unsure(spread: float | None, other: NearestDocument | None) -> bool:
    """Whether equally good sets of endmembers have another spectrum in the place of one.

    Args:
        spread: of the endmember, as result.json has it.
        other: the nearest to it.
    """
    return spread is not None and other is not None and spread >= max(ALIKE, UNSURE * other["angle"])


def doubts(
    search: SearchDocument | None, endmembers: np.ndarray, area_shares: np.ndarray, pixels: int
) -> Iterator[str]:
    """Name the endmembers that the search left in doubt, by number, with the reason.

    Args:
        search: as result.json has it; None where no endmembers were sought.
        endmembers: (K, B).
        area_shares: (K,), share of pixels in which each is the largest.
        pixels: how many were mapped.
    """
    if search is None:
        return
    kinds = []
    numbered = enumerate(zip(search["endmembers"], nearest(endmembers), area_shares, strict=True), 1)
    for number, (one, other, area) in numbered:
        if one["target_pixels"] and area * pixels > COMMON * one["target_pixels"]:
            kinds.append(number)
        spread = one["spread"]
        if other is not None and not one["doubtful"] and is_unsure(spread, other):
            yield (
                f"Endmember {number} is doubtful: other sets of endmembers explain the scene nearly as well "
                f"with another spectrum in its place ({spread:.2f} radians away on average; the next "
                f"endmember is {other['angle']:.2f} away). Compare it with what you know, or try one "
                "endmember less."
            )
    if kinds:
        yield (
            f"{_named(kinds)} taken from a patch of a few pixels but the largest in many: rather a kind of a "
            "common material than a rare one. The scene may show fewer materials than were asked for."
        )


def _named(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"Endmember {numbers[0]} is doubtful: it was"
    listed = ", ".join(map(str, numbers[:-1]))
    return f"Endmembers {listed} and {numbers[-1]} are doubtful: each was"
