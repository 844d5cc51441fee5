"""Reads spectral libraries of every kind for both sides. Resamples and writes nothing.

ENVI libraries (.sli and a header), tables and text files of spectrometers, profiles of the EnMAP-Box, spectra
of ASD instruments. What a name promises is not trusted: a file without ending is looked at.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import asd, envi, tables, wavelengths
from .arrays import Array
from .errors import LibraryError

LARGEST_FILE = 1 << 28
MOST_PROFILES = 20_000
MOST_VALUES = 1 << 27
DELETED = -1e30
"""The USGS library writes a channel without a value as -1.23e34."""

_ENVI_TYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"}
_NAMES = ("name", "title", "label", "id")
_ANOTHER = (
    "Choose an ENVI library (.sli), a table (.csv, .txt), or profiles of the EnMAP-Box (.gpkg, .geojson)."
)
# A response function is nothing beyond its band: what is above this share of its peak is all of it.
_RESPONSE_EDGE = 0.05
# All of it spans less than this share of what all functions of a sensor span together.
_RESPONSE_SPAN = 0.25
_FEWEST_RESPONSES = 3


@dataclass(frozen=True, eq=False)
class Profile:
    """A spectrum of a library, bad values left out.

    Attributes:
        name: one line of text.
        centres: ``(n,)`` wavelengths in nm, rising; numbers of bands from 1 where `numbered`.
        widths: ``(n,)`` full widths at half maximum in nm, NaN where not known.
        values: ``(n,)``.
        scale: what a reflectance of 1 is in the values; None where the file does not say.
        numbered: how many bands the file has, where it knows their numbers alone; 0 for wavelengths.
    """

    name: str
    centres: Array
    widths: Array
    values: Array
    scale: float | None
    numbered: int = 0


@dataclass(frozen=True, eq=False)
class Library:
    """The spectra of one file, and what was assumed or left out when it was read: sentences."""

    path: Path
    profiles: tuple[Profile, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Found:
    profiles: list[Profile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Say a sentence once."""
        if text and text not in self.notes:
            self.notes.append(text)


def read_library(path: str | Path) -> Library:
    """The spectra in a file, of the format its ending stands for, or its content; raises LibraryError."""
    file = Path(path)
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise LibraryError(f"{file.name} is too large for a spectral library.", _ANOTHER)
        found = _reader(file)(file)
    except OSError as error:
        raise LibraryError(
            f"The library {path} cannot be opened: {error.strerror or error}.", _ANOTHER
        ) from error
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError, sqlite3.Error) as error:
        raise LibraryError(f"{file.name} is damaged or no spectral library.", _ANOTHER) from error
    found.profiles = [one for one in found.profiles if len(one.values) > 1]
    if not found.profiles:
        raise LibraryError(f"{file.name} holds no spectra with wavelengths.", _instead(file))
    if _are_responses(found.profiles):
        raise LibraryError(
            f"{file.name} holds spectral response functions of a sensor's bands, no spectra of materials.",
            "Choose a library of spectra.",
        )
    return Library(file, tuple(found.profiles), tuple(f"{file.name}: {text}" for text in found.notes))


def _reader(file: Path) -> Any:
    """The reader of a file: by its ending, or by what it holds where the ending says nothing."""
    ending = file.suffix.lower()
    known = {
        ".hdr": _read_envi, ".sli": _read_envi, ".esl": _read_envi, ".csv": _read_table, ".tsv": _read_table,
        ".geojson": _read_geojson, ".json": _read_geojson, ".gpkg": _read_geopackage,
    }.get(ending)  # fmt: skip
    if known is not None:
        return known
    with file.open("rb") as opened:
        start = opened.read(4096)
    if asd.is_asd(start):
        return _read_asd
    if envi.header_of(file) is not None:
        return _read_envi
    if start[:16] == b"SQLite format 3\0":
        return _read_geopackage
    if start.lstrip()[:1] == b"{":
        return _read_geojson
    if start.lstrip(b"\xef\xbb\xbf \r\n")[:4].upper() == b"ENVI":
        return _read_envi
    if b"\0" in start.replace(b"\xff\xfe", b"")[:512] and start[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise LibraryError(f"{file.name} is no spectral library.", _ANOTHER)
    return _read_table


def _profile(
    name: str,
    reading: wavelengths.Reading | None,
    values: Any,
    scale: float | None = None,
    numbers: Array | None = None,
) -> Profile:
    """A profile of what a file holds, without its bad values; by number of the band without a reading."""
    y = np.array(values, float).ravel()
    if reading is None:
        x = np.arange(1.0, len(y) + 1) if numbers is None else numbers
        w = np.full(len(y), np.nan)
    else:
        x, w = (
            np.array([np.nan if one is None else one for one in part], float)
            for part in (reading.centres, reading.widths)
        )
    good = np.isfinite(x) & np.isfinite(y) & (y > DELETED)
    order = np.flatnonzero(good)[np.argsort(x[good], kind="stable")]
    # two detectors may list one wavelength twice
    once = np.concatenate(([True], np.diff(x[order]) > 0)) if len(order) else np.zeros(0, bool)
    order = order[once]
    tidy = " ".join(name.split()) or "unnamed"
    return Profile(tidy, x[order], w[order], y[order], scale, len(y) if reading is None else 0)


def _are_responses(profiles: list[Profile]) -> bool:
    """Whether these are response functions of bands: each a peak of its own, and nothing beside it."""
    if len(profiles) < _FEWEST_RESPONSES:
        return False
    peaks, spans = [], []
    for one in profiles:
        most = one.values.max()
        if most <= 0 or one.values.min() < -_RESPONSE_EDGE * most:
            return False
        high = one.centres[one.values > _RESPONSE_EDGE * most]
        spans.append(high.max() - high.min())
        peaks.append(one.centres[int(one.values.argmax())])
        inside = (one.values > most / 2).sum()
        if inside == len(one.values) or one.values[[0, -1]].max() > most / 2:
            return False
    reach = max(one.centres.max() for one in profiles) - min(one.centres.min() for one in profiles)
    different = len(set(peaks)) >= 0.9 * len(peaks)
    return bool(different and reach > 0 and np.quantile(spans, 0.9) <= _RESPONSE_SPAN * reach)


def _instead(file: Path) -> str:
    """What to choose instead of a file that stands beside a library."""
    beside = file.with_suffix(".sli")
    return f"Choose {beside.name}, which stands beside it." if beside.is_file() else _ANOTHER


# ---- ENVI


def _read_envi(path: Path) -> _Found:
    header_file, data, header = _envi_files(path)
    bands, count = int(header["samples"]), int(header["lines"])
    if int(header.get("bands", 1)) > 1:
        raise LibraryError(
            f"{data.name} is an image of {header['bands']} bands, no spectral library.", _ANOTHER
        )
    order = ">" if header.get("byte order", "0").strip() == "1" else "<"
    stored = np.dtype(order + _ENVI_TYPES[int(header["data type"])])
    offset = int(header.get("header offset", 0))
    if min(bands, count) < 1 or offset < 0 or bands * count > MOST_VALUES:
        raise LibraryError(
            f"{header_file.name} is damaged: it has {count} spectra of {bands} bands.", _ANOTHER
        )
    if data.stat().st_size < offset + bands * count * stored.itemsize:
        raise LibraryError(f"{data.name} is cut off.", "Copy or download it again.")
    with data.open("rb") as file:
        file.seek(offset)
        values = np.fromfile(file, stored, bands * count).reshape(count, bands).astype(float)
    if "data ignore value" in header:
        values[values == float(header["data ignore value"])] = np.nan
    found = _Found()
    flags = envi.flags(header.get("bbl", ""))
    if flags is not None and len(flags) == bands:
        values[:, [not good for good in flags]] = np.nan
    elif header.get("bbl"):
        found.note(f"its list of bad bands cannot be used for {bands} bands.")
    reading = _envi_wavelengths(header, bands, found)
    scale = float((envi.numbers(header.get("reflectance scale factor", "")) or [0.0])[0])
    names = envi.names(header.get("spectra names", ""), count)
    if names is None:
        names = [f"Spectrum {number}" for number in range(1, count + 1)]
        if header.get("spectra names"):
            found.note(f"its names of spectra cannot be told apart, so its {count} spectra are numbered.")
    found.profiles = [
        _profile(name or f"Spectrum {number}", reading, line, scale if scale > 0 else None)
        for number, (name, line) in enumerate(zip(names, values), 1)
    ]
    return found


def _envi_wavelengths(header: dict[str, str], bands: int, found: _Found) -> wavelengths.Reading | None:
    """The wavelengths of a library, None where it has numbers of bands alone."""
    text = header.get("wavelength") or header.get("wavelengths") or ""
    listed = envi.numbers(text)
    if len(listed) != bands:
        if text:
            found.note(
                f"its list of wavelengths has {len(envi.cells(text))} entries for {bands} bands: not used."
            )
        return None
    widths = envi.numbers(header.get("fwhm", ""))
    reading = wavelengths.read(
        listed, header.get("wavelength units"), widths if len(widths) == bands else None
    )
    found.note(reading.doubt)
    return reading if reading.known else None


def _envi_files(path: Path) -> tuple[Path, Path, dict[str, str]]:
    """Header and data file, whichever of the two was chosen, and the header's keys."""
    header_file: Path | None = path
    if path.suffix.lower() != ".hdr":
        header_file = envi.header_of(path)
    if header_file is None:
        raise LibraryError(f"There is no header (.hdr) beside {path.name}.", "Put both into one folder.")
    header = envi.read_header(header_file)
    if header is None:
        raise LibraryError(f"{header_file.name} is no ENVI header.", _ANOTHER)
    data = path if path != header_file else envi.data_file(header_file, header)
    if data is None:
        raise LibraryError(
            f"The data file of {header_file.name} is missing: there is none of "
            f"{envi.names_looked_for(header_file)}, nor any other of this name.",
            "Put both into one folder.",
        )
    return header_file, data, header


# ---- text


def _read_table(path: Path) -> _Found:
    text = envi.decoded(path.read_bytes())
    if envi.parse_header(text) is not None:
        return _read_envi(path)
    try:
        table = tables.parse(text, path.name, path.name.split(".")[0])
    except LibraryError as error:
        if not path.with_suffix(".sli").is_file():
            raise
        raise LibraryError(error.text, _instead(path)) from error
    found = _Found(notes=[text[0].lower() + text[1:] for text in table.notes])
    readings: dict[bytes, wavelengths.Reading] = {}
    for name, x, y in table.columns[:MOST_PROFILES]:
        reading = None
        if x is not None:
            key = x.tobytes()
            if key not in readings:
                listed = [None if not np.isfinite(one) else float(one) for one in x]
                readings[key] = wavelengths.read(listed, table.unit)
                found.note(readings[key].doubt)
            reading = readings[key]
        found.profiles.append(_profile(name, reading, y, table.scale, table.numbers))
    return found


def _read_asd(path: Path) -> _Found:
    spectrum = asd.read(path)
    if spectrum is None:
        raise LibraryError(
            f"{path.name} holds a measurement of an ASD instrument without its white reference.",
            "Export it as reflectance.",
        )
    centres, values = spectrum
    return _Found([_profile(path.stem, wavelengths.read(centres.tolist(), "nm"), values, 1.0)])


# ---- EnMAP-Box


def _read_geojson(path: Path) -> _Found:
    document = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        held = ", ".join(map(str, list(document)[:4])) if isinstance(document, dict) else "a list"
        raise LibraryError(f"{path.name} holds no spectra; what it describes is {held}.", _instead(path))
    found = _Found()
    for number, feature in enumerate(document["features"][:MOST_PROFILES], 1):
        found.profiles += _of_fields(feature.get("properties") or {}, number, found)
    return found


def _read_geopackage(path: Path) -> _Found:
    """Read the tables of a GeoPackage, which is an SQLite database, without trusting what it defines."""
    found = _Found()
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        database.execute("PRAGMA trusted_schema=OFF")
        database.row_factory = sqlite3.Row
        listed = database.execute(
            "SELECT c.table_name FROM gpkg_contents c JOIN sqlite_master m ON m.name = c.table_name "
            "WHERE m.type = 'table' AND c.data_type IN ('features', 'attributes')"
        )
        for (table,) in listed.fetchall():
            quoted = '"' + str(table).replace('"', '""') + '"'
            # None that are computed: a few kilobytes can be gigabytes so.
            columns = [row["name"] for row in database.execute(f"PRAGMA table_info({quoted})")]
            names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
            rows = database.execute(f"SELECT {names} FROM {quoted} LIMIT {MOST_PROFILES}")  # noqa: S608  quoted
            for number, row in enumerate(rows, 1):
                found.profiles += _of_fields({key: row[key] for key in row.keys()}, number, found)  # noqa: SIM118
    return found


def _of_fields(fields: dict[str, Any], number: int, found: _Found) -> list[Profile]:
    """The profiles in the fields of one feature, JSON {x, y, xUnit, bbl} as text, bytes or an object."""
    lower = {key.lower(): value for key, value in fields.items()}
    name = next((str(lower[key]) for key in _NAMES if lower.get(key) not in (None, "")), f"Spectrum {number}")
    held = [
        (key, made) for key, value in fields.items() if (made := _of_json(name, value, found)) is not None
    ]
    if len(held) == 1:
        return [held[0][1]]
    return [
        Profile(f"{name} ({key})", one.centres, one.widths, one.values, one.scale, one.numbered)
        for key, one in held
    ]


def _of_json(name: str, value: Any, found: _Found) -> Profile | None:
    """A profile; None for a field that holds none. Pickled ones of old versions are never loaded."""
    if isinstance(value, bytes):
        if value[:1] == b"\x80":
            found.note(
                "it holds spectra in a binary form, which are not read: save it in the EnMAP-Box as GeoJSON."
            )
            return None
        value = value.decode("utf-8", errors="replace")
    if isinstance(value, str):
        if not value.lstrip().startswith("{"):
            return None
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if not isinstance(value, dict) or not isinstance(value.get("y"), list):
        return None
    y = np.array(value["y"], float)
    flags = value.get("bbl") or []
    if len(flags) == len(y):
        y[[not flag for flag in flags]] = np.nan
    x = value.get("x")
    if not x or len(x) != len(y):
        return _profile(name, None, y)
    reading = wavelengths.read([float(one) for one in x], str(value.get("xUnit") or ""))
    found.note(reading.doubt)
    return _profile(name, reading if reading.known else None, y)
