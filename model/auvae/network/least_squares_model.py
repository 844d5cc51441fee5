"""Known spectra as a model like a trained network, for maps and files. least_squares.py does the sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..endmembers.least_squares import abundances, deviations
from .model import FloatArray, Maps

CHUNK = 16384
"""Pixels unmixed at a time: double precision of all of a window's would take as much memory as the window."""


class LeastSquaresModel:
    """Endmembers ``(K, B)`` in the raster's unit, and whether abundances sum to one (FCLS) or not (NNLS)."""

    halo = 0

    def __init__(self, endmembers: FloatArray, *, sum_to_one: bool) -> None:
        self.endmembers = np.asarray(endmembers, np.float32)
        self.sum_to_one = sum_to_one
        self.history: list[dict[str, float]] = []

    @property
    def device(self) -> torch.device:
        """Where it computes: NumPy knows the processor alone."""
        return torch.device("cpu")

    def to(self, device: torch.device) -> LeastSquaresModel:  # noqa: ARG002  there is no other
        """Itself."""
        return self

    @property
    def mixing(self) -> FloatArray:
        """Each endmember's brightness ``(K,)`` in mixtures: that of its spectrum."""
        return np.ones(len(self.endmembers), np.float32)

    def predict(self, cube: FloatArray, valid: NDArray[np.bool_]) -> Maps:
        """Unmix a window ``(rows, cols, B)`` in the raster's unit, where ``valid`` ``(rows, cols)``.

        The uncertainty is the standard error of the mixture (see `least_squares.deviations`).
        """
        count = len(self.endmembers)
        shares = np.full((*valid.shape, count), np.nan, np.float32)
        spread = shares.copy()
        angle = np.full(valid.shape, np.nan, np.float32)
        squared = angle.copy()
        rows, cols = np.nonzero(valid)
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK], cols[start : start + CHUNK]
            pixels = cube[part].astype(np.float64)
            found, rebuilt = self._unmixed(pixels)
            squares = ((pixels - rebuilt) ** 2).sum(axis=1)
            lengths = np.linalg.norm(pixels, axis=1) * np.linalg.norm(rebuilt, axis=1)
            cosine = (pixels * rebuilt).sum(axis=1) / np.maximum(lengths, 1e-30)
            shares[part] = found
            spread[part] = deviations(self.endmembers, squares, sum_to_one=self.sum_to_one)
            angle[part] = np.arccos(np.clip(cosine, -1, 1))
            squared[part] = squares / cube.shape[-1]
        return Maps(shares, spread, angle, squared)

    def _unmixed(self, pixels: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Abundances ``(n, K)`` of pixels ``(n, B)``, and the pixels that they stand for ``(n, B)``."""
        found = abundances(pixels, self.endmembers, sum_to_one=self.sum_to_one)
        return found, found @ self.endmembers

    def state(self) -> dict[str, NDArray[Any]]:
        """Every tensor that is needed to make it again, by name."""
        return {"endmembers": self.endmembers}

    def settings(self) -> dict[str, Any]:
        """Everything else that is needed to make it again, ready for JSON."""
        bands, count = self.endmembers.shape[1], len(self.endmembers)
        return {
            "variant": "fcls" if self.sum_to_one else "nnls",
            "shape": {"bands": bands, "endmembers": count},
        }
