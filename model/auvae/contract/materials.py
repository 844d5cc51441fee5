"""Which endmembers of two results are one material, and the colours that follow from it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .palette import COLORS, is_color
from .result_document import ResultError, read_document
from .result_files import FILES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .arrays import Array

SAME_MATERIAL = 0.15
"""Radians: two endmembers that differ by more are no longer called one material."""

ALIKE = 0.05
"""Radians between two endmembers of one result below which how much is of which cannot be told well: they
differ by less than one material varies within a scene."""

FEWEST_BANDS = 5
"""Bands that two results must have in common for their endmembers to be compared."""


class OnAxis(Protocol):
    """Spectra of one result: (bands, K) `values` at ascending `x`, in nm or else band numbers."""

    @property
    def x(self) -> Array:
        """Wavelengths in nm, or band numbers, (bands,), ascending."""

    @property
    def values(self) -> Array:
        """Spectra, (bands, K); NaN in bands that were left out."""

    @property
    def in_nanometres(self) -> bool:
        """Whether `x` are wavelengths."""


@dataclass(frozen=True)
class Pair:
    """Endmember `first` of one result is `second` of the other; `angle` between them in radians."""

    first: int
    second: int
    angle: float


@dataclass(frozen=True)
class Materials:
    """The endmembers of a result, to be found again in another one of the same scene.

    Attributes:
        x: (bands,), ascending wavelengths in nm, or band numbers.
        values: (bands, K), the spectra.
        in_nanometres: whether `x` are wavelengths.
        colors: K colours as #RRGGBB.
    """

    x: Array
    values: Array
    in_nanometres: bool
    colors: tuple[str, ...]

    @classmethod
    def of(
        cls, wavelengths: Array | None, numbers: Sequence[int], spectra: Array, colors: Sequence[str]
    ) -> Materials:
        """The endmembers of a result.

        Args:
            wavelengths: (B,) nm, None where they are not known.
            numbers: of the B bands.
            spectra: (K, B), any unit.
            colors: of the K endmembers.
        """
        x = np.array(numbers if wavelengths is None else wavelengths, dtype=float)
        order = np.argsort(x, kind="stable")  # detectors overlap: bands need not ascend
        return cls(
            x[order], np.asarray(spectra, dtype=float).T[order], wavelengths is not None, tuple(colors)
        )

    @classmethod
    def read(cls, folder: Path) -> Materials:
        """The endmembers of the result in a folder.

        Raises:
            ResultError: it holds no result, or a damaged one.
        """
        document = read_document(folder)
        kept = [band for band in document["bands"] if band["kept"]]
        path = folder / document["files"].get("endmembers", FILES["endmembers"])
        spectra = spectra_table(path, (len(kept), len(document["endmembers"])))
        nm = np.array([band["wavelength_nm"] for band in kept], dtype=float)  # None becomes NaN
        colors = [one["color"] for one in document["endmembers"]]
        if not all(map(is_color, colors)):
            raise ResultError(f"{folder / FILES['json']} has colours that cannot be read.")
        wavelengths = nm if np.isfinite(nm).all() else None
        return cls.of(wavelengths, [band["number"] for band in kept], spectra.T, colors)


def spectra_table(path: Path, shape: tuple[int, int]) -> Array:
    """The spectra in a table of a result, as (kept bands, K).

    Args:
        path: of endmembers.csv, or of a table like it.
        shape: that result.json says it has.

    Raises:
        ResultError: it cannot be read, or is of another shape.
    """
    try:
        with path.open(encoding="utf-8", newline="") as table:
            rows = list(csv.reader(table))[1:]
        spectra = np.array([row[1:] for row in rows if row], dtype=float)
    except (OSError, ValueError) as error:
        raise ResultError(f"{path} cannot be read: {error}") from error
    if spectra.shape != shape:
        raise ResultError(f"{path} does not fit result.json beside it: unmix the scene again.")
    return spectra


def pairs_of(one: OnAxis, other: OnAxis) -> list[Pair]:
    """Which endmembers show the same material, by spectral angle on the bands that both have.

    The most alike are paired first; what is left over, or differs by more than SAME_MATERIAL, has no partner.
    """
    if one.in_nanometres != other.in_nanometres:
        return []
    ours, theirs = _common(one, other)
    if len(ours) < FEWEST_BANDS:
        return []
    norms = np.linalg.norm(ours, axis=0)[:, None] * np.linalg.norm(theirs, axis=0)[None, :]
    angles = np.arccos(np.clip(ours.T @ theirs / np.where(norms > 0, norms, np.inf), -1, 1))
    found: list[Pair] = []
    while angles.size and angles.min() <= SAME_MATERIAL:
        first, second = np.unravel_index(int(angles.argmin()), angles.shape)
        found.append(Pair(int(first), int(second), float(angles[first, second])))
        angles[first, :] = angles[:, second] = np.inf
    return sorted(found, key=lambda pair: pair.first)


def _common(one: OnAxis, other: OnAxis) -> tuple[Array, Array]:
    """Both results' spectra, (bands, K) each, at the bands of the first that the second reaches."""
    there = np.isfinite(other.values).all(axis=1)
    x, values = other.x[there], other.values[there]
    reached = np.asarray(np.isfinite(one.values).all(axis=1))
    if len(x):
        reached &= (one.x >= x[0]) & (one.x <= x[-1])
    else:
        reached[:] = False
    wanted = one.x[reached]
    resampled = [np.interp(wanted, x, column) for column in values.T]
    return one.values[reached], np.column_stack(resampled) if resampled else np.zeros((len(wanted), 0))


def colors_by_material(new: Materials, earlier: Sequence[Materials]) -> list[str]:
    """Colours of new endmembers: those of the same materials in earlier results, the first of which counts.

    A material that none of them has keeps its own colour where that is not taken, and gets one of the palette
    that is not taken otherwise.
    """
    colors: dict[int, str] = {}
    for one in earlier:
        for pair in pairs_of(new, one):
            color = one.colors[pair.second]
            if pair.first not in colors and color not in colors.values():
                colors[pair.first] = color
    taken = {color.upper() for one in earlier for color in one.colors}
    for place, own in enumerate(new.colors):
        if place in colors:
            continue
        used = {color.upper() for color in colors.values()}
        free = [color for color in (own, *COLORS) if color.upper() not in taken | used]
        # more materials than the palette has colours: at least no two alike in one result
        colors[place] = (free or [color for color in COLORS if color not in used] or [own])[0]
    return [colors[place] for place in range(len(new.colors))]
