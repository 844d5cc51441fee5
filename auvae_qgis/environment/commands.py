"""Starts the programs that an installation needs, in an environment without what QGIS sets for itself."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from ..paths import MODEL
from .setup_errors import SetupCancelled


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what QGIS sets for its own Python, GDAL and PROJ."""
    foreign = re.compile(
        r"PYTHON|PROJ_|GDAL_|LD_LIBRARY_PATH$|VIRTUAL_ENV$|__PYVENV_LAUNCHER__$", re.IGNORECASE
    )
    kept = {name: value for name, value in os.environ.items() if not foreign.match(name)}
    return kept | {"PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}


def program(name: str) -> str:
    """Return a program in the folders of PATH, "" where there is none.

    Windows itself would look first in the folder that QGIS was started in, which may hold anything.
    """
    file = f"{name}.exe" if os.name == "nt" else name
    places = (Path(folder, file) for folder in os.get_exec_path())
    return next((str(place) for place in places if place.is_absolute() and shutil.which(place)), "")


def start(
    argv: list[str], variables: dict[str, str], errors: int = subprocess.STDOUT
) -> subprocess.Popen[str]:
    """Start a command in the model folder, never in the folder of somebody's project, and return it.

    Args:
        argv: The program and its arguments.
        variables: Set beside what the clean environment holds.
        errors: Where its standard error goes; by default where its output goes.

    """
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=clean_environment() | variables,
        cwd=MODEL,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def ask(
    argv: list[str], seconds: float, cancelled: Callable[[], bool] = lambda: False
) -> subprocess.CompletedProcess[str]:
    """Run a short command and return what it printed, its standard error left out.

    Raises:
        SetupCancelled: ``cancelled()`` became true; it is asked four times a second.
        subprocess.TimeoutExpired: The command did not end within ``seconds``.
        OSError: The program could not be started.

    """
    process = start(argv, {}, subprocess.DEVNULL)
    deadline = time.monotonic() + seconds
    try:
        while True:
            try:
                printed, _ = process.communicate(timeout=0.25)
                return subprocess.CompletedProcess(argv, process.returncode, printed)
            except subprocess.TimeoutExpired:
                if cancelled():
                    raise SetupCancelled from None
                if time.monotonic() > deadline:
                    raise
    finally:
        if process.poll() is None:
            kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """End a command and all that it has started, and wait until it is gone."""
    if os.name == "nt":
        taskkill = str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe"))
        ask([taskkill, "/F", "/T", "/PID", str(process.pid)], 15)
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
