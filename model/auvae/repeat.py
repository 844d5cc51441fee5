"""The line that makes a result again through QGIS. The core's own line is job.py's."""

from __future__ import annotations

import shlex
from typing import Any


def qgis_command(document: dict[str, Any]) -> str:
    """The `qgis_process` line of a result. document: as in result.json."""
    options, selection = document["options"], document["options"].get("selection") or {}
    parameters: list[tuple[str, object]] = [
        ("INPUT", document["scene"]["path"]),
        ("ENDMEMBERS", options["endmembers"]),
        ("QUALITY", options["quality"]),
        ("SEED", document["seed"]),
        ("DEVICE", options["device"]),
        ("VARIANT", options["variant"]),
        *(("BANDS", band) for band in options["bands"] or ()),
        ("WATER_BANDS", selection.get("water_bands", "auto")),
    ]
    if selection.get("mask"):
        parameters.append(("MASK", selection["mask"]))
    if selection.get("extent"):
        left, bottom, right, top = selection["extent"]["bounds"]
        crs = selection["extent"]["crs"]
        parameters.append(("EXTENT", f"{left},{right},{bottom},{top}" + (f" [{crs}]" if crs else "")))
    parameters.append(("OUTPUT", "result"))
    given = " ".join(shlex.quote(f"{name}={value}") for name, value in parameters)
    return f"qgis_process run auvae:unmix -- {given}"
