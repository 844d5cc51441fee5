"""Checks what a Python holds: version, libraries, and a GPU that torch can use. Takes seconds."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..paths import MODEL
from ..translation import tr
from .commands import ask
from .find import REQUIREMENTS
from .setup_errors import OLDEST_PYTHON, SUPPORTED, known_cause

PROBE = Path(__file__).with_name("probe_script.py")
FOR_CLUSTERS = {"distributed"}  # a Python that somebody named will do without


@dataclass(frozen=True)
class PythonReport:
    """What a Python holds: version, libraries, the GPU that torch can use.

    `problem` says in one sentence why this Python cannot run the worker, `gpu_problem` why the worker cannot
    use the GPU of this computer; it then computes on the processor.
    """

    python: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    gpu: str = ""
    problem: str = ""
    gpu_problem: str = ""
    seconds: float = 0.0  # to train and map a tiny scene on that device, the start of its libraries included


def check_python(path: str, cancelled: Callable[[], bool] = lambda: False) -> PythonReport:
    """Start the Python at `path` and report what it holds; takes seconds, so not on the GUI thread.

    Raises:
        SetupCancelled: `cancelled()` became true.

    """
    pinned = set(re.findall(r"(?m)^([a-z0-9]+)==", REQUIREMENTS.read_text(encoding="utf-8")))
    wanted = sorted(pinned - FOR_CLUSTERS)
    # -I: no module beside the script, nor of the current folder, can stand in for a library's.
    try:
        answer = ask([path, "-I", "-X", "utf8", str(PROBE), str(MODEL), *wanted], 180, cancelled)
        found = json.loads(answer.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return PythonReport(
            problem=tr("{} did not answer within three minutes: try again, or press Install.").format(path)
        )
    except (OSError, ValueError, IndexError):
        return PythonReport(
            problem=tr("{} is not a Python that can be started: correct the path, or press Install.").format(
                path
            )
        )
    return PythonReport(
        found["python"],
        found["versions"],
        found["gpu"],
        _verdict(path, found),
        found["gpu_trouble"]
        and tr("The graphics card failed when a tiny scene was unmixed on it ({}). {}").format(
            found["gpu_trouble"], found["gpu_remedy"]
        ),
        found.get("seconds", 0.0),
    )


def _verdict(path: str, found: dict[str, object]) -> str:
    version = tuple(map(int, str(found["python"]).split(".")[:2]))
    if version < OLDEST_PYTHON:
        return tr("{} is Python {}, but {} is needed: name another, or press Install.").format(
            path, found["python"], SUPPORTED
        )
    missing, trouble = found["missing"], str(found["trouble"])
    if isinstance(missing, list) and missing:
        unknown = tr("{} cannot load {} ({}): name another Python, or press Install.").format(
            path, ", ".join(missing), trouble
        )
        return str(known_cause(trouble) or unknown)
    return ""
