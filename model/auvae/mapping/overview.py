"""A scene and its errors in small: what the report shows and its advice looks at. Opens no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rasterio.windows import Window

LONGEST = 320
"""Pixels of the longer side: as large as a page shows it."""

_TRUE_COLOUR = (640.0, 550.0, 460.0)  # nm
# A band farther than this from red, green or blue shows another colour.
_NEAR = 60.0
_SPREAD = (1 / 6, 1 / 2, 5 / 6)
_CUT = (2, 98)  # per cent of the pixels that are neither black nor white


class Overview:
    """Every so many pixels of a scene, gathered window by window while it is mapped.

    Attributes: shown, the indices into the kept bands of red, green and blue; true_colour, whether these are
    the colours an eye sees; angle (rows, cols), radians, and squared_error (rows, cols), raster's unit
    squared, both NaN where there is no data.
    """

    def __init__(self, rows: int, cols: int, wavelengths: np.ndarray | None, bands: int) -> None:
        """wavelengths: (bands,) of the kept bands in nm, or None."""
        self._step = max(1, -(-max(rows, cols) // LONGEST))
        shape = (-(-rows // self._step), -(-cols // self._step))
        self.shown, self.true_colour = _shown(wavelengths, bands)
        self.angle = np.full(shape, np.nan, np.float32)
        self.squared_error = np.full(shape, np.nan, np.float32)
        self._values = np.full((*shape, 3), np.nan, np.float32)

    def see(
        self, window: Window, cube: np.ndarray, valid: np.ndarray, angle: np.ndarray, error: np.ndarray
    ) -> None:
        """Take what falls on the overview out of a window.

        Args:
            window: where it lies in the scene.
            cube: (rows, cols, B) in the raster's unit.
            valid: (rows, cols) bool.
            angle: (rows, cols) in radians.
            error: (rows, cols), mean squared error over bands.
        """
        first_row, first_col = -window.row_off % self._step, -window.col_off % self._step
        taken = np.s_[first_row :: self._step, first_col :: self._step]
        seen = valid[taken]
        row = (window.row_off + first_row) // self._step
        col = (window.col_off + first_col) // self._step
        place = np.s_[row : row + seen.shape[0], col : col + seen.shape[1]]
        for kept, values in (
            (self._values, cube[taken][..., self.shown]),
            (self.angle, angle[taken]),
            (self.squared_error, error[taken]),
        ):
            kept[place] = np.where(seen[..., None] if kept.ndim > 2 else seen, values, np.nan)  # noqa: PLR2004  with bands

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything, to be kept in a file and given to `restore`."""
        return {"overview": self._values, "overview_angle": self.angle, "overview_error": self.squared_error}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        self._values = np.array(arrays["overview"])
        self.angle = np.array(arrays["overview_angle"])
        self.squared_error = np.array(arrays["overview_error"])

    def add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take what `arrays` gave of another block of the scene."""
        for kept, name in (
            (self._values, "overview"),
            (self.angle, "overview_angle"),
            (self.squared_error, "overview_error"),
        ):
            np.copyto(kept, arrays[name], where=np.isfinite(arrays[name]))

    def picture(self) -> np.ndarray:
        """The scene (4, rows, cols) uint8: red, green, blue, opacity; stretched over most of its values."""
        valid = np.isfinite(self._values).all(axis=-1)
        bands = np.zeros((4, *valid.shape), np.uint8)
        bands[3] = np.where(valid, 255, 0)
        for index in range(3 if valid.any() else 0):
            low, high = np.percentile(self._values[valid][:, index], _CUT)
            tone = (self._values[..., index] - low) / max(float(high - low), 1e-12)
            bands[index] = np.where(valid, np.nan_to_num(tone).clip(0, 1) * 255, 0)
        return bands


def _shown(wavelengths: np.ndarray | None, bands: int) -> tuple[Sequence[int], bool]:
    """Indices of the bands for red, green and blue, and whether they are these colours."""
    if wavelengths is not None:
        nearest = [int(np.abs(wavelengths - wanted).argmin()) for wanted in _TRUE_COLOUR]
        distances = [
            abs(wavelengths[index] - wanted) for index, wanted in zip(nearest, _TRUE_COLOUR, strict=True)
        ]
        if max(distances) <= _NEAR and len(set(nearest)) == len(nearest):
            return nearest, True
        order = np.argsort(wavelengths)[::-1]
        return [int(order[int(share * bands)]) for share in _SPREAD], False
    return [int(share * bands) for share in _SPREAD], False
