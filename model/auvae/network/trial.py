"""A tiny scene trained and mapped on one device, in seconds: whether a card can do its work."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import torch

from ..numerics.device import card_failure, repeatable
from ..numerics.threads import training_threads
from .options import EFFORTS, Options
from .trainer import Trainer

ROWS, COLS, BANDS, ENDMEMBERS = 52, 56, 20, 3
STEPS = 12
"""Of cleaning and of unmixing: more than run before a step is recorded on a card."""


def seconds_to_unmix(device: torch.device) -> float:
    """Train on a tiny scene and map it, with every kind of operation that a real one needs.

    Returns:
        seconds that it took, the libraries' first use of the device included.

    Raises:
        RuntimeError: the device failed; `card_failure` says what of it.
    """
    begun = time.perf_counter()
    cube, valid = _scene(), np.ones((ROWS, COLS), bool)
    effort = replace(EFFORTS["draft"], cleaning=STEPS, unmixing=STEPS, starts=2, rounds=5)
    with training_threads(), repeatable(device):
        model = Trainer(
            [(cube, valid)], Options(ENDMEMBERS, "draft"), effort, device, lambda _progress: None
        ).run()
    shares = model.predict(cube, valid).abundances
    if not np.allclose(shares.sum(-1), 1, atol=1e-3):
        raise RuntimeError(f"CUDA error: abundances on {device} do not sum to one")
    return time.perf_counter() - begun


def trouble_of(device: torch.device) -> tuple[float, str, str]:
    """Seconds of `seconds_to_unmix`; or what failed of the device and what to do, each a few words."""
    try:
        return seconds_to_unmix(device), "", ""
    except RuntimeError as error:
        failure = card_failure(error)
        if failure is None:
            raise
        return 0.0, f"{failure.what}: {str(error).splitlines()[0]}", failure.remedy


def _scene() -> np.ndarray:
    """Three bent spectra in smooth shares: ``(rows, cols, bands)``."""
    draws = np.random.default_rng(0)
    spectra = 0.2 + draws.random((ENDMEMBERS, BANDS)).cumsum(axis=1) / BANDS
    down, across = np.mgrid[0:ROWS, 0:COLS] / 6
    waves = np.stack([np.sin(down + 2 * k) * np.cos(across + k) for k in range(ENDMEMBERS)], axis=-1)
    shares = np.exp(4 * waves)
    cube = shares / shares.sum(-1, keepdims=True) @ spectra
    return np.asarray(cube + 0.002 * draws.standard_normal(cube.shape), np.float32)
