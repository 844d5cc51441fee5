"""What is summed over all windows while a scene is mapped: error, areas, purest pixels. Writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .purest import PurestPixels

if TYPE_CHECKING:
    from collections.abc import Mapping

SUMS = "sums"


class MapStatistics:
    """Sums over the valid pixels of the windows seen so far, for K endmembers.

    Attributes:
        purest: the pixels with most of each endmember.
    """

    def __init__(self, endmembers: int, pixel_area: np.ndarray | None = None) -> None:
        """Begin with no pixels.

        Args:
            endmembers: K.
            pixel_area: (rows of the scene,) m2 of a pixel in each row; None where that is not known.
        """
        self.purest = PurestPixels(endmembers)
        self._pixel_area = pixel_area
        # pixels, squared errors, angles; then of each endmember abundance, uncertainty, pixels in which it is
        # the largest, and abundance x m2
        self._sums = np.zeros(3 + 4 * endmembers)

    def see(
        self,
        abundances: np.ndarray,
        uncertainties: np.ndarray,
        angles: np.ndarray,
        squared_errors: np.ndarray,
        cube: np.ndarray,
        valid: np.ndarray,
        corner: tuple[int, int],
    ) -> None:
        """Add the n valid pixels of a window.

        Args:
            abundances: (n, K).
            uncertainties: (n, K), standard deviations.
            angles: (n,), radians between pixel and reconstruction.
            squared_errors: (n,), mean over bands, raster's unit squared.
            cube: (rows, cols, B), the window in the raster's unit.
            valid: (rows, cols), where its n valid pixels are.
            corner: row and column of its first pixel in the scene.
        """
        self.purest.see(abundances, cube, valid, corner)
        largest = np.bincount(abundances.argmax(axis=-1), minlength=abundances.shape[1])
        errors = [len(abundances), squared_errors.sum(dtype=np.float64), angles.sum(dtype=np.float64)]
        shares = (values.sum(axis=0, dtype=np.float64) for values in (abundances, uncertainties))
        areas = np.zeros(abundances.shape[1])
        if self._pixel_area is not None:
            by_row = self._pixel_area[corner[0] : corner[0] + len(valid)]
            areas = np.repeat(by_row, valid.sum(axis=1)) @ abundances.astype(np.float64)
        self._sums += [*errors, *np.concatenate([*shares, largest, areas])]

    @property
    def pixels(self) -> int:
        """How many valid pixels were seen."""
        return int(self._sums[0])

    @property
    def metrics(self) -> dict[str, float]:
        """Their rmse (pixel minus reconstruction, raster's unit) and mean_angle (radians)."""
        pixels, squares, angles = self._sums[:3]
        return {
            "rmse": float(np.sqrt(squares / max(1, pixels))),
            "mean_angle": float(angles / max(1, pixels)),
        }

    @property
    def mean_abundances(self) -> list[float]:
        """The mean abundance of each endmember."""
        return self._shares[0].tolist()

    @property
    def mean_uncertainties(self) -> list[float]:
        """The mean standard deviation of each endmember's abundance."""
        return self._shares[1].tolist()

    @property
    def area_shares(self) -> list[float]:
        """The share of the pixels in which each endmember is the largest."""
        return self._shares[2].tolist()

    @property
    def areas(self) -> list[float] | None:
        """The area of each endmember, abundance times area of the pixel, m2; None where that is not known."""
        if self._pixel_area is None:
            return None
        return self._sums[3:].reshape(4, -1)[3].tolist()

    @property
    def _shares(self) -> np.ndarray:
        shares: np.ndarray = self._sums[3:].reshape(4, -1)[:3] / max(1, self._sums[0])
        return shares

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything, to be kept in a file and given to `restore`."""
        return {SUMS: self._sums, **self.purest.arrays()}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        self._sums = np.array(arrays[SUMS])
        self.purest.restore(arrays)

    def add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Add the pixels of another block of the scene, which are what `arrays` gave there."""
        self._sums = self._sums + arrays[SUMS]
        self.purest.add(arrays)
