"""The purest pixels of every endmember, gathered window by window, and how much they vary. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

MOST = 100
FEWEST = 10
SHARE = 0.01
"""The purest pixels are this share of the scene's, but no fewer than `FEWEST` and no more than `MOST`."""


class PurestPixels:
    """Keeps, for each of K endmembers, the pixels with most of it; however large the scene, only these."""

    def __init__(self, endmembers: int) -> None:
        self._seen = 0
        self._places = [np.empty((0, 2), np.int64)] * endmembers
        self._shares: list[FloatArray] = [np.empty(0, np.float32)] * endmembers
        self._spectra: list[FloatArray | None] = [None] * endmembers

    def see(
        self, abundances: FloatArray, cube: FloatArray, valid: NDArray[np.bool_], corner: tuple[int, int]
    ) -> None:
        """Look at the valid pixels of one window.

        Args:
            abundances: ``(n, K)``, of the n valid pixels.
            cube: ``(rows, cols, B)``, the window in the raster's unit.
            valid: ``(rows, cols)``, where its n valid pixels are.
            corner: row and column of its first pixel in the scene.
        """
        self._seen += len(abundances)
        row, col = np.nonzero(valid)
        places = np.stack([row, col], axis=1) + np.array(corner)
        for k, kept in enumerate(self._shares):
            shares = abundances[:, k]
            worth = np.flatnonzero(shares > kept[-1]) if len(kept) == MOST else np.arange(len(shares))
            best = worth[np.argsort(-shares[worth], kind="stable")[:MOST]]
            self._keep(k, shares[best], cube[row[best], col[best]], places[best])

    def _keep(self, k: int, shares: FloatArray, spectra: FloatArray, places: NDArray[np.int64]) -> None:
        """Keep the best of what is kept of endmember ``k`` and these."""
        shares, before = np.concatenate([self._shares[k], shares]), self._spectra[k]
        places = np.concatenate([self._places[k], places])
        spectra = spectra if before is None else np.concatenate([before, spectra])
        order = np.argsort(-shares, kind="stable")[:MOST]
        self._shares[k], self._spectra[k], self._places[k] = shares[order], spectra[order], places[order]

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything, to be kept in a file and given to `restore`."""
        held = {"seen": np.array(self._seen)}
        kept = zip(self._shares, self._spectra, self._places, strict=True)
        for k, (shares, spectra, places) in enumerate(kept):
            if spectra is not None:
                held |= {f"shares {k}": shares, f"spectra {k}": spectra, f"places {k}": places}
        return held

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        self._seen = int(arrays["seen"])
        for k in range(len(self._shares)):
            if f"spectra {k}" in arrays:
                self._shares[k], self._spectra[k] = arrays[f"shares {k}"], arrays[f"spectra {k}"]
                self._places[k] = arrays[f"places {k}"]

    def add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Look at what `arrays` gave of other pixels too."""
        self._seen += int(arrays["seen"])
        for k in range(len(self._shares)):
            if f"spectra {k}" in arrays:
                self._keep(k, arrays[f"shares {k}"], arrays[f"spectra {k}"], arrays[f"places {k}"])

    @property
    def counts(self) -> int:
        """How many pixels are the purest of an endmember."""
        return min(max(FEWEST, round(SHARE * self._seen)), MOST, self._seen)

    def of(self, endmember: int) -> tuple[NDArray[np.int64], FloatArray]:
        """The purest pixels of one endmember, the purest first.

        Returns:
            rows and columns ``(n, 2)`` in the scene, from 0; abundances ``(n,)``.
        """
        return self._places[endmember][: self.counts], self._shares[endmember][: self.counts]

    def spread(self, endmembers: FloatArray) -> FloatArray:
        """Standard deviation of the purest pixels in every band, once each is as bright as its endmember.

        Brightness (slope, shade) is the pixel's own in this model and would hide how far the shapes agree: a
        pixel ``y`` is multiplied by ``<y, e> / <y, y>``, which brings it nearest to the endmember ``e``.

        Args:
            endmembers: ``(K, B)`` in the raster's unit.

        Returns:
            ``(K, B)`` in the raster's unit; zeros where there are not two pixels.
        """
        result = np.zeros_like(endmembers, dtype=np.float32)
        for k, spectra in enumerate(self._spectra):
            if spectra is None or self.counts <= 1:
                continue
            pixels = spectra[: self.counts].astype(np.float64)
            energy = (pixels**2).sum(axis=1, keepdims=True)
            gain = (pixels @ endmembers[k])[:, None] / np.maximum(energy, 1e-30)
            result[k] = (gain * pixels).std(axis=0, ddof=1)
        return result
