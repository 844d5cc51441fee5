"""Builds and removes the environment that holds torch; blocks for minutes, so not on the GUI thread.

The plugin's Install button and the Makefile run this same code. What can go wrong is put into words in
setup_errors.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import shutil
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from ..paths import MODEL, PLUGIN
from ..translation import tr
from .base_python import base_python
from .check import PythonReport, check_python
from .commands import ask, kill, start
from .find import MARKER, REQUIREMENTS, fingerprint, python_in
from .gpu import GIB, Gpu, detect_gpu, expected_gib
from .setup_errors import SetupCancelled, SetupError, explained

HASHED_REQUIREMENTS = MODEL / "requirements-hashed.txt"
DEVELOPMENT_REQUIREMENTS = PLUGIN / "tools" / "requirements-worker.txt"
MEASURE_EVERY = 2.0  # seconds; a walk through 20 000 files takes a while on Windows

Report = Callable[[float, str], None]


@dataclass(frozen=True)
class Step:
    """One command of an installation and the words for people that stand for it."""

    text: str
    argv: list[str]


def remove(folder: Path) -> None:
    """Remove the environment in `folder`, to be called off the GUI thread; another folder is left alone.

    Raises:
        SetupError: it holds something else, or a file of it is in use.

    """
    if not folder.is_dir():
        return
    if not (folder / "pyvenv.cfg").is_file():
        raise SetupError(
            tr("{} holds something other than a Python environment.").format(folder),
            tr("Nothing was removed."),
        )
    aside = folder.with_name(folder.name + ".removed")
    try:
        shutil.rmtree(aside, ignore_errors=True)  # what an interrupted removal left
        folder.rename(aside)  # at once: half an environment would be taken for something else
        _discard(aside)
    except OSError as reason:
        raise SetupError(
            tr("{} cannot be removed completely ({}).").format(folder, reason.strerror),
            tr("Stop any unmixing that is running and press Remove again."),
        ) from reason


def install_commands(folder: Path, pip_settings: str, *, development: bool = False) -> list[Step]:
    """List the commands that fill the empty virtual environment `folder`.

    AUVAE_WHEELS may name a folder of wheels: then nothing else is asked, and no network is needed.
    `pip_settings` is what `pip config list` prints. Where they name a place to install from (a mirror, a
    folder of wheels), that place is respected and plain pip is used: its files may have been built anew. Else
    all but torch must have the hashes of requirements-hashed.txt, and uv picks torch's CPU or CUDA build from
    PyTorch's own index after the GPU and driver that it finds.
    """
    python = str(python_in(folder))
    wanted = ["-r", str(REQUIREMENTS)]
    if development:
        wanted += ["-r", str(DEVELOPMENT_REQUIREMENTS)]
    pip = [python, "-m", "pip", "install", "--no-input", "--prefer-binary"]
    wheels = os.environ.get("AUVAE_WHEELS")
    if wheels:
        local = ["--no-index", "--find-links", str(Path(wheels).absolute())]
        steps = [
            Step(tr("Installing torch and its companions from {}").format(wheels), [*pip, *local, *wanted])
        ]
    elif _names_a_source(pip_settings):
        text = tr("Installing torch and its companions (pip, as your pip settings say)")
        steps = [Step(text, [*pip, *wanted])]
    else:
        uv = [python, "-m", "uv", "pip", "install", "--python", python, "--no-cache", "--torch-backend=auto"]
        steps = [
            Step(
                tr(
                    "Installing torch's companions and the installer uv from the Python Package Index, "
                    "by their hashes"
                ),
                [*pip, "--require-hashes", "--only-binary=:all:", "-r", str(HASHED_REQUIREMENTS)],
            ),
            Step(
                tr("Installing torch from PyTorch's own index, as the graphics card needs it"),
                [*uv, *wanted],
            ),
        ]
    if development:
        core = ["--no-deps", "--no-build-isolation", "--editable", str(MODEL)]
        steps.append(Step(tr("Installing the command auvae"), [*pip, *core]))
    return steps


def _names_a_source(pip_settings: str) -> bool:
    return bool(re.search(r"\.(index-url|extra-index-url|find-links|no-index)=", pip_settings))


def _network_variables(pip_settings: str) -> dict[str, str]:
    """Return pip's proxy and certificate as the variables that uv reads in their place."""
    settings = dict(re.findall(r"(?m)\.(proxy|cert)='(.+)'$", pip_settings))
    variables = {"proxy": "HTTPS_PROXY", "cert": "SSL_CERT_FILE"}
    return {variables[name]: value for name, value in settings.items()}


def build(
    folder: Path,
    report: Report,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    development: bool = False,
) -> None:
    """Build the environment in `folder`; blocks for minutes, so call it from a thread or task.

    `report` gets a fraction (0 to 1, never falling) and a line of text, '' when only the fraction moved. An
    environment that was there before is put back when the new one is not completed.

    Raises:
        SetupCancelled: `cancelled()` became true; it is asked four times a second.
        SetupError: no suitable Python, no room, no network, and so on, each with its remedy.

    """
    folder = Path(folder).absolute()
    base = base_python()
    gpu = detect_gpu()
    disk_gib = expected_gib(gpu)[1]
    previous = _clear_place(folder, disk_gib)
    complete = False
    try:
        checked = _fill(_Progress(folder, disk_gib, report), base, gpu, cancelled, development=development)
        shutil.rmtree(folder / "temporary", ignore_errors=True)
        (folder / MARKER).write_text(json.dumps({"requirements": fingerprint()}), encoding="utf-8")
        complete = True
        versions = ", ".join(f"{name} {version}" for name, version in checked.versions.items())
        report(1.0, tr("Done: {}").format(versions))
    except (OSError, subprocess.SubprocessError) as reason:
        raise explained(str(reason)) from reason
    finally:
        if not complete:
            shutil.rmtree(folder, ignore_errors=True)
            if previous and not folder.exists():
                previous.rename(folder)
        elif previous:
            with contextlib.suppress(OSError):
                _discard(previous)


def _fill(
    progress: _Progress, base: str, gpu: Gpu | None, cancelled: Callable[[], bool], *, development: bool
) -> PythonReport:
    """Make the environment with the Python ``base``, install into it, and return what it holds.

    Raises:
        SetupCancelled: `cancelled()` became true.
        SetupError: a step failed, or the libraries do not load.

    """
    making = tr("Making an environment with {}").format(base)
    _run(Step(making, [base, "-m", "venv", str(progress.folder)]), progress, cancelled)
    python = str(python_in(progress.folder))
    pip_settings = ask([python, "-m", "pip", "config", "list"], 60, cancelled).stdout
    network = _network_variables(pip_settings)
    for step in install_commands(progress.folder, pip_settings, development=development):
        _run(step, progress, cancelled, network)
    progress.line(tr("Checking that torch and its companions start"))
    checked = check_python(python, cancelled)
    if checked.problem:
        raise SetupError(checked.problem, tr("If that does not help, report it with the lines above."))
    if gpu and not checked.gpu:
        trouble = checked.gpu_problem or tr("This build of torch does not use {}.").format(gpu.name)
        progress.line(tr("{} Unmixing will run on the processor.").format(trouble))
    return checked


def _clear_place(folder: Path, disk_gib: float) -> Path | None:
    """Make way for a new environment and return where an earlier one now waits, or None."""
    previous = folder.with_name(folder.name + ".previous")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").is_file():
        raise SetupError(
            tr("{} holds something other than a Python environment.").format(folder),
            tr("Choose another folder."),
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if (folder / MARKER).is_file():
            _discard(previous)
            folder.rename(previous)
        else:
            _discard(folder)
    except OSError as reason:
        raise SetupError(
            tr("{} cannot be replaced ({}).").format(folder, reason.strerror),
            tr("Stop any unmixing that is running, see that you may write there, and install again."),
        ) from reason
    free_gib = shutil.disk_usage(folder.parent).free / GIB
    if free_gib < disk_gib:
        if (previous / MARKER).is_file():
            previous.rename(folder)
        raise SetupError(
            tr("The environment takes about {:.1f} GiB; {} has {:.1f} GiB left.").format(
                disk_gib, folder.parent, free_gib
            ),
            tr("Free some space and install again."),
        )
    return previous if previous.is_dir() else None


def _discard(folder: Path) -> None:
    """Remove a folder if it is there; of a link only the link, never what it points to."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        shutil.rmtree(folder)


class _Progress:
    """Turns growth of the folder into a fraction, because pip and uv say nothing during a large download."""

    def __init__(self, folder: Path, disk_gib: float, report: Report) -> None:
        self.folder = folder
        self._bytes_expected = disk_gib * GIB
        self._report = report
        self._fraction = 0.0
        self._measured = time.monotonic()

    def line(self, text: str) -> None:
        self._report(self._fraction, text)

    def tick(self) -> None:
        if time.monotonic() - self._measured < MEASURE_EVERY:
            return
        size = sum(_size(Path(place, name)) for place, _, names in os.walk(self.folder) for name in names)
        self._fraction = max(self._fraction, min(0.95, size / self._bytes_expected))
        self._measured = time.monotonic()
        self._report(self._fraction, "")


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0  # an installer's temporary files come and go


def _run(
    step: Step,
    progress: _Progress,
    cancelled: Callable[[], bool],
    network: dict[str, str] | None = None,
) -> None:
    """Run one step to its end, passing its lines on.

    Raises:
        SetupCancelled: `cancelled()` became true.
        SetupError: the command failed.

    """
    progress.line(step.text)
    # Downloads are unpacked beside their destination: a small /tmp must not stop a large installation.
    temporary = progress.folder / "temporary"
    variables = {"UV_SYSTEM_CERTS": "1"} | (network or {})
    if progress.folder.is_dir():
        temporary.mkdir(exist_ok=True)
        variables |= {"TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    process = start(step.argv, variables)
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pump, args=(process, lines), daemon=True).start()
    last_lines: deque[str] = deque(maxlen=40)
    try:
        while True:
            if cancelled():
                raise SetupCancelled
            try:
                text = lines.get(timeout=0.25)
            except queue.Empty:
                progress.tick()
                continue
            if text is None:
                break
            last_lines.append(text)
            progress.line(text)
            progress.tick()
        if process.wait() != 0:
            raise explained("\n".join(last_lines))
    finally:
        if process.poll() is None:
            kill(process)


def _pump(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    for line in process.stdout or ():
        if line.strip():
            lines.put(line.rstrip())
    lines.put(None)
