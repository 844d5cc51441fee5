"""The purity map of a scene: how often each pixel is extreme in random projections. Window by window."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from ..contract.errors import SceneError
from ..endmembers.extremes import Report, Sides, extremes, sampled, times_extreme
from ..result.results import disk_errors_named

if TYPE_CHECKING:
    from ..contract.jobs import PurityJob
    from ..scene.scene import Scene

NO_DATA = -1
_BLOCK = 256


def purity_map(job: PurityJob, scene: Scene, report: Report) -> dict[str, Any]:
    """Write the map, a file that appears whole or not at all; returns what to say of it.

    report: told the share that is done; what it raises ends the work. Raises SceneError, OutputError.
    """
    sample = sampled(scene, job.seed, lambda done: report(0.2 * done)).spectra
    if not len(sample) or not sample.std(axis=0).any():
        raise SceneError(f"{scene.name} has no pixels that differ.", "Choose another raster.")
    sides = Sides.of(sample, job.projections, job.seed)
    low, high, _ = extremes(scene, sides, lambda done: report(0.2 + 0.4 * done))
    path = Path(os.path.abspath(job.map))
    staged = path.with_name(f".{path.name}.partial-{job.id}")
    pure = most = done = 0
    with disk_errors_named(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _created(staged, scene, job) as raster:
                for window, _ in scene.windows(_BLOCK, 0):
                    cube, valid = scene.read(window)
                    counts = np.full(valid.shape, NO_DATA, np.int32)
                    counts[valid] = times_extreme(cube[valid], sides, (low, high), job.threshold)
                    raster.write(counts, 1, window=window)
                    pure += int((counts > 0).sum())
                    most = max(most, int(counts.max()))
                    done += counts.size
                    report(0.6 + 0.4 * done / (scene.rows * scene.cols))
            staged.replace(path)
        finally:
            staged.unlink(missing_ok=True)
    return {"map": str(path), "extreme_pixels": pure, "most": most}


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
