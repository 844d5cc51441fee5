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

from ..contract.errors import AuvaeError, DeviceError

Done = TypeVar("Done")


_heard: list[str] = []
"""What torch warned of when it looked for a card: it does so once in a process."""


def choose_device(name: str) -> torch.device:
    """The device for "auto", "cuda" or "cpu".

    Raises:
        DeviceError: CUDA is asked for and this Python cannot use it.
    """
    if name == "cpu":
        return torch.device("cpu")
    if _usable():
        return torch.device("cuda")
    if name == "cuda":
        built = torch.version.cuda
        reason = "torch is built without CUDA"
        if built is not None:
            heard = unusable_card()
            reason = f"torch (CUDA {built}) finds no usable GPU{f': {heard}' if heard else ''}"
        raise DeviceError(
            f"CUDA was asked for, but {reason}.",
            "Choose DEVICE automatic or CPU, or install a CUDA build and a current NVIDIA driver.",
        )
    return torch.device("cpu")


def _usable() -> bool:
    """Whether torch finds a card that it can use."""
    with warnings.catch_warnings(record=True) as heard:  # a driver that is too old is a warning of torch's
        warnings.simplefilter("always")
        usable = torch.cuda.is_available()
    _heard.extend(str(one.message) for one in heard if "CUDA" in str(one.message))
    return usable


def unusable_card() -> str:
    """Why torch cannot use a card that has a driver, in its words; empty where it can, or none is there."""
    if _usable() or not _heard:
        return ""
    return " ".join(_heard[-1].split(". ")[0].split())


def seed_random_numbers(device: torch.device, seed: int) -> None:
    """Seed the processor's random numbers, and the card's where that computes.

    torch.manual_seed seeds both, and so fails where the processor takes over from a card that is gone.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


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
    except Exception as error:  # some that torch raises of a card are no RuntimeError
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
    ("cusolver", "cuSOLVER, its library for equations, reported an error", "Install the environment anew."),
    ("driver version is insufficient", "its driver is too old for this PyTorch", "Update the card's driver."),
    (
        "driver on your system is too old",
        "its driver is too old for this PyTorch",
        "Update the card's driver.",
    ),
    ("busy or unavailable", "another program keeps it for itself", "Close other programs that use it."),
    ("no cuda-capable device", "it is no longer there", "Restart the computer."),
    ("cuda", "it stopped in the middle of the work", "Update the card's driver, and restart the computer."),
)
"""Words of torch's message in small letters, the first that fits; what they mean; what to do."""

_SHORT_OF_MEMORY = ("out of memory", "t allocate memory", "_STATUS_ALLOC_FAILED")
"""How torch and the libraries of a card say that memory ran out, other than by an exception of its own."""


def card_failure(error: BaseException) -> CardFailure | None:
    """What an exception says of the graphics card; None where the card is not at fault."""
    told = f"{type(error).__name__} {error}".lower()
    if isinstance(error, AuvaeError):
        if not (isinstance(error, DeviceError) and "memory of the graphics card" in told):
            return None
        told = "out of memory"
    elif out_of_memory(error):
        told = "out of memory"
    libraries = ("cuda", "cudnn", "cublas", "cusolver", "acceleratorerror", "out of memory")
    if not any(word in told for word in libraries):
        return None
    what, remedy = next((rest for words, *rest in _FAILURES if words in told), _FAILURES[-1][1:])
    return CardFailure(what, remedy)


def release_card() -> None:
    """Give back what is no longer needed of the card's memory."""
    gc.collect()
    if torch.cuda.is_available():
        with suppress(Exception):  # a card that has failed may refuse even that
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
        name = "a graphics card"
        with suppress(Exception):  # one that is full or gone may not even tell its name
            name = torch.cuda.get_device_name(device)
        return name
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
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _SHORT_OF_MEMORY)


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
