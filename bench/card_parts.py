"""What is to be seen on a graphics card, part by part; card.py says when, and writes what they find.

A part yields lines of Markdown as soon as it has them, so that what it has measured is not lost when its time
is over. What is in **bold** is not as it should be.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

CHECKOUT = Path(__file__).resolve().parent.parent
SEEDS, AAE_SEEDS = 3, 5
SHORT_OF, ENOUGH = 0.3, 1.5
"""GiB of the card that are left free: too little for any training, and enough for it."""

MOST_MEMORY = 2048
"""MiB of a card that a scene may take."""

AT_ONCE = 4
"""Runs side by side where their seconds are not of interest."""

PROCESSOR_AAE = (
    (0.0710, 0.1300),
    (0.1541, 0.2784),
    (0.1070, 0.1611),
    (0.0820, 0.2566),
    (0.0851, 0.2246),
)
"""mSAD and mRMSE of AAE-Net on Samson, seeds 0 to 4, on a processor (26 November 2026, torch 2.13.0)."""

_PATHS = [str(CHECKOUT / "model"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, _PATHS))}
FILL = """
import sys, torch
free, _ = torch.cuda.mem_get_info()
held = torch.empty(max(1, int(free - float(sys.argv[1]) * 2**30)), dtype=torch.uint8, device="cuda")
print("held", flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Scene:
    """A scene with truth, and how many endmembers it has."""

    name: str
    image: Path
    truth: Path
    count: int


@dataclass(frozen=True)
class Setting:
    """What all parts share.

    Attributes:
        scenes: to be unmixed through the command line; none where that cannot be.
        folder: for results.
        device: that is looked at.
        quality: of the runs.
        end: when all must be over, by the clock of `time.monotonic`.
        rehearsed: whether this is a rehearsal, where there is no card.
    """

    scenes: tuple[Scene, ...]
    folder: Path
    device: str
    quality: str
    end: float
    rehearsed: bool

    def run(self, *words: object, status: tuple[int, ...] = (0,)) -> str:
        """What a command of this Python prints; it must end with such a status in the time that is left."""
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=CHECKOUT, env=ENVIRONMENT, capture_output=True, text=True, check=False,
            timeout=max(1.0, self.end - time.monotonic()),
        )  # fmt: skip
        if done.returncode not in status:
            said = done.stdout[-1500:] + done.stderr[-1500:]
            raise subprocess.CalledProcessError(done.returncode, words, said)
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def unmix(self, scene: Scene, name: str, *more: object, device: str | None = None) -> tuple[Path, float]:
        """The folder of a result, and the seconds that the command took."""
        output, begun = self.folder / name, time.monotonic()
        self.run("-m", "auvae", "unmix", scene.image, "--endmembers", scene.count, "--quality", self.quality,
                 "--device", device or self.device, "--output", output, *more)  # fmt: skip
        return output, time.monotonic() - begun

    def scores(self, scene: Scene, result: Path) -> dict[str, float]:
        """What the command `score` finds."""
        found: dict[str, float] = json.loads(self.run("-m", "auvae", "score", scene.truth, result))
        return found


Part = Callable[[Setting], Iterator[str]]


def times(setting: Setting) -> Iterator[str]:
    """bench/gpu.py: seconds, how busy the card is, memory, and whether every step was recorded."""
    words = ("--rehearse",) if setting.rehearsed else ()
    # 1: a step was not recorded, which it has printed.
    lines = setting.run("bench/gpu.py", *words, status=(0, 1)).splitlines()
    last = next(number for number, line in enumerate(lines) if line.startswith("{"))
    yield "\n".join(lines[:last]).strip()
    measured = json.loads(lines[last])
    if not any(line.startswith("Steps that a card did not record: none") for line in lines):
        yield "\n**Not every step was recorded.**"
    for size, stages in measured["sizes"].items():
        memory = stages["both"].get("memory")
        if memory is not None and memory >= MOST_MEMORY:
            yield f"**{size} took {memory:.0f} MiB of the card, more than {MOST_MEMORY}.**"


def tests(setting: Setting) -> Iterator[str]:
    """The tests that are marked `card`."""
    which = ("-k", "check_of_set_up") if setting.rehearsed else ()
    said = setting.run("-m", "pytest", "-q", "-m", "card", *which, "tests", "--ignore=tests/qgis",
                       "-p", "no:cacheprovider")  # fmt: skip
    yield "\n".join(said.strip().splitlines()[-12:])


def accuracy(setting: Setting) -> Iterator[str]:
    """Scores, seconds of one run alone, and whether one seed gives the same bytes twice."""
    seconds = {}
    for scene in setting.scenes:
        _, seconds[scene.name] = setting.unmix(scene, f"{scene.name}-0")
    names = ["0", "0 again", *map(str, range(1, 1 if setting.rehearsed else SEEDS))]
    yield "| scene | seed | mSAD | mRMSE | scaled |\n|---|---|---|---|---|"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = {
            (scene, name): pool.submit(setting.unmix, scene, f"{scene.name}-{name}", "--seed", name[0])
            for scene in setting.scenes
            for name in names[1:]
        }
        for scene in setting.scenes:
            for name in names:
                if name != "0":
                    jobs[scene, name].result()
                found = setting.scores(scene, setting.folder / f"{scene.name}-{name}")
                figures = " | ".join(f"{found[key]:.4f}" for key in ("mSAD", "mRMSE", "mRMSE_scaled"))
                yield f"| {scene.name} | {name} | {figures} |"
    yield ""
    for scene in setting.scenes:
        yield f"- {scene.name}, the whole command, alone: {seconds[scene.name]:.1f} s."
        once, again = (setting.folder / f"{scene.name}-{name}" for name in ("0", "0 again"))
        files = ("abundances.tif", "endmembers.csv")
        same = all((once / file).read_bytes() == (again / file).read_bytes() for file in files)
        yield f"- {scene.name}, seed 0 twice: {'the same bytes' if same else '**not the same bytes**'}."


def agreement(setting: Setting) -> Iterator[str]:
    """The card against the processor: the same seed, and the same model."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = []
        for scene in setting.scenes:
            model, applied = setting.folder / f"{scene.name}-0", setting.folder / f"{scene.name}-applied"
            words = (
                "-m",
                "auvae",
                "apply",
                model / "model.auvae",
                scene.image,
                "--device",
                "cpu",
                "--output",
                applied,
            )
            jobs.append(pool.submit(setting.run, *words))
            jobs.append(pool.submit(setting.unmix, scene, f"{scene.name}-cpu", device="cpu"))
        for job in jobs:
            job.result()
    for scene in setting.scenes:
        ours, cpu, applied = (setting.folder / f"{scene.name}-{name}" for name in ("0", "cpu", "applied"))
        angle, difference = _apart(ours, cpu)
        far = "**" if max(angle, difference) > 0.02 else ""
        yield (
            f"- {scene.name}, the same seed: {far}endmembers {angle:.4f} rad at most, maps {difference:.4f} "
            f"RMS{far} (0.02 is allowed)."
        )
        _, difference = _apart(ours, applied)
        far = "**" if difference > 0.001 else ""
        yield f"- {scene.name}, the same model: {far}maps {difference:.6f} RMS{far} (0.001 is allowed)."


def filled(setting: Setting) -> Iterator[str]:
    """What a run does while another program leaves little of the card."""
    scene = setting.scenes[0]
    for left in (ENOUGH, SHORT_OF):
        other = None
        if not setting.rehearsed:
            other = subprocess.Popen(
                [sys.executable, "-c", FILL, str(left)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            if other.stdout is None or "held" not in other.stdout.readline():
                raise OSError("the program that was to fill the card ended")
        try:
            output, _ = setting.unmix(scene, f"filled-{left}", device="auto")
            document = json.loads((output / "result.json").read_text("utf-8"))
            warned = [text for text in document["warnings"] if "graphics card" in text]
            yield f"- {left} GiB free, DEVICE automatic: done on {document['device']}. {' '.join(warned)}"
            output, by_name = setting.folder / f"named-{left}", "cpu" if setting.rehearsed else "cuda"
            enough = left == ENOUGH or setting.rehearsed
            said = setting.run(
                "-m", "auvae", "unmix", scene.image, "--endmembers", scene.count,
                "--quality", setting.quality, "--device", by_name, "--output", output,
                status=(0,) if enough else (1,),
            )  # fmt: skip
            told = "done" if enough else " ".join(said.split())[-300:]
            bad = "" if enough or not output.exists() else " **A result was left.**"
            yield f"- {left} GiB free, DEVICE CUDA: {told}{bad}"
        finally:
            if other is not None:
                other.kill()
                other.wait()


def killed(setting: Setting) -> Iterator[str]:
    """Whether the card's memory comes back and nothing lies under the final name."""
    scene, output, before = setting.scenes[0], setting.folder / "killed", _free()
    worker = subprocess.Popen(
        [sys.executable, "-m", "auvae", "unmix", str(scene.image), "--endmembers", str(scene.count),
         "--quality", "high", "--device", setting.device, "--json", "--output", str(output)],
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    for line in worker.stdout or ():
        if "Cleaning: epoch" in line:
            break
    else:
        raise OSError("the training ended before it could be killed")
    held = before - _free()
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    time.sleep(1)
    left = before - _free()
    there = "**something**" if output.exists() else "nothing"
    much = "**" if left > 2**26 else ""
    yield (
        f"It held {held / 2**20:.0f} MiB; after SIGKILL {much}{left / 2**20:.0f} MiB{much}, and {there} lay "
        "under the final name."
    )


def published(setting: Setting) -> Iterator[str]:
    """Seconds of the published network, and AAE-Net's seeds beside those of a processor."""
    scene = setting.scenes[0]
    if not setting.rehearsed:
        _, seconds = setting.unmix(scene, "published", "--variant", "published")
        yield f"AUVAE-Net (published) on {scene.name}, the whole command: {seconds:.1f} s.\n"
    yield "| AAE-Net, seed | card: mSAD | mRMSE | processor: mSAD | mRMSE |\n|---|---|---|---|---|"
    found = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [
            pool.submit(setting.unmix, scene, f"aae-{seed}", "--variant", "aae-net", "--seed", seed)
            for seed in range(1 if setting.rehearsed else AAE_SEEDS)
        ]
        for seed, job in enumerate(jobs):
            one = setting.scores(scene, job.result()[0])
            found.append((one["mSAD"], one["mRMSE"]))
            theirs = PROCESSOR_AAE[seed]
            yield f"| {seed} | {found[-1][0]:.4f} | {found[-1][1]:.4f} | {theirs[0]:.4f} | {theirs[1]:.4f} |"
    ours, theirs = np.array(found).mean(0), np.array(PROCESSOR_AAE).mean(0)
    yield f"| mean | {ours[0]:.4f} | {ours[1]:.4f} | {theirs[0]:.4f} | {theirs[1]:.4f} |"


def further(setting: Setting) -> Iterator[str]:
    """A linear scene without pure pixels, known spectra in the scene's own light, a megapixel."""
    size = ("--rows", 24, "--cols", 24, "--bands", 20) if setting.rehearsed else ()
    image = setting.folder / "capped.img"
    recipe = ("--endmembers", 3, "--cap", 0.75, "--arrangement", "dirichlet", "--seed", 23)
    setting.run("-m", "auvae", "simulate", image, *recipe, *size)
    scene = Scene("capped", image, image.with_name("capped_truth.npz"), 3)
    output, seconds = setting.unmix(scene, "capped")
    weighed = json.loads((output / "result.json").read_text("utf-8"))["search"]["weighed"]
    chosen = ", ".join(one["name"] for one in weighed if one["chosen"])
    found = setting.scores(scene, output)
    scores = f"mSAD {found['mSAD']:.4f}, mRMSE {found['mRMSE']:.4f}"
    yield f"- No pure pixels: {seconds:.1f} s, {scores}, chosen: {chosen}."
    begun = time.monotonic()
    setting.run("-m", "auvae", "fcls", image, "--known", output / "endmembers.csv",
                "--brightness", "automatic", "--output", setting.folder / "fcls")  # fmt: skip
    yield f"- Its endmembers as known spectra (`auvae fcls`): {time.monotonic() - begun:.1f} s"
    image = setting.folder / "megapixel.img"
    side = 64 if setting.rehearsed else 1000
    setting.run("-m", "auvae", "simulate", image, "--rows", side, "--cols", side, "--bands", 200)
    scene = Scene("megapixel", image, image.with_name("megapixel_truth.npz"), 4)
    output, seconds = setting.unmix(scene, "megapixel")
    spent = json.loads((output / "result.json").read_text("utf-8"))["seconds"]
    yield f"- {side} x {side} x 200 from and to the disk: {seconds:.1f} s; {json.dumps(spent)}."


PARTS: tuple[tuple[str, Part, float, bool], ...] = (
    ("Times, from arrays in memory", times, 170, False),
    ("Tests", tests, 180, False),
    ("Accuracy, through the command line", accuracy, 120, True),
    ("The card against the processor", agreement, 90, True),
    ("A card that another program has nearly filled", filled, 90, True),
    ("A worker killed in training", killed, 45, True),
    ("Published networks", published, 180, True),
    ("Further scenes", further, 120, True),
)
"""What matters first: title, what is measured, seconds it may take, whether through the command line."""


def _apart(one: Path, other: Path) -> tuple[float, float]:
    """How far two results lie apart, endmembers matched: largest angle in radians, RMS of the maps."""
    ours, theirs = (_spectra(folder) for folder in (one, other))
    unit = [spectra / np.linalg.norm(spectra, axis=1, keepdims=True) for spectra in (ours, theirs)]
    angles = np.arccos(np.clip(unit[0] @ unit[1].T, -1, 1))
    count = len(angles)
    order = min(permutations(range(count)), key=lambda order: angles[range(count), order].sum())
    maps = [_maps(folder) for folder in (one, other)]
    difference = float(np.sqrt(np.nanmean((maps[0] - maps[1][list(order)]) ** 2)))
    return float(angles[range(count), order].max()), difference


def _spectra(folder: Path) -> NDArray[np.float64]:
    with (folder / "endmembers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return np.array([row[1:] for row in rows], float).T


def _maps(folder: Path) -> NDArray[np.float64]:
    import rasterio

    with rasterio.open(folder / "abundances.tif") as raster:
        found = raster.read(masked=True).astype(float)
    return np.asarray(found.filled(np.nan))


def _free() -> int:
    """Bytes of the card that are free; none where there is no card."""
    return int(torch.cuda.mem_get_info()[0]) if torch.cuda.is_available() else 0
