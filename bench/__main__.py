"""`make bench`: measures the tables asked for and writes them to bench/RESULTS.md."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from .cache import Cache
from .render import Bench
from .scenes import BUILD

TABLES = (
    *("accuracy", "simulated", "hard", "brightness", "noise"),
    *("ablation", "adversary", "uncertainty", "count", "startup", "speed"),
)
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    """Measure and render; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--tables", default=",".join(TABLES), help=f"some of {','.join(TABLES)} (default: all)"
    )
    parser.add_argument("--seeds", type=int, help="seeds of every table (default: each table's own number)")
    parser.add_argument(
        "--render", action="store_true", help="measure nothing: write what was measured before"
    )
    parser.add_argument("--again", action="store_true", help="measure what is kept of earlier runs, too")
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    chosen = given.tables.split(",")
    unknown = sorted(set(chosen) - set(TABLES))
    if unknown:
        parser.error(f"there is no table {unknown[0]!r}; choose from {', '.join(TABLES)}")
    if given.seeds is not None and given.seeds < 1:
        parser.error("at least one seed is needed")
    names = [name for name in TABLES if name in chosen]
    cache = Cache(BUILD, any_version=given.render, again=given.again)
    bench = Bench(cache, given.seeds)
    begun = time.monotonic()
    if not given.render:
        measure(bench, names)
    text = "\n".join(
        [
            _heading(cache, (time.monotonic() - begun) / 60),
            *(_section(bench, _module(name)) for name in names),
        ]
    )
    given.output.write_text(text, "utf-8")
    print(f"{text}\nWritten to {given.output}")
    return 0


def measure(bench: Bench, names: list[str]) -> None:
    """Measure what these tables lack: those that time nothing side by side, then the others one by one."""
    modules = [_module(name) for name in names]
    for alone in (False, True):
        for module in modules:
            if hasattr(module, "ALONE") == alone:
                module.table(bench)  # notes what it lacks
        bench.cache.measure(1 if alone else os.cpu_count() or 1)


def _module(name: str) -> Any:
    return import_module(f".tables.{name}", __package__)


def _section(bench: Bench, module: Any) -> str:
    seeds = bench.seeds or module.SEEDS
    said = "seed 0" if seeds == 1 else f"seeds 0 to {seeds - 1}"
    return f"## {module.TITLE}\n\n{module.ABOUT} ({said.capitalize()}.)\n\n{module.table(bench)}\n"


def _heading(cache: Cache, minutes: float) -> str:
    command = " ".join(["python -m bench", *sys.argv[1:]])
    measured = f"{len(cache.measured)} figures were measured in this run, in {minutes:.0f} minutes"
    return (
        "# Results of `make bench`\n\n"
        f"{datetime.now(timezone.utc):%Y-%m-%d}, `{command}`, on {machine()}. {measured}; "
        f"{len(cache.kept - cache.measured)} are kept of runs before it (build/bench) with the same code.\n"
    )


def machine() -> str:
    """The processor, its cores, and the versions that matter."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return (
        f"{os.cpu_count()} cores of {model}, {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"Python {platform.python_version()}, {platform.system()}"
    )


if __name__ == "__main__":
    sys.exit(main())
