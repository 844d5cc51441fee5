"""Speed and memory: whole runs, mapping beside Orfeo ToolBox in the same run, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from auvae.scene import Scene
from auvae.training import Model
from rasterio.windows import Window

from bench import ours, peers, scenes
from bench.cache import Figures
from bench.render import Bench, markdown

TITLE = "Speed and memory"
SEEDS = 1
ALONE = True
"""Measured with nothing beside it."""
MODULES = ("endmembers", "losses", "network", "training", "job", "scene", "results", "worker")
TARGETS = {
    ("samson", "standard"): 30,
    ("jasper", "standard"): 45,
    ("samson", "draft"): 10,
    ("jasper", "draft"): 10,
}
"""Seconds that `auvae unmix` may take."""
WINDOW = 256
"""Side of the windows that a job maps a scene in."""
MEGAPIXELS = {0.01: 1, 1: 10, 4: 20}
"""Sizes of the scene made by repeating Jasper, and how often along each side."""
ABOUT = """\
*Whole run*: `auvae unmix` from the command line, wall seconds, with the start of Python, reading, training,
mapping and writing. *Mapping*: a trained model restored, a tiled GeoTIFF of 1000 x 1000 pixels and 198
bands (Jasper repeated) read, mapped in windows as a job does, and the abundances written; beside it OTB's
HyperspectralUnmixing with the same endmembers, and reading the file alone. The process of ours is there
already; how long a new one takes to start is said. *Memory*: the largest resident set of `auvae unmix
--quality draft`."""


def table(bench: Bench) -> str:
    """The rendered tables; a sentence where Jasper is absent."""
    whole = []
    for (scene, quality), most in TARGETS.items():
        if scene in scenes.real():
            run = bench.figures("speed", f"{scene} {quality}", partial(whole_run, scene, quality), MODULES)
            if run:
                whole.append([scene, quality, f"{run['seconds']:.1f}", f"≤ {most}"])
    parts = [markdown(("scene", "quality", "seconds", "target"), whole)]
    if "jasper" not in scenes.real():
        return "\n\n".join([*parts, "jasper is not in ../shared/data: mapping and memory were not measured."])
    walls = bench.figures("speed", "mapping", mapping, MODULES)
    if walls:
        rows = [[what, f"{wall:.2f}", f"{wall / walls['reading']:.1f}"] for what, wall in walls.items()]
        parts.append(markdown(("mapping 1 megapixel of 198 bands", "seconds", "times reading"), rows))
    peaks = []
    for size, times in MEGAPIXELS.items():
        run = bench.figures("speed", f"memory {size} megapixels", partial(memory, times), MODULES)
        if run:
            peaks.append([str(size), f"{run['mebibytes']:.0f}", f"{run['seconds']:.0f}"])
    parts.append(markdown(("megapixels", "peak MiB", "seconds"), peaks))
    return "\n\n".join([*parts, *peers.MISSING])


def whole_run(scene: str, quality: str) -> Figures:
    """`auvae unmix` of a real scene."""
    return _unmix(scenes.real_path(scene), scenes.REAL[scene], quality)


def memory(times: int) -> Figures:
    """`auvae unmix` of Jasper repeated so often along each side."""
    with tempfile.TemporaryDirectory(dir=scenes.BUILD) as folder:
        return _unmix(_repeated(Path(folder), times), scenes.REAL["jasper"], "draft")


def mapping() -> Figures:
    """Wall seconds of everything that turns the large file into abundances, and of reading it."""
    jasper = scenes.known("jasper")
    trained = ours.train(jasper, 0, quality="draft")
    state, settings = trained.state(), trained.settings()
    with tempfile.TemporaryDirectory(dir=scenes.BUILD) as name:
        folder = Path(name)
        scene = _repeated(folder, MEGAPIXELS[1])
        _write_endmembers(folder / "ends.tif", trained.endmembers)
        for block in _windows(scene):  # once, so that every reader finds the file in the system's cache
            del block
        walls = {
            "reading": _wall(lambda: sum(1 for _ in _windows(scene))),
            "AUVAE-Net": _wall(lambda: _map(scene, folder / "maps.tif", Model.restore(state, settings))),
            "start of its process": _wall(
                lambda: _python("import auvae.training, auvae.scene, auvae.results")
            ),
        }
        if peers.OTB:
            for algorithm in ("ucls", "isra"):
                walls[f"OTB {algorithm.upper()}"] = _wall(
                    lambda a=algorithm: peers.otb(
                        "HyperspectralUnmixing", "-in", scene, "-ie", folder / "ends.tif",
                        "-out", folder / f"{a}.tif", "float", "-ua", a,
                    )
                )  # fmt: skip
    return {what: round(wall, 3) for what, wall in walls.items()}


def _map(path: Path, output: Path, model: Model) -> None:
    """Map a scene window by window, as a job does, into one GeoTIFF."""
    with Scene.open(path) as scene:
        shape = {"width": scene.cols, "height": scene.rows, "count": len(model.endmembers)}
        profile = {"driver": "GTiff", "dtype": "float32", "tiled": True, "nodata": -9999, "crs": scene.crs}
        with rasterio.open(output, "w", transform=scene.transform, **shape, **profile) as raster:
            for inner, outer in scene.windows(WINDOW, model.halo):
                maps = model.predict(*scene.read(outer))
                top, left = inner.row_off - outer.row_off, inner.col_off - outer.col_off
                shares = maps.abundances[top : top + inner.height, left : left + inner.width]
                raster.write(np.moveaxis(np.nan_to_num(shares, nan=-9999), -1, 0), window=inner)


def _windows(path: Path) -> Any:
    """Every block of a raster, all bands, one after the other."""
    with rasterio.open(path) as raster:
        for _, window in raster.block_windows(1):
            yield raster.read(window=window)


def _repeated(folder: Path, times: int) -> Path:
    """Jasper so often along each side, as a tiled GeoTIFF."""
    with rasterio.open(scenes.real_path("jasper")) as raster:
        cube, profile = raster.read(), raster.profile
    _, rows, cols = cube.shape
    profile |= {"driver": "GTiff", "tiled": True, "blockxsize": 256, "blockysize": 256, "interleave": "pixel"}
    profile |= {"width": cols * times, "height": rows * times, "BIGTIFF": "IF_SAFER"}
    path = folder / f"jasper_{times}.tif"
    with rasterio.open(path, "w", **profile) as raster:
        for row in range(times):
            raster.write(np.tile(cube, (1, 1, times)), window=Window(0, row * rows, cols * times, rows))
    return path


def _write_endmembers(path: Path, spectra: np.ndarray) -> None:
    """Endmembers ``(K, B)`` as OTB reads them: one pixel each."""
    count, bands = spectra.shape
    shape = {"count": bands, "height": 1, "width": count, "dtype": "float64", **scenes.PLACE}
    with rasterio.open(path, "w", driver="GTiff", **shape) as raster:
        raster.write(spectra.T[:, None])


def _unmix(scene: Path, count: int, quality: str) -> Figures:
    """Wall seconds and largest resident set of a run from the command line."""
    with tempfile.TemporaryDirectory(dir=scenes.BUILD) as folder:
        arguments = ["-m", "auvae", "unmix", str(scene), "--endmembers", str(count)]
        arguments += ["--quality", quality, "--device", "cpu", "--output", f"{folder}/result"]
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"auvae unmix {scene.name} ended with {process.returncode}")
    return {"seconds": round(seconds, 2), "mebibytes": round(usage.ru_maxrss / 1024)}


def _python(statement: str) -> None:
    subprocess.run([sys.executable, "-c", statement], check=True)


def _wall(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
