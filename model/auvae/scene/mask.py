"""Which pixels of a scene an analyst's mask leaves: a raster or polygons in any coordinate system."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.features import rasterize
from rasterio.transform import Affine
from rasterio.windows import Window

from ..contract.errors import SceneError
from .grid import Grid, named_crs, to_crs

_GEOJSON = (".geojson", ".json")
# GeoJSON that names no coordinate system is in longitude and latitude (RFC 7946).
_LONGITUDE_LATITUDE = "OGC:CRS84"
# A mask much finer than the scene is looked at this many times a pixel of the scene at most.
_FINER = 4


class Mask(Protocol):
    """Says which pixels of a scene are to be used."""

    def read(self, window: Window) -> np.ndarray:
        """(rows, cols) bool: True where the pixels of a window of the scene are to be used."""

    def close(self) -> None:
        """Let go of the file."""


def open_mask(path: str, scene: Grid) -> Mask:
    """The mask in a file: polygons in GeoJSON, or a raster that is not zero where the scene is to be used.

    Raises SceneError where the file is neither, or does not lie where the scene does.
    """
    if path.lower().endswith(_GEOJSON):
        return PolygonMask(path, scene)
    return RasterMask(path, scene)


class RasterMask:
    """The first band of a raster: what is neither zero nor no-data is used. Nearest neighbour."""

    def __init__(self, path: str, scene: Grid) -> None:
        self._name = Path(path).name
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                self._raster = rasterio.open(Path(path) if Path(path).exists() else path)
        except (RasterioError, ValueError, OSError) as error:
            raise SceneError(
                f"The mask {path} cannot be opened: it is no raster that GDAL reads.",
                "Choose a raster, or polygons as GeoJSON (ogr2ogr mask.geojson polygons.gpkg makes it).",
            ) from error
        raster = self._raster
        gcps, gcps_crs = raster.gcps
        placed = not raster.transform.is_identity or not gcps
        self._grid = Grid(
            raster.height, raster.width, raster.crs if placed else gcps_crs, raster.transform,
            () if placed else tuple(gcps),
        )  # fmt: skip
        self._scene = scene
        # Only a mask of the scene's own size tells its pixels where neither says where it lies.
        self._same = not (self._grid.placed and scene.placed)
        if self._same and (self._grid.rows, self._grid.cols) != (scene.rows, scene.cols):
            self.close()
            raise SceneError(
                f"The mask {self._name} has {self._grid.rows} x {self._grid.cols} pixels, the scene "
                f"{scene.rows} x {scene.cols}, and not both are georeferenced.",
                "Georeference both, or make a mask of the scene's own size.",
            )

    def close(self) -> None:
        """Let go of the file."""
        self._raster.close()

    def read(self, window: Window) -> np.ndarray:
        """As `Mask` has it; a place beyond the mask's edge is not used."""
        if self._same:
            return self._used(window, (window.height, window.width))
        rows, cols = np.mgrid[: window.height, : window.width]
        xs, ys = self._scene.ground(cols + window.col_off + 0.5, rows + window.row_off + 0.5)
        xs, ys = to_crs(xs, ys, self._scene.crs, self._grid.crs)
        used = np.zeros(xs.shape, bool)
        cols, rows = self._grid.pixels(xs, ys)
        with np.errstate(invalid="ignore"):
            inside = (cols >= 0) & (cols < self._grid.cols) & (rows >= 0) & (rows < self._grid.rows)
        if not inside.any():
            return used
        cols, rows = (np.floor(place[inside]).astype(int) for place in (cols, rows))
        left, top = int(cols.min()), int(rows.min())
        width, height = int(cols.max()) + 1 - left, int(rows.max()) + 1 - top
        shape = (min(height, _FINER * window.height), min(width, _FINER * window.width))
        seen = self._used(Window(left, top, width, height), shape)
        used[inside] = seen[(rows - top) * shape[0] // height, (cols - left) * shape[1] // width]
        return used

    def _used(self, window: Window, shape: tuple[int, int]) -> np.ndarray:
        try:
            values = self._raster.read(1, window=window, out_shape=shape)
            present = self._raster.read_masks(1, window=window, out_shape=shape) > 0
        except RasterioError as error:
            raise SceneError(
                f"The mask {self._name} cannot be read to its end.", "Make or download it again."
            ) from error
        return np.asarray(present & (values != 0) & np.isfinite(values))


class PolygonMask:
    """Polygons: a pixel is used where its centre lies in one of them."""

    def __init__(self, path: str, scene: Grid) -> None:
        self._shapes: list[tuple[dict[str, Any], tuple[float, float, float, float]]] = []
        try:
            with open(path, encoding="utf-8") as file:
                document = json.load(file)
            crs = geojson_crs(document)
            polygons = [polygon for part in _geometries(document) for polygon in polygons_of(part)]
            for rings in polygons:
                moved = [in_pixels(ring, crs, scene) for ring in rings]
                low, high = moved[0].min(axis=0), moved[0].max(axis=0)
                shape = {"type": "Polygon", "coordinates": [ring.tolist() for ring in moved]}
                self._shapes.append((shape, (low[0], low[1], high[0], high[1])))
        except (
            OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError
        ) as error:  # fmt: skip
            raise SceneError(
                f"The mask {path} cannot be read: it is no GeoJSON.",
                "Choose a raster, or polygons as GeoJSON (ogr2ogr mask.geojson polygons.gpkg makes it).",
            ) from error
        reached = [
            box for _, box in self._shapes
            if box[2] > 0 and box[3] > 0 and box[0] < scene.cols and box[1] < scene.rows
        ]  # fmt: skip
        if not reached:
            raise SceneError(
                f"No polygon of the mask {Path(path).name} lies in the scene.",
                "Choose polygons that the scene covers, and check the coordinate system of both.",
            )

    def close(self) -> None:
        """Nothing is held open."""

    def read(self, window: Window) -> np.ndarray:
        """As `Mask` has it."""
        left, top = window.col_off, window.row_off
        right, bottom = left + window.width, top + window.height
        near = [
            shape for shape, box in self._shapes
            if box[2] > left and box[0] < right and box[3] > top and box[1] < bottom
        ]  # fmt: skip
        if not near:
            return np.zeros((window.height, window.width), bool)
        return np.asarray(
            rasterize(
                near,
                out_shape=(window.height, window.width),
                transform=Affine.translation(left, top),
                dtype="uint8",
            )
            > 0
        )


def geojson_crs(document: dict[str, Any]) -> Any:
    """The coordinate system GeoJSON is in: of its member "crs" (GeoJSON 2008), None where that is null."""
    if "crs" not in document:
        return CRS.from_user_input(_LONGITUDE_LATITUDE)
    return named_crs(document["crs"]["properties"]["name"]) if document["crs"] else None


def _geometries(document: dict[str, Any]) -> list[dict[str, Any]]:
    if document["type"] == "FeatureCollection":
        return [feature["geometry"] for feature in document["features"] if feature["geometry"]]
    return [document["geometry"] if document["type"] == "Feature" else document]


def polygons_of(geometry: dict[str, Any]) -> list[list[Any]]:
    """The polygons of a geometry, each a list of rings; none of points and lines."""
    if geometry["type"] == "GeometryCollection":
        return [polygon for part in geometry["geometries"] for polygon in polygons_of(part)]
    if geometry["type"] == "MultiPolygon":
        return [polygon for polygon in geometry["coordinates"] if polygon]
    return [geometry["coordinates"]] if geometry["type"] == "Polygon" and geometry["coordinates"] else []


def in_pixels(ring: list[list[float]], crs: Any, scene: Grid) -> np.ndarray:
    """The corners (n, 2) of a ring as cols and rows of the scene."""
    corners = np.array([corner[:2] for corner in ring], float)
    xs, ys = to_crs(corners[:, 0], corners[:, 1], crs, scene.crs)
    return np.column_stack(scene.pixels(xs, ys))
