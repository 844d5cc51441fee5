"""Makes text with names from files safe to show: Qt takes much for HTML, matplotlib for formulas."""

from __future__ import annotations


def as_plain(text: str) -> str:
    """Return ``text`` without a "<" that could open a tag in message bar, log, tooltips, layer properties.

    Escaping would not do: which of these escapes by itself depends on the version of QGIS.
    """
    return text.replace("<", "‹")


def as_written(text: str) -> str:
    """Return ``text`` for a plot, where a part between two dollars would be set as a formula, or fail."""
    return text.replace("$", r"\$")
