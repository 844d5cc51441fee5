"""The report of a count of endmembers alone."""

from __future__ import annotations

from typing import Any

from .count_plot import evidence_plot
from .pages import rendered, svg


def count_page(document: dict[str, Any]) -> str:
    """The report of a count.

    Args:
        document: those keys of result.json that a count has.
    """
    evidence = svg(evidence_plot(document["count"]))
    return rendered("count.html.j2", document=document, warnings=document["warnings"], evidence=evidence)
