"""The device that a job computes on, and its name."""

from __future__ import annotations

import torch

from ..contract.choices import ALL_GPUS
from ..network.parallel import all_gpus
from ..numerics.device import choose_device, hardware_name


def device_of(choice: str) -> tuple[str, str]:
    """The torch device that a setting means, "cuda" or "cpu", and the hardware's name; or DeviceError."""
    if choice == ALL_GPUS:
        return "cuda", f"{len(all_gpus())} × {torch.cuda.get_device_name()}"
    device = choose_device(choice)
    return device.type, hardware_name(device)
