"""Reads spectral libraries: ENVI .sli, CSV, EnMAP-Box GeoJSON and GeoPackage. Writes and compares nothing."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal, ogr

from ..results.result import Array
from ..translation import tr

LARGEST_MICROMETRES = 100.0  # without a stated unit no optical sensor has a band below 100 nm
DELETED = -1e30  # how the USGS library writes a deleted channel
MOST_PROFILES = 20000
ENVI_TYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}
NANOMETRES = {
    "nm": 1.0,
    "nanometer": 1.0,
    "nanometre": 1.0,
    "um": 1000.0,
    "µm": 1000.0,
    "μm": 1000.0,
    "micron": 1000.0,
    "micrometer": 1000.0,
    "micrometre": 1000.0,
}


class LibraryError(ValueError):
    """The file is no spectral library that can be read; the text says why and what to do."""


@dataclass(frozen=True, eq=False)
class Profile:
    """One spectrum of a library: ``x`` (n,) ascending wavelengths in nm; ``y`` (n,), NaN where bad."""

    name: str
    x: Array
    y: Array


@dataclass(frozen=True)
class Library:
    """The spectra of one file."""

    path: Path
    profiles: tuple[Profile, ...]


def read_library(path: Path) -> Library:
    """Read the library in ``path``, of the format its ending stands for; raises LibraryError."""
    readers = {
        ".sli": _read_envi,
        ".hdr": _read_envi,
        ".esl": _read_envi,
        ".csv": _read_table,
        ".txt": _read_table,
        ".geojson": _read_vector,
        ".json": _read_vector,
        ".gpkg": _read_vector,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise LibraryError(
            tr("“{}” is no spectral library: choose a .sli, .csv, .geojson or .gpkg file.").format(path.name)
        )
    try:
        profiles = reader(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise LibraryError(tr("“{}” cannot be read: {}.").format(path.name, reason)) from error
    except (
        ValueError,
        LookupError,
        TypeError,
        ArithmeticError,
        RuntimeError,
    ) as error:  # RuntimeError: what GDAL raises
        if isinstance(error, LibraryError):
            raise
        raise LibraryError(tr("“{}” is damaged: {}.").format(path.name, error)) from error
    if not profiles:
        raise LibraryError(tr("“{}” holds no spectra with wavelengths.").format(path.name))
    return Library(path, tuple(profiles))


def _profile(name: str, x: Array, y: Array) -> Profile | None:
    """Make a profile of what a file holds: ascending, bad values as NaN; None where nothing is left."""
    x, y = np.asarray(x, float), np.asarray(y, float).copy()
    y[~np.isfinite(y) | (y < DELETED)] = np.nan
    placed = np.isfinite(x) & (x > 0)
    order = np.argsort(x[placed], kind="stable")
    x, y = x[placed][order], y[placed][order]
    once = np.concatenate(([True], np.diff(x) > 0)) if len(x) else np.zeros(0, bool)  # detectors overlap
    x, y = x[once], y[once]
    return Profile(" ".join(name.split()) or "?", x, y) if np.isfinite(y).sum() > 1 else None


def _in_nanometres(values: Array, unit: str) -> Array:
    """Bring wavelengths to nm; without a unit that we know, small numbers can only be micrometres."""
    factor = NANOMETRES.get(unit.strip().lower().rstrip("s").strip("[]() "))
    if factor is None:
        factor = 1000.0 if np.nanmax(values) < LARGEST_MICROMETRES else 1.0
    return values * factor


# ---- ENVI


def _read_envi(path: Path) -> list[Profile]:
    header_file, data_file = _envi_files(path)
    header = _envi_header(header_file.read_text(encoding="utf-8", errors="replace"))
    if "wavelength" not in header:
        raise LibraryError(
            tr("“{}” says no wavelengths, so its spectra cannot be compared.").format(header_file.name)
        )
    bands, count = int(header["samples"]), int(header["lines"])
    kind = ENVI_TYPES.get(int(header["data type"]))
    if kind is None or int(header.get("bands", 1)) != 1:
        raise LibraryError(tr("“{}” is no ENVI spectral library.").format(header_file.name))
    order = ">" if header.get("byte order", "0").strip() == "1" else "<"
    stored = np.dtype(order + kind)
    offset = int(header.get("header offset", 0))
    if min(bands, count) < 1 or data_file.stat().st_size < offset + bands * count * stored.itemsize:
        raise LibraryError(tr("“{}” is truncated: copy or download it again.").format(data_file.name))
    with data_file.open("rb") as file:
        file.seek(offset)
        values = np.fromfile(file, stored, bands * count).reshape(count, bands).astype(float)
    ignored = header.get("data ignore value")
    if ignored is not None:
        values[values == float(ignored)] = np.nan
    scale = float(header.get("reflectance scale factor", 1) or 1)
    values /= scale if scale > 0 else 1.0
    wavelengths = np.array([float(one) for one in _listed(header["wavelength"])])
    if len(wavelengths) != bands:
        raise LibraryError(
            tr("“{}” has {} wavelengths for {} bands.").format(header_file.name, len(wavelengths), bands)
        )
    bad = [float(one) == 0 for one in _listed(header.get("bbl", ""))]
    if len(bad) == bands:
        values[:, bad] = np.nan
    x = _in_nanometres(wavelengths, header.get("wavelength units", ""))
    names = _listed(header.get("spectra names", ""))
    names += [tr("Spectrum {}").format(number) for number in range(len(names) + 1, count + 1)]
    made = (_profile(name, x, y) for name, y in zip(names, values))
    return [one for one in made if one is not None]


def _envi_files(path: Path) -> tuple[Path, Path]:
    """Return header and data file, whichever of the two was chosen."""
    if path.suffix.lower() == ".hdr":
        bare = path.with_suffix("")
        data = [bare, *(bare.with_suffix(ending) for ending in (".sli", ".SLI", ".esl", ".dat"))]
        found = next((one for one in data if one.is_file() and one != path), None)
        if found is None:
            raise LibraryError(tr("There is no .sli file beside “{}”.").format(path.name))
        return path, found
    headers = [path.with_suffix(".hdr"), path.with_suffix(".HDR"), Path(f"{path}.hdr")]
    header = next((one for one in headers if one.is_file()), None)
    if header is None:
        raise LibraryError(tr("There is no header (.hdr) beside “{}”.").format(path.name))
    return header, path


def _envi_header(text: str) -> dict[str, str]:
    """Read the fields of an ENVI header; those in braces may go over many lines."""
    if not text.lstrip("\ufeff").startswith("ENVI"):
        raise LibraryError(tr("The header does not begin with ENVI: this is no ENVI spectral library."))
    found = re.findall(r"^[ \t]*([^=\n{}]+?)[ \t]*=[ \t]*(\{[^}]*\}|[^\n]*)", text, re.MULTILINE)
    return {key.strip().lower(): value.strip() for key, value in found}


def _listed(text: str) -> list[str]:
    inside = text.strip().strip("{}").strip()
    return [" ".join(one.split()) for one in inside.split(",")] if inside else []


# ---- tables


def _read_table(path: Path) -> list[Profile]:
    """Read a table whose first column is the wavelength and whose others are spectra, named in its head."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return []
    separator = next((mark for mark in ";\t," if mark in lines[-1]), " ")  # "1,5;2,5" has decimal commas
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=separator, skipinitialspace=True))
    first = next((index for index, row in enumerate(rows) if _number(row[0], separator) is not None), None)
    if first is None:
        raise LibraryError(
            tr("“{}” has no column of wavelengths: the first column must hold them.").format(path.name)
        )
    head = rows[first - 1] if first else []
    width = len(rows[first])
    if width <= 1:
        raise LibraryError(
            tr("“{}” has one column: the first must hold wavelengths, the others spectra.").format(path.name)
        )
    numbers = [
        [_number(cell, separator) for cell in row[:width]] for row in rows[first:] if len(row) >= width
    ]
    table = np.array(numbers, dtype=float)  # an empty cell becomes NaN
    if head and re.match(r"\s*(band|channel|index)\b", head[0], re.IGNORECASE):
        raise LibraryError(
            tr("“{}” lists band numbers, not wavelengths, so its spectra cannot be compared.").format(
                path.name
            )
        )
    unit = re.search(r"(nm|nanomet\w+|[uµμ]m|micro\w+)\W*$", head[0], re.IGNORECASE) if head else None
    x = _in_nanometres(table[:, 0], unit[1] if unit else "")
    made = []
    for column in range(1, width):
        named = column < len(head) and head[column].strip()
        name = head[column].strip().lstrip("'") if named else tr("Spectrum {}").format(column)
        made.append(_profile(name, x, table[:, column]))
    return [one for one in made if one is not None]


def _number(cell: str, separator: str) -> float | None:
    cell = cell.strip()
    if separator != ",":
        cell = cell.replace(",", ".")
    try:
        return float(cell)
    except ValueError:
        return None


# ---- EnMAP-Box


def _read_vector(path: Path) -> list[Profile]:
    """Read the profiles {x, y, xUnit, bbl} that EnMAP-Box keeps as JSON in the fields of a vector layer."""
    # By its content a file may be of a driver that reads other files, or from the network.
    database = path.suffix.lower() == ".gpkg"
    if database:
        _refuse_computed(path)
    source = gdal.OpenEx(str(path), gdal.OF_VECTOR, allowed_drivers=["GPKG" if database else "GeoJSON"])
    if source is None:
        raise LibraryError(tr("“{}” is no file that GDAL can read.").format(path.name))
    found: list[Profile] = []
    binary = False
    for number in range(source.GetLayerCount()):
        for feature in source.GetLayer(number):
            fields = [feature.GetFieldDefnRef(index) for index in range(feature.GetFieldCount())]
            names = {field.GetName().lower(): index for index, field in enumerate(fields)}
            label = next((names[one] for one in ("name", "title", "label", "id") if one in names), None)
            name = feature.GetFieldAsString(label) if label is not None else ""
            held = []
            for index, field in enumerate(fields):
                if not feature.IsFieldSetAndNotNull(index):
                    continue
                if field.GetType() == ogr.OFTBinary:
                    text = bytes(feature.GetFieldAsBinary(index)).decode("utf-8", errors="replace")
                    binary = True
                elif field.GetType() == ogr.OFTString:
                    text = feature.GetFieldAsString(index)
                else:
                    continue
                profile = _from_json(text)
                if profile is not None:
                    held.append((field.GetName(), profile))
            for field_name, (x, y) in held:
                plain = name or tr("Spectrum {}").format(feature.GetFID())
                full = f"{plain} ({field_name})" if len(held) > 1 else plain
                made = _profile(full, x, y)
                found += [made] if made is not None else []
            if len(found) > MOST_PROFILES:
                raise LibraryError(
                    tr("“{}” holds more than {} spectra: choose a smaller library.").format(
                        path.name, MOST_PROFILES
                    )
                )
    if not found and binary:
        raise LibraryError(
            tr("“{}” holds its spectra in a binary form: save it in EnMAP-Box as GeoJSON.").format(path.name)
        )
    return found


def _refuse_computed(path: Path) -> None:
    """Refuse a GeoPackage that computes a value: a few kilobytes can be gigabytes so.

    Any view or computed column: GDAL reads tables that nothing lists, too, in whatever case they are named.
    """
    place = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(place, uri=True)) as database:
            database.execute("PRAGMA trusted_schema=OFF")
            computed = database.execute(
                "SELECT m.name FROM sqlite_master m LEFT JOIN pragma_table_xinfo(m.name) x "
                "ON m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' "
                "WHERE m.type = 'view' OR x.hidden IN (2, 3)"
            ).fetchone()
    except sqlite3.Error as error:
        raise LibraryError(tr("“{}” is no file that GDAL can read.").format(path.name)) from error
    if computed:
        raise LibraryError(tr("“{}” computes its values: export its spectra to a table.").format(path.name))


def _from_json(text: str) -> tuple[Array, Array] | None:
    """Return wavelengths in nm and values of a profile; None for text that holds none."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        held: Any = json.loads(text)
        x, y = held["x"], held["y"]
        across, values = np.array(x, dtype=float), np.array(y, dtype=float)
    except (ValueError, KeyError, TypeError):
        return None
    unit = str(held.get("xUnit") or "")
    if across.shape != values.shape or across.ndim != 1 or not len(across) or "band" in unit.lower():
        return None
    bad = held.get("bbl") or []
    if len(bad) == len(values):
        values[[flag == 0 for flag in bad]] = np.nan
    return _in_nanometres(across, unit), values
