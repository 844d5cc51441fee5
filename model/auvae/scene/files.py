"""Files that stand beside a raster or within an archive, for what is not GDAL's to read. Knows no format."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, Any

from ..contract.errors import SceneError

_INSIDE = re.compile(
    r"/vsi(?P<kind>zip|tar)/(?:\{(?P<braced>.+?)\}|(?P<plain>.+?\.(?:zip|kmz|tar|tgz|tar\.gz)))/(?P<inside>.+)",
    re.IGNORECASE,
)
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
"""Endings of archives in which a product may come."""

_WEB = re.compile(r"/vsicurl/(?P<address>https?://.+)", re.IGNORECASE)
_SECONDS = 20
# Metadata are a few megabytes; whatever is longer is none.
_LONGEST = 64 * 2**20
# What zipfile raises: a method or a version it does not know and a password are RuntimeErrors.
_DAMAGE = (
    OSError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, tarfile.TarError, zlib.error, ValueError
)  # fmt: skip
_MOST_MEMBERS = 100_000


def beside(path: str, name: str) -> str:
    """The name GDAL has for another file in the folder of `path`."""
    folder, _ = os.path.split(path)
    return f"{folder}/{name}" if path.startswith("/vsi") else os.path.join(folder, name)


def names_beside(path: str) -> list[str]:
    """The names in the folder of `path`, in the folder's own spelling; empty where they cannot be listed."""
    inside = _INSIDE.fullmatch(path)
    if inside:
        folder = PurePosixPath(inside["inside"]).parent
        return [
            PurePosixPath(name).name
            for name in names_in(_archive(inside))
            if PurePosixPath(name).parent == folder
        ]
    try:
        return sorted(entry.name for entry in os.scandir(os.path.dirname(path) or "."))
    except OSError:
        return []


def names_in(archive: str) -> list[str]:
    """The names of the files in an archive, without what macOS adds; empty where it is none."""
    try:
        if archive.lower().endswith((".zip", ".kmz")):
            with zipfile.ZipFile(archive) as packed:
                names = packed.namelist()
        else:
            with tarfile.open(archive) as tape:
                names = [one.name for one, _ in zip(tape, range(_MOST_MEMBERS), strict=False) if one.isfile()]
    except _DAMAGE:
        return []
    return [
        name for name in names
        if not name.endswith("/") and not re.search(r"(^|/)(__MACOSX/|\._|\.DS_Store)", name)
    ]  # fmt: skip


def inside_archive(archive: str, name: str) -> str:
    """GDAL's name of a file in an archive."""
    return f"/vsi{'zip' if archive.lower().endswith('.zip') else 'tar'}/{archive}/{name}"


@contextmanager
def _member(inside: re.Match[str]) -> Iterator[tuple[IO[bytes], int]]:
    """A file in an archive, open, and its size; raises what `_DAMAGE` lists."""
    archive, name = _archive(inside), inside["inside"]
    if inside["kind"].lower() == "zip":
        with zipfile.ZipFile(archive) as packed, packed.open(name) as file:
            yield file, packed.getinfo(name).file_size
        return
    with tarfile.open(archive) as tape:
        member = tape.getmember(name)
        content = tape.extractfile(member)
        if content is None:
            raise KeyError(name)
        with content:
            yield content, member.size


def read_bytes(path: str, most: int = _LONGEST) -> bytes | None:
    """What a file holds that GDAL knows by this name, or its first bytes; None where it cannot be had."""
    try:
        inside, web = _INSIDE.fullmatch(path), _WEB.fullmatch(path)
        if inside:
            with _member(inside) as (packed, _):
                return packed.read(most)
        if web:
            # The analyst gave this address: its metadata lie beside it.
            with urllib.request.urlopen(web["address"], timeout=_SECONDS) as answer:  # noqa: S310 (http or https)
                content: bytes = answer.read(most)
                return content
        with open(path, "rb") as file:
            return file.read(most)
    except _DAMAGE:
        return None


@contextmanager
def local(path: str) -> Iterator[str | IO[bytes]]:
    """What h5py opens: the path itself, or a file out of an archive, unpacked for as long as it is open.

    Raises:
        SceneError: GDAL may know the file, but it lies where only GDAL reads.
    """
    inside = _INSIDE.fullmatch(path)
    if inside:
        # HDF5 jumps about in a file, and a packed one can only be read from its beginning.
        with tempfile.TemporaryFile() as unpacked:
            try:
                with _member(inside) as (file, size):
                    _refuse_larger_than_disk(size)
                    shutil.copyfileobj(file, unpacked, 2**20)
            except _DAMAGE as error:
                raise SceneError(
                    f"{inside['inside']} cannot be unpacked from its archive: {error}.",
                    "Unpack the archive, make room on the disk if it is full, and use the file itself.",
                ) from error
            yield unpacked
    elif path.startswith("/vsi"):
        raise SceneError(
            f"{path} is an HDF5 file, which can be read only from this computer's disks.",
            "Download it, and use the file itself.",
        )
    else:
        yield path


def _refuse_larger_than_disk(size: int) -> None:
    """A few kilobytes may claim to be as large as a disk; no more than they claim is ever unpacked."""
    if size > shutil.disk_usage(tempfile.gettempdir()).free:
        raise OSError(f"it takes {size / 2**30:.1f} GiB, more than the disk has left")


def _archive(match: Any) -> str:
    return match["braced"] or match["plain"]
