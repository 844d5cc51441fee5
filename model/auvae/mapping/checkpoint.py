"""How far a long mapping has come, kept in the staging folder: a run that died is taken up there by the next.

Only scenes so large that it pays have one. A checkpoint is written after the rows it speaks of are on the
disk, so that it never promises more than there is. Nobody who is still at work is taken over: see `Lock`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..scene.scene import Scene

JOURNAL = "journal.json"
SUMS = "journal.npz"
LOCK = "lock"
PIXELS = 4_000_000
"""Scenes smaller than this are mapped anew: they take seconds."""

SECONDS = 15.0
"""Between two checkpoints."""


@dataclass(frozen=True)
class Checkpoint:
    """Where a mapping stands.

    Attributes:
        fingerprint: of what is unmixed and how, see `fingerprint`.
        row: the first row that is not mapped.
        told: what was known when the training was over and is needed for the result.
        sums: the statistics of the rows before.
    """

    fingerprint: str
    row: int
    told: dict[str, Any]
    sums: Mapping[str, np.ndarray]

    def write(self, staging: Path) -> None:
        """Keep it in the staging folder, instead of the one before."""
        partial = staging / f"{SUMS}.partial"
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **self.sums)
            _to_disk(file)
        # Sums first: with an older row they would be counted twice, so each names the row it belongs to.
        partial.replace(staging / f"{self.row}-{SUMS}")
        journal = {"fingerprint": self.fingerprint, "row": self.row, "told": self.told}
        partial = staging / f"{JOURNAL}.partial"
        with partial.open("w", encoding="utf-8") as text:
            json.dump(journal, text)
            _to_disk(text)
        partial.replace(staging / JOURNAL)
        for older in staging.glob(f"*-{SUMS}"):
            if older.name != f"{self.row}-{SUMS}":
                older.unlink(missing_ok=True)

    @classmethod
    def read(cls, staging: Path) -> Checkpoint | None:
        """The one in a staging folder; None where there is none, or a damaged one."""
        try:
            journal = json.loads((staging / JOURNAL).read_text(encoding="utf-8"))
            row = int(journal["row"])
            with np.load(staging / f"{row}-{SUMS}", allow_pickle=False) as arrays:
                sums = dict(arrays)
            return cls(str(journal["fingerprint"]), row, dict(journal["told"]), sums)
        except Exception:  # noqa: BLE001 (json, zipfile and numpy raise nearly anything for a damaged file)
            return None

    @staticmethod
    def clear(staging: Path) -> None:
        """Remove it, once the mapping is over."""
        for file in (staging / JOURNAL, *staging.glob(f"*{SUMS}*")):
            file.unlink(missing_ok=True)


def fingerprint(scene: Scene, options: Mapping[str, Any], versions: Mapping[str, str], device: str) -> str:
    """What a checkpoint must agree in: the file as it is now, bands and grid, options, versions, device."""
    try:
        state = os.stat(scene.path)
        file: list[Any] = [os.path.realpath(scene.path), state.st_size, state.st_mtime_ns]
    except OSError:  # a name of GDAL's, such as a part of an archive
        file = [scene.path]
    bands = [band.number for band in scene.kept]
    told = [file, scene.rows, scene.cols, bands, dict(options), dict(versions), device]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Pace:
    """Says when it is time for the next checkpoint; never on a scene that is too small for one."""

    def __init__(self, pixels: int) -> None:
        self._pays = pixels >= PIXELS
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether a checkpoint is due; then the time starts again."""
        now = time.monotonic()
        if not self._pays or now - self._last < SECONDS:
            return False
        self._last = now
        return True


class Lock:
    """Held on a staging folder while its process lives, however that ends: the system lets go of it."""

    def __init__(self, staging: Path) -> None:
        """Take it.

        Raises:
            OSError: another process holds it.
        """
        self._file: IO[bytes] = (staging / LOCK).open("ab")
        try:
            _lock(self._file)
        except OSError:
            self._file.close()
            raise

    def release(self, folder: Path) -> None:
        """Let go of it, and remove its file from the folder that it lies in by now."""
        if not self._file.closed:
            self._file.close()
            (folder / LOCK).unlink(missing_ok=True)


def held_by_another(staging: Path) -> bool:
    """Whether a process that is alive works in a staging folder."""
    if not (staging / LOCK).exists():
        return False
    try:
        with (staging / LOCK).open("ab") as file:
            _lock(file)
    except OSError:
        return True
    return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _to_disk(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())
