"""The place where one fault happens: a scene, an older result, and what must hold of them afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
WORKER = CHECKOUT / "build" / "worker" / "bin" / "python"
INJECT = CHECKOUT / "faults" / "inject.py"
NAME = "auvae_unmixing"
LONGEST = 90.0  # seconds for one run, on a busy machine
GONE = 4.0  # seconds in which whatever was started must have ended
SENTENCE = 420  # characters; longer is no sentence any more
FEWEST_LETTERS = 20


class Problem(Exception):
    """Something that must never be is; the text says what."""


class Qgis:
    """A QGIS in a process of its own, asked by lines."""

    def __init__(self, folder: Path, **environment: str) -> None:
        plugins = folder / "plugins"
        plugins.mkdir(exist_ok=True)
        if not (plugins / NAME).is_symlink():
            (plugins / NAME).symlink_to(CHECKOUT, target_is_directory=True)
        self.token = f"{folder.name}-{time.monotonic_ns()}"
        self.process = subprocess.Popen(
            [sys.executable, str(CHECKOUT / "faults" / "host.py"), str(plugins), NAME],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "qgis.log").open("ab"),
            env={
                **os.environ,
                "QT_QPA_PLATFORM": "offscreen",
                "QGIS_CUSTOM_CONFIG_PATH": str(folder / "profile"),
                "OMP_NUM_THREADS": "1",
                "TMPDIR": str(_made(folder / "tmp")),
                "AUVAE_TOKEN": self.token,
                **environment,
            },
            text=True,
            start_new_session=True,
        )
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.expect("ready")

    def _read(self) -> None:
        for line in self.process.stdout or ():
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            if isinstance(answer, dict):
                self._answers.put(answer)

    def ask(self, do: str, **words: Any) -> None:
        """Send an order."""
        if self.process.stdin is None:
            raise Problem("QGIS has no stdin")
        try:
            self.process.stdin.write(json.dumps({"do": do, **words}) + "\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Problem(f"QGIS is gone ({self.process.poll()})") from error

    def expect(self, key: str) -> dict[str, Any]:
        """Wait for the answer with this key; others are passed over."""
        end = time.monotonic() + LONGEST
        while time.monotonic() < end:
            try:
                answer = self._answers.get(timeout=0.1)
            except queue.Empty:
                if self.process.poll() is not None and self._answers.empty():
                    raise Problem(f"QGIS crashed (exit status {self.process.returncode})") from None
                continue
            if key in answer:
                return answer
        raise Problem(f"QGIS did not answer {key!r} within {LONGEST:.0f} s")

    def relatives(self) -> list[int]:
        """Every process that this QGIS started and that still lives."""
        found = []
        mark = f"AUVAE_TOKEN={self.token}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if int(entry.name) != self.process.pid and mark in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def kill(self) -> None:
        """Kill it, as the system or the user does."""
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Let it leave; returns its exit status."""
        if self.process.poll() is None:
            try:
                self.ask("quit")
                self.process.wait(20)
            except (Problem, subprocess.TimeoutExpired):
                self.process.kill()
        status = self.process.wait()
        for pid in self.relatives():
            os.kill(pid, signal.SIGKILL)
        return status


class Place:
    """A folder with a scene and an older result; removed when it is left."""

    def __init__(self, older: Path, scene: Path, root: Path | None = None, name: str = "result") -> None:
        self.root = Path(tempfile.mkdtemp(prefix="auvae-fault-")) if root is None else _made(root)
        self.results = _made(self.root / "results")
        self.output = self.results / name
        self.mark = self.root / "mark"
        self.scene = _made(self.root / "data") / scene.name
        for part in scene.parent.glob(f"{scene.stem}.*"):
            shutil.copy(part, self.scene.parent)
        shutil.copytree(older, self.output)
        self.before = _sums(self.output)
        self.python = self.root / "python"
        self.python.write_text(f'#!/bin/sh\nexec "{WORKER}" "{INJECT}" "$@"\n', encoding="utf-8")
        self.python.chmod(0o755)

    def move(self, disk: Path) -> None:
        """Move the older result, with all that is to happen to it, to another disk."""
        shutil.move(self.output, disk / self.output.name)
        self.results, self.output = disk, disk / self.output.name

    def whole_results(self) -> dict[str, int]:
        """When each result of several scenes was written; raises Problem where one is not whole."""
        found = [path for path in self.output.glob("[!.]*") if path.is_dir()]
        half = [path.name for path in found if not (path / "result.json").is_file()]
        if half:
            raise Problem(f"half a result: {half[0]}")
        return {path.name: (path / "result.json").stat().st_mtime_ns for path in found}

    def environment(self, fault: str) -> dict[str, str]:
        """What the worker finds in its environment."""
        return {"AUVAE_PYTHON": str(self.python), "AUVAE_FAULT": fault, "AUVAE_MARK": str(self.mark)}

    def options(self, **other: Any) -> dict[str, Any]:
        """Parameters of a run into the older result."""
        return {
            "INPUT": str(self.scene),
            "ENDMEMBERS": 3,
            "QUALITY": 0,
            "DEVICE": 2,
            "SEED": 7,
            "OUTPUT": str(self.output),
            **other,
        }

    def wait_for_mark(self) -> None:
        """Wait until the fault strikes."""
        end = time.monotonic() + LONGEST
        while not self.mark.exists():
            if time.monotonic() > end:
                raise Problem("the stage was never reached")
            time.sleep(0.02)

    def left(self) -> list[str]:
        """What lies beside the result, and in the folder of temporary files, that does not belong there."""
        beside = [path.name for path in self.results.iterdir()] if self.results.is_dir() else []
        found = [name for name in beside if name != self.output.name]
        temporary = self.root / "tmp"
        if temporary.is_dir():
            found += [f"tmp/{name.name}" for name in temporary.iterdir() if not _qgis_own(name.name)]
        return sorted(found)

    def older_is_untouched(self) -> bool:
        """Whether the older result is there, every byte of it."""
        return _sums(self.output) == self.before

    def is_new(self) -> bool:
        """Whether a complete new result is in its place."""
        return (self.output / "result.json").is_file() and not self.older_is_untouched()

    def remove(self) -> None:
        """Remove the place."""
        shutil.rmtree(self.root, ignore_errors=True)


def all_gone(qgis: Qgis, but: set[int] | None = None) -> list[int]:
    """Wait for the processes that must end; returns those that did not."""
    end = time.monotonic() + GONE
    while (left := [pid for pid in qgis.relatives() if pid not in (but or set())]) and time.monotonic() < end:
        time.sleep(0.1)
    return left


def is_clear(sentence: str) -> bool:
    """Whether what the user saw is a sentence for people, not a program's words."""
    foreign = ("Traceback", "\n", "Error:", "0x", "Exception", "errno", "<class")
    return FEWEST_LETTERS < len(sentence) < SENTENCE and not any(word in sentence for word in foreign)


def _qgis_own(name: str) -> bool:
    """Processing keeps a folder for temporary outputs until QGIS ends; torch one for its compiler's cache."""
    return name.startswith(("processing_", "qgis", "qt_temp", "oauth2", "runtime-", "torchinductor"))


def _sums(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
