"""The task `purity`: the map of how often each pixel is extreme in random projections, window by window."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from ..contract.errors import SceneError
from ..endmembers.extremes import Sides, extremes, sampled, times_extreme
from ..result.whole import written_whole
from .open_scene import opened_scene
from .progress import MAPPED, READ, JobProgress

if TYPE_CHECKING:
    from ..contract.jobs import PurityJob
    from ..scene.scene import Scene

NO_DATA = -1
_BLOCK = 256


def run(job: PurityJob, progress: JobProgress) -> None:
    """Write the map of how often each pixel is extreme.

    Raises:
        SceneError: no pixels of the scene differ.
        OutputError: the map cannot be written.
    """
    with opened_scene(job, progress) as scene:
        _map(job, scene, progress)


def _map(job: PurityJob, scene: Scene, progress: JobProgress) -> None:

    def report(done: float) -> None:
        progress.reach(READ + (MAPPED - READ) * done, "mapping", f"Projecting the scene: {done:.0%}")

    sample = sampled(scene, job.seed, lambda done: report(0.2 * done)).spectra
    if not len(sample) or not sample.std(axis=0).any():
        raise SceneError(f"{scene.name} has no pixels that differ.", "Choose another raster.")
    sides = Sides.of(sample, job.projections, job.seed)
    low, high, _ = extremes(scene, sides, lambda done: report(0.2 + 0.4 * done))
    path = Path(os.path.abspath(job.map))
    pure = most = done = 0
    with written_whole(path, job.id) as staged, _created(staged, scene, job) as raster:
        for window, _ in scene.windows(_BLOCK, 0):
            cube, valid = scene.read(window)
            counts = np.full(valid.shape, NO_DATA, np.int32)
            counts[valid] = times_extreme(cube[valid], sides, (low, high), job.threshold)
            raster.write(counts, 1, window=window)
            pure += int((counts > 0).sum())
            most = max(most, int(counts.max()))
            done += counts.size
            report(0.6 + 0.4 * done / (scene.rows * scene.cols))
    progress.send(
        {
            "event": "result",
            "files": {"map": str(path)},
            "extreme_pixels": pure,
            "most": most,
            "warnings": progress.warnings,
        }
    )


def _created(path: Path, scene: Scene, job: PurityJob) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        raster = rasterio.open(
            path, "w", driver="GTiff", width=scene.cols, height=scene.rows, count=1, dtype="int32",
            nodata=NO_DATA, crs=scene.crs, transform=None if scene.transform.is_identity else scene.transform,
            tiled=True, blockxsize=_BLOCK, blockysize=_BLOCK, compress="deflate", bigtiff="if_safer",
        )  # fmt: skip
    if scene.gcps:
        raster.gcps = (scene.gcps, scene.gcps_crs)
    if scene.rpcs:
        raster.rpcs = scene.rpcs
    raster.descriptions = (f"Times extreme in {job.projections} projections",)
    return raster
