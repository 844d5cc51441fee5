"""Where the environment that holds torch is, and whether it is complete. Reads files only, starts nothing."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from ..paths import MODEL, PLUGIN
from ..translation import tr

REQUIREMENTS = MODEL / "requirements.txt"
MARKER = "auvae-environment.json"  # written last: an environment without it is not used
SET_UP = "Plugins > AUVAE Unmixing > Set up"


@dataclass(frozen=True)
class WorkerPython:
    """The Python that runs the core.

    Attributes:
        path: Its program.
        problem: Empty, or one sentence that says what to do.
        problem_in_set_up: The same for somebody who has the set-up window open; empty where it is no other.

    """

    path: str
    problem: str = ""
    problem_in_set_up: str = ""


def find_worker_python(configured: str | None = None) -> WorkerPython:
    """Find the worker's Python: the plugin's setting, then AUVAE_PYTHON, then the plugin's own environment.

    A path that somebody named is never passed over in silence: when it does not work, that is the problem.
    Looks at files only and starts nothing, so it is cheap enough for every opening of a dialog.
    """
    if configured:
        return _named_python(configured, "in the plugin's settings")
    if os.environ.get("AUVAE_PYTHON"):
        return _named_python(os.environ["AUVAE_PYTHON"], "in the variable AUVAE_PYTHON")
    return _own_python(own_folder())


def own_folder() -> Path:
    """Return the folder of the plugin's own environment: the checkout's, else one in the user's data."""
    in_checkout = PLUGIN / "build" / "worker"
    return in_checkout if in_checkout.is_dir() else _user_data_folder() / "auvae-unmixing" / "worker"


def _user_data_folder() -> Path:
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def _named_python(name: str, where: str) -> WorkerPython:
    path = Path(name).expanduser().absolute()
    if path.is_file() and os.access(path, os.X_OK) and not path.stem.lower().startswith("qgis"):
        return WorkerPython(str(path))
    return WorkerPython(
        str(path),
        tr(
            "The Python named {}, {}, is not a Python program that can be started: correct it in {}, "
            "or clear it and press Install there."
        ).format(where, path, SET_UP),
    )


def _own_python(folder: Path) -> WorkerPython:
    python = python_in(folder)
    if not folder.is_dir():
        trouble = tr("The Python environment with torch is not installed yet")
    elif not (folder / MARKER).is_file():
        trouble = tr("The installation of the Python environment in {} was not finished").format(folder)
    elif not python.is_file():
        trouble = tr("The Python that the environment in {} was made from is gone").format(folder)
    elif _marked_requirements(folder) != fingerprint():
        trouble = tr("The Python environment in {} was made for another version of this plugin").format(
            folder
        )
    else:
        return WorkerPython(str(python))
    return WorkerPython(
        str(python),
        tr("{}: open {} and press Install.").format(trouble, SET_UP),
        tr("{}: press Install.").format(trouble),
    )


def python_in(folder: Path) -> Path:
    """Return where the Python of a virtual environment lies, whether it is there or not."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def fingerprint() -> str:
    """Return a hash of the pinned requirements, which an environment's marker must hold to be used."""
    return hashlib.sha256(REQUIREMENTS.read_text(encoding="utf-8").encode()).hexdigest()


def _marked_requirements(folder: Path) -> str:
    try:
        return str(json.loads((folder / MARKER).read_text(encoding="utf-8"))["requirements"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
