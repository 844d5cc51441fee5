"""What endmembers may be called when their names come from a file: QGIS shows band names as HTML."""

from __future__ import annotations

import re

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_UNPRINTABLE = re.compile(r"[^\S ]|[\x00-\x1f\x7f]")


def plain_name(name: str) -> str:
    """A name as one line of text in which nothing begins a tag; “<63 µm” stays as it is."""
    return _TAG.sub("‹", _UNPRINTABLE.sub(" ", name))
