"""Reads what a scene and its result say about one pixel, straight from the files. Knows no map."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal

from ..translation import tr
from .result import Array, Result, ResultError

NO_DATA = -9999.0
# Names that GDAL goes to the network for; a result may come from anywhere.
ELSEWHERE = re.compile(r"/vsi(?!zip/|tar/|gzip/)|://", re.IGNORECASE)
PARTS = ("/vsizip/", "/vsitar/", "/vsigzip/", "HDF5:", "NETCDF:")
ANOTHER_SPECTRUM = 0.02  # radians off the angle that error.tif holds: these are not the values unmixed


class ProbeError(ValueError):
    """There is nothing to read at this place; the text says why."""


@dataclass(frozen=True)
class Pixel:
    """One pixel of a scene, as the files have it.

    ``abundances`` and ``uncertainty``: (endmembers,). ``reconstruction``: (kept bands,) in the raster's unit,
    at the pixel's own brightness. ``spectrum``: (kept bands,) or None, where ``without_scene`` says why.
    ``angle``: radians between the two as error.tif holds it. ``corners``: (4, 2) in the raster's CRS.
    """

    row: int
    col: int
    abundances: Array
    uncertainty: Array
    reconstruction: Array
    spectrum: Array | None
    without_scene: str
    angle: float
    corners: Array

    @property
    def residual(self) -> Array | None:
        """The spectrum minus its reconstruction, (kept bands,)."""
        return None if self.spectrum is None else self.spectrum - self.reconstruction


def grid_crs(result: Result) -> str:
    """Return the CRS (WKT) that the maps of ``result`` are in; empty where they have none."""
    with _opened(result.folder / result.document["files"]["abundances"]) as maps:
        return maps.GetProjection() or maps.GetGCPProjection() or ""


def middle_of_pixel(result: Result, row: int, col: int) -> tuple[float, float]:
    """Return where the middle of a pixel of the maps lies, in their CRS; ``row`` and ``col`` from 0.

    Raises ProbeError outside the maps, ResultError for a damaged result.
    """
    with _opened(result.folder / result.document["files"]["abundances"]) as maps:
        if not (0 <= col < maps.RasterXSize and 0 <= row < maps.RasterYSize):
            raise ProbeError(tr("This place lies outside the scene."))
        x, y = _corners(maps, row, col).mean(axis=0).tolist()
    return x, y


def read_pixel(result: Result, x: float, y: float, scene_files: Iterable[str] = ()) -> Pixel:
    """Read the pixel at ``x``, ``y``, in the CRS of the result's maps.

    ``scene_files``: other places to look for the scene, where it has moved. Only blocks that hold the pixel
    are read, so that this takes as long for a large scene as for a small one.

    Raises ProbeError outside the scene and where it has no data, ResultError for a damaged result.
    """
    files = result.document["files"]
    with _opened(result.folder / files["abundances"]) as maps:
        row, col = _place(maps, x, y)
        abundances = _values(maps, row, col)
        corners = _corners(maps, row, col)
    if (abundances == NO_DATA).any():
        raise ProbeError(tr("No data in this pixel (row {}, column {}).").format(row + 1, col + 1))
    with _opened(result.folder / files["uncertainty"]) as maps:
        uncertainty = _values(maps, row, col)
    with _opened(result.folder / files["error"]) as maps:
        angle = float(_values(maps, row, col)[0])

    brightnesses = [float(one.get("mixing", 1.0)) for one in result.document["endmembers"]]
    mixture = result.measured() @ (abundances * brightnesses)
    spectrum, without_scene = _scene_spectrum(result, row, col, corners.mean(axis=0), scene_files)
    if spectrum is not None and abs(_angle(spectrum, mixture) - angle) > ANOTHER_SPECTRUM:
        name = Path(result.document["scene"]["path"]).name
        without_scene = tr("“{}” holds other values now than when it was unmixed.").format(name)
        spectrum = None
    energy = float(mixture @ mixture)
    brightness = float(spectrum @ mixture) / energy if spectrum is not None and energy > 0 else 1.0
    return Pixel(
        row, col, abundances, uncertainty, brightness * mixture, spectrum, without_scene, angle, corners
    )


def _angle(spectrum: Array, other: Array) -> float:
    norms = float(np.linalg.norm(spectrum) * np.linalg.norm(other))
    return float(np.arccos(np.clip(spectrum @ other / norms, -1, 1))) if norms > 0 else 0.0


def _scene_spectrum(
    result: Result, row: int, col: int, centre: Array, scene_files: Iterable[str]
) -> tuple[Array | None, str]:
    """Return the pixel's kept bands as unmixing saw them, or None and a sentence that says why not.

    ``centre``: of the pixel in the maps' CRS. The maps may be of a part of the scene.
    """
    document = result.document
    size = (int(document["scene"]["cols"]), int(document["scene"]["rows"]))
    kept = [int(band["number"]) for band in document["bands"] if band["kept"]]
    for path in _scene_places(result, scene_files):
        try:
            with _opened(path) as scene:
                if scene.RasterCount < max(kept):
                    continue
                if (scene.RasterXSize, scene.RasterYSize) != size:
                    row, col = _place(scene, *centre)
                values = _values(scene, row, col, kept)
                for index, number in enumerate(kept):
                    band = scene.GetRasterBand(number)
                    scale, offset = band.GetScale(), band.GetOffset()
                    values[index] = values[index] * (1 if scale is None else scale) + (offset or 0)
                return values, ""
        except (ResultError, ProbeError):
            continue
    where = Path(document["scene"]["path"])
    if _lies_here(str(document["scene"]["path"])):
        return None, tr("QGIS cannot read single pixels of “{}”, so its spectrum is not shown.").format(
            where.name
        )
    return None, tr(
        "The scene “{}” is not where it was unmixed: add it to the project to see the pixel's spectrum."
    ).format(where.name)


def _scene_places(result: Result, others: Iterable[str]) -> Iterator[str]:
    """Return where the scene may lie: where it was, beside the result after a move, in the project."""
    path = str(result.document["scene"]["path"])
    name = Path(path).name
    if _lies_here(path):
        yield path
    for folder in (result.folder, result.folder.parent):
        if (folder / name).exists():
            yield str(folder / name)
    yield from (other for other in others if Path(other).name == name)


def _lies_here(name: str) -> bool:
    """Tell whether GDAL finds ``name`` on this computer's disks: a file, or a part of one."""
    return not ELSEWHERE.search(name) and (os.path.isfile(name) or name.startswith(PARTS))  # noqa: PTH113


@contextmanager
def _opened(path: Path | str) -> Iterator[Any]:
    """Open a raster for a moment; an open handle would keep Windows from replacing the result."""
    try:
        raster = gdal.OpenEx(str(path), gdal.OF_RASTER)
    except RuntimeError as error:  # with gdal.UseExceptions()
        raise ResultError(tr("“{}” cannot be read: {}").format(path, error)) from error
    if raster is None:
        raise ResultError(tr("“{}” cannot be read: {}").format(path, gdal.GetLastErrorMsg()))
    try:
        yield raster
    finally:
        raster = None


def _values(raster: Any, row: int, col: int, bands: list[int] | None = None) -> Array:
    """Read one pixel's values, (bands,)."""
    count = len(bands) if bands else raster.RasterCount
    try:
        content = raster.ReadRaster(col, row, 1, 1, buf_type=gdal.GDT_Float64, band_list=bands)
    except RuntimeError as error:
        raise ResultError(tr("“{}” is damaged: {}").format(raster.GetDescription(), error)) from error
    if content is None:
        raise ResultError(tr("“{}” is damaged.").format(raster.GetDescription()))
    return np.frombuffer(content, np.float64, count).copy()


def _place(raster: Any, x: float, y: float) -> tuple[int, int]:
    """Return row and column of a place; raises ProbeError outside."""
    col, row = _to_pixel(raster, x, y)
    if not (0 <= col < raster.RasterXSize and 0 <= row < raster.RasterYSize):
        raise ProbeError(tr("This place lies outside the scene."))
    return int(row), int(col)


def _to_pixel(raster: Any, x: float, y: float) -> tuple[float, float]:
    if _has_no_place(raster):
        return x, -y  # as QGIS draws a raster without a georeference
    found, point = gdal.Transformer(raster, None, []).TransformPoint(True, x, y, 0.0)
    if not found:
        raise ProbeError(tr("This place lies outside the scene."))
    return point[0], point[1]


def _corners(raster: Any, row: int, col: int) -> Array:
    """Return the corners (4, 2) of a pixel in the raster's CRS."""
    corners = [(col, row), (col + 1, row), (col + 1, row + 1), (col, row + 1)]
    if _has_no_place(raster):
        return np.array([(x, -y) for x, y in corners], dtype=float)
    transformer = gdal.Transformer(raster, None, [])
    return np.array([transformer.TransformPoint(False, x, y, 0.0)[1][:2] for x, y in corners])


def _has_no_place(raster: Any) -> bool:
    return (
        raster.GetGeoTransform(can_return_null=True) is None
        and not raster.GetGCPCount()
        and not raster.GetMetadata("RPC")
    )
