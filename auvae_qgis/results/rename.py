"""Renames an endmember in the files of a finished result, whole or not at all. Knows no layer and no widget.

docs/worker-protocol.md lists every place that holds a name.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import struct
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from osgeo import gdal

from ..translation import tr
from .band_names import set_band_name
from .result import Result

LONGEST_NAME = 80  # characters
LONGEST_STEM = 200  # bytes: file systems end at 255, with ending and sidecars' endings
SIDECARS = (".aux.xml", ".ovr", ".msk")  # beside abundance_NAME.tif
STYLES = (".qml", ".qmd", ".sld")  # in place of its ending
LARGEST_HEAD = 100_000_000  # bytes of a safetensors header, as its own library has it


class RenameError(ValueError):
    """The endmember keeps its name and no file has changed; the text says why."""


@dataclass(frozen=True)
class Renamed:
    """What renaming did: the result as it now is, and the map's file before and after."""

    result: Result
    index: int
    old_name: str
    old_file: Path
    new_file: Path


def checked_name(result: Result, index: int, name: str) -> str:
    """Return ``name`` as it would be written; raises RenameError when it cannot be an endmember's name."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in name).split())
    plain = re.sub(r"<(?=[A-Za-z/!?])", "‹", plain)  # QGIS shows the names of bands as HTML
    if not plain:
        raise RenameError(tr("An endmember needs a name."))
    if len(plain) > LONGEST_NAME:
        raise RenameError(tr("This name has {} characters; {} are allowed.").format(len(plain), LONGEST_NAME))
    others = [one.name.casefold() for place, one in enumerate(result.endmembers) if place != index]
    if plain.casefold() in others:
        raise RenameError(tr("Another endmember of this result is already called “{}”.").format(plain))
    return plain


def rename(folder: Path, index: int, name: str) -> Renamed:
    """Call endmember ``index`` of the result in ``folder`` by another name, in all its files.

    The map goes on to exist under its old file name, too, until `forget_old_map`: layers may show it.

    Raises RenameError; then everything is as it was.
    """
    result = Result.read(folder)
    name = checked_name(result, index, name)
    old = result.endmembers[index]
    old_file, new_file = folder / old.file, folder / _map_file(result, index, name)
    document = json.loads(json.dumps(result.document))
    document["endmembers"][index] |= {"name": name, "file": new_file.name}
    try:
        # leaving the stack undoes what was done, last first, unless it is emptied
        with tempfile.TemporaryDirectory(dir=folder, prefix=".rename-") as staging, ExitStack() as undo:
            contents = _contents(result, document, index, name)
            for file, content in contents.items():
                (Path(staging) / file).write_bytes(content)
                shutil.copy2(folder / file, Path(staging) / f"{file}.before")
            if new_file != old_file and old_file.is_file():
                _copy_map(old_file, new_file, undo)
            for raster, band in (
                (folder / document["files"].get("abundances", ""), index + 1),
                (folder / document["files"].get("uncertainty", ""), index + 1),
                (new_file, 1),
            ):
                if raster.is_file():
                    _describe(raster, band, name, undo)
            for file in contents:  # result.json is the last of them: it makes the new name hold
                undo.callback((Path(staging) / f"{file}.before").replace, folder / file)
                (Path(staging) / file).replace(folder / file)
            undo.pop_all()
    except (OSError, RuntimeError, ValueError, LookupError, TypeError) as error:
        raise RenameError(
            tr("“{}” could not be renamed, and nothing was changed: {}.").format(
                old.name, getattr(error, "strerror", None) or error
            )
        ) from error
    return Renamed(Result.read(folder), index, old.name, old_file, new_file)


def forget_old_map(renamed: Renamed) -> None:
    """Remove the map's file of the old name, once no layer shows it any more."""
    if renamed.old_file == renamed.new_file:
        return
    for path in _with_sidecars(renamed.old_file):
        with contextlib.suppress(OSError):  # still open elsewhere on Windows: a file too many does no harm
            path.unlink()


def _map_file(result: Result, index: int, name: str) -> str:
    """Return a file name for the map: plain characters, unlike any other even where case is ignored."""
    stem = re.sub(r"[^\w-]+", "_", name).strip("_")
    stem = stem.encode()[:LONGEST_STEM].decode(errors="ignore") or "unnamed"
    current = result.endmembers[index].file
    taken = {path.name.lower() for path in result.folder.iterdir()} - {current.lower()}
    file, number = f"abundance_{stem}.tif", 2
    while file.lower() in taken:
        file, number = f"abundance_{stem}_{number}.tif", number + 1
    return current if file.lower() == current.lower() else file


def _with_sidecars(path: Path) -> list[Path]:
    beside = [Path(f"{path}{ending}") for ending in SIDECARS] + [path.with_suffix(one) for one in STYLES]
    return [path, *(one for one in beside if one.is_file())]


def _copy_map(old: Path, new: Path, undo: ExitStack) -> None:
    """Let the map exist under its new name, too, without copying its pixels where the disk can do that."""
    for path in _with_sidecars(old):
        ending = path.name[len(old.name) :] if path.name.startswith(old.name) else None
        copy = Path(f"{new}{ending}") if ending is not None else new.with_suffix(path.suffix)
        undo.callback(copy.unlink, missing_ok=True)
        try:
            os.link(path, copy)
        except OSError:
            shutil.copy2(path, copy)


def _describe(path: Path, band: int, name: str, undo: ExitStack) -> None:
    """Write the description of a band; raises OSError when it did not arrive."""
    before = _description(path, band)
    undo.callback(_set_description, path, band, before)
    _set_description(path, band, name)
    if _description(path, band) != name:
        raise OSError(tr("{} cannot be written").format(path.name))


def _description(path: Path, band: int) -> str:
    raster = _raster(path, gdal.OF_READONLY)  # a band lives as long as its raster
    return str(raster.GetRasterBand(band).GetDescription())


def _set_description(path: Path, band: int, name: str) -> None:
    if not set_band_name(path, band, name):  # a raster without names, which somebody has written anew
        raster = _raster(path, gdal.OF_UPDATE)
        raster.GetRasterBand(band).SetDescription(name)
        raster.FlushCache()
    beside = Path(
        f"{path}.aux.xml"
    )  # with statistics GDAL puts down descriptions, too, and believes these first
    if beside.is_file():
        text = beside.read_text(encoding="utf-8")
        described = rf'(<PAMRasterBand band="{band}">\s*<Description>)[^<]*'
        beside.write_text(re.sub(described, lambda found: found[1] + escape(name), text), encoding="utf-8")


def _raster(path: Path, mode: int) -> Any:
    raster = gdal.OpenEx(str(path), gdal.OF_RASTER | mode)
    if raster is None:
        raise OSError(gdal.GetLastErrorMsg() or str(path))
    return raster


def _contents(result: Result, document: dict[str, Any], index: int, name: str) -> dict[str, bytes]:
    """Return what the files that hold names are to hold, result.json last; files that are gone hold none."""
    files, folder = document["files"], result.folder
    names = [one["name"] for one in document["endmembers"]]
    old_name = result.endmembers[index].name
    writers: list[tuple[str, Callable[[Path], bytes]]] = [
        (files.get("endmembers", ""), lambda path: _table(path, index, name)),
        (files.get("spread", ""), lambda path: _table(path, index, name)),
        (
            str(Path(files.get("library", "endmembers.sli")).with_suffix(".hdr")),
            lambda path: _library_header(path, names),
        ),
        (f"{files.get('dominant', '')}.aux.xml", lambda path: _class_names(path, index, name)),
        (files.get("purest", ""), lambda path: _points(path, index, name)),
        (files.get("model", ""), lambda path: _model(path, index, name)),
        (files.get("report", ""), lambda path: _report(path, old_name, name)),
    ]
    contents = {file: write(folder / file) for file, write in writers if (folder / file).is_file()}
    contents["result.json"] = (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
    return contents


def _report(path: Path, old_name: str, name: str) -> bytes:
    mark = 'class="endmember">{}<'
    page = path.read_text(encoding="utf-8")
    return page.replace(mark.format(escape(old_name)), mark.format(escape(name))).encode()


def _table(path: Path, index: int, name: str) -> bytes:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[0][index + 1] = in_table(name)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def in_table(name: str) -> str:
    """Return a name as it stands in a table, where no spreadsheet takes it for a formula."""
    return f"'{name}" if name[0] in "=+-@" else name


def _library_header(path: Path, names: list[str]) -> bytes:
    listed = ", ".join(re.sub(r"[{},\r\n]", " ", name) for name in names)
    text = path.read_text(encoding="utf-8")
    line = f"spectra names = {{{listed}}}"
    return re.sub(r"^spectra names = \{[^}]*\}", lambda _: line, text, flags=re.MULTILINE).encode()


def _class_names(path: Path, index: int, name: str) -> bytes:
    """Return the class names beside the map of the dominant material; the first is that of no class."""
    text = path.read_text(encoding="utf-8")
    listed = list(re.finditer(r"<Category\s*/>|<Category>[^<]*</Category>", text))
    start, end = listed[index + 1].span()
    return f"{text[:start]}<Category>{escape(name)}</Category>{text[end:]}".encode()


def _points(path: Path, index: int, name: str) -> bytes:
    """Return the points of the purest pixels with another name on those of one endmember."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for feature in document["features"]:
        if feature["properties"]["endmember"] == index + 1:
            feature["properties"]["name"] = name
    return json.dumps(document, ensure_ascii=False).encode()


def _model(path: Path, index: int, name: str) -> bytes:
    """Return the model with another name in its metadata: a safetensors file is a length, a JSON, numbers."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    if length > min(LARGEST_HEAD, len(content) - 8):
        raise ValueError(tr("{} is damaged").format(path.name))
    head = json.loads(content[8 : 8 + length])
    names = json.loads(head["__metadata__"]["names"])
    names[index] = name
    head["__metadata__"]["names"] = json.dumps(names)
    text = json.dumps(head, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of eight bytes
    return struct.pack("<Q", len(text)) + text + content[8 + length :]
