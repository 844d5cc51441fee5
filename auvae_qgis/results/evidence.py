"""What a result says of one endmember beside its spectrum: where it shows, how sure and separable it is.

Results of older versions say less of it, and one from elsewhere may say anything: what is no such figure is
left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...model.auvae.contract.materials import ALIKE
from .result import Result


@dataclass(frozen=True)
class Evidence:
    """What is known of an endmember; None where the result does not say.

    ``place``: row and column of its purest pixel in the maps, from 0. ``abundance``: what it holds there.
    ``pixels``: how many pixels are its purest; ``least``: what the least pure of them holds.
    ``other``: the endmember with the most similar spectrum, ``angle`` radians from it. ``spread``: radians to
    the same endmember in other sets that explain the scene nearly as well. ``target_pixels``: of how many
    neighbouring pixels it is the mean as a rare material, else 0. ``doubtful``: the scene hardly needs it.
    """

    place: tuple[int, int] | None
    abundance: float | None
    pixels: int | None
    least: float | None
    other: int | None
    angle: float | None
    spread: float | None
    target_pixels: int
    doubtful: bool

    @classmethod
    def of(cls, result: Result, index: int) -> Evidence:
        """Read what ``result`` says of its endmember ``index``."""
        one = _part(result.document["endmembers"], index)
        purest, nearest = _part(one, "purest"), _part(one, "nearest")
        sought = _part(_part(_part(result.document, "search"), "endmembers"), index)
        row, col, other = _whole(purest, "row"), _whole(purest, "col"), _whole(nearest, "endmember")
        if other is not None and (other >= len(result.endmembers) or other == index):
            other = None
        return cls(
            None if row is None or col is None else (row, col),
            _number(purest, "abundance"),
            _whole(purest, "pixels"),
            _number(purest, "least_abundance"),
            other,
            _number(nearest, "angle"),
            _number(sought, "spread"),
            _whole(sought, "target_pixels") or 0,
            _part(sought, "doubtful") is True,
        )

    @property
    def has_twin(self) -> bool:
        """Whether another endmember has nearly the same spectrum."""
        return self.other is not None and self.angle is not None and self.angle < ALIKE


def _part(whole: object, key: str | int) -> Any:
    """Return a part of a JSON document; None where there is none."""
    if isinstance(key, str):
        return whole.get(key) if isinstance(whole, Mapping) else None
    return whole[key] if isinstance(whole, list) and key < len(whole) else None


def _number(whole: object, key: str) -> float | None:
    value = _part(whole, key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _whole(whole: object, key: str) -> int | None:
    value = _part(whole, key)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
