"""Spectra in text: tables of any layout, and the text files of spectrometers. Reads no other format.

Spectra stand in columns beside one column of wavelengths, in rows below one row of wavelengths, or in pairs
of columns (wavelength, value). What tells these apart is where numbers stand that can be wavelengths: they
rise or fall all the way, and are light of 0.2 to 20 µm in some unit.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from . import wavelengths
from .arrays import Array
from .errors import LibraryError

FEWEST_BANDS = 2
# Of the cells of a column or a row so many must be numbers that it counts as one of numbers.
_MOSTLY = 0.8
# Of the steps between wavelengths so many go one way: where detectors overlap, a table steps back once.
_ORDERED = 0.97
# A number in the head of a spectrometer's file stands farther than so many lines before the table.
_HEAD_GAP = 5
_NAME_COLUMNS = (
    "name", "spectrum", "spectra", "title", "label", "material", "mineral", "class", "species", "type",
    "description", "sample",
)  # fmt: skip
_ID_COLUMNS = ("id", "fid", "number", "no", "nr", "code")
_REMEDY = (
    "Give a table with wavelengths in its first column and a spectrum in each other one, or a row for each "
    "spectrum below a row of wavelengths."
)
_UNIT = re.compile(
    r"(?:^|[\s(\[_,/])(nm|nanomet(?:er|re)s?|[uµμ]m|micromet(?:er|re)s?|microns?|angstroms?|wavenumbers?|"
    r"cm\^?-1|1/cm|ghz|thz)\W*$",
    re.IGNORECASE,
)
_UNIT_WITHIN = re.compile(r"\((nm|nanomet\w+|[uµμ]m|micro\w+|cm-1|ghz|thz)\)", re.IGNORECASE)


@dataclass
class Table:
    """Spectra as a text file holds them.

    Attributes:
        columns: name, wavelengths as written (None where the file has none) and values of each spectrum.
        numbers: of the bands, where the file has these in the place of wavelengths.
        unit: of the wavelengths as written; empty where none is stated.
        scale: what a reflectance of 1 is in the values, where the file says it.
        notes: what was ignored.
    """

    columns: list[tuple[str, Array | None, Array]]
    unit: str = ""
    scale: float | None = None
    notes: list[str] = field(default_factory=list)
    numbers: Array | None = None


def parse(text: str, file: str, stem: str) -> Table:
    """The spectra in a text; raises LibraryError where its layout cannot be told.

    Args:
        text: of the file.
        file: its name, for people.
        stem: the same without its ending: the name of a spectrum that has no other.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise LibraryError(f"{file} is empty.", _REMEDY)
    head = _head(lines)
    separator = _separator(lines)
    rows = [[cell.strip() for cell in row] for row in _split(lines, separator)]
    decimal_commas = separator != ","
    numbers = [[_number(cell, decimal_commas=decimal_commas) for cell in row] for row in rows]
    reading = (
        _in_rows(rows, numbers, stem, decimal_commas=decimal_commas)
        or _in_columns(rows, numbers, head, stem)
        or _without_wavelengths(rows, numbers, stem)
    )
    if reading is None:
        raise LibraryError(_refusal(file, rows, numbers), _REMEDY)
    reading.unit = reading.unit or head.get("unit", "")
    if head.get("scale") and reading.scale is None:
        reading.scale = float(head["scale"])
    return reading


# ---- how a text is written


def _separator(lines: Sequence[str]) -> str:
    """What separates cells: the sign that most of the last lines share; a blank where none does."""
    last = lines[-min(len(lines), 20) :]
    for sign in "\t;,":
        counts = Counter(line.count(sign) for line in last)
        most, times = counts.most_common(1)[0]
        if most > 0 and times >= _MOSTLY * len(last):
            return sign
    return next((sign for sign in "\t;," if sign in lines[-1]), " ")


def _split(lines: Sequence[str], separator: str) -> list[list[str]]:
    if separator == " ":
        return [line.split() for line in lines]
    return list(csv.reader(lines, delimiter=separator, skipinitialspace=True))


def _number(cell: str, *, decimal_commas: bool) -> float:
    """A cell as a number, NaN where it is none."""
    try:
        return float(cell.replace(",", ".") if decimal_commas else cell)
    except ValueError:
        return float("nan")


def _head(lines: Sequence[str]) -> dict[str, str]:
    """What the lines of a spectrometer's text file say: "Name: soil", "X Units: Wavelength (micrometers)"."""
    found: dict[str, str] = {}
    for line in lines[:80]:
        key, mark, value = (part.strip() for part in re.split(r"([:=])", line, maxsplit=1)) if re.search(
            "[:=]", line
        ) else ("", "", "")  # fmt: skip
        if not mark or not value:
            continue
        key = " ".join(key.lower().replace("_", " ").split())
        if key in ("name", "sample name", "spectrum name", "title", "mineral"):
            found.setdefault("name", value)
        elif key in ("x units", "x unit", "xunits", "first column units"):
            unit = re.search(r"\(([^)]*)\)", value)
            found.setdefault("unit", unit[1] if unit else value)
        elif key in ("y units", "y unit", "yunits") and re.search(r"percent|%", value, re.IGNORECASE):
            found["scale"] = "100"
    if lines[0].startswith("/*** Spectra Vista"):
        found["scale"] = "100"
        found["last"] = "yes"
    title = re.match(r"\s*splib\w*\s+Record=\d+:\s*(.+)", lines[0])
    if title:
        found.setdefault("name", title[1].strip())
    return found


# ---- spectra in rows


def _in_rows(
    rows: list[list[str]], numbers: list[list[float]], stem: str, *, decimal_commas: bool
) -> Table | None:
    """Spectra below a row of wavelengths; None for other tables."""
    for index, row in enumerate(rows[:50]):
        found = _row_of_wavelengths(row, decimal_commas=decimal_commas)
        if found is None:
            continue
        places, values, unit = found
        below = [place for place in range(index + 1, len(rows)) if len(rows[place]) > places[-1]]
        spectra = [np.array([numbers[place][column] for column in places]) for place in below]
        kept = [(place, one) for place, one in zip(below, spectra) if np.isfinite(one).sum() >= FEWEST_BANDS]
        down = _column_of_wavelengths(rows, numbers, 0)
        if not kept or (down is not None and len(down[0]) > len(places)):
            continue
        others = [column for column in range(len(row)) if column not in places]
        names = _row_names(rows, row, others, [place for place, _ in kept], stem)
        notes = []
        ignored = [row[column] for column in others if row[column].strip()]
        if ignored:
            notes.append(f"The columns {_listed(ignored)} are no wavelengths: read as names or left out.")
        columns: list[tuple[str, Array | None, Array]] = [
            (name, values, one) for name, (_, one) in zip(names, kept)
        ]
        return Table(columns, unit, None, notes)
    return None


def _row_of_wavelengths(row: Sequence[str], *, decimal_commas: bool) -> tuple[list[int], Array, str] | None:
    """Columns, wavelengths and unit of the cells of a row that are wavelengths, where most of them are."""
    places, values, unit = [], [], ""
    for column, cell in enumerate(row):
        found = wavelengths.as_written(cell.replace(",", ".") if decimal_commas else cell)
        if found is not None:
            places.append(column)
            values.append(found[0])
            unit = unit or found[1]
    if len(places) < 3:  # noqa: PLR2004  two numbers may be anything
        return None
    # a column of identifiers may be called by a number too: only what rises or falls together counts
    array = np.array(values)
    for first in range(min(3, len(places) - 2)):
        steps = np.diff(array[first:])
        span = places[-1] - places[first] + 1
        ordered = (steps > 0).all() or (steps < 0).all()
        dense = len(places) - first >= _MOSTLY * span
        if ordered and dense and _all_light(array[first:].tolist(), unit):
            return places[first:], array[first:], unit
    return None


def _row_names(
    rows: list[list[str]], head: list[str], others: list[int], spectra: list[int], stem: str
) -> list[str]:
    """A name for every row: of the column that is called so, or else the first with text in it."""

    def cell(place: int, column: int | None) -> str:
        return rows[place][column].lstrip("'").strip() if column is not None else ""

    titles = {column: re.sub(r"[^a-z]+", " ", head[column].lower()).strip() for column in others}
    texts = [
        column for column in others
        if any(_is_text(cell(place, column)) for place in spectra)
    ]  # fmt: skip
    named = [
        column for word in _NAME_COLUMNS for column in texts
        if titles[column] == word or titles[column].endswith(f" {word}") or titles[column] == f"{word}s"
    ]  # fmt: skip
    chosen = next(iter([*named, *texts, *others]), None)
    names = [cell(place, chosen) for place in spectra]
    if len(set(names)) < len(names):
        marks = [
            column for column in others
            if column != chosen and len({cell(place, column) for place in spectra}) == len(spectra)
        ]  # fmt: skip
        if marks:
            names = [f"{name} {cell(place, marks[0])}" for name, place in zip(names, spectra)]
    plain = len(spectra) == 1 and stem
    return [name or plain or f"Spectrum {number}" for number, name in enumerate(names, 1)]


def _all_light(values: list[float], unit: str) -> bool:
    """Whether every one of some numbers is a wavelength: only then they are one of a table's axes."""
    return all(one is not None for one in wavelengths.read(values, unit).centres)


def _is_text(cell: str) -> bool:
    return bool(cell) and not np.isfinite(_number(cell, decimal_commas=True))


# ---- spectra in columns


def _in_columns(
    rows: list[list[str]], numbers: list[list[float]], head: dict[str, str], stem: str
) -> Table | None:
    """Spectra beside a column of wavelengths, or in pairs of columns; None for other tables."""
    width = max(len(row) for row in rows)
    found = None
    for column in range(min(width, 6)):
        found = _column_of_wavelengths(rows, numbers, column)
        if found is not None:
            break
    if found is None:
        return None
    places, titles, unit = found
    table = np.full((len(places), width), np.nan)
    for line, place in enumerate(places):
        row = numbers[place][:width]
        table[line, : len(row)] = row
    pairs = _pairs(table, column)
    across = table[:, column]
    made: list[tuple[str, Array | None, Array]] = []
    ignored = []
    for other in range(column + 1, width):
        if other in pairs:
            continue
        if other - 1 in pairs:
            across = table[:, other - 1]
        values = table[:, other]
        title = titles[other].strip().lstrip("'") if other < len(titles) else ""
        if np.isfinite(values).sum() < max(FEWEST_BANDS, 0.1 * len(places)):
            ignored += [title] if title else []
            continue
        made.append((title, across, values))
    if head.get("last") and made:
        made = [("", made[-1][1], made[-1][2])]
    if not made:
        return None
    single = head.get("name") or (stem if not any(title for title, _, _ in made) or head else "")
    if len(made) == 1 and single and (head.get("name") or not made[0][0]):
        made = [(single, made[0][1], made[0][2])]
    named = [(name or f"Spectrum {number}", x, y) for number, (name, x, y) in enumerate(made, 1)]
    notes = [f"The columns {_listed(ignored)} hold no numbers: left out."] if ignored else []
    return Table(named, unit, None, notes)


def _column_of_wavelengths(
    rows: list[list[str]], numbers: list[list[float]], column: int
) -> tuple[list[int], list[str], str] | None:
    """Rows, titles and unit of a table whose column holds wavelengths; None where it does not."""
    places = [
        place for place, row in enumerate(numbers)
        if len(row) > column + 1 and np.isfinite(row[column])
        and any(np.isfinite(row[other]) for other in range(column + 1, len(row)))
    ]  # fmt: skip
    if not places:
        return None
    first = places[0]
    # numbers in the lines of a spectrometer's head stand alone; those of the table follow each other
    gap = next(
        (after for before, after in zip(places[-2::-1], places[:0:-1]) if after > before + _HEAD_GAP), first
    )
    places = [place for place in places if place >= gap]
    titles = rows[places[0] - 1] if places[0] else []
    line = " ".join(titles)
    if titles and not len(rows[places[0]]) - 1 <= len(titles) <= len(rows[places[0]]):
        titles = []  # names with blanks in them, of a table that blanks separate, or no names at all
    values = [numbers[place][column] for place in places]
    if len(values) < FEWEST_BANDS:
        return None
    steps = np.diff(values)
    upward = (steps > 0).mean()
    if 1 - _ORDERED < upward < _ORDERED:
        return None
    title = titles[column] if column < len(titles) else line
    if re.match(r"\s*(band|channel|index)s?\b(?!.*wave)", title, re.IGNORECASE):
        return None
    unit = _UNIT.search(title) or _UNIT_WITHIN.search(title)
    return (places, titles, unit[1] if unit else "") if _all_light(values, unit[1] if unit else "") else None


def _pairs(table: Array, first: int) -> set[int]:
    """The further columns of wavelengths in a table of pairs; empty for one column of wavelengths."""
    width = table.shape[1]
    others = list(range(first + 2, width, 2))
    if not others or (width - first) % 2:
        return set()
    low, high = np.nanmin(table[:, first]), np.nanmax(table[:, first])
    for column in others:
        values = table[np.isfinite(table[:, column]), column]
        steps = np.diff(values)
        if len(values) < FEWEST_BANDS or not ((steps > 0).all() or (steps < 0).all()):
            return set()
        alike = low / 3 <= values.min() <= 3 * low and high / 3 <= values.max() <= 3 * high
        if not alike or not _all_light(values.tolist(), ""):
            return set()
    return set(others)


# ---- without wavelengths


def _without_wavelengths(rows: list[list[str]], numbers: list[list[float]], stem: str) -> Table | None:
    """Values by number of the band: one column alone, or beside a column of band numbers."""
    width = max(len(row) for row in rows)
    if width == 1:
        alone = [row[0] for row in numbers if np.isfinite(row[0])]
        if len(alone) < max(FEWEST_BANDS, _MOSTLY * (len(rows) - 2)):
            return None
        title = (
            re.sub(r"^\s*\S*\s*Record=\d+:\s*", "", rows[0][0]) if not np.isfinite(numbers[0][0]) else stem
        )
        return Table([(title, None, np.array(alone))])
    places = [place for place, row in enumerate(numbers) if len(row) == width and np.isfinite(row[0])]
    counted = [numbers[place][0] for place in places]
    if len(counted) < FEWEST_BANDS or not (np.diff(counted) == 1).all() or counted[0] not in (0, 1):
        # a table of some chosen bands still says by its title that these are numbers of bands
        title = rows[places[0] - 1][0] if places and places[0] else ""
        if not re.match(r"\s*(band|channel|index)s?\b", title, re.IGNORECASE):
            return None
    titles = rows[places[0] - 1] if places[0] else []
    made: list[tuple[str, Array | None, Array]] = []
    for column in range(1, width):
        values = np.array([numbers[place][column] for place in places])
        if np.isfinite(values).sum() >= max(FEWEST_BANDS, _MOSTLY * len(places)):
            title = titles[column].lstrip("'").strip() if column < len(titles) else ""
            made.append((title or f"Spectrum {column}", None, values))
    return Table(made, numbers=np.array(counted)) if made else None


def _refusal(file: str, rows: list[list[str]], numbers: list[list[float]]) -> str:
    """What stands in the first line and the first column of a table that is none of spectra."""
    across = _listed([cell for cell in rows[0] if cell][:4]) or "nothing"
    down = _listed([row[0] for row in rows[1:] if row and row[0]][:4]) or "nothing"
    cells = [value for row in numbers[1:] for value in row[1:]]
    if cells and not np.isfinite(cells).any():
        return (
            f"{file} holds no spectra but text about them: its first line begins with {across}, its first "
            f"column with {down}."
        )
    return (
        f"{file} has no row and no column of wavelengths: its first line begins with {across}, its first "
        f"column with {down}."
    )


def _listed(texts: Sequence[str]) -> str:
    shown = [f"“{text[:24]}”" for text in texts[:4]]
    return ", ".join(shown) + (" and others" if len(texts) > 4 else "")  # noqa: PLR2004  a list to read
