"""What goes wrong with a scene's file while it is read: named, or noticed. Reads no pixels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rasterio._err import CPLE_BaseError  # GDAL's errors, which some calls let through as they are
from rasterio.errors import RasterioError

from ..contract.errors import SceneError
from .raster import data_of_header, file_of


@contextmanager
def damage_named(path: str) -> Iterator[None]:
    """Name what nonsense in a header or in metadata makes of those who read it."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise SceneError(
            f"The header of {path} holds letters that are not in UTF-8.",
            "Open the header in a text editor and save it as UTF-8, or write um in the place of µm.",
        ) from error
    except (ValueError, LookupError, TypeError, ArithmeticError, RasterioError, CPLE_BaseError) as error:
        said = (str(error).splitlines() or [""])[0][:120].rstrip(".")
        raise SceneError(
            f"{path} cannot be understood, its header or metadata are damaged ({said}).",
            "Copy or download the file again.",
        ) from error


def state_of(path: str) -> tuple[int, int, int] | None:
    """What tells a file from another one, or from itself after a change; None for a name of GDAL's."""
    try:
        found = os.stat(file_of(data_of_header(path)))
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
