"""Writes spectra for other programs: a table (CSV, clipboard) and an ENVI spectral library. Reads nothing."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...model.auvae.contract.library import Library
from ..results.result import Array


@dataclass(frozen=True)
class Table:
    """Named spectra: ``x`` (bands,), ``values`` (bands, len(names)), NaN in gaps; the unit of ``values``."""

    names: tuple[str, ...]
    x: Array
    values: Array
    in_nanometres: bool
    unit: str


def table_of(library: Library) -> Table | None:
    """Return the spectra of a library as one table; None where they have different bands."""
    profiles = library.profiles
    if not profiles or not all(np.array_equal(one.centres, profiles[0].centres) for one in profiles):
        return None
    values = np.column_stack([profile.values for profile in profiles])
    names = tuple(profile.name for profile in profiles)
    return Table(names, profiles[0].centres, values, not profiles[0].numbered, "")


def as_text(table: Table, separator: str) -> str:
    """Return ``table`` as lines of cells, a row a band; empty cells where a spectrum has no value."""
    out = io.StringIO()
    rows = csv.writer(out, delimiter=separator, lineterminator="\n")
    rows.writerow(["wavelength_nm" if table.in_nanometres else "band", *map(_plain_cell, table.names)])
    for x, values in zip(table.x, table.values):
        if np.isfinite(values).any():
            rows.writerow([f"{x:.9g}", *(f"{value:.7g}" if np.isfinite(value) else "" for value in values)])
    return out.getvalue()


def write_csv(path: Path, table: Table) -> None:
    """Write ``table`` as CSV, whole or not at all; raises OSError."""
    _write_whole({path: as_text(table, ",").encode()})


def write_envi(path: Path, table: Table) -> None:
    """Write ``table`` as an ENVI spectral library, ``path`` (.sli) and its .hdr; raises OSError.

    Bands without a value in any spectrum are left out; a single missing value is stored as -9999.
    """
    kept = np.isfinite(table.values).any(axis=1)
    x, values = table.x[kept], table.values[kept]
    missing = ~np.isfinite(values)
    names = ", ".join(re.sub(r"[{},\r\n]", " ", name) for name in table.names)
    lines = [
        "ENVI",
        f"description = {{Spectra from AUVAE Unmixing, {re.sub(r'[{}]', ' ', table.unit)}}}",
        f"samples = {len(x)}",
        f"lines = {len(table.names)}",
        "bands = 1",
        "header offset = 0",
        "file type = ENVI Spectral Library",
        "data type = 4",
        "interleave = bsq",
        "byte order = 0",
        f"spectra names = {{{names}}}",
    ]
    if table.in_nanometres:
        lines += [
            "wavelength units = Nanometers",
            f"wavelength = {{{', '.join(f'{one:.9g}' for one in x)}}}",
        ]
    if missing.any():
        lines.append("data ignore value = -9999")
    data = np.ascontiguousarray(np.where(missing, -9999.0, values).T, "<f4").tobytes()
    # header first: a library appears complete with its data
    _write_whole({path.with_suffix(".hdr"): ("\n".join(lines) + "\n").encode(), path: data})


def _write_whole(files: dict[Path, bytes]) -> None:
    folder = next(iter(files)).parent
    with tempfile.TemporaryDirectory(dir=folder, prefix=".auvae-") as staging:
        staged = {Path(staging) / path.name: path for path in files}
        for part, path in staged.items():
            part.write_bytes(files[path])
        for part, path in staged.items():
            part.replace(path)


def _plain_cell(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name
