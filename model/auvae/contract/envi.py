"""Headers of the ENVI format: keys, lists of numbers, flags and names, and which data file is theirs."""

from __future__ import annotations

import re
from pathlib import Path

_TRUE = {"1", "true", "t", "yes", "y", "good", "on", "ok"}
_FALSE = {"0", "false", "f", "no", "n", "bad", "off"}
_PAIRS = {"{": "}", "[": "]", "(": ")"}
_LONGEST = 1 << 26


def read_header(path: Path) -> dict[str, str] | None:
    """The keys of an ENVI header (lower case, single blanks) with their values as written.

    None where the file is no ENVI header. A byte order mark before it, lists in [ ] and letters of other
    encodings than UTF-8 are understood. Raises OSError.
    """
    with path.open("rb") as file:
        content = file.read(_LONGEST)
    return parse_header(decoded(content))


def decoded(content: bytes) -> str:
    """Text in UTF-8, in UTF-16 with its mark, or in the Latin of Windows."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def parse_header(text: str) -> dict[str, str] | None:
    """The keys of a header's text, as `read_header` gives them."""
    text = text.lstrip("\ufeff")
    if not text.lstrip().upper().startswith("ENVI"):
        return None
    found: dict[str, str] = {}
    lines = iter(text.splitlines()[1:])
    for line in lines:
        key, equals, value = line.partition("=")
        key = " ".join(key.replace("_", " ").split()).lower()
        if not equals or not key or key.startswith(";"):
            continue
        value = value.strip()
        closing = _PAIRS.get(value[:1]) if value[:1] in "{[" else None
        if closing:
            parts = [value]
            depth = _depth(value, value[0], closing)
            while depth > 0:
                following = next(lines, None)
                if following is None:
                    break
                parts.append(following)
                depth += _depth(following, value[0], closing)
            value = "\n".join(parts).strip()
        found.setdefault(key, value)
    return found


def _depth(text: str, opening: str, closing: str) -> int:
    return text.count(opening) - text.count(closing)


def inside(text: str) -> str:
    """What stands between the braces or brackets of a list; other text as it is."""
    text = text.strip()
    if text[:1] in ("{", "[") and text.endswith(_PAIRS[text[0]]):
        return text[1:-1]
    return text.strip("{}[]")


def cells(text: str) -> list[str]:
    """The cells of a list of numbers or flags, which commas, semicolons or blanks separate."""
    return [cell for cell in re.split(r"[,;\s]+", inside(text).strip()) if cell]


def numbers(text: str) -> list[float]:
    """The numbers of "{1, 2.5, 3}" or of "2.5"; empty when anything in it is not a number."""
    try:
        return [float(cell) for cell in cells(text)]
    except ValueError:
        return []


def flags(text: str) -> list[bool] | None:
    """The flags of a list such as "{1, 0.0, true, No}", True for good; None where a cell is no flag."""
    found = []
    for cell in cells(text):
        word = cell.strip("'\"").lower()
        if word in _TRUE or word in _FALSE:
            found.append(word in _TRUE)
            continue
        try:
            found.append(float(word) != 0)
        except ValueError:
            return None
    return found


def names(text: str, count: int) -> list[str] | None:
    """The `count` names of a list; None where they cannot be told apart.

    Commas separate names, unless they stand in quotes or brackets; where that does not give the right count,
    every line is a name.
    """
    body = inside(text)
    lines = [line.strip().removesuffix(",") for line in body.splitlines() if line.strip()]
    for found in (_split(body, ""), _split(body, "([{"), lines):
        tidy = [" ".join(_unquoted(one).split()) for one in found]
        while len(tidy) > count and not tidy[-1]:
            tidy.pop()
        if len(tidy) == count and (count > 1 or tidy[0]):
            return tidy
    return None


def _split(text: str, brackets: str) -> list[str]:
    """Text between commas, except commas in quotes and in these brackets."""
    found, start, waiting, quote = [], 0, [], ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign == '"' or (sign == "'" and not text[start:place].strip()):
            quote = sign if sign in text[place + 1 :] else ""
        elif sign in brackets and _PAIRS[sign] in text[place + 1 :]:
            waiting.append(_PAIRS[sign])
        elif waiting and sign == waiting[-1]:
            waiting.pop()
        elif sign == "," and not waiting:
            found.append(text[start:place])
            start = place + 1
    return [*found, text[start:]]


def _unquoted(name: str) -> str:
    name = name.strip()
    quoted = len(name) > 1 and name[0] == name[-1] and name[0] in "'\""
    return name[1:-1] if quoted else name


TYPE_BYTES = {1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 6: 8, 9: 16, 12: 2, 13: 4, 14: 8, 15: 8}
"""Bytes of a value by ENVI's number of its type."""

# Where programs put the data of a header, the usual endings first; a data file may have any other too.
_ENDINGS = (
    "", ".img", ".dat", ".bsq", ".bil", ".bip", ".raw", ".hyspex", ".cue", ".cub", ".sli", ".esl", ".bin",
    ".tif", ".tiff",
)  # fmt: skip
_NEVER = {
    ".hdr", ".xml", ".txt", ".json", ".csv", ".qml", ".qmd", ".sld", ".ovr", ".msk", ".png", ".jpg", ".jpeg",
    ".pdf", ".html", ".htm", ".zip", ".gz", ".tar", ".prj", ".sta", ".md", ".log", ".wld", ".tfw", ".enp",
}  # fmt: skip


def promised_bytes(header: dict[str, str]) -> int | None:
    """How large the data file of a header is at least; None where the header does not say."""
    try:
        sizes = [int(header.get(key, default)) for key, default in _SIZES]
        value = TYPE_BYTES[int(header["data type"])]
    except (KeyError, ValueError):
        return None
    if min(sizes) < 1:
        return None
    offset = header.get("header offset", "0").strip()
    packed = header.get("file compression", "0").strip() == "1"
    return (
        None if packed else sizes[0] * sizes[1] * sizes[2] * value + (int(offset) if offset.isdigit() else 0)
    )


_SIZES = (("samples", ""), ("lines", ""), ("bands", "1"))


def data_files(header_file: Path) -> list[Path]:
    """The files beside a header that may hold its data: the usual names first, then any other ending."""
    stem = header_file.name[: -len(".hdr")]
    try:
        beside = sorted(entry.name for entry in header_file.parent.iterdir() if entry.is_file())
    except OSError:
        return []
    usual = [stem + ending for ending in _ENDINGS]
    alike = {name.lower(): name for name in reversed(beside)}
    found = [name if name in beside else alike.get(name.lower(), "") for name in usual]
    others = [
        name for name in beside
        if name.rpartition(".")[0] == stem and Path(name).suffix.lower() not in _NEVER
    ]  # fmt: skip
    return [header_file.with_name(name) for name in dict.fromkeys([*found, *others]) if name]


def data_file(header_file: Path, header: dict[str, str]) -> Path | None:
    """The data file of a header: of those beside it the first that is as large as the header promises.

    Where none is, the first of a usual name, which then is cut off; None where nothing lies there.
    """
    candidates = data_files(header_file)
    needed = promised_bytes(header)
    tiff = header.get("file type", "").strip().upper().startswith("TIFF")
    for file in candidates:
        if file.suffix.lower() in (".tif", ".tiff"):
            if tiff or len(candidates) == 1:
                return file
        elif not tiff and (needed is None or file.stat().st_size >= needed):
            return file
    return candidates[0] if candidates else None


def header_of(data: Path) -> Path | None:
    """The header beside a data file: scene.hdr or scene.img.hdr in either case; None where there is none."""
    places = [
        Path(f"{data}.hdr"), Path(f"{data}.HDR"), data.with_suffix(".hdr"), data.with_suffix(".HDR")
    ]  # fmt: skip
    return next((one for one in places if one != data and one.is_file()), None)


def names_looked_for(header_file: Path) -> str:
    """The usual names of a header's data file, for a sentence."""
    stem = header_file.name[: -len(".hdr")]
    return ", ".join(stem + ending for ending in _ENDINGS[:5])
