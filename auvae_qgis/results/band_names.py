"""Changes the name of a band in a GeoTIFF where it stands, so that a cloud-optimised file stays one.

GDAL itself writes the file's directory anew, behind the pixels: readers over a network then miss it at the
file's beginning, and GDAL warns of that. Here the text that holds the names is changed, or put at the end of
the file where it has become longer, and everything else stays in its place. Names in an .aux.xml beside the
file would not do: GDAL takes those of the file itself.
"""

from __future__ import annotations

import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

from ..translation import tr

NAMES = 42112  # the tag GDAL_METADATA: an XML text
_ASCII = 2  # the type of a tag that is text
_CLASSIC, _BIG = 42, 43  # what the versions of the format call themselves
_LONGEST = 10_000_000  # bytes of that text
_MOST_TAGS = 1000


@dataclass(frozen=True)
class _Layout:
    """How a TIFF writes its numbers: byte order, and struct codes for a count of tags and for a size."""

    order: str
    count: str
    size: str

    def read(self, file: IO[bytes], code: str) -> int:
        """Read one number where the file stands."""
        layout = self.order + code
        (number,) = struct.unpack(layout, file.read(struct.calcsize(layout)))
        return int(number)


def set_band_name(path: Path, band: int, name: str) -> bool:
    """Call a band, counted from 1, by another name; False, and nothing is changed, where it has none yet.

    Raises:
        OSError: The file cannot be read or written, or is damaged.

    """
    try:
        with path.open("r+b") as file:
            layout = _layout(file)
            entry = None if layout is None else _entry(file, layout)
            if layout is None or entry is None:
                return False
            return _change(file, layout, entry, band, name)
    except (struct.error, ValueError) as error:
        raise OSError(tr("{} is damaged").format(path.name)) from error


def _layout(file: IO[bytes]) -> _Layout | None:
    """Read the head of a TIFF or BigTIFF, and go to its first directory; None for another kind of file."""
    order = {b"II": "<", b"MM": ">"}.get(file.read(2))
    if order is None:
        return None
    (version,) = struct.unpack(order + "H", file.read(2))
    if version == _CLASSIC:
        layout = _Layout(order, "H", "I")
    elif version == _BIG:
        file.seek(8)
        layout = _Layout(order, "Q", "Q")
    else:
        return None
    file.seek(layout.read(file, layout.size))
    return layout


def _entry(file: IO[bytes], layout: _Layout) -> int | None:
    """Return where size and place of the text with the names stand in the file; None where it has none."""
    width = struct.calcsize(layout.order + "HH" + 2 * layout.size)
    for _ in range(min(layout.read(file, layout.count), _MOST_TAGS)):
        start = file.tell()
        if (layout.read(file, "H"), layout.read(file, "H")) == (NAMES, _ASCII):
            return file.tell()
        file.seek(start + width)
    return None


def _change(file: IO[bytes], layout: _Layout, entry: int, band: int, name: str) -> bool:
    file.seek(entry)
    size, place = layout.read(file, layout.size), layout.read(file, layout.size)
    if size > _LONGEST:
        raise ValueError(size)
    file.seek(place)
    text = file.read(size).rstrip(b"\0\n").decode("utf-8")
    pattern = rf'(<Item name="DESCRIPTION" sample="{band - 1}" role="description">)[^<]*'
    quoted = escape(escape(name, {'"': "&quot;"}))  # GDAL escapes twice
    changed, found = re.subn(pattern, lambda match: match[1] + quoted, text)
    if not found:
        return False
    content = changed.encode()
    if len(content) < size:
        file.seek(place)
        file.write(content.ljust(size - 1, b"\n") + b"\0")
    else:
        end = file.seek(0, os.SEEK_END)
        file.write(b"\0" * (end % 2))  # values begin at even places
        place = file.tell()
        file.write(content + b"\n\0")
        file.flush()
        os.fsync(file.fileno())  # the text is there before anything points to it
        file.seek(entry)
        file.write(struct.pack(layout.order + 2 * layout.size, len(content) + 2, place))
    return True
