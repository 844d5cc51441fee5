"""`make bench-cluster`: scenes an hour on one and two Dask workers here, against the command in a loop.

Then scaling.py simulates many workers with what was measured here. Writes docs/scaling.md and its plot.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auvae.scene import Scene
from auvae.scenes import tasks
from auvae.simulate import Recipe, simulate

from .scaling import Measured, write_page

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench" / "cluster"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "model"), "OMP_NUM_THREADS": "1"}


def main() -> None:
    """Measure, simulate, write."""
    parser = argparse.ArgumentParser(prog="make bench-cluster")
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--bands", type=int, default=224)
    given = parser.parse_args()
    shutil.rmtree(BUILD, ignore_errors=True)
    paths = [BUILD / f"scene-{number}.img" for number in range(given.scenes)]
    for number, path in enumerate(paths):
        simulate(path, Recipe(rows=given.side, cols=given.side, bands=given.bands, seed=number))
    load = os.getloadavg()[0]
    loop = _timed(lambda: [_unmix([path], BUILD / f"loop-{path.stem}") for path in paths])
    seconds, parts = {}, {}
    for workers in (1, 2):
        with _cluster(workers) as address:
            output = BUILD / f"on-{workers}"
            _unmix(paths[:1], BUILD / f"warm-{workers}", "--run-on", address)  # torch is loaded
            command = ["--models", "each", "--run-on", address]
            start = time.monotonic()
            _unmix(paths, output, *command)
            seconds[workers] = time.monotonic() - start
            parts[workers] = _parts(address, paths, output)
    measured = Measured(
        scenes=given.scenes,
        size=f"{given.side} x {given.side} x {given.bands}",
        pixels=given.side**2,
        bands=given.bands,
        loop=loop,
        one=seconds[1],
        two=seconds[2],
        load=(load, os.getloadavg()[0]),
        processors=os.cpu_count() or 1,
        **parts[1],
    )
    print(measured)
    write_page(measured, ROOT / "docs")


def _timed(work: Any) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


def _unmix(paths: list[Path], output: Path, *more: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "auvae", "unmix", *map(str, paths), "--endmembers", "4", "--quality", "draft",
         "--device", "cpu", "--output", str(output), *more],
        env=ENVIRONMENT, check=True,
    )  # fmt: skip


def _parts(address: str, paths: list[Path], folder: Path) -> dict[str, float]:
    """Seconds of a block, of moving its bytes, and what Dask adds: its task against the function."""
    from auvae.scenes import remote
    from distributed import Client

    document = {
        "schema": 1, "task": "unmixscenes", "id": "bench", "scenes": [str(paths[0])], "bands": None,
        "endmembers": 4, "models": "one", "quality": "draft", "seed": 0, "device": "cpu",
        "selection": {"water_bands": "auto", "mask": None, "extent": None}, "run_on": "",
        "cpu_workers": False,
        "output": str(folder / "parts"),
    }  # fmt: skip
    work = folder / "parts"
    work.mkdir(parents=True)
    with Scene.open(paths[0]) as scene:
        cols, rows = scene.cols, min(256, scene.rows)
        reading = _timed(lambda: scene.read(_rows(rows, cols)))
    order = {"job": document, "scenes": [str(paths[0])], "bands": None, "model": str(work / "m.auvae")}
    training = _timed(lambda: tasks.perform("train", order, _nothing, _never))
    block = {**order, "scene": str(paths[0]), "first": 0, "last": rows}
    with Client(address, set_as_default=False) as client:
        inside, outside = [], []
        for turn in range(4):
            one = {**block, "tile": str(work / f"tile-{turn}")}
            start = time.monotonic()
            inside.append(client.submit(_seconds_of, one, pure=False).result() if turn else 0.0)
            outside.append(time.monotonic() - start)
        empty = [_timed(lambda: client.submit(remote.who, None, pure=False).result()) for _ in range(20)]
    written = work / "tile-1"
    size = sum(path.stat().st_size for path in written.iterdir())
    copying = _timed(lambda: shutil.copytree(written, work / "copied"))
    mapping = sorted(inside[1:])[1]
    return {
        "training": training,
        "block_pixels": rows * cols,
        "block": mapping,
        "moving": reading + copying,
        "moved_bytes": rows * cols * len(_kept(paths[0])) * 2 + size,
        "overhead": max(0.0, sorted(a - b for a, b in zip(outside[1:], inside[1:], strict=True))[1]),
        "empty": sorted(empty)[len(empty) // 2],
    }


def _seconds_of(order: dict[str, Any]) -> float:
    """How long a block takes where it is mapped; run on the worker."""
    from auvae.scenes import tasks

    start = time.monotonic()
    tasks.perform("map", order, lambda event: None, lambda: False)
    return time.monotonic() - start


def _kept(path: Path) -> tuple[Any, ...]:
    with Scene.open(path) as scene:
        return scene.kept


def _rows(rows: int, cols: int) -> Any:
    from rasterio.windows import Window

    return Window(0, 0, cols, rows)


def _nothing(_event: dict[str, Any]) -> None:
    pass


def _never() -> bool:
    return False


@contextmanager
def _cluster(workers: int) -> Iterator[str]:
    """A scheduler and workers on loopback."""
    file = BUILD / f"scheduler-{workers}.json"
    common = [sys.executable, "-m"]
    processes = []
    environment = {**ENVIRONMENT, "PYTHONPATH": f"{ROOT / 'model'}{os.pathsep}{ROOT}"}
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        processes.append(
            subprocess.Popen(
                [*common, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                 "--no-dashboard", "--scheduler-file", str(file)], **quiet,
            )
        )  # fmt: skip
        while not file.exists():
            time.sleep(0.1)
        address = str(json.loads(file.read_text())["address"])
        work = [
            "distributed.cli.dask_worker",
            address,
            "--host",
            "127.0.0.1",
            "--no-nanny",
            "--nthreads",
            "1",
        ]
        work = [*common, *work, "--no-dashboard"]
        processes += [subprocess.Popen(work, **quiet) for _ in range(workers)]
        from distributed import Client

        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers)
        yield address
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
