"""The NVIDIA GPU in this computer, and what it means for an installation: which torch, how large."""

from __future__ import annotations

import csv
import subprocess
from dataclasses import dataclass

from .commands import ask, program

GIB = 1024**3


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU as its driver reports it."""

    name: str
    driver: str
    memory_gib: float


def detect_gpu() -> Gpu | None:
    """Return the first NVIDIA GPU that the driver's own nvidia-smi lists, or None."""
    query = [
        program("nvidia-smi"),
        "--query-gpu=name,driver_version,memory.total",
        "--format=csv,noheader,nounits",
    ]
    try:
        answer = ask(query, 15)
        name, driver, mebibytes = next(csv.reader(answer.stdout.splitlines(), skipinitialspace=True))
        return Gpu(name, driver, round(float(mebibytes) / 1024, 1))
    except (OSError, subprocess.SubprocessError, StopIteration, ValueError):
        return None


def expected_gib(gpu: Gpu | None) -> tuple[float, float]:
    """Return roughly what an installation takes, (download, disk) in GiB; CUDA comes with torch."""
    return (3.0, 7.0) if gpu else (0.4, 1.5)


# The oldest driver for each CUDA of torch, from NVIDIA's release notes; uv decides by the same rule.
_BUILDS = ((580, "CUDA 13.0"), (570, "CUDA 12.8"), (560, "CUDA 12.6"))


def torch_build(gpu: Gpu | None) -> str:
    """Return which build of torch is to be expected for this GPU and driver; "CPU" where there is none."""
    number = gpu.driver.partition(".")[0] if gpu else ""
    driver = int(number) if number.isdecimal() else 0
    return next((build for oldest, build in _BUILDS if driver >= oldest), "CPU")
