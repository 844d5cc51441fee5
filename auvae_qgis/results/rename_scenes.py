"""Renames an endmember in all scenes that were unmixed with one model, and in the summary of a run.

Whole or not at all, as rename.py does it for one result, whose work it does for each.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import tempfile
from contextlib import ExitStack
from html import escape
from pathlib import Path
from typing import Any

from ..translation import tr
from .rename import Renamed, RenameError, checked_name, forget_old_map, in_table, rename
from .result import Result, ResultError

SUMMARY = "summary.json"
_LARGEST = 100_000_000  # bytes of a summary


def rename_in_scenes(folder: Path, index: int, name: str) -> list[Renamed]:
    """Rename endmember ``index`` of the result in ``folder``, and where scenes share a model, of all of them.

    Returns what was renamed, the result in ``folder`` first. Raises RenameError; then all is as it was.
    """
    summary = _summary(folder)
    if summary is None:
        return [rename(folder, index, name)]
    result = Result.read(folder)
    old_name, new_name = result.endmembers[index].name, checked_name(result, index, name)
    scenes = [folder, *_others(folder, summary, index, old_name)]
    done: list[Renamed] = []
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".rename-") as place, ExitStack() as undo:
            # Everything that may be wrong with the summary is found before a scene is touched.
            names = {one.name for one in scenes}
            files = _staged(Path(place), folder.parent, summary, names, index, (old_name, new_name))
            for scene in scenes:
                done.append(rename(scene, index, name))
                undo.callback(_rename_back, done[-1], index)
            for file in files:
                undo.callback(Path(place, f"{file}.before").replace, folder.parent / file)
                Path(place, file).replace(folder.parent / file)
            undo.pop_all()
    except RenameError:
        raise
    except (OSError, ValueError, LookupError) as error:
        raise RenameError(
            tr("“{}” could not be renamed, and nothing was changed: {}.").format(
                old_name, getattr(error, "strerror", None) or error
            )
        ) from error
    return done


def _rename_back(renamed: Renamed, index: int) -> None:
    with contextlib.suppress(RenameError, OSError):
        forget_old_map(renamed)  # whose file name is the one to go back to
        forget_old_map(rename(renamed.result.folder, index, renamed.old_name))


def _summary(folder: Path) -> dict[str, Any] | None:
    """Return what a run over many scenes says of them, where this result is one of them."""
    path = folder.parent / SUMMARY
    try:
        if path.stat().st_size > _LARGEST:
            return None
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("format") != "auvae-scenes":
        return None
    lists = (("scenes", {"folder"}), ("rows", {"folder", "material"}))
    if not all(_are_texts(document.get(name), keys) for name, keys in lists):
        return None
    if not isinstance(document.get("options"), dict):
        return None
    return document if folder.name in [scene["folder"] for scene in document["scenes"]] else None


def _are_texts(items: object, keys: set[str]) -> bool:
    """Say whether this is a list of objects in which these keys hold text."""
    return isinstance(items, list) and all(
        isinstance(item, dict) and all(isinstance(item.get(key), str) for key in keys) for item in items
    )


def _others(folder: Path, summary: dict[str, Any], index: int, old_name: str) -> list[Path]:
    """Return the other results of the same model, in which this endmember has the same name."""
    if summary["options"].get("models") != "one":
        return []
    run = Result.read(folder).document.get("run")
    found = []
    for scene in summary["scenes"]:
        other = folder.parent / Path(scene["folder"]).name  # a name: never a way elsewhere
        if other == folder:
            continue
        try:
            result = Result.read(other)
        except ResultError:
            continue  # somebody removed it
        if not run or result.document.get("run") != run or index >= len(result.endmembers):
            continue
        if result.endmembers[index].name == old_name:
            found.append(other)
    return found


def _staged(
    place: Path, folder: Path, summary: dict[str, Any], scenes: set[str], index: int, names: tuple[str, str]
) -> list[str]:
    """Write the summary's files to ``place``, the new name for the old, and beside them what they were."""
    old_name, new_name = names
    for row in summary["rows"]:
        if row["folder"] in scenes and row["material"] == old_name:
            row["material"] = new_name
    contents = {SUMMARY: json.dumps(summary, indent=1, ensure_ascii=False) + "\n"}
    if (folder / "summary.csv").is_file():
        contents["summary.csv"] = _table(folder / "summary.csv", scenes, old_name, new_name)
    if (folder / "summary.html").is_file():
        page = (folder / "summary.html").read_text(encoding="utf-8")
        for mark in _marks(summary, scenes, index):
            page = page.replace(f"{mark}>{escape(old_name)}<", f"{mark}>{escape(new_name)}<")
        contents["summary.html"] = page
    for file, text in contents.items():
        (place / file).write_text(text, encoding="utf-8")
        shutil.copy2(folder / file, place / f"{file}.before")
    return list(contents)


def _marks(summary: dict[str, Any], scenes: set[str], index: int) -> list[str]:
    """Return what stands before the name in the page: with a model each, scene and number."""
    if summary["options"].get("models") == "one":
        return ['class="endmember"']
    order = [scene["folder"] for scene in summary["scenes"]]
    return [f'id="endmember-{order.index(scene)}-{index}"' for scene in scenes]


def _table(path: Path, scenes: set[str], old_name: str, new_name: str) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    material, folder = rows[0].index("material"), rows[0].index("folder")
    for row in rows[1:]:
        if row[folder] in scenes and row[material] == in_table(old_name):
            row[material] = in_table(new_name)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
