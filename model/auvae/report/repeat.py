"""The line that makes a result again through QGIS; the core's own is the job's `command`."""

from __future__ import annotations

import shlex
from typing import Any

from ..contract.result_document import ResultDocument

# Options of a result that are parameters of the algorithm that made it, in the order of its dialog.
_PARAMETERS = ("endmembers", "quality", "seed", "device", "variant", "model", "bands", "brightness")


def qgis_command(document: ResultDocument) -> str | None:
    """The `qgis_process` line of a result; None where no line can hold its options."""
    options = document["options"]
    selection = options.get("selection") or {}
    if options.get("known") or "sum_to_one" in options:
        return None
    algorithm = "unmix" if "quality" in options else "apply"
    chosen = _PARAMETERS if algorithm == "unmix" else ("model", "device", "brightness")
    parameters: list[tuple[str, Any]] = [("INPUT", document["scene"]["path"])]
    for name in chosen:
        value = options.get(name)
        parameter = "START_MODEL" if (algorithm, name) == ("unmix", "model") else name.upper()
        parameters += [(parameter, one) for one in (value if isinstance(value, list) else [value])]
    if algorithm == "unmix":
        parameters.append(("WATER_BANDS", selection.get("water_bands")))
    parameters.append(("MASK", selection.get("mask")))
    if selection.get("extent"):
        left, bottom, right, top = selection["extent"]["bounds"]
        crs = selection["extent"]["crs"]
        parameters.append(("EXTENT", f"{left},{right},{bottom},{top}" + (f" [{crs}]" if crs else "")))
    parameters.append(("OUTPUT", "result"))
    given = " ".join(shlex.quote(f"{name}={value}") for name, value in parameters if value is not None)
    return f"qgis_process run auvae:{algorithm} -- {given}"
