"""Speed and size: mapping beside Orfeo ToolBox in the same run, cost and memory by size of the scene."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from auvae.mapping.map_scene import map_scene
from auvae.network.model import Maps, Model, TrainedModel
from auvae.scene.scene import Scene
from rasterio.windows import Window

from bench import ours, peers, scenes
from bench.cache import Figures
from bench.render import Bench, markdown

TITLE = "Speed and size"
SEEDS = 1
ALONE = True
"""Measured with nothing beside it."""
MODULES = (".",)
"""Folders of the core on which the figures hang: all of it."""
MEGAPIXELS = {0.01: 1, 1: 10, 4: 20, 16: 40}
"""Sizes of the scene made by repeating Jasper, and how often along each side."""
LARGE = 10
"""How often Jasper is repeated along each side of a megapixel."""
ESTIMATED = 100
"""Megapixels that take too long to map in a bench."""
ABOUT = """\
*Mapping*: a trained model restored, a tiled GeoTIFF of 1000 x 1000 pixels and 198
bands (Jasper repeated) read, mapped in windows as a job does, and the abundances written; beside it OTB's
HyperspectralUnmixing with the same endmembers, and reading the file alone. The process of ours is there
already; how long a new one takes to start is said. *Size*: `auvae unmix --quality draft` of Jasper repeated
(a virtual raster over one tiled GeoTIFF of a megapixel): mapping with all its outputs, and packing them, a
megapixel; the largest resident set of the process, and what the system wrote to the disk for it. The size
that is estimated is measured by `make bench-large`."""


def table(bench: Bench) -> str:
    """The rendered tables; a sentence where Jasper is absent."""
    if "jasper" not in scenes.real():
        return "jasper is not in ../shared/data: mapping and memory were not measured."
    parts = []
    walls = bench.figures("speed", "mapping", mapping, MODULES)
    if walls:
        rows = [[what, f"{wall:.2f}", f"{wall / walls['reading']:.1f}"] for what, wall in walls.items()]
        parts.append(markdown(("mapping 1 megapixel of 198 bands", "seconds", "times reading"), rows))
    sizes: list[list[str]] = []
    for size, times in MEGAPIXELS.items():
        run = bench.figures("speed", f"size {size} megapixels", partial(sized, times), MODULES)
        if run:
            cells = (run["mebibytes"], run["written"], run["seconds"])
            each = (f"{run[stage] / size:.2f}" for stage in ("mapping", "packing"))
            sizes.append([str(size), *each, *(f"{value:.0f}" for value in cells)])
    if len(sizes) == len(MEGAPIXELS):
        each = sum(float(cell) for cell in sizes[-1][1:3])
        sizes.append(
            [f"{ESTIMATED} (estimated)", *sizes[-1][1:3], "", "", f"{each * ESTIMATED:.0f} + training"]
        )
    head = ("megapixels", "mapping, s/MP", "packing, s/MP", "peak MiB", "written, MiB", "whole run, s")
    parts.append(markdown(head, sizes))
    return "\n\n".join([*parts, *peers.MISSING])


def sized(times: int) -> Figures:
    """`auvae unmix` of Jasper repeated so often along each side."""
    with tempfile.TemporaryDirectory(dir=scenes.BUILD) as folder:
        return _unmix(_large(Path(folder), times), scenes.REAL["jasper"], "draft")


def mapping() -> Figures:
    """Wall seconds of everything that turns the large file into abundances, and of reading it."""
    jasper = scenes.known("jasper")
    trained = ours.train(jasper, 0, quality="draft")
    state, settings = trained.state(), trained.settings()
    with tempfile.TemporaryDirectory(dir=scenes.BUILD) as name:
        folder = Path(name)
        scene = _repeated(folder, LARGE)
        _write_endmembers(folder / "ends.tif", trained.endmembers)
        for block in _windows(scene):  # once, so that every reader finds the file in the system's cache
            del block
        walls = {
            "reading": _wall(lambda: sum(1 for _ in _windows(scene))),
            "AUVAE-Net": _wall(lambda: _map(scene, folder / "maps.tif", Model.restore(state, settings))),
            "start of its process": _wall(
                lambda: _python("import auvae.network.trainer, auvae.scene.scene, auvae.result.writer")
            ),
        }
        if peers.OTB:
            walls["OTB UCLS"] = _wall(
                lambda: peers.otb(
                    "HyperspectralUnmixing", "-in", scene, "-ie", folder / "ends.tif",
                    "-out", folder / "ucls.tif", "float", "-ua", "ucls",
                )
            )  # fmt: skip
    return {what: round(wall, 3) for what, wall in walls.items()}


class _Abundances:
    """Writes the abundances of a scene into one GeoTIFF, and nothing else: what OTB writes."""

    def __init__(self, output: Path, scene: Scene, count: int) -> None:
        shape = {"width": scene.cols, "height": scene.rows, "count": count, "dtype": "float32"}
        profile = {"driver": "GTiff", "tiled": True, "nodata": -9999, "crs": scene.crs}
        self.raster = rasterio.open(output, "w", transform=scene.transform, **shape, **profile)

    def write(self, window: Window, maps: Maps, _cube: np.ndarray, inside: tuple[slice, slice]) -> None:
        """Write a window."""
        self.raster.write(
            np.moveaxis(np.nan_to_num(maps.abundances[inside], nan=-9999), -1, 0), window=window
        )


def _map(path: Path, output: Path, model: TrainedModel) -> None:
    """Map a scene as a job does, into one GeoTIFF."""
    with Scene.open(path) as scene:
        writer = _Abundances(output, scene, len(model.endmembers))
        with writer.raster:
            deque(map_scene(scene, model, writer, lambda *_: None, print), maxlen=0)


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


def _large(folder: Path, times: int) -> Path:
    """Jasper so often along each side; from a megapixel on a virtual raster that repeats one."""
    if times <= LARGE:
        return _repeated(folder, times)
    one, again = _repeated(folder, LARGE), times // LARGE
    with rasterio.open(one) as raster:
        side, bands, kind = raster.width, raster.count, raster.dtypes[0].capitalize()
    sources = {
        band: "".join(
            f'<SimpleSource><SourceFilename relativeToVRT="1">{one.name}</SourceFilename>'
            f"<SourceBand>{band}</SourceBand>"
            f'<SrcRect xOff="0" yOff="0" xSize="{side}" ySize="{side}"/>'
            f'<DstRect xOff="{col * side}" yOff="{row * side}" xSize="{side}" ySize="{side}"/></SimpleSource>'
            for row in range(again)
            for col in range(again)
        )
        for band in range(1, bands + 1)
    }
    listed = "".join(
        f'<VRTRasterBand dataType="{kind}" band="{band}">{inside}</VRTRasterBand>'
        for band, inside in sources.items()
    )
    path = folder / f"jasper_{times}.vrt"
    size = side * again
    path.write_text(f'<VRTDataset rasterXSize="{size}" rasterYSize="{size}">{listed}</VRTDataset>', "utf-8")
    return path


def _write_endmembers(path: Path, spectra: np.ndarray) -> None:
    """Endmembers ``(K, B)`` as OTB reads them: one pixel each."""
    count, bands = spectra.shape
    shape = {"count": bands, "height": 1, "width": count, "dtype": "float64", **scenes.PLACE}
    with rasterio.open(path, "w", driver="GTiff", **shape) as raster:
        raster.write(spectra.T[:, None])


def _unmix(scene: Path, count: int, quality: str) -> Figures:
    """Wall seconds (all, mapping, packing), largest resident set and mebibytes written of a whole run."""
    with tempfile.TemporaryDirectory(dir=scenes.BUILD) as folder:
        arguments = ["-m", "auvae", "unmix", str(scene), "--endmembers", str(count)]
        arguments += ["--quality", quality, "--device", "cpu", "--output", f"{folder}/result"]
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        result = Path(folder) / "result" / "result.json"
        stages = json.loads(result.read_text("utf-8"))["seconds"] if result.exists() else {}
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"auvae unmix {scene.name} ended with {process.returncode}")
    return {
        "seconds": round(seconds, 2),
        "mebibytes": round(usage.ru_maxrss / 1024),
        "written": round(usage.ru_oublock / 2048),  # blocks of 512 bytes
        "mapping": stages["mapping"],
        "packing": stages["writing"],
    }


def _python(statement: str) -> None:
    subprocess.run([sys.executable, "-c", statement], check=True)


def _wall(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
