"""Reads a result folder: its result.json and endmembers.csv. Writes nothing and knows no layer."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FORMAT = "auvae-result"
HYPERSPECTRAL = 30  # bands from which on they stand in an even row
WIDE_STEP = 4.0  # times the usual distance of two bands: some are missing in between


class ResultError(ValueError):
    """The folder is no result that this plugin can read; the text says what is wrong with it."""


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
    """

    x: Array
    values: Array
    in_nanometres: bool
    unit: str


@dataclass(frozen=True)
class Result:
    """What a result folder says about itself; ``document`` is the whole of its result.json."""

    folder: Path
    scene: str
    endmembers: tuple[Endmember, ...]
    document: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Result:
        """Read ``folder``; raises ResultError when it holds no complete result."""
        path = folder / "result.json"
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["format"] != FORMAT:
                raise ResultError(f"{path} is not a result of AUVAE Unmixing.")
            endmembers = tuple(
                Endmember(str(one["name"]), str(one["color"]), str(one["file"]))
                for one in document["endmembers"]
            )
            return cls(folder, str(document["scene"]["name"]), endmembers, document)
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, ResultError):
                raise
            raise ResultError(f"{path} cannot be read: {error}") from error

    def index_of(self, file: str) -> int | None:
        """Return which endmember's abundance map is called ``file``; None for the result's other rasters."""
        names = [Path(one.file).name for one in self.endmembers]
        return names.index(file) if file in names else None

    def spectra(self) -> Spectra:
        """Read the endmember spectra; raises ResultError when the table and result.json disagree."""
        path = self.folder / self.document["files"].get("endmembers", "endmembers.csv")
        bands = self.document["bands"]
        kept = np.array([bool(band["kept"]) for band in bands])
        try:
            with path.open(encoding="utf-8", newline="") as table:
                rows = list(csv.reader(table))[1:]
            measured = np.array([row[1:] for row in rows if row], dtype=float)
        except (OSError, ValueError) as error:
            raise ResultError(f"{path} cannot be read: {error}") from error
        if measured.shape != (kept.sum(), len(self.endmembers)):
            raise ResultError(f"{path} does not fit result.json beside it: unmix the scene again.")

        wavelengths = np.array([band["wavelength_nm"] for band in bands], dtype=float)  # None becomes NaN
        in_nanometres = bool(np.isfinite(wavelengths[kept]).all())
        x = wavelengths if in_nanometres else np.array([band["number"] for band in bands], dtype=float)
        values = np.full((len(bands), len(self.endmembers)), np.nan)
        values[kept] = measured
        placed = np.isfinite(x)  # a band left out may have no wavelength either: it has no place on the axis
        order = np.argsort(x[placed], kind="stable")  # detectors overlap: bands need not ascend
        x, values = _with_gaps(x[placed][order], values[placed][order])
        return Spectra(x, values, in_nanometres, str(self.document.get("unit") or ""))


def _with_gaps(x: Array, values: Array) -> tuple[Array, Array]:
    """Put a NaN where the file itself lacks bands: many files come without those of water vapour.

    ``x``: (bands,), ``values``: (bands, endmembers). A few broad bands lie unevenly and stay as they are.
    """
    steps = np.diff(x)
    if len(x) < HYPERSPECTRAL:
        return x, values
    before = np.flatnonzero(steps > WIDE_STEP * np.median(steps)) + 1
    middle = (x[before - 1] + x[before]) / 2
    return np.insert(x, before, middle), np.insert(values, before, np.nan, axis=0)
