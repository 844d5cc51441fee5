"""How far a long mapping has come, kept in the staging folder: a run that died is taken up there by the next.

Only scenes so large that it pays have one. A checkpoint is written after the rows it speaks of are on the
disk, so that it never promises more than there is.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from ..contract.staging import JOURNAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..contract.result_document import TrainingRecord
    from ..scene.scene import Scene

SUMS = "journal.npz"
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
        training: what the training left.
        sums: the statistics of the rows before.
    """

    fingerprint: str
    row: int
    training: TrainingRecord
    sums: Mapping[str, np.ndarray]

    def write(self, staging: Path) -> None:
        """Keep it in the staging folder, instead of the one before."""
        partial = staging / f"{SUMS}.partial"
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **self.sums)
            _to_disk(file)
        # Sums first: with an older row they would be counted twice, so each names the row it belongs to.
        partial.replace(staging / f"{self.row}-{SUMS}")
        journal = {"fingerprint": self.fingerprint, "row": self.row, "training": self.training}
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
            training = cast("TrainingRecord", dict(journal["training"]))
            return cls(str(journal["fingerprint"]), row, training, sums)
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
    facts = [file, scene.rows, scene.cols, bands, dict(options), dict(versions), device]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


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


def _to_disk(file: IO[Any]) -> None:
    file.flush()
    os.fsync(file.fileno())
