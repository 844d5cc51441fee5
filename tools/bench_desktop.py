"""Measures the desktop: from Run to the map on the screen, and how long the window stands still meanwhile.

Runs tools/desktop_timing.py in real QGIS under a virtual X server, once for each row of the table in
docs/desktop.md. The last line it prints is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import tempfile
from pathlib import Path

from screenshot import TOOLS, run_desktop

CHECKOUT = TOOLS.parent
JASPER = CHECKOUT.parent / "shared" / "data" / "jasper" / "jasper.img"
DEMO = CHECKOUT / "build" / "demo" / "scene" / "demo.img"
PAGE = CHECKOUT / "docs" / "desktop.md"
WARM = 6.0  # seconds that the dialog stays open, in which a person fills it in
ROWS = (  # name, its word in the JSON, quality, seconds before Run, whether the plugin opened the image
    ("draft", "draft", 0, 0.0, False),
    ("draft, the image by *Open hyperspectral image…*", "draft_opened", 0, 0.0, True),
    ("draft, the dialog open for 6 s", "draft_warm", 0, WARM, False),
    ("standard", "standard", 1, 0.0, False),
    ("standard, the dialog open for 6 s", "standard_warm", 1, WARM, False),
)


def measure(scene: Path, quality: int, warm: float, stacks: Path | None, *, opened: bool) -> dict[str, float]:
    """Unmix ``scene`` once in a desktop of its own; returns what was measured."""
    with tempfile.TemporaryDirectory(prefix="auvae-bench-") as place:
        facts = Path(place) / "facts.json"
        variables = {
            "AUVAE_SCENE": str(scene),
            "AUVAE_ENDMEMBERS": "4",
            "AUVAE_QUALITY": str(quality),
            "AUVAE_WARM": str(warm),
            "AUVAE_OPENED": "1" if opened else "",
            "AUVAE_OUTPUT": str(Path(place) / "result"),
            "AUVAE_FACTS": str(facts),
        }
        done = run_desktop(
            TOOLS / "desktop_timing.py", variables | ({"AUVAE_STACKS": str(stacks)} if stacks else {}), 600
        )
        if done.returncode or not facts.is_file():
            raise RuntimeError(f"{done.stdout}\nQGIS ended with status {done.returncode}.")
        return json.loads(facts.read_text(encoding="utf-8"))


def table(scene: str, measured: list[tuple[str, dict[str, float]]], load: tuple[float, float]) -> str:
    """Return the table of docs/desktop.md."""
    columns = (
        "quality",
        "Run to map (s)",
        "longest standstill (ms)",
        "most own work of the window at once (ms)",
        "drawings of the dock on loading",
        "memory (MiB)",
    )
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for name, facts in measured:
        numbers = ("seconds", "largest_gap_ms", "largest_work_ms", "dock_redraws", "memory_mib")
        lines.append(f"| {name} | {' | '.join(str(facts[number]) for number in numbers)} |")
    machine = (
        f"{os.cpu_count()} processors, {platform.system()}; processes waiting at the start and at the end: "
    )
    return "\n".join([f"Scene: {scene}, 4 endmembers. {machine}{load[0]:.1f} and {load[1]:.1f}.", "", *lines])


def write(page: Path, text: str) -> None:
    """Put the table into its place in ``page``."""
    mark = "<!-- measured by make bench-desktop -->"
    before, _, after = page.read_text(encoding="utf-8").split(mark)
    page.write_text(f"{before}{mark}\n{text}\n{mark}{after}", encoding="utf-8")


def main() -> int:
    """Measure every row, write the page, print the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", type=Path, nargs="?", help="a raster file; else Jasper or the demo's scene")
    parser.add_argument("--stacks", type=Path, help="a file for the stacks of what held the window up")
    parser.add_argument("--rows", default=".*", help="a regular expression for the rows to measure")
    given = parser.parse_args()
    scene = given.scene or (JASPER if JASPER.is_file() else DEMO)
    before = os.getloadavg()[0]
    rows = [row for row in ROWS if re.fullmatch(given.rows, row[1])]
    measured: dict[str, dict[str, float]] = {}
    for name, word, quality, warm, opened in rows:
        measured[word] = measure(scene.absolute(), quality, warm, given.stacks, opened=opened)
        print(f"{name}: {measured[word]}", flush=True)
    if len(rows) == len(ROWS):
        named = [(name, measured[word]) for name, word, *_ in rows]
        write(PAGE, table(scene.stem, named, (before, os.getloadavg()[0])))
    facts = list(measured.values())
    summary = {f"{word}_s": one["seconds"] for word, one in measured.items()} | {
        name: max(one[name] for one in facts)
        for name in ("largest_gap_ms", "largest_work_ms", "dock_redraws", "memory_mib")
    }
    print(json.dumps({"scene": scene.stem, **summary, "load": round(before, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
