"""Which device computes, what happens when it fails, and how it is kept repeatable."""

from __future__ import annotations

import gc
import platform
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from ..contract.errors import DeviceError

Done = TypeVar("Done")


def choose_device(name: str) -> torch.device:
    """The device for "auto", "cuda" or "cpu".

    Raises:
        DeviceError: CUDA is asked for and this Python cannot use it.
    """
    if name == "cpu":
        return torch.device("cpu")
    with warnings.catch_warnings(record=True) as heard:  # a driver that is too old is a warning of torch's
        warnings.simplefilter("always")
        usable = torch.cuda.is_available()
    if usable:
        return torch.device("cuda")
    if name == "cuda":
        built = torch.version.cuda
        reason = "torch is built without CUDA"
        if built is not None:
            said = " ".join(str(heard[0].message).split(". ")[0].split()) if heard else ""
            reason = f"torch (CUDA {built}) finds no usable GPU{f': {said}' if said else ''}"
        raise DeviceError(
            f"CUDA was asked for, but {reason}.",
            "Choose DEVICE automatic or CPU, or install a CUDA build and a current NVIDIA driver.",
        )
    return torch.device("cpu")


def on_best_device(choice: str, work: Callable[[torch.device], Done], warn: Callable[[str], None]) -> Done:
    """Do a piece of work on the device chosen; where that is "auto" and the card fails, on the CPU.

    Args:
        choice: "auto", "cuda" or "cpu".
        work: is handed the device; it is begun anew on the CPU, so it leaves nothing behind when it fails.
        warn: told once why the card was left.

    Raises:
        DeviceError: the card failed and was asked for by name, or there is none; or the CPU's memory ended.
    """
    device = choose_device(choice)
    try:
        return work(device)
    except (RuntimeError, DeviceError) as error:
        failure = card_failure(error) if device.type == "cuda" else None
        if failure is None:
            raise
        if choice != "auto":
            raise DeviceError(f"The graphics card failed: {failure.what}.", failure.remedy) from error
    # Outside the except block, whose traceback would keep the failed work's memory.
    release_card()
    warn(f"The graphics card failed ({failure.what}), so the processor computes. {failure.remedy}")
    return work(torch.device("cpu"))


@dataclass(frozen=True)
class CardFailure:
    """What failed of a card, in a few words without a full stop, and what the analyst can do."""

    what: str
    remedy: str


_FAILURES = (
    ("out of memory", "its free memory is too small", "Close other programs that use it."),
    (
        "no kernel image",
        "this PyTorch was not built for so old or so new a card",
        "Install the environment anew, or name a Python whose PyTorch supports the card.",
    ),
    ("cudnn", "cuDNN, its library for networks, reported an error", "Install the environment anew."),
    ("cublas", "cuBLAS, its library for matrices, reported an error", "Install the environment anew."),
    ("driver", "its driver is too old for this PyTorch", "Update the card's driver."),
    ("cuda", "it stopped in the middle of the work", "Update the card's driver, and restart the computer."),
)
"""Words of torch's message in small letters, the first that fits; what they mean; what to do."""


def card_failure(error: BaseException) -> CardFailure | None:
    """What an exception says of the graphics card; None where the card is not at fault."""
    said = f"{type(error).__name__} {error}".lower()
    if isinstance(error, torch.OutOfMemoryError) or "memory of the graphics card" in said:
        said = "out of memory"
    elif isinstance(error, DeviceError):
        return None
    on_card = any(word in said for word in ("cuda", "cudnn", "cublas", "acceleratorerror", "out of memory"))
    if not on_card:
        return None
    what, remedy = next((rest for words, *rest in _FAILURES if words in said), _FAILURES[-1][1:])
    return CardFailure(what, remedy)


def release_card() -> None:
    """Give back what is no longer needed of the card's memory."""
    gc.collect()
    if torch.cuda.is_available():
        with suppress(RuntimeError):  # a card that has failed may refuse even that
            torch.cuda.empty_cache()


def computed_on(device: torch.device) -> str:
    """Device, hardware and precision, as a result says them."""
    precision = "32-bit floats"
    if device.type == "cuda" and torch.backends.cudnn.allow_tf32:
        precision += ", convolutions rounded to TF32 on cards that have it"
    return f"{device.type} ({hardware_name(device)}; {precision})"


def hardware_name(device: torch.device) -> str:
    """What a person calls the device: the card's name, or the processor's."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return platform.processor() or platform.machine()


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
