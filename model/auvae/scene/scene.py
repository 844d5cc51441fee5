"""A raster opened for unmixing: bands, grid, no-data, pixels by window. Writes nothing.

How each kind of file is opened is told in raster.py and sensors/, which bands are used in band_choice.py.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from rasterio.windows import Window

from ..contract.errors import SceneError
from ..contract.selection import Selection
from . import metadata
from .band_choice import BandChoice
from .damage import damage_named, state_of
from .fill import Fill, undeclared_fill
from .grid import Grid, moved, named_crs
from .mask import open_mask
from .metadata import Fact, Origin
from .sensors import Source, open_source
from .unit import unit_of
from .windows import edges, probes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

_FEWEST_BANDS = 2
_MOST_BANDS = 5000
_MOST_PIXELS = 4_000_000_000


@dataclass(frozen=True)
class Band:
    """A band: 1-based number, wavelength and FWHM in nm, and whether it is unmixed or why not."""

    number: int
    wavelength: float | None
    fwhm: float | None
    kept: bool
    reason: str


class Scene:
    """A raster with its kept bands; a context manager. Make one with `Scene.open`.

    Attributes: path, name, sensor (such as "EnMAP L2A", or empty); rows, cols; crs, transform (affine), gcps,
    gcps_crs, rpcs of the part that is unmixed; bands (all of them), kept (those unmixed, by rising
    wavelength), line_bytes (see `Source`), wavelengths (B,) in nm or None, unit (label of the values),
    reflectance_scale (what a reflectance of 1 is in these values, or None), scale_assumed (whether that is
    concluded from the values), facts (what is known of it and from where), warnings and notes (sentences for
    the analyst: what to mend, what was decided).
    """

    def __init__(self, path: str, source: Source, bands: Sequence[int] | None, selection: Selection) -> None:
        self.path = path
        self._state = state_of(path)
        self.name, self.sensor = source.name, source.sensor
        self._source, self.line_bytes = source, source.line_bytes
        self.warnings, self.notes = list(source.warnings), list(source.notes)
        self._origins = dict(source.origins)
        self._ranges = selection.no_data
        self._fill: Fill | None = None
        self._refuse_too_large()
        if len(source.bands) < _FEWEST_BANDS:
            raise SceneError(
                f"{self.name} has one band, and unmixing needs a spectrum in every pixel.",
                "Choose a raster with many bands (hyperspectral or multispectral).",
            )
        if selection.crs:
            self._take_crs(selection.crs)
        grid = Grid.of(source)
        self._to_kept: np.ndarray | None = None
        self._mask = None if selection.mask is None else open_mask(selection.mask, grid)
        self._place(grid.window(selection.extent) if selection.extent else Window(0, 0, grid.cols, grid.rows))
        self._describe(bands, selection)
        self.facts = self._facts()

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        bands: Sequence[int] | None = None,
        selection: Selection | None = None,
    ) -> Scene:
        """Open a raster or a product of a sensor.

        path: a file, or any other name GDAL opens. bands: 1-based numbers to unmix, whatever the header says
        of them; None takes every band that is neither flagged bad nor empty. selection: the part of it to
        unmix, None for all. Raises SceneError.
        """
        path = os.fspath(path)
        if path.startswith("/vsimem/"):
            raise SceneError(
                f"{path} lies in the memory of another program.", "Save the raster to a file and use that."
            )
        with damage_named(path):
            source = open_source(path)
            try:
                return cls(path, source, bands, selection or Selection())
            except BaseException:
                source.close()
                raise

    def __enter__(self) -> Scene:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()
        if self._mask is not None:
            self._mask.close()

    @property
    def masked(self) -> bool:
        """Whether only the pixels of a mask are unmixed."""
        return self._mask is not None

    def read(self, window: Window | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The kept bands' values in a window (None: everything).

        Returns the cube (rows, cols, B) float32 in the raster's unit, GDAL's band scale and offset applied
        as QGIS shows them and 0 where a pixel is not valid, and valid (rows, cols) bool: False where a kept
        band is no-data, masked or not finite, where all kept bands are zero, and outside the analyst's mask.
        Raises SceneError when the file is damaged.
        """
        wanted = None if self._mask is None else self._mask.read(self._in_source(window))
        if wanted is not None and not wanted.any():
            return np.zeros((*wanted.shape, len(self.kept)), np.float32), wanted
        cube, good = self.values(self._read_bands, window)
        valid = np.asarray(good.all(axis=-1))
        if not cube[..., 0].all():
            valid &= (cube != 0).any(axis=-1)
        if self._fill is not None and not self._fill.apart:
            valid &= (cube != np.float32(self._fill.value)).any(axis=-1)
        if wanted is not None:
            valid &= wanted
        if not valid.all():
            cube[~valid] = 0
        return cube if self._to_kept is None else cube @ self._to_kept, valid

    def see_as(
        self,
        bands: Sequence[Band],
        numbers: Sequence[int],
        matrix: np.ndarray | None,
        unit: str,
        reflectance_scale: float | None,
    ) -> None:
        """From here on give the pixels in other bands and another unit: those of a saved model.

        bands: all kept, instead of the scene's. numbers: which of the scene's bands are read for them. matrix
        (numbers, bands): what `read` multiplies these by; None where they are the bands already.
        """
        self.bands = self.kept = tuple(bands)
        self._read_bands = list(numbers)
        self._to_kept = None if matrix is None else np.ascontiguousarray(matrix, np.float32)
        self.wavelengths = self._wavelengths()
        self.unit, self.reflectance_scale = unit, reflectance_scale

    def values(self, numbers: Sequence[int], window: Window | None) -> tuple[np.ndarray, np.ndarray]:
        """Any bands' values (rows, cols, bands) float32 in a window (None: everything), and good, likewise.

        Of the file and its no-data alone: neither mask nor other bands count. Raises SceneError.
        """
        with damage_named(self.path):
            cube, good = self._source.read(numbers, self._in_source(window))
        for low, high in self._ranges:
            good &= (cube < np.float32(low)) | (cube > np.float32(high))
        if self._fill is not None and self._fill.apart:
            good &= cube != np.float32(self._fill.value)
        if not good.all():
            cube[~good] = 0
        return cube, good

    def leave_out(self, numbers: Sequence[int], reason: str) -> None:
        """Unmix without these bands from here on."""
        gone = set(numbers)
        self.bands = tuple(
            replace(band, kept=False, reason=reason) if band.number in gone else band for band in self.bands
        )
        self.kept = tuple(band for band in self.kept if band.number not in gone)
        self._read_bands = [band.number for band in self.kept]
        self.wavelengths = self._wavelengths()

    def windows(self, size: int, overlap: int) -> Iterator[tuple[Window, Window]]:
        """Windows (inner, outer): the inner ones, at most size x size, cover the scene, each pixel once."""
        for row in range(0, self.rows, size):
            for col in range(0, self.cols, size):
                inner = Window(col, row, min(size, self.cols - col), min(size, self.rows - row))
                yield inner, self.grown(inner, overlap)

    def grown(self, window: Window, overlap: int) -> Window:
        """The window with `overlap` more pixels on every side, cut at the scene's edges."""
        col, row = max(0, window.col_off - overlap), max(0, window.row_off - overlap)
        right = min(self.cols, window.col_off + window.width + overlap)
        bottom = min(self.rows, window.row_off + window.height + overlap)
        return Window(col, row, right - col, bottom - row)

    def check(self, endmembers: int) -> None:
        """Raise SceneError unless these bands and pixels can be unmixed into this many endmembers.

        0: they are only looked at, for which one band is enough.
        """
        needed = max(_FEWEST_BANDS, endmembers) if endmembers else 1
        if len(self.kept) < needed:
            usable = _count(len(self.kept), "usable band")
            raise SceneError(
                f"{self.name} has {usable}; {endmembers} endmembers need at least {needed}.",
                "Ask for fewer endmembers, or choose more bands.",
            )
        pixels, first, varies = 0, None, False
        for window, _ in self.windows(256, 0):
            cube, valid = self.read(window)
            spectra = cube[valid]
            pixels += len(spectra)
            if len(spectra):
                first = spectra[0] if first is None else first
                varies = varies or bool((spectra != first).any())
            if pixels >= endmembers and varies:
                return
        if pixels == 0:
            raise SceneError(
                f"{self.name} holds no data: every pixel is no-data, not a number or zero.",
                "Choose another raster, or check its no-data value.",
            )
        if pixels < endmembers:
            raise SceneError(
                f"{self.name} has {_count(pixels, 'pixel')} with data for {endmembers} endmembers.",
                "Ask for fewer endmembers, or choose a larger raster.",
            )
        raise SceneError(
            f"{self.name} is constant: all its pixels have the same spectrum.",
            "Choose a raster whose pixels differ.",
        )

    def _refuse_too_large(self) -> None:
        """Refuse what no sensor makes and a damaged header claims: it would take memory and time for ever."""
        source = self._source
        if len(source.bands) > _MOST_BANDS or source.rows * source.cols > _MOST_PIXELS:
            raise SceneError(
                f"{self.name} claims {len(source.bands)} bands of {source.cols} x {source.rows} pixels.",
                f"Check its header: {_MOST_BANDS} bands and {_MOST_PIXELS // 10**6} megapixels are the most.",
            )

    def check_unchanged(self) -> None:
        """Raise SceneError if the file was changed since it was opened: maps would be of two scenes.

        What is missing of a raw file GDAL reads as zeros, so nothing else would tell.
        """
        if state_of(self.path) != self._state:
            raise SceneError(
                f"The file of {self.name} was changed while it was read.",
                "Wait until nothing writes to it any more, then unmix it again.",
            )

    def _place(self, part: Window) -> None:
        """Take a part of the source for the scene, and move what says where it lies."""
        source, self._part = self._source, part
        self.rows, self.cols = int(part.height), int(part.width)
        self.crs, self.gcps_crs = source.crs, source.gcps_crs
        self.transform, self.gcps, self.rpcs = moved(source, part)

    def _in_source(self, window: Window | None) -> Window:
        part = self._part
        if window is None:
            return part
        return Window(
            part.col_off + window.col_off, part.row_off + window.row_off, window.width, window.height
        )

    def _take_crs(self, name: str) -> None:
        """Take the scene to lie in a coordinate system, whatever its file says."""
        source, crs = self._source, named_crs(name)
        if source.transform.is_identity and source.gcps:
            source.gcps_crs = crs
        else:
            source.crs = crs
        self._origins[metadata.PLACE] = Origin("asked for, in the place of the file's own")
        self._origins[metadata.GRID] = Origin(
            self._origins[metadata.GRID].source, metadata.grid_doubt(source.transform, crs)
        )

    def _describe(self, chosen: Sequence[int] | None, selection: Selection) -> None:
        """Decide for every band whether it is unmixed, and what its values are."""
        described = self._source.bands
        unknown = sorted(set(chosen or ()) - set(range(1, len(described) + 1)))
        if unknown:
            raise SceneError(
                f"{self.name} has {len(described)} bands and no band {unknown[0]}.",
                f"Choose bands from 1 to {len(described)}.",
            )
        choice = BandChoice(described, chosen, selection.water_bands)
        if not selection.keep_fill:
            self._look_for_fill(choice.left)
        left = choice.left
        values, good = self._probed(left)
        choice.judge(left, values, good)
        bands = {
            number: Band(
                number, band.wavelength, band.fwhm, not choice.reasons[number], choice.reasons[number]
            )
            for number, band in enumerate(described, 1)
        }
        self.bands = tuple(bands.values())
        self.kept = tuple(bands[number] for number in choice.left)
        self._read_bands = [band.number for band in self.kept]
        self.wavelengths = self._wavelengths()
        kept = [place for place, number in enumerate(left) if bands[number].kept]
        seen = values[:, kept][good[:, kept].all(axis=-1)]
        self.reflectance_scale, self.unit, self._origins[metadata.SCALE] = unit_of(
            self._source, self.wavelengths, seen
        )
        self.scale_assumed = self._source.reflectance_scale is None and self.reflectance_scale is not None
        if self.sensor:
            self.notes.insert(0, f"{self.sensor}: {len(self.kept)} of {len(self.bands)} bands are used.")

    def _look_for_fill(self, numbers: list[int]) -> None:
        """Find no-data that the file does not declare, and say what was found."""
        if not numbers:
            return
        read = [
            self.values(numbers, window)
            for window in [*probes(self.rows, self.cols), *edges(self.rows, self.cols)]
        ]
        values = np.concatenate([cube.reshape(-1, len(numbers)) for cube, _ in read])
        good = np.concatenate([part.reshape(-1, len(numbers)) for _, part in read])
        self._fill = undeclared_fill(values, good)
        if self._fill is not None:
            self.warnings.append(
                f"{self._fill.share:.1%} of the pixels looked at hold {self._fill.value:.9g} in all bands, "
                "which is no measurement: left out as no-data, although the file does not declare it. There "
                "is an option to keep such pixels."
            )

    def _facts(self) -> tuple[Fact, ...]:
        """What is known of the scene, said among notes and warnings too."""
        origins = self._origins
        if self.wavelengths is None and len(self.bands) > metadata.MOST_UNNAMED_BANDS:
            found = origins.get(metadata.WAVELENGTHS, Origin(""))
            text = (
                f"The scene has {len(self.bands)} bands and no wavelengths ({found.source}): neither "
                "bands of water vapour nor libraries can be judged by them."
            )
            origins[metadata.WAVELENGTHS] = Origin(found.source, f"{found.doubt} {text}".strip())
        values = {
            metadata.WAVELENGTHS: metadata.reach_said([band.wavelength for band in self.bands]),
            metadata.WIDTHS: metadata.reach_said([band.fwhm for band in self.bands]),
            metadata.BAD_BANDS: metadata.bad_bands_said(self.bands),
            metadata.NO_DATA: metadata.no_data_said(
                getattr(self._source, "no_data", ()),
                self._ranges,
                None if self._fill is None else self._fill.value,
            )
            or origins[metadata.NO_DATA].source,
            metadata.SCALE: self.unit if self.reflectance_scale is not None else "none of reflectance",
            metadata.GRID: metadata.grid_said(self.rows, self.cols, self.transform, self.crs, self.gcps),
            metadata.PLACE: metadata.crs_said(self.crs or self.gcps_crs),
        }
        listed = metadata.facts(values, origins)
        self.notes += [fact.line for fact in listed]
        self.warnings += [fact.doubt for fact in listed if fact.doubt and fact.doubt not in self.warnings]
        return listed

    def _wavelengths(self) -> np.ndarray | None:
        known = [band.wavelength for band in self.kept if band.wavelength is not None]
        if known and len(known) < len(self.kept):
            text = (
                f"{len(self.kept) - len(known)} of {len(self.kept)} bands have no wavelength, so spectra are "
                "given by band number."
            )
            if text not in self.warnings:
                self.warnings.append(text)
        return np.array(known) if known and len(known) == len(self.kept) else None

    def _probed(self, numbers: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Values and good (pixels, bands) of pixels with data, in windows spread over the scene."""
        if not numbers:
            return np.zeros((0, 0), np.float32), np.zeros((0, 0), bool)
        read = [self.values(numbers, window) for window in probes(self.rows, self.cols)]
        values = np.concatenate([cube.reshape(-1, len(numbers)) for cube, _ in read])
        good = np.concatenate([part.reshape(-1, len(numbers)) for _, part in read])
        inside = (good & (values != 0)).any(axis=-1)
        return values[inside], good[inside]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
