"""What the system and GDAL say of a failed write, as sentences; files that outlive a power cut."""

from __future__ import annotations

import errno
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rasterio._err import CPLE_BaseError  # GDAL's errors, which some calls let through as they are
from rasterio.errors import RasterioError

from ..contract.errors import OutputError
from ..contract.result_files import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FREE_SPACE = "Make room on the disk, or choose a folder on another one."
# A virus scanner or an indexer may hold a file for a moment.
_TRY_AGAIN_S = 0.1
_TRIES = 5


@contextmanager
def disk_errors_named(output: Path) -> Iterator[None]:
    """Turn what the system or GDAL says of a failed write into a sentence."""
    try:
        yield
    except (OSError, RasterioError, CPLE_BaseError) as error:
        code = getattr(error, "errno", None)
        missing = isinstance(error, (FileNotFoundError, RasterioError, CPLE_BaseError))
        if missing and not output.parent.is_dir():
            raise gone(output) from error
        if code == errno.ENAMETOOLONG:
            raise OutputError(
                f"The name of the result folder {output.name[:40]}… is too long for this disk.",
                "Choose a shorter name: while it is written it is 44 characters longer.",
            ) from error
        full = code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if full or isinstance(error, (RasterioError, CPLE_BaseError)):
            raise OutputError(
                f"The result could not be written to {output}: the disk is full.", _FREE_SPACE
            ) from error
        if isinstance(error, (PermissionError, NotADirectoryError, FileNotFoundError)) or code == errno.EROFS:
            raise OutputError(
                f"The folder {output} cannot be written.", "Choose a folder in which you may write."
            ) from error
        reason = os.strerror(code) if code else str(error)
        raise OutputError(
            f"The result could not be written to {output}: {reason}.", "Choose another folder."
        ) from error


def gone(output: Path) -> OutputError:
    """The error about a folder that was removed while a result was written."""
    return OutputError(
        f"The folder {output.parent} is not there, or was removed while the result was written to it.",
        "Choose a folder that stays in its place, and unmix the scene again.",
    )


def rename(source: Path, target: Path) -> None:
    """Rename; on Windows a folder whose files are open cannot be renamed."""
    for left in range(_TRIES, -1, -1):
        try:
            source.rename(target)
        except PermissionError:
            if os.name != "nt" or not left:
                raise
            time.sleep(_TRY_AGAIN_S)
        else:
            return


def to_disk(folder: Path) -> None:
    """See that all files are on the disk: after a power cut a folder of the right name held empty ones."""
    for path in folder.iterdir():
        if path.name != LOCK:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    names_to_disk(folder)


def names_to_disk(folder: Path) -> None:
    """See that the names in a folder are on the disk; Windows does so by itself, some file servers cannot."""
    if os.name == "nt":
        return
    with suppress(OSError):
        names = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(names)
        finally:
            os.close(names)
