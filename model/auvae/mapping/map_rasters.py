"""The rasters of a result: written plain, window by window, then packed as cloud-optimised GeoTIFFs.

While a scene is mapped they lie uncompressed, so that a run that dies leaves whole rows behind; what they are
in the end (tiles, compression, overviews) is decided when they are packed. Knows no result folder.
"""

from __future__ import annotations

import os
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import rasterio.shutil
from defusedxml import ElementTree
from rasterio._err import CPLE_BaseError  # GDAL's errors, which some calls let through as they are
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from ..contract.errors import OutputError, SceneError
from ..numerics.threads import chosen_threads
from .pictures import UNCLASSIFIED, classes, composite, dominant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rasterio.windows import Window

    from ..network.model import Maps
    from ..scene.scene import Scene

NO_DATA = -9999.0
# Bytes of a pixel in a float raster, and in the composite and the dominant material together.
_FLOAT, _PICTURES = 4, 5

_BLOCK = 256
# Ending of a virtual raster beside the name of the file that is packed from it.
_VIEW = ".vrt"
# Rows that lie together in a plain raster: a window writes many short pieces of lines otherwise.
_LINES = 16
_PACKED = {
    "driver": "COG",
    "compress": "deflate",
    "level": 1,  # after the predictor higher ones take half as long again, and files of maps are no smaller
    "predictor": "yes",
    "blocksize": _BLOCK,
    "bigtiff": "if_safer",
}


def settled(maps: Maps, inside: tuple[slice, slice], *, shares: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Abundances as they are written: float32 arithmetic may have left a hair below zero or off one.

    Args:
        maps: of a window and its surroundings.
        inside: the part of them that is the window.
        shares: whether abundances sum to one; they are amounts otherwise.

    Returns:
        Abundances (rows, cols, K), and where they are valid (rows, cols).
    """
    abundances = np.clip(maps.abundances[inside], 0, 1 if shares else None)
    valid = np.asarray(np.isfinite(abundances).all(axis=-1))
    if shares:
        abundances = abundances / np.maximum(abundances.sum(axis=-1, keepdims=True), np.float32(1e-12))
    return abundances, valid


class MapRasters:
    """Every raster of a result, in a folder of its own while they are plain.

    Args:
        plain: the folder of the plain rasters, made where it is missing.
        scene: whose grid they have.
        files: their names by kind: "abundances", "uncertainty", "error", "composite", "dominant".
        maps: names of the endmembers' own maps, in order.
        names: of the endmembers.
        colors: of the endmembers, #RRGGBB.
    """

    def __init__(
        self,
        plain: Path,
        scene: Scene,
        files: dict[str, str],
        maps: Sequence[str],
        names: Sequence[str],
        colors: Sequence[str],
    ) -> None:
        self.plain = plain
        self._scene, self._files, self._maps = scene, files, maps
        self._names, self._colors = names, colors
        self._open: dict[str, Any] = {}

    def prepare(self) -> None:
        """Make every raster, so that a grid that cannot be written is found before the long work.

        Raises:
            SceneError: no GeoTIFF can have the scene's grid or coordinate system.
        """
        try:
            self._begin()
        except (ValueError, TypeError, AttributeError) as error:
            raise SceneError(
                f"Maps cannot be written on the scene's grid: {str(error)[:120].rstrip('.')}.",
                "Check the georeference of the scene, or save it without.",
            ) from error
        self._close()

    def paint(self, colors: Sequence[str]) -> None:
        """Give the endmembers these colours, #RRGGBB; before the first `write`."""
        self._colors = colors

    def refuse_without_room(self, output: Path) -> None:
        """Raise OutputError where the disk has no room for the maps, which first lie there uncompressed."""
        folder = self.plain
        while not folder.is_dir():
            folder = folder.parent
        pixels = self._scene.rows * self._scene.cols
        needed = pixels * (2 * len(self._names) * _FLOAT + _FLOAT + _PICTURES)
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise OutputError(
                f"The maps take {needed / 2**30:.1f} GiB and {output} has {free / 2**30:.1f} GiB left: the "
                "disk is full.",
                "Make room on the disk, or choose a folder on another one.",
            )

    def write(
        self,
        window: Window,
        abundances: np.ndarray,
        uncertainty: np.ndarray,
        angle: np.ndarray,
        valid: np.ndarray,
    ) -> None:
        """Write a window: maps (rows, cols, K), angles and valid (rows, cols)."""
        if not self._open:
            self._begin()
        filled = np.where(valid[..., None], abundances, np.float32(NO_DATA))
        self._put(self._files["abundances"], window, filled)
        self._put(self._files["uncertainty"], window, np.where(valid[..., None], uncertainty, NO_DATA))
        self._put(self._files["error"], window, np.where(valid, angle, NO_DATA)[..., None])
        self._put(self._files["composite"], window, composite(abundances, self._colors))
        self._put(self._files["dominant"], window, dominant(abundances)[..., None])

    def flush(self) -> None:
        """Make sure that what was written outlives this process and a power cut. Writing may go on."""
        for path in self._close():
            with path.open("rb+") as file:
                os.fsync(file.fileno())

    def abandon(self) -> None:
        """Let go of the files: what is being thrown away may fail to be flushed."""
        for raster in self._open.values():
            try:
                raster.close()
            except (RasterioError, CPLE_BaseError, OSError):
                continue
        self._open = {}

    def pack(self, folder: Path, progress: Callable[[float], None]) -> None:
        """Turn every raster into a cloud-optimised GeoTIFF in ``folder``, with overviews; the plain one goes.

        Args:
            folder: where they go.
            progress: told the share that is done; may raise to give up.

        Raises:
            OutputError: the disk is full.
        """
        if not self._open:
            self._begin()
        paths = self._close()
        maps = [self._view(band, file) for band, file in enumerate(self._maps, 1)]
        for done, source in enumerate([*maps, *paths]):
            progress(done / len([*maps, *paths]))
            path = folder / source.name.removesuffix(_VIEW)
            how = "mode" if path.name == self._files["dominant"] else "average"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                # GDAL finds a full disk when it closes a file, where rasterio does not listen.
                if not _copied(source, path, how) or not _blocks_arrived(path):
                    raise OutputError(
                        f"{path.name} could not be written completely: the disk is full.",
                        "Make room on the disk, or choose a folder on another one.",
                    )
            source.unlink()
        self.plain.rmdir()
        beside = folder / f"{self._files['dominant']}.aux.xml"
        beside.write_text(classes(self._names, self._colors), encoding="utf-8")

    def _view(self, band: int, file: str) -> Path:
        """A virtual raster of one band of the abundances, from which an endmember's own map is packed."""
        path = self.plain / f"{file}{_VIEW}"
        rasterio.shutil.copy(self.plain / self._files["abundances"], path, driver="VRT")
        tree = ElementTree.parse(path)
        root = tree.getroot()
        for other in root.findall("VRTRasterBand"):
            if other.get("band") != str(band):
                root.remove(other)
                continue
            other.set("band", "1")
            for tags in other.findall("Metadata"):
                other.remove(tags)
        tree.write(path)
        return path

    def _begin(self) -> None:
        """Open the rasters: those that a run before this one left, or new ones."""
        if self.plain.is_dir():
            for view in self.plain.glob(f"*{_VIEW}"):
                view.unlink()
            self._open = {path.name: rasterio.open(path, "r+") for path in sorted(self.plain.iterdir())}
            self._tag_colors()
            return
        self.plain.mkdir()
        number = len(self._names)
        self._create(self._files["abundances"], number, self._names)
        self._create(self._files["uncertainty"], number, self._names)
        self._create(self._files["error"], 1, ("Spectral angle (radians)",))
        self._tag_colors()
        plain = {"dtype": "uint8", "nodata": None}
        shades = ("Red", "Green", "Blue", "Opacity")
        self._create(self._files["composite"], 4, shades, **plain, photometric="RGB", alpha="yes")
        self._create(self._files["dominant"], 1, ("Dominant material",), **plain | {"nodata": UNCLASSIFIED})

    def _tag_colors(self) -> None:
        for band, color in enumerate(self._colors, 1):
            self._open[self._files["abundances"]].update_tags(band, COLOR=color)

    def _create(self, file: str, count: int, descriptions: Sequence[str], **other: Any) -> Any:
        scene = self._scene
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            profile = {
                "driver": "GTiff",
                "width": scene.cols,
                "height": scene.rows,
                "count": count,
                "dtype": "float32",
                "nodata": NO_DATA,
                "crs": scene.crs,
                "transform": None if scene.transform.is_identity else scene.transform,
                "blockysize": min(_LINES, scene.rows),
                "interleave": "band",
                "bigtiff": "if_safer",
            }
            raster = rasterio.open(self.plain / file, "w", **{**profile, **other})
        if scene.gcps:
            # Points may name no coordinate system; rasterio wants one, which may be empty.
            raster.gcps = (scene.gcps, scene.gcps_crs or CRS())
        if scene.rpcs:
            raster.rpcs = scene.rpcs
        raster.descriptions = tuple(descriptions)
        self._open[file] = raster
        return raster

    def _put(self, file: str, window: Window, values: np.ndarray) -> None:
        raster = self._open[file]
        raster.write(np.moveaxis(values, -1, 0).astype(raster.dtypes[0], copy=False), window=window)

    def _close(self) -> list[Path]:
        files = list(self._open)
        while self._open:
            self._open.popitem()[1].close()
        return [self.plain / file for file in files]


def _copied(source: Path, path: Path, overview_resampling: str) -> bool:
    """Pack a raster; False where GDAL gave up without a word, as it may on a full disk."""
    try:
        rasterio.shutil.copy(
            source, path,
            overview_resampling=overview_resampling, num_threads=chosen_threads().mapping, **_PACKED,
        )  # fmt: skip
    except SystemError:
        return False
    return True


def _blocks_arrived(path: Path) -> bool:
    """Whether every block of a GeoTIFF and of its overviews lies within the file."""
    size = path.stat().st_size
    with rasterio.open(path) as raster:
        levels = range(len(raster.overviews(1)))
        for overview in (None, *levels):
            with rasterio.open(path, overview_level=overview) as level:
                for (row, col), _ in level.block_windows(1):
                    offset, length = (
                        raster.get_tag_item(f"BLOCK_{what}_{col}_{row}", "TIFF", bidx=1, ovr=overview)
                        for what in ("OFFSET", "SIZE")
                    )
                    if not offset or not length or int(offset) + int(length) > size:
                        return False
    return True
