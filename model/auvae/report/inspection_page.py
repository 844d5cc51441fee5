"""The report on the bands of a scene, which was not unmixed."""

from __future__ import annotations

from typing import Any

import numpy as np

from .charts import spectra_plot
from .pages import rendered, svg

_LEFT_OUT, _USED = "#c9a227", "#1f6f8b"


def inspection_page(document: dict[str, Any]) -> str:
    """What was decided about a scene.

    Args:
        document: those keys of result.json that an inspection has, and `inspection` and `notes`.
    """
    found = document["inspection"]
    spectrum = svg(_spectrum(document, found["means"]))
    return rendered(
        "inspection.html.j2", document=document, warnings=document["warnings"], found=found, spectrum=spectrum
    )


def _spectrum(document: dict[str, Any], given: list[float | None]) -> str:
    """The mean spectrum; nothing where no band that is used has a mean."""
    means = np.array([np.nan if mean is None else mean for mean in given], float)
    used = np.array([band["kept"] for band in document["bands"]])
    shown = np.isfinite(means)
    if not (shown & used).any():
        return ""
    # The left-out bands lie under the others, cut off where they would set the scale.
    low, high = means[shown & used].min(), means[shown & used].max()
    room = 0.3 * (high - low)
    lines = np.stack([means.clip(low - room, high + room), np.where(used, means, np.nan)])[:, shown]
    mean = {
        "bands": [{**band, "kept": bool(seen)} for band, seen in zip(document["bands"], shown, strict=True)],
        "unit": document["unit"],
        "endmembers": [{"name": "Left out", "color": _LEFT_OUT}, {"name": "Used", "color": _USED}],
    }
    return spectra_plot(mean, lines)
