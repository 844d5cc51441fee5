"""`make bench-gpu`: training and mapping from arrays in memory, and how busy the GPU is. Knows no rasters.

Needs torch and numpy only, and of the core only what needs no more: it runs on a bare GPU machine. Where
there is no GPU it says so and measures the small size on the CPU.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.profiler import ProfilerActivity, profile

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "model"))
from auvae.network.auvae_net import HALO
from auvae.network.model import Model
from auvae.network.options import EFFORTS, Options
from auvae.network.train import train
from auvae.numerics.threads import threads_side_by_side

Cube = NDArray[np.float32]

SIZES = {"100 x 100 x 198": (100, 100, 198), "1000 x 1000 x 224": (1000, 1000, 224)}
SMALL = "100 x 100 x 198"
ENDMEMBERS = 4
PATCH, PATCHES = 128, 4
"""A job trains on at most about 65,536 pixels: so many patches of this side, or all of a smaller scene."""
WINDOW = {"cuda": 512, "cpu": 256}


def main() -> int:
    """Measure every size that this machine is for; prints Markdown, and JSON as the last line."""
    parser = argparse.ArgumentParser(prog="bench/gpu.py", description=__doc__)
    parser.add_argument("--quality", default="standard", choices=tuple(EFFORTS))
    quality = parser.parse_args().quality
    device = "cuda" if torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    if device == "cpu":
        print(f"There is no GPU here: only {SMALL} is measured, on the CPU; GPU figures need a GPU.\n")
    print(f"{name}, torch {torch.__version__}, {quality} quality, {ENDMEMBERS} endmembers\n")
    unmix(simulated(64, 64, 64), quality, device)  # the first use of a device loads its libraries
    print("| scene | stage | wall s | megapixels/s | on device s | waiting for Python |")
    print("|---|---|---|---|---|---|")
    measured = {}
    for size in SIZES if device == "cuda" else (SMALL,):
        measured[size] = measure(simulated(*SIZES[size]), quality, device)
        for stage, figures in measured[size].items():
            print(_row(size, stage, figures), flush=True)
    print(json.dumps({"device": name, "torch": torch.__version__, "quality": quality, "sizes": measured}))
    return 0


def measure(cube: Cube, quality: str, device: str) -> dict[str, dict[str, float]]:
    """Wall seconds, throughput and, on a GPU, seconds in which kernels ran, of each stage and of both."""
    walls = unmix(cube, quality, device)
    busy = on_device(cube, quality) if device == "cuda" else {}
    pixels = cube.shape[0] * cube.shape[1] / 1e6
    return {
        stage: {"wall": wall, "throughput": pixels / wall}
        | ({"device": busy[stage], "waiting": max(0.0, 1 - busy[stage] / wall)} if busy else {})
        for stage, wall in walls.items()
    }


def unmix(cube: Cube, quality: str, device: str) -> dict[str, float]:
    """Wall seconds of training on a cube in memory and of mapping it all."""
    held: list[Model] = []
    training = _wall(lambda: held.append(_trained(cube, quality, device)), device)
    mapping = _wall(lambda: _map(held[0], cube, device), device)
    return {"training": training, "mapping": mapping, "both": training + mapping}


def on_device(cube: Cube, quality: str) -> dict[str, float]:
    """Seconds in which at least one kernel or copy ran, in a second run that the profiler watches."""
    activities = [ProfilerActivity.CUDA]
    with profile(activities=activities) as watched:
        model = _trained(cube, quality, "cuda")
        torch.cuda.synchronize()
    training = _busy(watched)
    with profile(activities=activities) as watched:
        _map(model, cube, "cuda")
        torch.cuda.synchronize()
    mapping = _busy(watched)
    return {"training": training, "mapping": mapping, "both": training + mapping}


def simulated(rows: int, cols: int, bands: int) -> Cube:
    """A scene ``(rows, cols, B)`` of smooth random spectra in smooth random shares, 30 dB."""
    draws = np.random.default_rng(0)
    centres = draws.uniform(0, 1, (ENDMEMBERS, 6, 1))
    spectra = 0.05 + np.exp(-(((np.linspace(0, 1, bands) - centres) / 0.15) ** 2)).sum(1) / 6
    down, across = np.mgrid[0:rows, 0:cols] / 60
    phases = draws.uniform(0, 2 * np.pi, (ENDMEMBERS, 2))
    waves = np.stack([np.sin(down + a) * np.cos(across + b) for a, b in phases], axis=-1)
    shares = np.exp(4 * waves)
    cube = (shares / shares.sum(-1, keepdims=True)).astype(np.float32) @ spectra.astype(np.float32)
    noise = float(np.sqrt((cube**2).mean() / 1000))
    cube += noise * draws.standard_normal(cube.shape, dtype=np.float32)
    return cube


def _trained(cube: Cube, quality: str, device: str) -> Model:
    return train(list(_patches(cube)), Options(ENDMEMBERS, quality, device=device), lambda _: None)


def _patches(cube: Cube) -> Iterator[tuple[Cube, NDArray[np.bool_]]]:
    """What a job would train on: all of a small scene, else patches along the diagonal."""
    rows, cols, _ = cube.shape
    if rows * cols <= PATCHES * PATCH**2:
        yield cube, np.ones((rows, cols), bool)
        return
    for top, left in zip(
        *(np.linspace(0, side - PATCH, PATCHES, dtype=int) for side in (rows, cols)), strict=True
    ):
        yield cube[top : top + PATCH, left : left + PATCH], np.ones((PATCH, PATCH), bool)


def _map(model: Model, cube: Cube, device: str) -> None:
    """Map a cube window by window, each with its halo, as many at a time as a job does."""
    rows, cols, _ = cube.shape
    corners = product(*(range(0, side, WINDOW[device]) for side in (rows, cols)))

    def one(corner: tuple[int, int]) -> None:
        first, begin = (max(0, place - HALO) for place in corner)
        last, end = (place + WINDOW[device] + HALO for place in corner)
        window = cube[first:last, begin:end]
        model.predict(window, np.ones(window.shape[:2], bool))

    with threads_side_by_side(model.device) as together, ThreadPoolExecutor(together) as computing:
        deque(computing.map(one, corners), maxlen=0)


def _wall(work: Callable[[], object], device: str) -> float:
    """Wall seconds until the device has done the work."""
    begun = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def _busy(watched: profile) -> float:
    """Seconds covered by the device's events: kernels on two streams at once count once."""
    on_gpu = (event for event in watched.events() if event.device_type == torch.autograd.DeviceType.CUDA)
    spans = sorted((event.time_range.start, event.time_range.end) for event in on_gpu)
    covered, reached = 0.0, float("-inf")
    for start, end in spans:
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered / 1e6


def _row(size: str, stage: str, figures: dict[str, float]) -> str:
    device = f"{figures['device']:.2f} | {figures['waiting']:.0%}" if "device" in figures else "– | –"
    return f"| {size} | {stage} | {figures['wall']:.2f} | {figures['throughput']:.3f} | {device} |"


if __name__ == "__main__":
    sys.exit(main())
