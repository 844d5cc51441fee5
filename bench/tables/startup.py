"""Whole runs of the command beside the bare import of torch, in turns: a busy moment meets them all."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from bench import scenes
from bench.cache import Figures
from bench.render import Bench, markdown

TITLE = "Whole runs, beside the start of torch"
SEEDS = 1
ALONE = True
"""Measured with nothing beside it."""
ROUNDS = 5
EVERYTHING = (".",)
"""Folders of the core on which the figures hang: all of it is loaded in a run."""
BARE = "python -c 'import torch'"
TARGETS = {
    "auvae --help": "≤ 0.3 s",
    "auvae unmix, no such file": "≤ 0.3 s",
    "auvae inspect, Jasper": "without torch",
    "draft": "≤ 2.2 times",
    "standard": "≤ 5 times",
}
ABOUT = f"""\
The whole process, from the command line to its end: medians of {ROUNDS} rounds, in each of which every line
of the table is run once. *Times torch*: divided by what `import torch` alone takes; machines differ."""


def table(bench: Bench) -> str:
    """The rendered table."""
    runs = bench.figures("startup", "rounds", partial(rounds, ROUNDS), EVERYTHING)
    rows = []
    for what, seconds in (runs or {}).items():
        ratio = median(seconds) / median(runs[BARE]) if runs else 0.0
        target = next((most for word, most in TARGETS.items() if word in what), "")
        rows.append([what, f"{median(seconds):.2f}", f"{ratio:.2f}", target])
    return markdown(("run", "seconds", "times torch", "target"), rows)


def rounds(count: int) -> Figures:
    """Wall seconds of every command, by its name, ``count`` of each."""
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="auvae-bench-") as name:
        folder = Path(name)
        for _ in range(count):
            for what, command, status in _commands(folder):
                begun = time.perf_counter()
                done = subprocess.run(command, capture_output=True, check=False, cwd=folder)
                seconds.setdefault(what, []).append(round(time.perf_counter() - begun, 3))
                if done.returncode != status:
                    raise RuntimeError(f"{what} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return seconds


def _commands(folder: Path) -> list[tuple[str, list[str], int]]:
    """Name, command and expected exit status of everything that is timed."""
    python, auvae = sys.executable, [sys.executable, "-m", "auvae"]
    into = ["--device", "cpu", "--output", str(folder / "result")]
    listed = [
        (BARE, [python, "-c", "import torch"], 0),
        ("auvae --help", [*auvae, "--help"], 0),
        (
            "auvae unmix, no such file",
            [*auvae, "unmix", str(folder / "missing.img"), "--endmembers", "3", *into],
            1,
        ),
    ]
    if "jasper" in scenes.real():
        listed.append(("auvae inspect, Jasper", [*auvae, "inspect", str(scenes.real_path("jasper"))], 0))
    for name in scenes.real():
        number = str(scenes.REAL[name])
        for quality in ("draft", "standard"):
            asked = ["unmix", str(scenes.real_path(name)), "--endmembers", number, "--quality", quality]
            listed.append((f"auvae unmix, {name.capitalize()}, {quality}", [*auvae, *asked, *into], 0))
    return listed
