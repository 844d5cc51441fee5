"""Copies a result from QGIS's temporary folder to one that stays, whole or not at all. Knows no layer."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from ..translation import tr
from .result import Result, ResultError


class KeepError(ValueError):
    """The result stays where it is; the text says why."""


def is_temporary(path: Path) -> bool:
    """Tell whether ``path`` lies in the system's temporary folder, which is emptied sooner or later."""
    return Path(tempfile.gettempdir()).resolve() in path.resolve().parents


def keep(result: Result, folder: Path) -> Result:
    """Copy ``result`` to ``folder``, which must be new or empty.

    Raises:
        KeepError: ``folder`` holds something, or cannot be written; nothing is left of the attempt.

    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise KeepError(tr("“{}” holds files already: choose a new or an empty folder.").format(folder))
    staged = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(staged, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(result.folder, staged)
        if folder.is_dir():
            folder.rmdir()
        staged.replace(folder)
        return Result.read(folder)
    except (OSError, ResultError) as error:
        shutil.rmtree(staged, ignore_errors=True)
        reason = getattr(error, "strerror", None) or error
        raise KeepError(tr("The result could not be copied to “{}”: {}.").format(folder, reason)) from error
