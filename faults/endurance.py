"""`make endurance`: run after run in one QGIS with a full project; what it holds must stay what it was.

Then one training of the largest preset, to its end. Runs are of a small scene and as short as a draft's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .__main__ import SCENE
from .place import WORKER, Place, Problem, Qgis, all_gone

LAYERS = 500
SETTLED = 10  # runs until caches are full
GROWTH = 1.02
MORE_HANDLES = 2


def main() -> int:
    """Run; returns 1 when something grew or was left."""
    parser = argparse.ArgumentParser(prog="python -m faults.endurance", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--layers", type=int, default=LAYERS)
    parser.add_argument(
        "--without-largest", action="store_true", help="leave out the training of quality high"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="auvae-endurance-") as folder:
        scene, older = Path(folder) / "scene.tif", Path(folder) / "older"
        for words in (
            ("simulate", str(scene), *SCENE),
            ("unmix", str(scene), "--endmembers", "3", "--quality", "draft", "--output", str(older)),
        ):
            subprocess.run([str(WORKER), "-m", "auvae", *words], check=True, capture_output=True)
        place = Place(older, scene)
        qgis = Qgis(place.root)
        try:
            problems = _endure(qgis, place, given)
        except Problem as problem:
            problems = [str(problem)]
        finally:
            qgis.end()
            place.remove()
    print("\n".join(f"NOT OK {problem}" for problem in problems) or "ok")
    return 1 if problems else 0


def _endure(qgis: Qgis, place: Place, given: Any) -> list[str]:
    for _ in range(given.layers):
        qgis.ask("add", path=str(place.scene))
        qgis.expect("added")
    settled: dict[str, int] = {}
    now: dict[str, int] = {}
    for number in range(1, given.runs + 1):
        _run(qgis, place, SEED=number)
        now = _measured(qgis)
        if number == min(SETTLED, max(1, given.runs // 3)):
            settled = now
        if number % 10 == 0 or number == given.runs:
            print(f"run {number:3}: {_words(now)}, load of the machine {os.getloadavg()[0]:.1f}", flush=True)
    problems = []
    if now["kilobytes"] > settled["kilobytes"] * GROWTH:
        problems.append(f"memory grew from {settled['kilobytes']} to {now['kilobytes']} kB")
    problems += [
        f"{what} grew from {settled[what]} to {now[what]}"
        for what in ("handles", "threads")
        if now[what] > settled[what] + MORE_HANDLES
    ]
    if not given.without_largest:
        begun = time.monotonic()
        _run(qgis, place, QUALITY=2, whole=True)
        print(f"quality high to its end: {time.monotonic() - begun:.0f} s")
    qgis.ask("cool")
    qgis.expect("cool")
    if all_gone(qgis):
        problems.append("processes were left")
    if place.left():
        problems.append(f"left: {', '.join(place.left())}")
    return problems


def _run(qgis: Qgis, place: Place, *, whole: bool = False, **options: Any) -> None:
    environment = place.environment("none@training")
    if whole:
        environment["AUVAE_PYTHON"] = str(WORKER)
    qgis.ask("run", options=place.options(**options), environment=environment)
    while True:
        try:
            answer = qgis.expect("done")
            break
        except Problem:
            if not whole or qgis.process.poll() is not None:
                raise
    if not answer["done"]:
        raise Problem(f"a run failed: {answer['errors']}")


def _measured(qgis: Qgis) -> dict[str, int]:
    qgis.ask("measure")
    return qgis.expect("kilobytes")


def _words(now: dict[str, int]) -> str:
    return f"{now['kilobytes'] / 1024:.1f} MiB, {now['handles']} handles, {now['threads']} threads"


if __name__ == "__main__":
    sys.exit(main())
