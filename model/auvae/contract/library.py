"""Reads spectral libraries: ENVI .sli, tables, profiles of the EnMAP-Box. Resamples and writes nothing."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import LibraryError
from .wavelengths import nanometres

LARGEST_FILE = 1 << 28
MOST_PROFILES = 20_000
DELETED = -1e30
"""The USGS library writes a channel without a value as -1.23e34."""

_ENVI_TYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}
_NAMES = ("name", "title", "label", "id")
_ANOTHER = "Choose an ENVI library (.sli), a table (.csv), or profiles of the EnMAP-Box (.gpkg, .geojson)."


@dataclass(frozen=True)
class Profile:
    """A spectrum of a library: values ``(n,)`` at centres ``(n,)`` and widths ``(n,)`` in nm, NaN unknown.

    Bad values are left out. scale: what a reflectance of 1 is in them, where the file says it.
    """

    name: str
    centres: np.ndarray
    widths: np.ndarray
    values: np.ndarray
    scale: float | None


def read_library(path: str) -> list[Profile]:
    """The spectra in a file, of the format its ending stands for; raises LibraryError."""
    file = Path(path)
    reader = {
        ".sli": _read_envi, ".hdr": _read_envi, ".esl": _read_envi, ".csv": _read_table, ".txt": _read_table,
        ".geojson": _read_geojson, ".json": _read_geojson, ".gpkg": _read_geopackage,
    }.get(file.suffix.lower())  # fmt: skip
    if reader is None:
        raise LibraryError(f"{file.name} is no spectral library.", _ANOTHER)
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise LibraryError(f"{file.name} is too large for a spectral library.", _ANOTHER)
        profiles = reader(file)
    except OSError as error:
        raise LibraryError(
            f"The library {path} cannot be opened: {error.strerror or error}.", _ANOTHER
        ) from error
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError, sqlite3.Error) as error:
        raise LibraryError(f"{file.name} is damaged or no spectral library.", _ANOTHER) from error
    if not profiles:
        raise LibraryError(f"{file.name} holds no spectra with wavelengths.", _ANOTHER)
    return profiles


def _profile(name: str, centres: Any, values: Any, widths: Any = None, scale: float | None = None) -> Profile:
    """A profile of what a file holds, without its bad values."""
    x, y = np.array(centres, float), np.array(values, float)
    w = np.full(len(x), np.nan) if widths is None else np.array(widths, float)
    good = np.isfinite(x) & (x > 0) & np.isfinite(y) & (y > DELETED)
    return Profile(" ".join(name.split()) or "unnamed", x[good], w[good], y[good], scale)


def _usable(profiles: list[Profile]) -> list[Profile]:
    return [one for one in profiles if len(one.values) > 1]


# ---- ENVI


def _read_envi(path: Path) -> list[Profile]:
    header_file, data_file = _envi_files(path)
    text = header_file.read_text(encoding="utf-8", errors="replace")
    if not text.lstrip("\ufeff").startswith("ENVI"):
        raise LibraryError(f"{header_file.name} is no ENVI header.", _ANOTHER)
    found = re.findall(r"^[ \t]*([^=\n{}]+?)[ \t]*=[ \t]*(\{[^}]*\}|[^\n]*)", text, re.MULTILINE)
    header = {key.strip().lower(): value.strip() for key, value in found}
    bands, count = int(header["samples"]), int(header["lines"])
    order = ">" if header.get("byte order", "0") == "1" else "<"
    stored = np.dtype(order + _ENVI_TYPES[int(header["data type"])])
    offset = int(header.get("header offset", 0))
    needed = offset + bands * count * stored.itemsize
    if min(bands, count) < 1 or offset < 0 or data_file.stat().st_size < needed:
        raise LibraryError(f"{data_file.name} is cut off.", "Copy or download it again.")
    with data_file.open("rb") as file:
        file.seek(offset)
        values = np.fromfile(file, stored, bands * count).reshape(count, bands).astype(float)
    if "data ignore value" in header:
        values[values == float(header["data ignore value"])] = np.nan
    flags = _listed(header.get("bbl", ""))
    if len(flags) == bands:
        values[:, [float(flag) == 0 for flag in flags]] = np.nan
    unit = header.get("wavelength units", "")
    centres = nanometres([float(one) for one in _listed(header["wavelength"])], unit)
    widths = _listed(header.get("fwhm", ""))
    # the unit of the widths is that of the centres, which may have been guessed
    factor = centres[0] / float(_listed(header["wavelength"])[0])
    fwhm = np.array([float(one) * factor for one in widths]) if len(widths) == bands else None
    scale = float(header.get("reflectance scale factor", 0) or 0)
    names = _listed(header.get("spectra names", ""))
    names += [f"Spectrum {number}" for number in range(len(names) + 1, count + 1)]
    made = [
        _profile(name, centres, line, fwhm, scale if scale > 0 else None)
        for name, line in zip(names, values, strict=False)
    ]
    return _usable(made)


def _envi_files(path: Path) -> tuple[Path, Path]:
    """Header and data file, whichever of the two was chosen."""
    if path.suffix.lower() == ".hdr":
        bare = path.with_suffix("")
        places = [bare, *(bare.with_suffix(ending) for ending in (".sli", ".SLI", ".esl", ".dat"))]
        data = next((one for one in places if one.is_file()), None)
        if data is None:
            raise LibraryError(f"There is no .sli file beside {path.name}.", "Put both into one folder.")
        return path, data
    places = [path.with_suffix(".hdr"), path.with_suffix(".HDR"), Path(f"{path}.hdr")]
    header = next((one for one in places if one.is_file()), None)
    if header is None:
        raise LibraryError(f"There is no header (.hdr) beside {path.name}.", "Put both into one folder.")
    return header, path


def _listed(text: str) -> list[str]:
    inside = text.strip().strip("{}").strip()
    return [" ".join(one.split()) for one in inside.split(",")] if inside else []


# ---- tables


def _read_table(path: Path) -> list[Profile]:
    """A table whose first column is the wavelength and whose others are spectra, named in its head."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return []
    separator = next((mark for mark in ";\t," if mark in lines[-1]), " ")  # "1,5;2,5" has decimal commas
    rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    numbered = [index for index, row in enumerate(rows) if np.isfinite(_number(row[0], separator))]
    if not numbered:
        raise LibraryError(f"{path.name} has no column of wavelengths.", "Its first column must hold them.")
    first = numbered[0]
    head, width = rows[first - 1] if first else [], len(rows[first])
    if head and re.match(r"\s*(band|channel|index)\b", head[0], re.IGNORECASE):
        raise LibraryError(
            f"{path.name} lists band numbers, not wavelengths.", "Give a table whose first column is in nm."
        )
    table = np.array(
        [[_number(cell, separator) for cell in row[:width]] for row in rows[first:] if len(row) >= width]
    )
    table = table[np.isfinite(table[:, 0])]
    unit = re.search(r"(nm|nanomet\w+|[uµμ]m|micro\w+)\W*$", head[0], re.IGNORECASE) if head else None
    centres = nanometres(table[:, 0].tolist(), unit[1] if unit else "")
    names = [head[column].strip().lstrip("'") if column < len(head) else "" for column in range(width)]
    return _usable(
        [
            _profile(names[column] or f"Spectrum {column}", centres, table[:, column])
            for column in range(1, width)
        ]
    )


def _number(cell: str, separator: str) -> float:
    """A cell as a number, NaN where it is none."""
    try:
        return float(cell.strip() if separator == "," else cell.strip().replace(",", "."))
    except ValueError:
        return np.nan


# ---- EnMAP-Box


def _read_geojson(path: Path) -> list[Profile]:
    document = json.loads(path.read_text(encoding="utf-8"))
    made: list[Profile] = []
    for number, feature in enumerate(document["features"][:MOST_PROFILES], 1):
        made += _of_fields(feature.get("properties") or {}, number)
    return _usable(made)


def _read_geopackage(path: Path) -> list[Profile]:
    """Read the tables of a GeoPackage, which is an SQLite database, without trusting what it defines."""
    made: list[Profile] = []
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        database.execute("PRAGMA trusted_schema=OFF")
        database.row_factory = sqlite3.Row
        tables = database.execute(
            "SELECT c.table_name FROM gpkg_contents c JOIN sqlite_master m ON m.name = c.table_name "
            "WHERE m.type = 'table' AND c.data_type IN ('features', 'attributes')"
        )
        for (table,) in tables.fetchall():
            quoted = '"' + str(table).replace('"', '""') + '"'
            # None that are computed: a few kilobytes can be gigabytes so.
            columns = [row["name"] for row in database.execute(f"PRAGMA table_info({quoted})")]
            listed = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
            rows = database.execute(f"SELECT {listed} FROM {quoted} LIMIT {MOST_PROFILES}")  # noqa: S608  quoted
            for number, row in enumerate(rows, 1):
                made += _of_fields({key: row[key] for key in row.keys()}, number)  # noqa: SIM118  no mapping
    return _usable(made)


def _of_fields(fields: dict[str, Any], number: int) -> list[Profile]:
    """The profiles in the fields of one feature, JSON {x, y, xUnit, bbl} as text, bytes or an object."""
    lower = {key.lower(): value for key, value in fields.items()}
    name = next((str(lower[key]) for key in _NAMES if lower.get(key) not in (None, "")), f"Spectrum {number}")
    held = [(key, made) for key, value in fields.items() if (made := _of_json(name, value)) is not None]
    if len(held) == 1:
        return [held[0][1]]
    return [Profile(f"{name} ({key})", one.centres, one.widths, one.values, one.scale) for key, one in held]


def _of_json(name: str, value: Any) -> Profile | None:
    """A profile; None for a field that holds none. Pickled ones of old versions are never loaded."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    if isinstance(value, str):
        if not value.lstrip().startswith("{"):
            return None
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if not isinstance(value, dict) or not isinstance(value.get("y"), list) or not value.get("x"):
        return None
    unit = str(value.get("xUnit") or "")
    if len(value["x"]) != len(value["y"]) or "band" in unit.lower():
        return None
    y = np.array(value["y"], float)
    flags = value.get("bbl") or []
    if len(flags) == len(y):
        y[[not flag for flag in flags]] = np.nan
    return _profile(name, nanometres([float(one) for one in value["x"]], unit), y)
