"""The files of a result folder: what they are called, and how new ones are named."""

from __future__ import annotations

import re
from collections.abc import Sequence

FILES = {
    "abundances": "abundances.tif",
    "endmembers": "endmembers.csv",
    # Not the stem of the table: the EnMAP-Box takes a table beside a library for what describes its spectra.
    "library": "endmember_spectra.sli",
    "spread": "endmembers_spread.csv",
    "purest": "purest_pixels.geojson",
    "uncertainty": "uncertainty.tif",
    "error": "error.tif",
    "composite": "composite.tif",
    "dominant": "dominant.tif",
    "model": "model.auvae",
    "training": "training.json",
    "json": "result.json",
    "report": "report.html",
}
SCENES_FILES = {"summary": "summary.csv", "report": "summary.html", "json": "summary.json"}
"""What lies in the folder of many results, beside them."""

LOCK = "lock"
"""Held open by whoever works in the folder."""

# What a result folder may hold: its own files, and what GIS programs leave beside rasters (statistics,
# styles).
_OWN = re.compile(
    rf"abundance_[^/]*\.tif|endmembers\.(sli|hdr)|endmember_spectra\.hdr|{LOCK}|"
    + "|".join(map(re.escape, FILES.values()))
)
_BESIDE = (".aux.xml", ".qml", ".qmd", ".sld", ".ovr", ".msk")


def map_files(names: Sequence[str]) -> list[str]:
    """File names of the maps: plain characters, and different even where case is ignored."""
    files: list[str] = []
    for name in names:
        stem = re.sub(r"[^\w-]+", "_", name).strip("_")[:80] or "unnamed"
        file, number = f"abundance_{stem}.tif", 2
        while file.lower() in {other.lower() for other in files}:
            file, number = f"abundance_{stem}_{number}.tif", number + 1
        files.append(file)
    return files


def belongs(name: str) -> bool:
    """Whether a file of this name may lie in a result folder."""
    for ending in _BESIDE:
        if name.endswith(ending):
            base = name[: -len(ending)]
            # A style may be named after the layer's file without its own ending.
            return any(_OWN.fullmatch(base + own) for own in ("", ".tif", ".geojson"))
    return bool(_OWN.fullmatch(name))
