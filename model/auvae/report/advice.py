"""What speaks against a finished result: sentences for the analyst, from its numbers. Opens no file."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ..contract.materials import ALIKE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..contract.result_document import NearestDocument, SearchDocument
    from ..mapping.overview import Overview

POOR_FIT = 0.1
"""Radians between pixels and reconstruction from which on a tenth of their spectra is not explained."""

UNCERTAIN = 0.25
"""Mean standard deviation from which on an abundance says little: with nothing known it is about 0.3."""

UNUSED = 0.01
"""Mean abundance below which an endmember that is nowhere the largest is not needed."""

UNEXPLAINED = 0.03
"""Share of pixels in patches that no mixture explains from which on something is missing."""

# Such a pixel lies this many times farther from its reconstruction, squared, than the middle one does, and so
# do at least so many of its eight neighbours: noise comes without neighbours.
_FARTHER = 9.0
_NEIGHBOURS = 3


def angles_between(endmembers: np.ndarray) -> np.ndarray:
    """Spectral angles (K, K) between endmembers (K, B), in radians (Kruse et al., 1993)."""
    spectra = np.asarray(endmembers, float)
    unit = spectra / np.maximum(np.linalg.norm(spectra, axis=1, keepdims=True), 1e-30)
    angles: np.ndarray = np.arccos(np.clip(unit @ unit.T, -1, 1))
    return angles


def nearest(endmembers: np.ndarray) -> list[NearestDocument | None]:
    """For every endmember of (K, B) the one with the most similar spectrum; None where there is no other."""
    angles = angles_between(endmembers)
    np.fill_diagonal(angles, np.inf)
    if len(angles) == 1:
        return [None]
    return [{"endmember": int(row.argmin()), "angle": round(float(row.min()), 5)} for row in angles]


def unexplained(overview: Overview) -> float:
    """Share of the pixels that lie in patches which no mixture of the endmembers explains, 0 to 1."""
    valid = np.isfinite(overview.squared_error)
    if not valid.any():
        return 0.0
    middle = float(np.median(overview.squared_error[valid]))
    far = np.nan_to_num(overview.squared_error) > _FARTHER * max(middle, 1e-30)
    far &= np.nan_to_num(overview.angle) > POOR_FIT
    padded = np.pad(far, 1).astype(int)
    rows, cols = far.shape
    around = sum(
        padded[1 + down : 1 + down + rows, 1 + across : 1 + across + cols]
        for down in (-1, 0, 1)
        for across in (-1, 0, 1)
        if down or across
    )
    return float((far & (around >= _NEIGHBOURS)).sum() / valid.sum())


def _alike(angles: np.ndarray) -> list[list[int]]:
    """Groups of endmembers that are nearly the same, directly or through others of the group."""
    groups: list[list[int]] = []
    for one, other in combinations(range(len(angles)), 2):
        if angles[one, other] < ALIKE:
            touched = [group for group in groups if one in group or other in group]
            groups = [group for group in groups if group not in touched]
            groups.append(sorted({one, other}.union(*touched)))
    return sorted(groups)


def _copies(group: Sequence[int], apart: float) -> str:
    """The sentence on a group of endmembers that are nearly the same, up to so many radians apart."""
    listed = ", ".join(str(index + 1) for index in group[:-1])
    less = len(group) - 1
    most = "at most " if less > 1 else ""
    return (
        f"Endmembers {listed} and {group[-1] + 1} have nearly the same spectrum ({most}{apart:.3f} radians "
        f"apart), so how much is of which cannot be told well. Try {'one' if less == 1 else less} "
        f"endmember{'s' if less > 1 else ''} less, or add up their maps."
    )


def advice(
    endmembers: np.ndarray,
    mean_abundances: np.ndarray,
    area_shares: np.ndarray,
    uncertainties: np.ndarray | None,
    mean_angle: float,
    overview: Overview,
    search: SearchDocument | None = None,
) -> Iterator[str]:
    """Warn of what an analyst should look at before trusting the maps. Endmembers are named by number.

    Args:
        endmembers: (K, B).
        mean_abundances: (K,).
        area_shares: (K,), share of pixels in which each is the largest.
        uncertainties: (K,), mean standard deviations; None where a network has no usable ones.
        mean_angle: radians between pixels and reconstructions.
        overview: of the scene.
        search: how the endmembers were found, where they were sought: a rare material is used little.
    """
    sought = search["endmembers"] if search else []
    rare = {index for index, one in enumerate(sought) if one["target_pixels"]}
    angles = angles_between(endmembers)
    for group in _alike(angles):
        yield _copies(group, float(angles[np.ix_(group, group)].max()))
    for index, (mean, area) in enumerate(zip(mean_abundances, area_shares, strict=True)):
        if area == 0 and mean < UNUSED and index not in rare:
            yield (
                f"Endmember {index + 1} is hardly used: the largest in no pixel, {mean:.2%} on average. "
                "Try one endmember less."
            )
    missing = unexplained(overview)
    if missing > UNEXPLAINED:
        yield (
            f"In patches that make up {missing:.1%} of the scene something shows that no mixture of these "
            "endmembers explains (bright in the error map). Try one endmember more, or mask what is not of "
            "interest, such as clouds."
        )
    if mean_angle > POOR_FIT:
        yield (
            f"The endmembers explain this scene poorly: pixels differ from their reconstruction by "
            f"{mean_angle:.2f} radians on average. Try more endmembers; see with Inspect bands that no "
            "noisy band "
            "is used and that the values are reflectance."
        )
    for index, deviation in enumerate([] if uncertainties is None else uncertainties):
        if deviation > UNCERTAIN:
            yield (
                f"The abundances of endmember {index + 1} are uncertain by {deviation:.2f} on average. Its "
                "map shows where it is rather than how much of it."
            )
