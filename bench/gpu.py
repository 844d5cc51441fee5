"""`make bench-gpu`: training and mapping from arrays in memory, how busy the GPU is, where the host waits.

Needs torch, numpy and scipy only, and of the core only what needs no more: it runs on a bare GPU machine.
Where there is no GPU it says so, measures the small size on the CPU, and counts what a card would be asked.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from torch.profiler import ProfilerActivity, profile

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(CHECKOUT / "model"), str(CHECKOUT)]
from auvae.network.auvae_net import HALO
from auvae.network.model import Model
from auvae.network.options import EFFORTS, Effort, Options
from auvae.network.train import train
from auvae.numerics import steps
from auvae.numerics.threads import threads_side_by_side

from bench.stages import counted, covered, on_card, walls

Cube = NDArray[np.float32]
Sizes = dict[str, Callable[[], Cube]]

SMALL = "100 x 100 x 198"
SIZES: Sizes = {
    SMALL: lambda: simulated(100, 100, 198),
    "1000 x 1000 x 224": lambda: simulated(1000, 1000, 224),
    "100 x 100 x 150, no pure pixels": lambda: capped(100, 100, 150),
}
REHEARSED: Sizes = {"24 x 32 x 20": lambda: simulated(24, 32, 20)}
ENDMEMBERS = 4
CAP = 0.7
"""Of one material in a pixel, where there are no pure ones: there the simplex and its judge are asked."""

PATCH, PATCHES = 128, 4
"""A job trains on at most about 65,536 pixels: so many patches of this side, or all of a smaller scene."""
WINDOW = {"cuda": 512, "cpu": 256}


def main() -> int:
    """Measure every size that this machine is for; prints Markdown, and JSON as the last line.

    Returns:
        1 where a card did not record every step, which makes it slower than it should be; 0 else.
    """
    parser = argparse.ArgumentParser(prog="bench/gpu.py", description=__doc__)
    parser.add_argument("--quality", default="standard", choices=tuple(EFFORTS))
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes, to see that this script runs")
    given = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    quality = "draft" if given.rehearse else given.quality
    sizes = REHEARSED if given.rehearse else SIZES if device == "cuda" else {SMALL: SIZES[SMALL]}
    if given.rehearse:
        EFFORTS["draft"] = Effort(8, 8, starts=2, rounds=10, crop=16, extrapolate=False)
        print("A rehearsal with tiny sizes: no figure of it says anything.\n")
    elif device == "cpu":
        print(f"There is no GPU here: only {SMALL} is measured, on the CPU; GPU figures need a GPU.\n")
    print(f"{name}, torch {torch.__version__}, {quality} quality, {ENDMEMBERS} endmembers\n")
    if not given.rehearse:
        unmix(simulated(64, 64, 64), "draft", device)  # the first use of a device loads its libraries
    print("| scene | stage | wall s | megapixels/s | on device s | waiting for Python | MiB reserved |")
    print("|---|---|---|---|---|---|---|")
    measured: dict[str, Any] = {}
    with recording() as unrecorded:
        for size, cube in sizes.items():
            measured[size] = measure(cube(), quality, device)
            for stage, figures in measured[size].items():
                print(_row(size, stage, figures), flush=True)
        print(f"\nSteps that a card did not record: {len(unrecorded) or 'none'}.", *unrecorded)
        for size, cube in sizes.items():
            measured[size]["stages"] = by_stage(size, cube(), quality, device)
    print(json.dumps({"device": name, "torch": torch.__version__, "quality": quality, "sizes": measured}))
    return int(bool(unrecorded))


@contextmanager
def recording() -> Iterator[list[str]]:
    """What torch says of steps that it could not record, once for each."""
    said: list[str] = []
    real = steps.RepeatedStep._record

    def record(step: steps.RepeatedStep) -> None:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            real(step)
        said.extend(str(one.message) for one in heard if "records no steps" in str(one.message))

    with patch.object(steps.RepeatedStep, "_record", record):
        yield said


def measure(cube: Cube, quality: str, device: str) -> dict[str, dict[str, float]]:
    """Wall seconds and throughput of each stage; on a GPU also seconds in which kernels ran, and memory."""
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    spent = unmix(cube, quality, device)
    memory = torch.cuda.max_memory_reserved() / 2**20 if device == "cuda" else None
    busy = on_device(cube, quality) if device == "cuda" else {}
    pixels = cube.shape[0] * cube.shape[1] / 1e6
    return {
        stage: {"wall": wall, "throughput": pixels / wall}
        | ({"device": busy[stage], "waiting": max(0.0, 1 - busy[stage] / wall)} if stage in busy else {})
        | ({"memory": memory} if memory is not None and stage == "both" else {})
        for stage, wall in spent.items()
    }


def unmix(cube: Cube, quality: str, device: str) -> dict[str, float]:
    """Wall seconds of training on a cube in memory, of mapping it all, and of mapping it once more."""
    held: list[Model] = []
    training = _wall(lambda: held.append(_trained(cube, quality, device)), device)
    mapping = _wall(lambda: _map(held[0], cube, device), device)
    again = _wall(lambda: _map(held[0], cube, device), device)
    return {"training": training, "mapping": mapping, "mapping again": again, "both": training + mapping}


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


def by_stage(size: str, cube: Cube, quality: str, device: str) -> dict[str, dict[str, float]]:
    """Print and return what each stage of a training takes, and how often the host waits in it."""

    def work() -> None:
        _trained(cube, quality, device)

    spent = walls(work, device)
    kinds = (
        ("busy", "kernels", "launches", "waits") if device == "cuda" else ("operations", "waits", "replays")
    )
    found: dict[str, dict[str, Any]] = dict(on_card(work) if device == "cuda" else counted(work))
    print(f"\nTraining on {size}, stage by stage{'' if device == 'cuda' else ' as a card would be asked'}\n")
    print(f"| stage | wall s | {' | '.join(kinds)} |\n|---|---|{'---|' * len(kinds)}")
    told = {}
    for stage in sorted({*spent, *found}, key=lambda stage: -spent.get(stage, 0.0)):
        numbers = [found.get(stage, {}).get(kind, 0) for kind in kinds]
        cells = [f"{one:.3f}" if isinstance(one, float) else f"{one}" for one in numbers]
        print(f"| {stage} | {spent.get(stage, 0.0):.3f} | {' | '.join(cells)} |", flush=True)
        told[stage] = {"wall": spent.get(stage, 0.0), **dict(zip(kinds, numbers, strict=True))}
    return told


def capped(rows: int, cols: int, bands: int) -> Cube:
    """A scene ``(rows, cols, B)`` whose pixels hold at most `CAP` of a material, each drawn alone, 40 dB."""
    draws = np.random.default_rng(0)
    shares = draws.dirichlet((0.5,) * ENDMEMBERS, 20 * rows * cols)
    shares = shares[shares.max(1) <= CAP][: rows * cols].reshape(rows, cols, ENDMEMBERS)
    return _noisy(shares.astype(np.float32) @ _spectra(draws, bands), 40, draws)


def simulated(rows: int, cols: int, bands: int) -> Cube:
    """A scene ``(rows, cols, B)`` of smooth random spectra in smooth random shares, 30 dB."""
    draws = np.random.default_rng(0)
    spectra = _spectra(draws, bands)
    down, across = np.mgrid[0:rows, 0:cols] / 60
    phases = draws.uniform(0, 2 * np.pi, (ENDMEMBERS, 2))
    waves = np.stack([np.sin(down + a) * np.cos(across + b) for a, b in phases], axis=-1)
    shares = np.exp(4 * waves)
    return _noisy((shares / shares.sum(-1, keepdims=True)).astype(np.float32) @ spectra, 30, draws)


def _spectra(draws: np.random.Generator, bands: int) -> Cube:
    centres = draws.uniform(0, 1, (ENDMEMBERS, 6, 1))
    spectra = 0.05 + np.exp(-(((np.linspace(0, 1, bands) - centres) / 0.15) ** 2)).sum(1) / 6
    return spectra.astype(np.float32)


def _noisy(cube: Cube, decibels: float, draws: np.random.Generator) -> Cube:
    noise = float(np.sqrt((cube**2).mean() / 10 ** (decibels / 10)))
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
    """Seconds covered by the device's events."""
    cuda = torch.autograd.DeviceType.CUDA
    ranges = (event.time_range for event in watched.events() if event.device_type == cuda)
    return covered((one.start, one.end) for one in ranges)


def _row(size: str, stage: str, figures: dict[str, float]) -> str:
    device = f"{figures['device']:.2f} | {figures['waiting']:.0%}" if "device" in figures else "– | –"
    memory = f"{figures['memory']:.0f}" if "memory" in figures else "–"
    return f"| {size} | {stage} | {figures['wall']:.2f} | {figures['throughput']:.3f} | {device} | {memory} |"


if __name__ == "__main__":
    sys.exit(main())
