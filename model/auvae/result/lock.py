"""A lock on a folder, held while its process lives, however that ends: the system lets go of it."""

from __future__ import annotations

import errno
from pathlib import Path

from filelock import FileLock, Timeout

from ..contract.result_files import LOCK


class FolderLock:
    """Held on a folder, also while that is renamed."""

    def __init__(self, folder: Path) -> None:
        """Take it.

        Raises:
            OSError: another process holds it, or the folder cannot be written.
        """
        self._lock = FileLock(folder / LOCK, thread_local=False)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise BlockingIOError(errno.EAGAIN, f"{folder} is locked") from error

    def release(self, folder: Path) -> None:
        """Let go of it, and remove its file from the folder that it lies in by now."""
        if self._lock.is_locked:
            self._lock.release()
            (folder / LOCK).unlink(missing_ok=True)


def held_by_another(folder: Path) -> bool:
    """Whether a process that is alive works in a folder."""
    if not (folder / LOCK).exists():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except (Timeout, OSError):
        return True
