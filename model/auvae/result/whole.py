"""Files that appear whole or not at all: written beside their place, then moved there."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.staging import staged_file
from .disk import disk_errors_named

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def written_whole(path: Path, job_id: str) -> Iterator[Path]:
    """Where to write a file; it takes its place when the block ends well, and is removed when not.

    Args:
        path: its place; missing folders are made.
        job_id: a part of the name that it has until then.

    Raises:
        OutputError: it cannot be written.
    """
    path = Path(os.path.abspath(path))
    staged = staged_file(path, job_id)
    with disk_errors_named(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.unlink(missing_ok=True)
        try:
            yield staged
            staged.replace(path)
        finally:
            staged.unlink(missing_ok=True)


def write_text_whole(path: Path, text: str, job_id: str) -> None:
    """Write a text file whole or not at all; raises OutputError."""
    with written_whole(path, job_id) as staged:
        staged.write_text(text, encoding="utf-8")
