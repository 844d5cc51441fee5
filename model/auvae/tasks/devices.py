"""The device that a job computes on, its name, and the processor in its place once a card has failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import torch

from ..contract.choices import ALL_GPUS
from ..network.parallel import all_gpus
from ..numerics.device import choose_device, hardware_name, on_best_device, unusable_card

if TYPE_CHECKING:
    from .progress import JobProgress

Done = TypeVar("Done")


def device_of(choice: str) -> tuple[str, str]:
    """The torch device that a setting means, "cuda" or "cpu", and the hardware's name; or DeviceError."""
    if choice == ALL_GPUS:
        return "cuda", f"{len(all_gpus())} × {hardware_name(torch.device('cuda'))}"
    device = choose_device(choice)
    return device.type, hardware_name(device)


def one_device(choice: str, progress: JobProgress) -> str:
    """The choice for work of a job that one device does: of all GPUs the first, of a failed card none."""
    if choice == ALL_GPUS:
        return "cuda"
    return "cpu" if progress.left_card else choice


def name_unusable_card(choice: str, progress: JobProgress) -> None:
    """Say of a job with an automatic device that the computer has a card which this PyTorch cannot use."""
    why = unusable_card() if choice == "auto" else ""
    if why:
        progress.message(
            "warning",
            f"The graphics card is not used, the processor computes: {why}. Install a current driver for it.",
        )


def on_device(choice: str, progress: JobProgress, work: Callable[[torch.device], Done]) -> Done:
    """Do a piece of work of a job; where the device is automatic and the card fails, on the processor.

    Args:
        choice: of the job.
        progress: of the job, which hears once of a card that fails.
        work: as of `auvae.numerics.device.on_best_device`.

    Raises:
        DeviceError: as there.
    """
    return on_best_device(one_device(choice, progress), work, progress.leave_card)
