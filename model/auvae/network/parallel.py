"""Training on several devices together: a process for each, their gradients averaged by torch.distributed.

The processes run the very training of training.py. They agree on starting weights by the seed, each draws
crops of its own, and before every step of the optimiser all gradients are averaged: n devices see n crops a
step, and do one n-th of the steps, so that as many crops are seen as on one device. What the others have to
know goes through a folder of their own and the loopback interface; nothing else is listened on.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import numpy as np
import safetensors.numpy
import torch
import torch.distributed as dist
from torch import Tensor

from ..contract.errors import AuvaeError, DeviceError
from ..numerics.device import card_failure, repeatable
from ..numerics.threads import training_threads
from .model import Model, Patch, Progress, Report, TrainedModel
from .options import EFFORTS, Options
from .train import train
from .trainer import Trainer

_STRANGE = 1_000_003  # apart by a prime, so that no process draws what another one draws
_LOOK_S = 0.1
_FAILED = "failed-"  # begins the name of the file in which a process says why
_PATIENCE = timedelta(minutes=10)  # for the slowest of them to reach a step
_LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


def all_gpus() -> list[str]:
    """Every CUDA device of this computer.

    Raises:
        DeviceError: there is none.
    """
    if not torch.cuda.is_available():
        raise DeviceError(
            "All GPUs were asked for, and torch finds no usable one.",
            "Choose DEVICE automatic or CPU, or install a CUDA build and a current NVIDIA driver.",
        )
    return [f"cuda:{number}" for number in range(torch.cuda.device_count())]


def train_together(
    patches: Sequence[Patch], options: Options, report: Report, devices: Sequence[str]
) -> TrainedModel:
    """Train as `training.train` does, on several devices at once; the model is ready to use on the first.

    Args:
        patches: as there.
        options: as there, but for the device.
        report: as there.
        devices: such as "cuda:0"; with one of them it is plain training.

    Raises:
        SceneError: as there.
        DeviceError: one of the processes failed.
    """
    first = "cuda" if devices[0].startswith("cuda") else "cpu"
    options = replace(options, device=first)
    if len(devices) == 1:
        return train(patches, options, report)
    with tempfile.TemporaryDirectory(prefix="auvae-", ignore_cleanup_errors=True) as folder:
        for number, (cube, valid) in enumerate(patches):
            np.save(Path(folder) / f"cube-{number}.npy", cube, allow_pickle=False)
            np.save(Path(folder) / f"valid-{number}.npy", valid, allow_pickle=False)
        order = {
            "folder": folder,
            "patches": len(patches),
            "devices": list(devices),
            "options": asdict(options),
        }
        processes = [_start({**order, "rank": rank}) for rank in range(len(devices))]
        try:
            _follow(processes, report, Path(folder))
        finally:
            for process in processes:
                process.kill()
            for process in processes:
                process.wait()
        told = json.loads((Path(folder) / "told.json").read_text(encoding="utf-8"))
        state = safetensors.numpy.load_file(Path(folder) / "model.safetensors")
    model = Model.restore(state, told["settings"], first)
    model.history, model.search = told["history"], told["search"]
    return model


def _start(order: dict[str, Any]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "auvae.network.parallel", json.dumps(order)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if order["rank"] == 0 else subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        # Python looks there first: not in the folder that the command was given in
        cwd=Path(__file__).resolve().parent.parent,
        env={**os.environ, "GLOO_SOCKET_IFNAME": _LOOPBACK, "NCCL_SOCKET_IFNAME": _LOOPBACK},
    )


def _follow(processes: Sequence[subprocess.Popen[str]], report: Report, folder: Path) -> None:
    """Hand on what the first process says until all have ended well; why one failed lies in the folder."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_pump, args=(processes[0].stdout, lines), daemon=True).start()
    last = Progress(0.0, "start", "Starting a process for each device", {})
    while True:
        try:
            said = json.loads(lines.get(timeout=_LOOK_S))
            spectra = said.pop("endmembers")
            last = Progress(**said, endmembers=None if spectra is None else np.array(spectra, np.float32))
        except queue.Empty:
            last = replace(last, endmembers=None)
            states = [process.poll() for process in processes]
            if any(states):
                # The first that failed takes the others along.
                told = sorted(folder.glob(f"{_FAILED}*"), key=lambda file: file.stat().st_mtime_ns)
                why = told[0].read_text(encoding="utf-8") if told else "one of its processes ended"
                raise DeviceError(
                    f"Training on {len(processes)} devices failed: {why}.",
                    "Look into the log, or choose DEVICE automatic, which trains on one.",
                ) from None
            if all(state == 0 for state in states):
                return
        # Also when nothing was said: a report is where a Cancel is noticed.
        report(last)


def _pump(stream: IO[str] | None, lines: queue.SimpleQueue[str]) -> None:
    for line in stream or ():
        if line.startswith("{"):
            lines.put(line)


class _Member(Trainer):
    """The training of one process among several."""

    def start(self, fraction: float) -> None:
        """Find the endmembers, and take over those of the first process to the last digit."""
        super().start(fraction)
        with torch.no_grad():
            for tensor in (*self.network.state_dict().values(), self.alternatives, self.variance):
                dist.broadcast(tensor, 0)


def _average(gradient: Tensor) -> None:
    """Replace a gradient by its mean over all processes."""
    dist.all_reduce(gradient)
    gradient /= dist.get_world_size()


def main(order: dict[str, Any]) -> None:
    """Train as one of several processes; one that fails leaves a few words on why."""
    try:
        _train_as_member(order)
    except Exception as error:
        failure = card_failure(error)
        told = error.text if isinstance(error, AuvaeError) else str(error)
        why = failure.what if failure else told.strip().partition("\n")[0].rstrip(".")
        whose = order["devices"][order["rank"]]
        # Whole or not at all: it is looked for while it is written.
        staged = Path(order["folder"]) / f"staged-{order['rank']}"
        staged.write_text(f"{why} (on {whose})", encoding="utf-8")
        staged.rename(staged.with_name(f"{_FAILED}{order['rank']}"))
        raise


def _train_as_member(order: dict[str, Any]) -> None:
    """Train as one of several processes; the first one says how it goes and writes the model."""
    folder, rank, devices = Path(order["folder"]), order["rank"], order["devices"]
    device = torch.device(devices[rank])
    if device.type == "cuda":
        torch.cuda.set_device(device)
    nccl = device.type == "cuda" and dist.is_nccl_available()
    dist.init_process_group(
        "nccl" if nccl else "gloo",
        init_method=(folder / "store").as_uri(),
        rank=rank,
        world_size=len(devices),
        timeout=_PATIENCE,
    )
    patches = [
        (np.load(folder / f"cube-{number}.npy"), np.load(folder / f"valid-{number}.npy"))
        for number in range(order["patches"])
    ]
    options = Options(**order["options"])
    whole = EFFORTS[options.quality]
    effort = replace(
        whole, cleaning=-(-whole.cleaning // len(devices)), unmixing=-(-whole.unmixing // len(devices))
    )

    def tell(progress: Progress) -> None:
        if rank == 0:
            moved = progress.endmembers
            spectra = None if moved is None else moved.tolist()
            print(json.dumps({**progress.__dict__, "endmembers": spectra}), flush=True)  # noqa: T201  its pipe

    with training_threads(), repeatable(device):
        trainer = _Member(patches, options, effort, device, tell)
        trainer.chance.manual_seed((options.seed + _STRANGE * rank) % 2**31)
        trainer.average, trainer.recorded = _average, False
        model = trainer.run()
    if rank == 0:
        state = {key: np.ascontiguousarray(value) for key, value in model.state().items()}
        safetensors.numpy.save_file(state, folder / "model.safetensors")
        told = {"settings": model.settings(), "history": model.history, "search": model.search}
        (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")
    dist.barrier()
    dist.destroy_process_group()


def _end_with_parent() -> None:
    """End when the process that asked for the training is gone: it may have been killed."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)


if __name__ == "__main__":
    if os.name == "posix":
        threading.Thread(target=_end_with_parent, daemon=True).start()
    main(json.loads(sys.argv[1]))
