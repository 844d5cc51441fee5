"""HDF5 files opened by h5py, with what goes wrong named. Knows no product."""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np

from ...contract.errors import SceneError
from .. import files

# A window needs the same packed chunks as its neighbour: they are kept unpacked meanwhile.
_CHUNK_CACHE = 128 * 2**20
# For the attributes of a product, which take milliseconds, and for a window; a network drive may be slow.
_PATIENCE_S, _WINDOW_PATIENCE_S = 60.0, 600.0
# Read at once: half a gibibyte of float32. A file of some kilobytes can claim any size.
_MOST_VALUES = 1 << 27
_MOST_LISTED = 1 << 20
_SIGNATURE = b"\x89HDF\r\n\x1a\n"


@contextmanager
def opened(path: str) -> Iterator[Any]:
    """An HDF5 file, for as long as it is needed; raises SceneError where it cannot be read."""
    with files.local(path) as file:
        try:
            # Network drives refuse locks, and nobody writes here.
            content = h5py.File(file, "r", rdcc_nbytes=_CHUNK_CACHE, locking=False)
        except OSError as error:
            raise _damaged(path) from error
        with content, damage_named(path):
            yield content


@contextmanager
def damage_named(path: str) -> Iterator[None]:
    """Name a read that fails."""
    try:
        yield
    except (OSError, KeyError, RuntimeError) as error:
        raise _damaged(path) from error


@contextmanager
def in_time(*, window: bool = False) -> Iterator[None]:
    """End the process when the HDF5 library does not come back: some damage makes it go round for ever.

    It holds Python meanwhile, so that nothing else could. The plugin knows what the last words mean.
    """
    seconds = _WINDOW_PATIENCE_S if window else _PATIENCE_S
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def is_hdf(path: str) -> bool:
    """Whether a file is HDF5 (netCDF 4 is), or lies where only GDAL could tell."""
    start = files.read_bytes(path, len(_SIGNATURE))
    return start == _SIGNATURE or (start is None and path.startswith("/vsi"))


def numbers(value: Any) -> np.ndarray:
    """An attribute or a small data set as float64 numbers, one-dimensional; OSError where it is none."""
    refuse_absurd(np.size(value), _MOST_LISTED)
    return np.atleast_1d(np.asarray(value, np.float64)).ravel()


def refuse_absurd(size: int, most: int = _MOST_VALUES) -> None:
    """Raise OSError, which `damage_named` names, before so many values are read at once."""
    if size > most:
        raise OSError(f"{size} values at once are no part of a product")


def text(value: Any) -> str:
    """An attribute as text."""
    value = np.asarray(value).ravel()[0] if np.size(value) else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _damaged(path: str) -> SceneError:
    return SceneError(
        f"{path} cannot be read: it is no HDF5 file, it is truncated, or parts of the product are missing.",
        "Download the file again.",
    )
