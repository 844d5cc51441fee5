"""Where results and single files are put together before they take their place, and how that is undone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .result_document import is_result

if TYPE_CHECKING:
    from .jobs import AnyJob

JOURNAL = "journal.json"
"""In a staging folder: an interrupted run that the same run, started again, can go on with."""

_TRIES = 5


def staging_folder(output: Path, job_id: str) -> Path:
    """Where a result is put together, beside its final place, so that a rename can move it there."""
    return output.parent / f".{output.name}.partial-{job_id}"


def staging_folders(output: Path) -> Iterator[Path]:
    """The staging folders of any job for this result."""
    return _beginning(output, "partial")


def previous_folder(output: Path, job_id: str) -> Path:
    """Where the result that a new one replaces waits until that is in its place."""
    return output.parent / f".{output.name}.previous-{job_id}"


def staged_file(path: Path, job_id: str) -> Path:
    """Where a single file is written, beside its final place; it keeps its ending."""
    return path.with_name(f".{path.stem}.partial-{job_id}{path.suffix}")


def remove_unfinished(output: Path, job_id: str, *, unwanted: bool) -> None:
    """Remove what an unfinished job left beside its result's place; put back the result set aside for it.

    Args:
        output: the place.
        job_id: of the job.
        unwanted: whether to remove also what the same run, started again, could go on with.
    """
    staging = staging_folder(output, job_id)
    for _ in range(_TRIES if unwanted or not (staging / JOURNAL).is_file() else 0):
        shutil.rmtree(staging, ignore_errors=True)
        if not staging.exists():
            break
    put_back(output)


def remove_staged_files(job: AnyJob) -> None:
    """Remove the beginnings of single files that a job was to write, and of a library's header (.hdr)."""
    for name in ("report", "table", "library", "map"):
        path = getattr(job, name, None)
        if path is not None:
            staged = staged_file(Path(os.path.abspath(path)), job.id)
            for part in (staged, staged.with_suffix(".hdr")):
                with suppress(OSError):
                    part.unlink()


def put_back(output: Path) -> None:
    """Return an earlier result that a killed job had set aside; remove it where the new one is complete."""
    for folder in _beginning(output, "previous"):
        if not output.exists():
            folder.rename(output)
        elif is_result(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _beginning(output: Path, word: str) -> Iterator[Path]:
    if output.parent.is_dir():
        start = f".{output.name}.{word}-"
        yield from [entry for entry in output.parent.iterdir() if entry.name.startswith(start)]
