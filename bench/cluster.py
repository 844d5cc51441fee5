"""`make bench-cluster`: scenes an hour on one and two Dask workers here, against the command in a loop.

Then scaling.py simulates many workers with what was measured here. Writes docs/scaling.md and its plot.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Thread
from typing import TYPE_CHECKING, Any

import rasterio
from auvae.scenes import tasks
from auvae.scenes.cluster import Cluster, connected
from auvae.scenes.engine import TaskOutcome
from auvae.simulation.simulate import Recipe, simulate
from rasterio.windows import Window

from .scaling import Measured, write_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench" / "cluster"
FIGURES = ROOT / "build" / "bench" / "cluster.json"
PATHS = os.pathsep.join([str(ROOT / "model"), str(ROOT)])
ENVIRONMENT = {**os.environ, "PYTHONPATH": PATHS, "OMP_NUM_THREADS": "1"}
EMPTY = 400
OPTIONS = ("--endmembers", "4", "--quality", "draft", "--device", "cpu")


def main() -> None:
    """Measure, simulate, write."""
    parser = argparse.ArgumentParser(prog="make bench-cluster")
    parser.add_argument("--scenes", type=int, default=8)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--bands", type=int, default=224)
    parser.add_argument(
        "--render", action="store_true", help="write the page from the figures of the last run"
    )
    given = parser.parse_args()
    if not given.render:
        shutil.rmtree(BUILD, ignore_errors=True)
        BUILD.mkdir(parents=True)
        FIGURES.write_text(json.dumps(dataclasses.asdict(measure(given))), encoding="utf-8")
    known = json.loads(FIGURES.read_text(encoding="utf-8"))
    write_page(Measured(**{**known, "load": tuple(known["load"])}), ROOT / "docs")


def measure(given: argparse.Namespace) -> Measured:
    """Make the scenes and take every figure, one after the other."""
    paths = [BUILD / f"scene-{number}.img" for number in range(given.scenes)]
    for number, path in enumerate(paths):
        simulate(path, Recipe(rows=given.side, cols=given.side, bands=given.bands, seed=number))
    load = os.getloadavg()[0]
    loop = _seconds(lambda: _loop(paths, "loop"))
    half = len(paths) // 2
    both = _seconds(
        lambda: _at_once(lambda: _loop(paths[:half], "left"), lambda: _loop(paths[half:], "right"))
    )
    seconds: dict[int, float] = {}
    parts: dict[str, Any] = {}
    for workers in (1, 2):
        with _cluster(workers) as address:
            ask = ["--models", "each", "--run-on", address]
            for turn in range(2):  # so that every worker has loaded all it needs
                _unmix(paths[: 2 * workers], BUILD / f"warm-{workers}-{turn}", *ask)
            seconds[workers] = _seconds(lambda: _unmix(paths, BUILD / f"on-{workers}", *ask))  # noqa: B023
            parts = _parts(address, paths) if workers == 1 else {**parts, "dispatch": _dispatch(address)}
        _say(f"{workers} workers: {seconds[workers]:.1f} s")
    return Measured(
        scenes=given.scenes, side=given.side, bands=given.bands, loop=loop, both=both, one=seconds[1],
        two=seconds[2], load=(load, os.getloadavg()[0]), processors=os.cpu_count() or 1, **parts,
    )  # fmt: skip


def _parts(address: str, paths: list[Path]) -> dict[str, Any]:
    """Seconds of every kind of task, where it is done; of a block also from here, and of moving its bytes."""
    work = BUILD / "parts"
    work.mkdir()
    found: dict[str, list[float]] = {kind: [] for kind in ("look", "sample", "train", "map", "join")}
    beyond: list[float] = []
    rows = 0
    with connected(address) as client:
        for number, path in enumerate(paths[:4]):

            def do(kind: str, **order: Any) -> tuple[float, dict[str, Any]]:
                order = {"job": _document(path, work), "bands": None, **order}  # noqa: B023
                begun = time.monotonic()
                inside, answer = client.submit(_done, kind, order, pure=False).result()
                outside = time.monotonic() - begun
                found[kind].append(inside)
                return outside - inside, answer

            model, tile = str(work / f"{number}.auvae"), str(work / f"tile-{number}")
            _, seen = do("look", scene=str(path))
            rows = min(seen["rows"], seen["block_rows"])
            do("sample", scene=str(path), samples=str(work / f"{number}.safetensors"), number=0, of=1000)
            do("train", scene=str(path), samples=[], model=model)
            overhead, _ = do("map", scene=str(path), model=model, tile=tile, first=0, last=rows)
            if number:  # the first waits for numpy and GDAL
                beyond.append(overhead)
            blocks = [{"first": 0, "last": rows, "tile": tile}]
            if rows < seen["rows"]:
                blocks.append({"first": rows, "last": seen["rows"], "tile": None})
            output = str(work / path.stem)
            told = {"mark": "bench", "command": "", "warnings": []}
            do("join", scene=str(path), model=model, output=output, blocks=blocks, **told)
    with rasterio.open(paths[-1]) as raster:
        window = Window(0, 0, raster.width, rows)
        size = raster.count * rows * raster.width * 2 + sum(
            file.stat().st_size for file in Path(tile).iterdir()
        )
        moving = _seconds(lambda: raster.read(window=window))
    moving += _seconds(lambda: shutil.copytree(tile, work / "copied"))
    return {
        **{kind: median(seconds) for kind, seconds in found.items()},
        "block_rows": rows,
        "moving": moving,
        "moved_bytes": size,
        "overhead": max(0.0, median(beyond)),
    }


def _dispatch(address: str) -> float:
    """Seconds between two tasks that find their tile made, and so do nothing, through the engine of a run."""
    tile = BUILD / "parts" / "tile-0"
    order = {"job": _document(tile, tile.parent), "bands": None, "tile": str(tile)}
    with connected(address) as client:
        engine = Cluster(client, address, "cpu", str(tile), lambda _level, text: _say(text), cpu_workers=True)
        while engine.room < 4:  # until both workers are there
            engine.next(0.1)
        begun = time.monotonic()
        given = ended = 0
        while ended < EMPTY:
            while given < EMPTY and engine.room > 0:
                engine.start(("map", 0, given), order)
                given += 1
            heard = engine.next(1.0)
            if isinstance(heard, TaskOutcome):
                if heard.error is not None:
                    raise heard.error
                ended += 1
        engine.close()
        return (time.monotonic() - begun) / EMPTY


def _done(kind: str, order: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """How long a task takes where it is done, and its answer; run on the worker."""
    begun = time.monotonic()
    answer = tasks.perform(kind, order, lambda _event: None, lambda: False)
    return time.monotonic() - begun, answer


def _document(scene: Path, output: Path) -> dict[str, Any]:
    """What the order of a task says of the job."""
    return {
        "schema": 1, "task": "unmixscenes", "id": "bench", "scenes": [str(scene)], "bands": None,
        "endmembers": 4, "models": "each", "quality": "draft", "seed": 0, "device": "cpu",
        "brightness": "automatic",
        "selection": {"water_bands": "auto", "mask": None, "extent": None}, "run_on": "",
        "cpu_workers": False, "output": str(output),
    }  # fmt: skip


def _loop(paths: list[Path], name: str) -> None:
    for path in paths:
        _unmix([path], BUILD / f"{name}-{path.stem}")


def _unmix(paths: list[Path], output: Path, *more: str) -> None:
    words = ["unmix", *map(str, paths), *OPTIONS, "--output", str(output), *more]
    subprocess.run(
        [sys.executable, "-m", "auvae", *words], env=ENVIRONMENT, check=True, stderr=subprocess.DEVNULL
    )


def _at_once(*works: Callable[[], None]) -> None:
    threads = [Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _seconds(work: Callable[[], Any]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _say(text: str) -> None:
    print(text, file=sys.stderr)


@contextmanager
def _cluster(workers: int) -> Iterator[str]:
    """A scheduler and workers on loopback."""
    file = BUILD / f"scheduler-{workers}.json"
    quiet = {"env": ENVIRONMENT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    here = ["--host", "127.0.0.1", "--no-dashboard"]
    processes: list[subprocess.Popen[bytes]] = []

    def begin(program: str, *words: str) -> None:
        command = [sys.executable, "-m", f"distributed.cli.{program}", *here, *words]
        processes.append(subprocess.Popen(command, **quiet))

    try:
        begin("dask_scheduler", "--port", "0", "--scheduler-file", str(file))
        while not file.exists():
            time.sleep(0.1)
        address = str(json.loads(file.read_text(encoding="utf-8"))["address"])
        for _ in range(workers):
            begin("dask_worker", address, "--no-nanny", "--nthreads", "1")
        with connected(address) as client:
            client.wait_for_workers(workers)
        yield address
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
