"""The tasks that a run over many scenes is made of: look, sample, train, map, join. Any process can do any.

A task gets an order, a dictionary that could be JSON, and works on files that it shares with the others. Done
twice, it leaves what it leaves done once: a task of a lost worker is simply done again. Which task is done
when is decided in schedule.py.
"""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import safetensors.numpy
import torch
from rasterio.windows import Window

from ..contract.choices import FEWEST_ENDMEMBERS
from ..contract.errors import SceneError
from ..contract.jobs import ScenesJob
from ..contract.result_document import ManyScenes, TrainingRecord
from ..contract.variants import DEFAULT
from ..endmembers.sampling import Patch, sample_patches
from ..mapping.gdal_cache import CACHE_BYTES
from ..mapping.map_scene import WINDOW, map_scene, strip_height
from ..network.auvae_net import HALO
from ..network.model import Model, TrainedModel
from ..network.train import restore
from ..numerics.device import computed_on
from ..numerics.threads import chosen_threads
from ..result.folder import left_over
from ..result.whole import write_text_whole, written_whole
from ..result.writer import ResultWriter
from ..scene.pixel_area import PixelArea
from ..scene.scene import Scene
from ..tasks.devices import name_unusable_card, on_device
from ..tasks.progress import Emit, IsCancelled, JobProgress
from ..tasks.provenance import how_made, scene_event
from ..tasks.train import counted_endmembers, train_model
from .dates import scene_date
from .tile import TileWriter, tile_parts, tile_sums

Order = dict[str, Any]

SAMPLE = 131_072
"""Pixels of all scenes together that one model is trained on, or `FEWEST` of each where these are more."""

FEWEST = 1024
_PATCH, _SMALL_PATCH = 64, 32
_BLOCK_PIXELS = 262_144
# Training sets the seed of the whole process: two at once would disturb each other's random numbers.
_TRAINING = threading.Lock()
_PATIENCE_S = 0.5
_models: dict[str, tuple[str, TrainedModel]] = {}


def perform(kind: str, order: Order, emit: Emit, cancelled: IsCancelled) -> dict[str, Any]:
    """Do a task.

    Args:
        kind: look, sample, train, map or join.
        order: what to do it with.
        emit: takes its events.
        cancelled: whether it is to stop.

    Returns:
        Its answer.

    Raises:
        Cancelled: it was to stop.
        AuvaeError: it cannot be done, and why.
    """
    task = {"look": _look, "sample": _sample, "train": _train, "map": _map, "join": _join}[kind]
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES):
        return task(order, ScenesJob.parse(order["job"]), JobProgress(emit, cancelled))


def _look(order: Order, job: ScenesJob, progress: JobProgress) -> dict[str, Any]:
    """What the others need to know of a scene beforehand."""
    progress.reach(0.0, "reading", "Looking at the scene")
    path = order["scene"]
    with Scene.open(path, job.bands, job.selection) as scene:
        scene.check(max(FEWEST_ENDMEMBERS, job.endmembers))
        strip = strip_height(scene, HALO)
        rows = strip * max(1, round(_BLOCK_PIXELS / (strip * scene.cols)))
        return {
            "name": scene.name,
            "rows": scene.rows,
            "cols": scene.cols,
            "block_rows": rows,
            "bands": [band.number for band in scene.kept],
            "band_count": len(scene.bands),
            "wavelengths": None if scene.wavelengths is None else scene.wavelengths.tolist(),
            "unit": scene.unit,
            "date": scene_date(path),
            "pixel_area": _pixel_area(scene),
            "state": _state(path),
            "warnings": scene.warnings,
            "notes": scene.notes,
        }


def _pixel_area(scene: Scene) -> float | None:
    """The area of a pixel in square metres, at the middle of the scene; None where it is not known."""
    by_row = PixelArea.of(scene).by_row
    return None if by_row is None else float(by_row[scene.rows // 2])


def _state(path: str) -> list[int]:
    """Size and time of change of a file, to notice a change; empty for a name that is no file's."""
    try:
        found = os.stat(path)
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns]


def _sample(order: Order, job: ScenesJob, progress: JobProgress) -> dict[str, Any]:
    """Write the training patches of a scene to a file, for the one model of all `order["of"]` scenes."""
    place = Path(order["samples"])
    if not place.exists():
        with Scene.open(order["scene"], order["bands"], job.selection) as scene:
            patches = list(_patches(scene, job.seed + order["number"], order["of"], progress))
        arrays: dict[str, np.ndarray] = {}
        for number, (cube, valid) in enumerate(patches):
            arrays |= {f"cube{number}": cube, f"valid{number}": valid.astype(np.uint8)}
        with written_whole(place, uuid.uuid4().hex) as staged:
            staged.write_bytes(safetensors.numpy.save(arrays))
    return {}


def _patches(scene: Scene, seed: int, scenes: int, progress: JobProgress) -> Iterator[Patch]:
    """Training patches of one of so many scenes."""
    budget = max(FEWEST, SAMPLE // scenes) if scenes > 1 else SAMPLE // 2
    size = _PATCH if budget >= _PATCH**2 else _SMALL_PATCH
    how = {"window": size, "budget": budget} if scenes > 1 else {}
    for patch in sample_patches(scene, seed, **how):
        progress.reach(0.0, "reading", f"Reading samples of {scene.name}")
        yield patch


def _kept_patches(place: Path) -> list[Patch]:
    """What `_sample` kept."""
    arrays = safetensors.numpy.load_file(place)
    return [(arrays[f"cube{number}"], arrays[f"valid{number}"] > 0) for number in range(len(arrays) // 2)]


def _train(order: Order, job: ScenesJob, progress: JobProgress) -> dict[str, Any]:
    """Train a model on the samples of all scenes, or on this one, and keep it as a file."""
    place, path = Path(order["model"]), order["scene"]
    record_place = place.with_suffix(".json")
    if not record_place.exists():
        with Scene.open(path, order["bands"], job.selection) as scene:
            if order["samples"]:
                patches = [patch for file in order["samples"] for patch in _kept_patches(Path(file))]
            else:
                patches = list(_patches(scene, job.seed, 1, progress))
            one = job.on(path)
            name_unusable_card(job.device, progress)
            found = None if job.endmembers else counted_endmembers(one, scene, patches, progress, 0.15)
            number = found.number if found else job.endmembers
            progress.send(scene_event(scene, [f"Endmember {k}" for k in range(1, number + 1)]))
        while not _TRAINING.acquire(timeout=_PATIENCE_S):
            progress.reach(0.05, "reading", "Waiting for another training of this process")
        try:
            model, moves = train_model(one, number, patches, progress, None)
        finally:
            _TRAINING.release()
        training: TrainingRecord = {
            "endmembers": number,
            "count": found.document() if found else None,
            "search": model.search if isinstance(model, Model) else None,
            "history": model.history,
            "moves": moves,
        }
        record = {"training": training, "device": computed_on(model.device)}
        state = {key: np.ascontiguousarray(value) for key, value in model.state().items()}
        with written_whole(place, uuid.uuid4().hex) as staged:
            settings = {"settings": json.dumps(model.settings())}
            staged.write_bytes(safetensors.numpy.save(state, metadata=settings))
        write_text_whole(record_place, json.dumps(record), job.id)
    return {}


def _read_model(place: Path) -> TrainedModel:
    """What `_train` kept: a folder of our own, whose content nobody else had a hand in."""
    with safetensors.safe_open(place, framework="np") as file:
        settings = json.loads(file.metadata()["settings"])
    return restore(safetensors.numpy.load_file(place), settings)


def _kept_model(place: str, device: torch.device) -> TrainedModel:
    """The model of a file, kept for the next block on every device: blocks are many and it is one."""
    known = f"{place} {Path(place).stat().st_mtime_ns}"
    kept = _models.get(device.type)
    if kept is None or kept[0] != known:
        kept = _models[device.type] = known, _read_model(Path(place)).to(device)
    return kept[1]


def _map(order: Order, job: ScenesJob, progress: JobProgress) -> dict[str, Any]:
    """Map one block of a scene into a tile."""
    place = Path(order["tile"])
    if place.is_dir():
        return {}
    progress.reach(0.0, "mapping", "Mapping")
    first, last = order["first"], order["last"]
    model = on_device(job.device, progress, partial(_kept_model, order["model"]))
    with (
        Scene.open(order["scene"], order["bands"], job.selection) as scene,
        TileWriter(place, scene, first, last, len(model.endmembers)) as tile,
    ):
        for _ in map_scene(
            scene,
            model,
            tile,
            lambda done, _text: progress.reach((done * last - first) / (last - first), "mapping", "Mapping"),
            lambda text: progress.message("info", text),
            first,
            last,
            warn=progress.leave_card if job.device == "auto" else None,
        ):
            pass
    return {}


def _join(order: Order, job: ScenesJob, progress: JobProgress) -> dict[str, Any]:
    """Make the result folder of a scene from its tiles; blocks that are not there are no-data."""
    output = Path(order["output"])
    record = json.loads(Path(order["model"]).with_suffix(".json").read_text(encoding="utf-8"))
    training: TrainingRecord = record["training"]
    model = _kept_model(order["model"], torch.device("cpu"))
    names = [f"Endmember {number}" for number in range(1, training["endmembers"] + 1)]
    left_over(output, "")  # what a worker that was lost left of the same task
    with (
        Scene.open(order["scene"], order["bands"], job.selection) as scene,
        ResultWriter(output, job.id, scene, names) as writer,
    ):
        for block in order["blocks"]:
            progress.reach(0.3 * block["first"] / scene.rows, "writing", "Joining the blocks")
            if block["tile"] is None:
                _place_nothing(writer, block["first"], block["last"], scene.cols, len(names))
                continue
            for row, maps in tile_parts(Path(block["tile"]), block["first"]):
                writer.place(Window(0, row, scene.cols, len(maps[0])), *maps)
                progress.reach(0.3 * row / scene.rows, "writing", "Joining the blocks")
            writer.add(tile_sums(Path(block["tile"])))
        if not writer.statistics.pixels:
            raise SceneError(f"No block of {scene.name} could be mapped.", "See what was said of each.")
        writer.complete_maps(lambda done: progress.reach(0.3 + 0.6 * done, "writing", "Writing the result"))
        how = how_made(
            job, scene, progress, training,
            variant=DEFAULT, device=record["device"], threads=chosen_threads().document(),
        )  # fmt: skip
        how |= {"command": order["command"], "warnings": order["warnings"]}
        part: ManyScenes = {
            "run": order["mark"],
            "pixels": writer.statistics.pixels,
            "missing": [[b["first"], b["last"]] for b in order["blocks"] if b["tile"] is None],
        }
        writer.finish(model, how, training["moves"], part)
    return {}


def _place_nothing(writer: ResultWriter, first: int, last: int, cols: int, endmembers: int) -> None:
    for row in range(first, last, WINDOW):
        rows = min(WINDOW, last - row)
        shares = np.full((rows, cols, endmembers), np.nan, np.float32)
        writer.place(Window(0, row, cols, rows), shares, shares, shares[..., 0])
