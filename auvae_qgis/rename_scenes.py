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

from .rename import Renamed, RenameError, forget_old_map, in_table, rename
from .result import Result, ResultError
from .translation import tr

SUMMARY = "summary.json"
_LARGEST = 100_000_000  # bytes of a summary


def rename_in_scenes(folder: Path, index: int, name: str) -> list[Renamed]:
    """Rename endmember ``index`` of the result in ``folder``, and where scenes share a model, of all of them.

    Returns what was renamed, the result in ``folder`` first. Raises RenameError; then all is as it was.
    """
    old_name = Result.read(folder).endmembers[index].name
    summary = _summary(folder)
    scenes = [folder, *(_others(folder, summary, index, old_name) if summary else ())]
    done: list[Renamed] = []
    try:
        for scene in scenes:
            done.append(rename(scene, index, name))  # noqa: PERF401 (those before an error are undone)
        if summary:
            _rename_in_summary(folder.parent, summary, {scene.name for scene in scenes}, index, done[0])
    except (OSError, ValueError, LookupError, TypeError) as error:
        for one in reversed(done):
            with contextlib.suppress(RenameError, OSError):
                forget_old_map(one)  # whose file name is the one to go back to
                forget_old_map(rename(one.result.folder, index, old_name))
        if isinstance(error, RenameError):
            raise
        raise RenameError(
            tr("“{}” could not be renamed, and nothing was changed: {}.").format(
                old_name, getattr(error, "strerror", None) or error
            )
        ) from error
    return done


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


def _rename_in_summary(
    folder: Path, summary: dict[str, Any], scenes: set[str], index: int, renamed: Renamed
) -> None:
    """Give the summary's files the new name."""
    new_name = renamed.result.endmembers[renamed.index].name
    rows = [row for row in summary["rows"] if row["folder"] in scenes and row["material"] == renamed.old_name]
    for row in rows:
        row["material"] = new_name
    contents = {SUMMARY: json.dumps(summary, indent=1, ensure_ascii=False) + "\n"}
    if (folder / "summary.csv").is_file():
        contents["summary.csv"] = _table(folder / "summary.csv", scenes, renamed.old_name, new_name)
    if (folder / "summary.html").is_file():
        page = (folder / "summary.html").read_text(encoding="utf-8")
        for mark in _marks(summary, scenes, index):
            page = page.replace(f"{mark}>{escape(renamed.old_name)}<", f"{mark}>{escape(new_name)}<")
        contents["summary.html"] = page
    with tempfile.TemporaryDirectory(dir=folder, prefix=".rename-") as staging, ExitStack() as undo:
        for file, text in contents.items():
            Path(staging, file).write_text(text, encoding="utf-8")
            shutil.copy2(folder / file, Path(staging, f"{file}.before"))
        for file in contents:
            undo.callback(Path(staging, f"{file}.before").replace, folder / file)
            Path(staging, file).replace(folder / file)
        undo.pop_all()


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
