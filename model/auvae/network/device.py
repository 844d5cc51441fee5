"""Which device computes, and what it says when its memory runs out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..contract.errors import DeviceError


def choose_device(name: str) -> torch.device:
    """The device for "auto", "cuda" or "cpu".

    Raises:
        DeviceError: CUDA is asked for and this Python cannot use it.
    """
    usable = torch.cuda.is_available()
    if name == "cuda" and not usable:
        built = torch.version.cuda
        reason = (
            "this torch is built without CUDA"
            if built is None
            else f"torch (CUDA {built}) finds no usable GPU"
        )
        raise DeviceError(
            f"CUDA was asked for, but {reason}.",
            "Choose DEVICE automatic or CPU, or install a CUDA build and a current NVIDIA driver.",
        )
    return torch.device("cuda" if usable and name != "cpu" else "cpu")


def too_little_memory(device: torch.device) -> DeviceError:
    """The error where memory ran out although as little as can be was tried."""
    if device.type == "cpu":
        return DeviceError(
            "Training does not fit into the memory of this computer, even a little at a time.",
            "Close other programs, or unmix fewer bands.",
        )
    return DeviceError(
        "Training does not fit into the memory of the graphics card, even a little at a time.",
        "Close other programs, choose DEVICE CPU, or unmix fewer bands.",
    )


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out: torch's CPU allocator only says so in words."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and (
        "out of memory" in str(error) or "t allocate memory" in str(error)
    )


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Let a card choose operations that add in a fixed order: the same seed gives the same, bit by bit."""
    if device.type != "cuda":
        yield
        return
    settings: Any = torch.utils.deterministic
    before = torch.get_deterministic_debug_mode(), settings.fill_uninitialized_memory
    torch.set_deterministic_debug_mode("warn")
    settings.fill_uninitialized_memory = False  # every new tensor here is written before it is read
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before[0])
        settings.fill_uninitialized_memory = before[1]


@contextmanager
def one_thread() -> Iterator[None]:
    """Train on one thread of the processor: crops are so small that more would mostly wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
