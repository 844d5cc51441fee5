"""Prints as JSON what the Python that runs it holds; its arguments: the core's folder, names of libraries.

Another Python runs this file by itself, perhaps an old one: it imports nothing of the plugin.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any


def main() -> None:
    """Import each library, unmix a tiny scene on the GPU or the processor, print what was found."""
    found: dict[str, Any] = {"python": sys.version.split()[0], "versions": {}, "missing": [], "trouble": ""}
    found.update({"gpu": "", "gpu_trouble": "", "gpu_remedy": ""})
    for name in sys.argv[2:]:
        try:
            found["versions"][name] = importlib.import_module(name).__version__
        except Exception as reason:  # noqa: BLE001  a library may fail to load in any way
            found["missing"].append(name)
            found["trouble"] = found["trouble"] or f"{type(reason).__name__}: {reason}"
    if "torch" in found["versions"] and not found["missing"]:
        sys.path.insert(0, sys.argv[1])
        try_torch(importlib.import_module("torch"), found)
    print(json.dumps(found))


def try_torch(torch: Any, found: dict[str, Any]) -> None:
    """Train and map a tiny scene on the GPU and, where there is none or it fails, on the processor.

    Adds to ``found`` the GPU that can be used, or what failed of it and what to do, and how long it took.
    """
    trial = importlib.import_module("auvae.network.trial")
    if torch.cuda.is_available():
        seconds, failed, remedy = trial.trouble_of(torch.device("cuda"))
        found["gpu_trouble"], found["gpu_remedy"] = failed, remedy
        found["gpu"] = "" if failed else torch.cuda.get_device_name(0)
    if not found["gpu"]:
        seconds = trial.seconds_to_unmix(torch.device("cpu"))
    found["seconds"] = round(seconds, 1)


if __name__ == "__main__":
    main()
