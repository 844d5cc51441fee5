"""Finds the Python that an environment can be made from."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from ..translation import tr
from .commands import ask, program
from .find import SET_UP
from .setup_errors import NEWEST_PYTHON, OLDEST_PYTHON, SUPPORTED, SetupError


def base_python() -> str:
    """Find a Python that can make the environment; never QGIS's own program, which would open a second QGIS.

    Raises:
        SetupError: there is none, it is too old or too new, or its venv module is missing.

    """
    seen = []
    for candidate in _base_candidates():
        probe = [candidate, "-c", "import sys; print(*sys.version_info[:2]); import ensurepip, venv"]
        try:
            answer = ask(probe, 30)
        except (OSError, subprocess.SubprocessError):
            continue
        found = re.match(r"(\d+) (\d+)", answer.stdout)
        if not found:
            continue
        major, minor = int(found[1]), int(found[2])
        if not OLDEST_PYTHON <= (major, minor) <= NEWEST_PYTHON:
            seen.append(tr("{} is Python {}.{}").format(candidate, major, minor))
        elif answer.returncode:
            lacks = tr("{} has no venv module (Debian and Ubuntu: sudo apt install python3-venv)")
            seen.append(lacks.format(candidate))
        else:
            return candidate
    raise SetupError(
        tr("No {} was found to make the environment from: {}.").format(
            SUPPORTED, "; ".join(seen) or tr("no Python at all")
        ),
        tr(
            "Install one (python.org, or your system's packages) and try again, or name a Python "
            "that has torch and rasterio in {}."
        ).format(SET_UP),
    )


def _base_candidates() -> list[str]:
    """List the Pythons to try: the running one, the one QGIS was shipped with, then those on the PATH."""
    running, prefix = Path(sys.executable or "python3"), Path(sys.base_prefix)
    tries = [running] if running.stem.lower().startswith("python") else []
    if os.name == "nt":
        tries += [prefix / "python.exe", prefix / "python3.exe"]
        tries += sorted(running.parent.parent.glob("apps/Python3*/python.exe"), reverse=True)
        names = ["python", "python3"]
    else:
        tries += [running.parent / "bin" / "python3", prefix / "bin" / "python3"]
        names = [
            "python3",
            *(f"python3.{minor}" for minor in range(NEWEST_PYTHON[1], OLDEST_PYTHON[1] - 1, -1)),
        ]
    found = [str(path) for path in tries if path.is_file()]
    # Windows puts a "python" there that only opens the Store.
    found += [path for path in map(program, names) if path and "WindowsApps" not in path]
    return list(dict.fromkeys(found))
