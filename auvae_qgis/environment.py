"""The Python environment that holds torch: where it is, whether it is complete, how it is built and checked.

Standard library only and no qgis, because the plugin's Install button and the Makefile run this same code
(python3 -m auvae_qgis.environment). What can go wrong is put into words in setup_errors.py.
What is started in the environment lives in worker.py, the window that shows it in gui/.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from .setup_errors import (
    NEWEST_PYTHON,
    OLDEST_PYTHON,
    SUPPORTED,
    SetupCancelled,
    SetupError,
    explained,
    known_cause,
)
from .translation import tr

PLUGIN = Path(__file__).resolve().parent.parent
REQUIREMENTS = PLUGIN / "model" / "requirements.txt"
HASHED_REQUIREMENTS = PLUGIN / "model" / "requirements-hashed.txt"
_START = PLUGIN / "model"  # where Python and uv look first: never the folder of somebody's project
DEVELOPMENT_REQUIREMENTS = PLUGIN / "tools" / "requirements-worker.txt"

FOR_CLUSTERS = {"distributed"}  # a Python that somebody named will do without

MARKER = "auvae-environment.json"  # written last: an environment without it is not used
SET_UP = "Plugins > AUVAE Unmixing > Set up"
GIB = 1024**3
MEASURE_EVERY = 2.0  # seconds; a walk through 20 000 files takes a while on Windows

Report = Callable[[float, str], None]


@dataclass(frozen=True)
class WorkerPython:
    """The Python that runs the core; `problem` is empty, or one sentence that says what to do."""

    path: str
    problem: str = ""


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU as its driver reports it."""

    name: str
    driver: str
    memory_gib: float


@dataclass(frozen=True)
class Step:
    """One command of an installation and the words for people that stand for it."""

    text: str
    argv: list[str]


@dataclass(frozen=True)
class PythonReport:
    """What a Python holds: version, libraries, the GPU that torch can use.

    `problem` says in one sentence why this Python will not do, `gpu_problem` why the GPU in sight will not;
    on the processor it will do all the same.
    """

    python: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    gpu: str = ""
    problem: str = ""
    gpu_problem: str = ""
    speed: str = ""  # of a matrix product of one second on that device


# ---- finding ----------------------------------------------------------------------------------------------


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
            "or clear "
            "it and press Install there."
        ).format(where, path, SET_UP),
    )


def _own_python(folder: Path) -> WorkerPython:
    python = _python_in(folder)
    if not folder.is_dir():
        trouble = tr("The Python environment with torch is not installed yet")
    elif not (folder / MARKER).is_file():
        trouble = tr("The installation of the Python environment in {} was not finished").format(folder)
    elif not python.is_file():
        trouble = tr("The Python that the environment in {} was made from is gone").format(folder)
    elif _marked_requirements(folder) != _fingerprint():
        trouble = tr("The Python environment in {} was made for another version of this plugin").format(
            folder
        )
    else:
        return WorkerPython(str(python))
    return WorkerPython(str(python), tr("{}: open {} and press Install.").format(trouble, SET_UP))


def _python_in(folder: Path) -> Path:
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def _fingerprint() -> str:
    return hashlib.sha256(REQUIREMENTS.read_text(encoding="utf-8").encode()).hexdigest()


def _marked_requirements(folder: Path) -> str:
    try:
        return str(json.loads((folder / MARKER).read_text(encoding="utf-8"))["requirements"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


# ---- what an installation will take -----------------------------------------------------------------------


def detect_gpu() -> Gpu | None:
    """Return the first NVIDIA GPU that the driver's own nvidia-smi lists, or None."""
    query = [
        _program("nvidia-smi"),
        "--query-gpu=name,driver_version,memory.total",
        "--format=csv,noheader,nounits",
    ]
    try:
        answer = _ask(query, 15)
        name, driver, mebibytes = next(csv.reader(answer.stdout.splitlines(), skipinitialspace=True))
        return Gpu(name, driver, round(float(mebibytes) / 1024, 1))
    except (OSError, subprocess.SubprocessError, StopIteration, ValueError):
        return None


def expected_gib(gpu: Gpu | None) -> tuple[float, float]:
    """Return roughly what an installation takes, (download, disk) in GiB; CUDA comes with torch."""
    return (3.0, 7.0) if gpu else (0.4, 1.5)


# The oldest driver for each CUDA of torch, from NVIDIA's release notes; uv decides by the same rule.
_BUILDS = ((580, "CUDA 13.0"), (570, "CUDA 12.8"), (560, "CUDA 12.6"))


def torch_build(gpu: Gpu | None) -> str:
    """Return which build of torch is to be expected for this GPU and driver; "CPU" where there is none."""
    number = gpu.driver.partition(".")[0] if gpu else ""
    driver = int(number) if number.isdecimal() else 0
    return next((build for oldest, build in _BUILDS if driver >= oldest), "CPU")


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
        shutil.rmtree(aside)
    except OSError as reason:
        raise SetupError(
            tr("{} cannot be removed completely ({}).").format(folder, reason.strerror),
            tr("Stop any unmixing that is running and press Remove again."),
        ) from reason


def base_python() -> str:
    """Find a Python that can make the environment; never QGIS's own program, which would open a second QGIS.

    Raises:
        SetupError: there is none, it is too old or too new, or its venv module is missing.

    """
    seen = []
    for candidate in _base_candidates():
        probe = [candidate, "-c", "import sys; print(*sys.version_info[:2]); import ensurepip, venv"]
        try:
            answer = _ask(probe, 30)
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
            "that has torch "
            "and rasterio in {}."
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
    found += [path for path in map(_program, names) if path and "WindowsApps" not in path]
    return list(dict.fromkeys(found))


# ---- building ---------------------------------------------------------------------------------------------


def install_commands(folder: Path, pip_settings: str, *, development: bool = False) -> list[Step]:
    """List the commands that fill the empty virtual environment `folder`.

    AUVAE_WHEELS may name a folder of wheels: then nothing else is asked, and no network is needed.
    `pip_settings` is what `pip config list` prints. Where they name a place to install from (a mirror, a
    folder of wheels), that place is respected and plain pip is used: its files may have been built anew. Else
    all but torch must have the hashes of requirements-hashed.txt, and uv picks torch's CPU or CUDA build from
    PyTorch's own index after the GPU and driver that it finds.
    """
    python = str(_python_in(folder))
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
        said = tr("Installing torch and its companions (pip, as your pip settings say)")
        steps = [Step(said, [*pip, *wanted])]
    else:
        uv = [python, "-m", "uv", "pip", "install", "--python", python, "--no-cache", "--torch-backend=auto"]
        steps = [
            Step(
                tr("Installing torch's companions and the installer uv from pypi.org, by their hashes"),
                [*pip, "--require-hashes", "--only-binary=:all:", "-r", str(HASHED_REQUIREMENTS)],
            ),
            Step(
                tr("Installing torch from download.pytorch.org, as the graphics card needs it"),
                [*uv, *wanted],
            ),
        ]
    if development:
        core = ["--no-deps", "--no-build-isolation", "--editable", str(PLUGIN / "model")]
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
        progress = _Progress(folder, disk_gib, report)
        making = tr("Making an environment with {}").format(base)
        _run(Step(making, [base, "-m", "venv", str(folder)]), progress, cancelled)
        python = str(_python_in(folder))
        pip_settings = _ask([python, "-m", "pip", "config", "list"], 60, cancelled).stdout
        network = _network_variables(pip_settings)
        for step in install_commands(folder, pip_settings, development=development):
            _run(step, progress, cancelled, network)
        progress.line(tr("Checking that torch and its companions start"))
        checked = check_python(python, cancelled)
        if checked.problem:
            raise SetupError(checked.problem, tr("If that does not help, report it with the lines above."))
        if gpu and not checked.gpu:
            trouble = checked.gpu_problem or tr("This build of torch does not use {}.").format(gpu.name)
            progress.line(tr("{} Unmixing will run on the processor.").format(trouble))
        shutil.rmtree(folder / "temporary", ignore_errors=True)
        (folder / MARKER).write_text(json.dumps({"requirements": _fingerprint()}), encoding="utf-8")
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
            shutil.rmtree(previous, ignore_errors=True)


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
            if previous.is_dir():
                shutil.rmtree(previous)
            folder.rename(previous)
        elif folder.is_dir():
            shutil.rmtree(folder)
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
    process = _start(step.argv, variables)
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
            _kill(process)


def _pump(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    for line in process.stdout or ():
        if line.strip():
            lines.put(line.rstrip())
    lines.put(None)


def _kill(process: subprocess.Popen[str]) -> None:
    if os.name == "nt":
        taskkill = str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe"))
        _ask([taskkill, "/F", "/T", "/PID", str(process.pid)], 15)
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# ---- checking ---------------------------------------------------------------------------------------------

_CHECK = """
import importlib, json, sys, time
found = {"versions": {}, "missing": [], "trouble": "", "gpu": "", "gpu_trouble": ""}
found["python"] = sys.version.split()[0]
for name in sys.argv[1:]:
    try:
        found["versions"][name] = importlib.import_module(name).__version__
    except Exception as reason:
        found["missing"].append(name)
        found["trouble"] = found["trouble"] or f"{type(reason).__name__}: {reason}"
if "torch" in found["versions"]:
    import torch
    if torch.cuda.is_available():
        try:
            (torch.ones(1, device="cuda") + 1).item()
            found["gpu"] = torch.cuda.get_device_name(0)
        except RuntimeError as reason:
            found["gpu_trouble"] = str(reason).splitlines()[0]
    device = "cuda" if found["gpu"] else "cpu"
    matrix, count, start = torch.rand(1024, 1024, device=device), 0, time.monotonic()
    while time.monotonic() - start < 1:
        (matrix @ matrix)[0, 0].item()
        count += 1
    found["speed"] = f"{2e-9 * 1024**3 * count / (time.monotonic() - start):.0f} GFLOP/s on {device}"
print(json.dumps(found))
"""


def check_python(path: str, cancelled: Callable[[], bool] = lambda: False) -> PythonReport:
    """Start the Python at `path` and report what it holds; takes seconds, so not on the GUI thread.

    Raises:
        SetupCancelled: `cancelled()` became true.

    """
    pinned = set(re.findall(r"(?m)^([a-z0-9]+)==", REQUIREMENTS.read_text(encoding="utf-8")))
    wanted = sorted(pinned - FOR_CLUSTERS)
    try:
        answer = _ask([path, "-c", _CHECK, *wanted], 180, cancelled)
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
        and tr("torch cannot use the GPU it sees ({}): update the GPU's driver.").format(
            found["gpu_trouble"]
        ),
        found.get("speed", ""),
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


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what QGIS sets for its own Python, GDAL and PROJ."""
    foreign = re.compile(
        r"PYTHON|PROJ_|GDAL_|LD_LIBRARY_PATH$|VIRTUAL_ENV$|__PYVENV_LAUNCHER__$", re.IGNORECASE
    )
    kept = {name: value for name, value in os.environ.items() if not foreign.match(name)}
    return kept | {"PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}


def _ask(
    argv: list[str], seconds: float, cancelled: Callable[[], bool] = lambda: False
) -> subprocess.CompletedProcess[str]:
    """Run a short command and return what it printed, its standard error left out."""
    process = _start(argv, {}, subprocess.DEVNULL)
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
            _kill(process)


def _program(name: str) -> str:
    """Return a program in the folders of PATH, "" where there is none.

    Windows itself would look first in the folder that QGIS was started in, which may hold anything.
    """
    file = f"{name}.exe" if os.name == "nt" else name
    places = (Path(folder, file) for folder in os.get_exec_path())
    return next((str(place) for place in places if place.is_absolute() and shutil.which(place)), "")


def _start(
    argv: list[str], variables: dict[str, str], errors: int = subprocess.STDOUT
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=clean_environment() | variables,
        cwd=_START,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def main() -> int:
    """Build an environment from the command line, as the Makefile does."""
    parser = argparse.ArgumentParser(
        description="Build the Python environment that AUVAE Unmixing computes in."
    )
    parser.add_argument("folder", type=Path, help="where to build it")
    parser.add_argument(
        "--development", action="store_true", help="also the command auvae and what the tests need"
    )
    arguments = parser.parse_args()
    try:
        build(
            arguments.folder,
            lambda fraction, text: print(f"[{fraction:4.0%}] {text}", flush=True) if text else None,
            development=arguments.development,
        )
    except SetupError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Cancelled; nothing was left behind.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
