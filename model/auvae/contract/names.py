"""Names from files, made fit for those who show them: QGIS (HTML) and spreadsheets (formulas)."""

from __future__ import annotations

import re

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_UNPRINTABLE = re.compile(r"[^\S ]|[\x00-\x1f\x7f]")


def plain_name(name: str) -> str:
    """A name as one line of text in which nothing begins a tag; “<63 µm” stays as it is."""
    return _TAG.sub("‹", _UNPRINTABLE.sub(" ", name))


def plain_cell(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name
