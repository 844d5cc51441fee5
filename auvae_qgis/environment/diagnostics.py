"""What a person who helps needs to know about this set-up, as text to copy. Nothing secret in it."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Mapping, Sequence

from .check import PythonReport
from .find import find_worker_python, own_folder
from .gpu import GIB, Gpu, torch_build

_SECRET = re.compile(
    r"(://)[^/@\s]+@|((?:password|passwd|token|secret|api_?key)\s*[=:]\s*)\S+", re.IGNORECASE
)
LAST = 30  # lines of the log


def diagnostics(
    versions: Mapping[str, str],
    configured: str | None,
    gpu: Gpu | None,
    report: PythonReport | None,
    log: Sequence[str],
) -> str:
    """Return versions, paths, graphics card and the last lines of the log, passwords left out.

    Args:
        versions: Names and versions of the programs around us, such as QGIS.
        configured: The Python named in the settings.
        gpu: The graphics card that was found.
        report: What the last check of a Python found.
        log: The lines of the window's log.

    """
    found = find_worker_python(configured)
    place = own_folder()
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    card = f"{gpu.name}, {gpu.memory_gib} GiB, driver {gpu.driver}" if gpu else "no NVIDIA card"
    lines = [f"{name}: {version}" for name, version in versions.items()]
    lines += [
        f"System: {platform.platform()}, {platform.machine()}, {os.cpu_count()} processors",
        f"Python of the worker: {found.path}",
        f"State: {found.problem or 'ready'}",
        f"Named in the settings: {configured or 'none'}",
        f"AUVAE_PYTHON: {os.environ.get('AUVAE_PYTHON', 'none')}",
        f"Place of the plugin's own environment: {place}",
        f"Free there: {shutil.disk_usage(existing).free / GIB:.1f} GiB",
        f"Graphics card: {card}",
        f"Build of torch that would follow: {torch_build(gpu)}",
    ]
    if report is not None:
        held = ", ".join(f"{name} {version}" for name, version in report.versions.items())
        trouble = " ".join(filter(None, (report.problem, report.gpu_problem)))
        lines.append(
            f"Last check: Python {report.python}; {held}; {report.gpu or 'processor'}; "
            f"a tiny scene unmixed in {report.seconds:.1f} s"
        )
        lines += [trouble] if trouble else []
    lines += ["", "Last lines:", *log[-LAST:]]
    return without_secrets("\n".join(lines))


def without_secrets(text: str) -> str:
    """Return ``text`` without the names and passwords in addresses, and without tokens."""
    return _SECRET.sub(lambda found: (found[1] or found[2]) + "***" + ("@" if found[1] else ""), text)
