"""Prints as JSON what the Python that runs it holds; its arguments are the names of libraries.

Another Python runs this file by itself, perhaps an old one: it imports nothing of the plugin.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

TRIAL = 1.0  # seconds of matrix products, for the speed


def main() -> None:
    """Import each library, try the GPU, measure the speed, print what was found."""
    found: dict[str, Any] = {"python": sys.version.split()[0], "versions": {}, "missing": [], "trouble": ""}
    found.update({"gpu": "", "gpu_trouble": ""})
    for name in sys.argv[1:]:
        try:
            found["versions"][name] = importlib.import_module(name).__version__
        except Exception as reason:  # noqa: BLE001  a library may fail to load in any way
            found["missing"].append(name)
            found["trouble"] = found["trouble"] or f"{type(reason).__name__}: {reason}"
    if "torch" in found["versions"]:
        try_torch(importlib.import_module("torch"), found)
    print(json.dumps(found))


def try_torch(torch: Any, found: dict[str, Any]) -> None:
    """Add to ``found`` the GPU that torch can use, or why it cannot, and the speed on that device."""
    if torch.cuda.is_available():
        try:
            (torch.ones(1, device="cuda") + 1).item()
            found["gpu"] = torch.cuda.get_device_name(0)
        except RuntimeError as reason:
            found["gpu_trouble"] = str(reason).splitlines()[0]
    device = "cuda" if found["gpu"] else "cpu"
    size, count, start = 1024, 0, time.monotonic()
    matrix = torch.rand(size, size, device=device)
    while time.monotonic() - start < TRIAL:
        (matrix @ matrix)[0, 0].item()
        count += 1
    rate = 2e-9 * size**3 * count / (time.monotonic() - start)
    found["speed"] = f"{rate:.0f} GFLOP/s on {device}"


if __name__ == "__main__":
    main()
