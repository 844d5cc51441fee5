"""The worker with a fault built in: started in the place of `python -m auvae worker`, it does the same.

AUVAE_FAULT says which fault at which stage, as "kill@training"; AUVAE_MARK is a file made when it strikes.
Training is cut short: what is looked at is what happens around it.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from auvae.command.main import main
from auvae.mapping import checkpoint, map_rasters
from auvae.mapping import map_scene as mapping
from auvae.network import model, options
from auvae.network import trainer as training
from auvae.result import folder, writer
from auvae.scenes import tasks
from auvae.tasks import train as learning
from auvae.worker import dispatch as job

PAUSE = 3.0  # seconds in which somebody outside does what is to be done to it
SLACK = 1 << 20  # bytes that may be asked for once memory is short
SMALL_DISK = 4096  # bytes that a file may have on a full disk


class Fault:
    """A fault waiting for its stage; ``strike`` is called there, each time it is reached."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.struck = 0
        self.scene = ""
        self.output = Path()

    def strike(self, subject: Any = None) -> None:
        """Do it; faults of computing come back each time, others happen once."""
        self.struck += 1
        if self.struck == 1:
            Path(os.environ["AUVAE_MARK"]).touch()
        if self.struck == 1 or self.name in REPEATED:
            FAULTS[self.name](self, subject)


def _memory(_fault: Fault, _subject: Any) -> None:
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + SLACK
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _full(_fault: Fault, _subject: Any) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_DISK, SMALL_DISK))


def _quota(_fault: Fault, _subject: Any) -> None:
    raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))


def _gpu_memory(_fault: Fault, _subject: Any) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 7.00 GiB")


def _cuda(_fault: Fault, _subject: Any) -> None:
    kind = getattr(torch, "AcceleratorError", RuntimeError)
    raise kind(
        "CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be reported "
        "asynchronously\nCompile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\n"
    )


def _not_a_number(_fault: Fault, trainer: Any) -> None:
    with torch.no_grad():
        for parameter in trainer.network.parameters():
            parameter.fill_(float("nan"))


def _truncate(fault: Fault, _subject: Any) -> None:
    os.truncate(fault.scene, Path(fault.scene).stat().st_size // 3)


def _replace(fault: Fault, _subject: Any) -> None:
    other = Path(f"{fault.scene}.other")
    other.write_bytes(bytes(reversed(Path(fault.scene).read_bytes())))
    other.replace(fault.scene)


def _back_in_time(_fault: Fault, _subject: Any) -> None:
    now = time.time
    time.time = lambda: now() - 40 * 365 * 86400


FAULTS: dict[str, Callable[[Fault, Any], object]] = {
    "none": lambda _fault, _subject: None,
    "pause": lambda _fault, _subject: time.sleep(PAUSE),
    "kill": lambda _fault, _subject: os.kill(os.getpid(), signal.SIGKILL),
    "cpu-memory": _memory,
    "gpu-memory": _gpu_memory,
    "gpu-memory-once": _gpu_memory,
    "cuda-error": _cuda,
    "not-a-number": _not_a_number,
    "disk-full": _full,
    "quota": _quota,
    "folder-removed": lambda fault, _subject: shutil.rmtree(fault.output.parent),
    "result-removed": lambda fault, _subject: shutil.rmtree(fault.output),
    "truncated": _truncate,
    "replaced": _replace,
    "clock": _back_in_time,
}
REPEATED = ("gpu-memory", "cuda-error")


def _before(owner: Any, name: str, fault: Fault, nth: int = 1) -> None:
    """Let the fault strike whenever ``owner.name`` is called for the nth time or later, before it acts."""
    original = getattr(owner, name)
    calls = 0

    def instead(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= nth:
            fault.strike(arguments[0] if arguments else None)
        return original(*arguments, **options)

    setattr(owner, name, instead)


# Where each stage is, and at which call of it: in the middle, not at its beginning.
STAGES: dict[str, tuple[Any, str, int]] = {
    "reading": (learning, "sample_patches", 1),
    "start": (training, "find_endmembers", 1),
    "training": (training.Trainer, "unmix", 1),
    "mapping": (model.Model, "predict", 1),
    "writing": (map_rasters, "_blocks_arrived", 2),
    "finishing": (writer, "write_endmembers", 1),
    "moving": (folder, "rename", 2),
    # Of several scenes: in the first of them, or where the second comes after it.
    "scenes: reading": (tasks, "sample_patches", 1),
    "scenes: training": (training.Trainer, "unmix", 1),
    "scenes: mapping": (model.Model, "predict", 2),
    "scenes: joining": (map_rasters, "_blocks_arrived", 2),
    "scenes: moving": (folder, "rename", 2),
    # Of one scene so large that it is taken up again.
    "large: mapping": (model.Model, "predict", 14),
}


def prepare(name: str, stage: str) -> None:
    """Build the fault into the core."""
    fault = Fault(name)
    original = job.run

    def run(document: Any, *others: Any) -> None:
        fault.scene = getattr(document, "scene", "")
        fault.output = Path(getattr(document, "output", ""))
        original(document, *others)

    job.run = run
    _before(*STAGES[stage][:2], fault, STAGES[stage][2])
    options.EFFORTS["draft"] = options.Effort(cleaning=40, unmixing=20, starts=2, rounds=20, crop=32)
    mapping.WINDOW = 64
    if stage.startswith("large"):
        mapping.WINDOW, checkpoint.PIXELS, checkpoint.SECONDS = 16, 0, 0.0


if __name__ == "__main__":
    if "AUVAE_FAULT" in os.environ:
        prepare(*os.environ["AUVAE_FAULT"].split("@"))
    sys.exit(main([word for word in sys.argv[1:] if word not in ("-m", "auvae")]))
