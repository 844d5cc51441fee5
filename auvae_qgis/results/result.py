"""Reads a result folder: its result.json, spectra and training. Writes nothing and knows no layer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...model.auvae.contract.materials import spectra_table
from ...model.auvae.contract.result_document import (
    ResultDocument,
    ResultError,
    read_document,
)
from ..translation import tr

__all__ = ["Axis", "Endmember", "Result", "ResultError", "Spectra", "differ_in_names", "unlike"]

Array = npt.NDArray[Any]

HYPERSPECTRAL = 30  # bands from which on they stand in an even row
WIDE_STEP = 4.0  # times the usual distance of two bands: some are missing in between


@dataclass(frozen=True)
class Endmember:
    """One material: its name, its colour as #RRGGBB and the file name of its abundance map."""

    name: str
    color: str
    file: str


@dataclass(frozen=True)
class Spectra:
    """The spectra of a result, ready to plot.

    ``x``: (bands,) ascending wavelengths in nm, or band numbers where ``in_nanometres`` is false.
    ``values``: (bands, endmembers) in the raster's own unit, NaN in bands that were left out.
    ``spread``: the same for the standard deviation of the purest pixels; None in results of older versions.
    ``fwhm``: (bands,) width of the bands in nm, NaN where not known.
    """

    x: Array
    values: Array
    in_nanometres: bool
    unit: str
    spread: Array | None
    fwhm: Array


@dataclass(frozen=True)
class Axis:
    """Where the bands of a raster stand in a plot; makes rows of a table into rows of the plot.

    ``x`` and ``in_nanometres`` as in Spectra.
    """

    x: Array
    in_nanometres: bool
    _kept: Array
    _order: Array
    _gaps: Array

    @classmethod
    def of(cls, bands: Sequence[Mapping[str, Any]]) -> Axis:
        """Order ``bands``, given as in result.json, and leave gaps where bands are missing."""
        kept = np.array([bool(band["kept"]) for band in bands])
        wavelengths = np.array([band["wavelength_nm"] for band in bands], dtype=float)  # None becomes NaN
        in_nanometres = bool(np.isfinite(wavelengths[kept]).all())
        x = wavelengths if in_nanometres else np.array([band["number"] for band in bands], dtype=float)
        placed = np.flatnonzero(np.isfinite(x))  # a band left out may have no wavelength: it has no place
        order = placed[np.argsort(x[placed], kind="stable")]  # detectors overlap: bands need not ascend
        x = x[order]
        gaps = _gaps(x)
        middles = (x[gaps - 1] + x[gaps]) / 2
        return cls(np.insert(x, gaps, middles), in_nanometres, kept, order, gaps)

    def place(self, values: Array) -> Array:
        """Turn ``values`` (kept bands, n) into (len(x), n), NaN in bands left out and in gaps."""
        everywhere = np.full((len(self._kept), values.shape[1]), np.nan)
        everywhere[self._kept] = values
        return np.insert(everywhere[self._order], self._gaps, np.nan, axis=0)


@dataclass(frozen=True)
class Result:
    """What a result folder says about itself; ``document`` is the whole of its result.json."""

    folder: Path
    scene: str
    endmembers: tuple[Endmember, ...]
    document: ResultDocument

    @classmethod
    def read(cls, folder: Path) -> Result:
        """Read ``folder``; raises ResultError when it holds no complete result."""
        document = read_document(folder)
        endmembers = tuple(
            Endmember(one["name"], one["color"], one["file"]) for one in document["endmembers"]
        )
        return cls(folder, document["scene"]["name"], endmembers, document)

    @property
    def scene_file(self) -> str:
        """The image that was unmixed, as GDAL names it; empty in a result that does not say."""
        return str(self.document["scene"].get("path") or "")

    @property
    def hectares(self) -> tuple[float, ...] | None:
        """The area of each endmember; None where the result has none."""
        areas = [one.get("hectares") for one in self.document["endmembers"]]
        if not all(isinstance(area, (int, float)) and math.isfinite(area) for area in areas):
            return None
        return tuple(float(area) for area in areas if area is not None)

    def index_of(self, file: str) -> int | None:
        """Return which endmember's abundance map is called ``file``; None for the result's other rasters."""
        names = [Path(one.file).name for one in self.endmembers]
        return names.index(file) if file in names else None

    def spectra(self) -> Spectra:
        """Read the endmember spectra; raises ResultError when the table and result.json disagree."""
        axis = self.axis()
        values = self.measured()
        spread_file = self.document["files"].get("spread")
        spread = self._table(self.folder / spread_file) if spread_file else None
        widths = np.array(
            [band.get("fwhm_nm") for band in self.document["bands"] if band["kept"]], dtype=float
        )
        return Spectra(
            axis.x,
            axis.place(values),
            axis.in_nanometres,
            str(self.document.get("unit") or ""),
            None if spread is None else axis.place(spread),
            axis.place(widths[:, None])[:, 0],
        )

    def measured(self) -> Array:
        """Return the endmember spectra as the table has them, (kept bands, endmembers), the file's order."""
        return self._table(self.folder / self.document["files"].get("endmembers", "endmembers.csv"))

    def axis(self) -> Axis:
        """Return where the bands of the scene stand in a plot."""
        return Axis.of(self.document["bands"])

    def moves(self) -> list[tuple[float, Array]]:
        """Return the endmembers (kept bands, endmembers) while they were trained, by share done.

        Empty in results of older versions. Raises ResultError when the file is damaged.
        """
        name = self.document["files"].get("training")
        if not name:
            return []
        path = self.folder / name
        try:
            moves = json.loads(path.read_text(encoding="utf-8"))["moves"]
            found = [(float(move["fraction"]), np.array(move["endmembers"], dtype=float).T) for move in moves]
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ResultError(f"{path} cannot be read: {error}") from error
        if any(spectra.shape != self._shape() for _, spectra in found):
            raise ResultError(f"{path} does not fit result.json beside it: unmix the scene again.")
        return found

    def _shape(self) -> tuple[int, int]:
        return sum(bool(band["kept"]) for band in self.document["bands"]), len(self.endmembers)

    def _table(self, path: Path) -> Array:
        """Read a table of spectra, (kept bands, endmembers)."""
        return spectra_table(path, self._shape())


def differ_in_names(one: Result, other: Result) -> bool:
    """Tell whether two readings of one folder are alike but for the names of endmembers."""
    parts = [{**result.document, "endmembers": len(result.endmembers)} for result in (one, other)]
    return one.folder == other.folder and parts[0] == parts[1] and one.endmembers != other.endmembers


def unlike(taken: set[str], result: Result) -> str:
    """Return a name for ``result`` that is not ``taken``: its scene, and what tells it from others."""
    kind = tr("{}, {} endmembers").format(result.scene, len(result.endmembers))
    quality = str((result.document.get("options") or {}).get("quality") or "")
    detailed = f"{kind}, {quality}" if quality else kind
    names = [kind, detailed, *(f"{detailed} ({number})" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def _gaps(x: Array) -> Array:
    """Return before which of ``x`` (bands,) the file itself lacks bands: many come without water vapour's.

    A few broad bands lie unevenly and have none.
    """
    if len(x) < HYPERSPECTRAL:
        return np.zeros(0, dtype=int)
    steps = np.diff(x)
    return np.flatnonzero(steps > WIDE_STEP * np.median(steps)) + 1
