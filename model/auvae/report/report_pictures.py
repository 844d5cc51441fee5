"""The pictures of a report, as PNG in base64: rasters of a result made small. Writes no page."""

from __future__ import annotations

import base64
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from ..contract.palette import rgb
from ..mapping.overview import LONGEST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..contract.result_document import ResultDocument
    from ..mapping.overview import Overview

ERROR_TONES = ("#ffffcc", "#fed976", "#fd8d3c", "#e31a1c", "#800026")
"""From no error to the most, as in resources/styles/error.qml."""

WORST_ANGLE = 3.0
"""Times the mean angle: from there on the error map has one colour, as in QGIS."""


@dataclass(frozen=True)
class Pictures:
    """What a report shows of a result, each a base64 PNG; maps in the endmembers' order."""

    scene: str
    scene_bands: tuple[int, ...]
    true_colour: bool
    composite: str
    dominant: str
    maps: tuple[str, ...]
    error: str


def pictures(folder: Path, document: ResultDocument, overview: Overview) -> Pictures:
    """Draw the rasters in a result folder. document: as in result.json; overview: of the scene."""
    kept = [int(band["number"]) for band in document["bands"] if band["kept"]]
    files, members = document["files"], document["endmembers"]
    return Pictures(
        scene=_png(overview.picture()),
        scene_bands=tuple(kept[index] for index in overview.shown),
        true_colour=overview.true_colour,
        composite=composite(folder / files["composite"]),
        dominant=_classes(folder / files["dominant"], [item["color"] for item in members]),
        maps=tuple(_ramp(folder / item["file"], ("#ffffff", item["color"]), 1.0) for item in members),
        error=_ramp(folder / files["error"], ERROR_TONES, WORST_ANGLE * document["metrics"]["mean_angle"]),
    )


def composite(path: Path) -> str:
    """The composite of a result, as a base64 PNG."""
    return _png(_small(path, (1, 2, 3, 4))[0])


def _ramp(path: Path, tones: Sequence[str], top: float) -> str:
    """A map of one band, from the first tone at 0 to the last at `top`; clear where there is no data."""
    values, valid = _small(path, (1,))
    place = np.clip(values[0] / max(top, 1e-12), 0, 1)
    stops = np.linspace(0, 1, len(tones))
    shades = [np.interp(place, stops, [rgb(tone)[channel] for tone in tones]) for channel in range(3)]
    return _png(np.stack([*shades, np.where(valid, 255.0, 0.0)]))


def _classes(path: Path, colors: Sequence[str]) -> str:
    values, valid = _small(path, (1,), Resampling.nearest)
    table = np.array([(0, 0, 0), *map(rgb, colors)], float)
    shades = table[values[0].astype(int)]
    return _png(np.concatenate([np.moveaxis(shades, -1, 0), np.where(valid, 255.0, 0.0)[None]]))


def _small(
    path: Path, bands: Sequence[int], resampling: Resampling = Resampling.average
) -> tuple[np.ndarray, np.ndarray]:
    """Bands (bands, rows, cols) of a raster, no larger than a page shows it, and where they hold data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as raster:
            shrink = min(1.0, LONGEST / max(raster.shape))
            shape = (max(1, round(raster.height * shrink)), max(1, round(raster.width * shrink)))
            values = raster.read(
                list(bands),
                out_shape=(len(bands), *shape),
                masked=raster.nodata is not None,
                resampling=resampling,
            )
    valid = np.asarray(~np.ma.getmaskarray(values).any(axis=0))
    return np.ma.filled(values, 0).astype(float), valid


def _png(bands: np.ndarray) -> str:
    """A picture (4, rows, cols), 0 to 255: red, green, blue, opacity."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with MemoryFile() as memory:
            size = {"width": bands.shape[2], "height": bands.shape[1]}
            with memory.open(driver="PNG", count=4, dtype="uint8", **size) as image:
                image.write(np.round(bands).astype(np.uint8))
            return base64.b64encode(memory.read()).decode("ascii")
