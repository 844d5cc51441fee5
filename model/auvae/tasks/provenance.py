"""How a result was made: versions, bands, settings, as result.json and reports say it. Loads no torch."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio

from .. import __version__
from ..contract.palette import by_place

if TYPE_CHECKING:
    from ..contract.events import SceneEvent
    from ..contract.jobs import ApplyJob, FclsJob, ScenesJob, UnmixJob
    from ..contract.result_document import BandDocument, HowMade, SceneDocument, TrainingRecord
    from ..scene.scene import Scene
    from ..spectra.known import KnownSpectra
    from .progress import JobProgress


def now() -> str:
    """The time in UTC, as documents have it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def how_made(
    job: UnmixJob | ApplyJob | FclsJob | ScenesJob,
    scene: Scene,
    progress: JobProgress,
    training: TrainingRecord,
    *,
    variant: str,
    device: str,
    threads: dict[str, int],
    known: KnownSpectra | None = None,
    applied: dict[str, Any] | None = None,
) -> HowMade:
    """What result.json says of how a result was made.

    Args:
        job: that asked for it.
        scene: that was unmixed.
        progress: whose times and warnings are named.
        training: what it left; see `no_training`.
        variant: the network, or least squares.
        device: what was computed on, in words.
        threads: numbers of threads that computed, and of processors.
        known: spectra that were known.
        applied: the model that was applied, where none was trained.
    """
    return {
        "auvae": __version__,
        "created": now(),
        "scene": scene_document(scene),
        "unit": scene.unit,
        "facts": [fact.document() for fact in scene.facts],
        "bands": band_decisions(scene),
        "options": {"endmembers": training["endmembers"], "variant": variant, **job.options},
        "applied": applied,
        "known": None if known is None else {"count": len(known.names), "notes": known.notes},
        "count": training["count"],
        "search": training["search"],
        "command": job.command,
        "seed": job.seed,
        "device": device,
        "threads": threads,
        "versions": versions(),
        "seconds": progress.seconds(),
        "history": training["history"],
        "warnings": progress.warnings,
    }


def no_training(endmembers: int) -> TrainingRecord:
    """The record of a result with so many endmembers for which nothing was trained."""
    return {"endmembers": endmembers, "count": None, "search": None, "history": [], "moves": []}


def scene_document(scene: Scene) -> SceneDocument:
    """Which scene, as result.json has it."""
    return {"path": scene.path, "name": scene.name, "rows": scene.rows, "cols": scene.cols}


def band_decisions(scene: Scene) -> list[BandDocument]:
    """Every band of a scene with whether it is used, as result.json has it."""
    return [
        {
            "number": band.number,
            "wavelength_nm": band.wavelength,
            "fwhm_nm": band.fwhm,
            "kept": band.kept,
            "reason": band.reason,
        }
        for band in scene.bands
    ]


def scene_event(scene: Scene, names: list[str]) -> SceneEvent:
    """The event before a training: what a plot of it needs."""
    return {
        "event": "scene",
        "name": scene.name,
        "unit": scene.unit,
        "bands": [band.number for band in scene.kept],
        "wavelengths_nm": None if scene.wavelengths is None else scene.wavelengths.tolist(),
        "endmembers": [
            {"name": name, "color": color} for name, color in zip(names, by_place(len(names)), strict=True)
        ],
    }


def versions() -> dict[str, str]:
    """Versions of what a result was made with."""
    return {
        "auvae": __version__,
        "python": sys.version.split()[0],
        "torch": version("torch"),
        "numpy": np.__version__,
        "rasterio": rasterio.__version__,
        "gdal": rasterio.__gdal_version__,
    }
