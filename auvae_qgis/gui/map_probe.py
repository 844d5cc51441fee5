"""The map tool of the probe: clicks in the map become pixels of a result, and marks in the map."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsWkbTypes,
)
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool, QgsRubberBand, QgsVertexMarker
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor

from ..inputs.scene_source import gdal_source
from ..results.probe import Pixel, ProbeError, grid_crs, middle_of_pixel, read_pixel
from ..results.result import Result, ResultError
from ..translation import tr
from .background import Background

MARK = 11  # pixels


class MapProbe(QgsMapTool):
    """Reads the pixel that is clicked; the files are read on another thread."""

    clicked = pyqtSignal()

    def __init__(
        self,
        canvas: QgsMapCanvas,
        background: Background,
        show: Callable[[Pixel], str],
        say: Callable[[str], object],
    ) -> None:
        """``show`` takes a pixel and returns the colour of its mark; ``say`` takes a sentence."""
        super().__init__(canvas)
        self._map, self._background, self._show, self._say = canvas, background, show, say
        self._result: Result | None = None
        self._marks: dict[tuple[int, int], tuple[QgsVertexMarker, QgsRubberBand]] = {}
        self._latest = 0
        self.setCursor(Qt.CursorShape.CrossCursor)

    def set_result(self, result: Result | None) -> None:
        """Probe this result from now on."""
        self._result = result

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """Read the pixel under the mouse."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.read(event.mapPoint())

    def read(self, point: QgsPointXY) -> None:
        """Read the pixel at ``point``, in the CRS of the map, and show it."""
        result = self._result
        if result is None:
            self._say(tr("Select a map of an unmixing result first."))
            return
        try:
            crs = self.crs_of(result)
            place = self._transform(crs).transform(point)
        except QgsCsException:
            self._say(tr("This place has no coordinates in the CRS of the scene."))
            return
        except ResultError as error:
            self._say(str(error))
            return
        scenes = [gdal_source(layer) for layer in self._rasters()]
        self._latest += 1
        asked = self._latest

        def done(pixel: Pixel) -> None:
            if asked == self._latest and self._result is not None and self._result.folder == result.folder:
                self._mark(pixel, crs, self._show(pixel))

        def failed(error: Exception) -> None:
            if not isinstance(error, (ProbeError, ResultError)):
                raise error
            if asked == self._latest:
                self._say(str(error))

        self._background.start(lambda: read_pixel(result, place.x(), place.y(), scenes), done, failed)

    def go_to(self, row: int, col: int) -> None:
        """Move the map to a pixel of the result, given from 0, and read it."""
        result = self._result
        if result is None:
            return

        def done(place: tuple[float, float]) -> None:
            if self._result is None or self._result.folder != result.folder:
                return
            try:
                back = self._transform(self.crs_of(result))
                point = back.transform(QgsPointXY(*place), QgsCoordinateTransform.ReverseTransform)
            except (QgsCsException, ResultError) as error:
                self._say(str(error))
                return
            self._map.setCenter(point)
            self._map.refresh()
            self.read(point)

        def failed(error: Exception) -> None:
            if not isinstance(error, (ProbeError, ResultError)):
                raise error
            self._say(str(error))

        self._background.start(lambda: middle_of_pixel(result, row, col), done, failed)

    def clear(self) -> None:
        """Remove the marks from the map."""
        for pair in self._marks.values():
            for mark in pair:
                self._map.scene().removeItem(mark)
        self._marks = {}

    def keep(self, pixels: list[Pixel]) -> None:
        """Remove the marks of all other pixels."""
        kept = {(pixel.row, pixel.col) for pixel in pixels}
        for place in [one for one in self._marks if one not in kept]:
            for mark in self._marks.pop(place):
                self._map.scene().removeItem(mark)

    def _mark(self, pixel: Pixel, crs: QgsCoordinateReferenceSystem, color: str) -> None:
        """Outline the pixel, and put a cross on it that is seen at any scale."""
        back = self._transform(crs)
        outline = QgsGeometry.fromPolygonXY([[QgsPointXY(x, y) for x, y in pixel.corners]])
        try:
            outline.transform(back, QgsCoordinateTransform.ReverseTransform)
        except QgsCsException:
            return
        frame = QgsRubberBand(self._map, QgsWkbTypes.PolygonGeometry)
        frame.setStrokeColor(QColor(color))
        frame.setSecondaryStrokeColor(QColor(Qt.GlobalColor.white))  # to be seen on any map
        frame.setFillColor(QColor(0, 0, 0, 0))
        frame.setWidth(2)
        frame.setToGeometry(outline, None)
        mark = QgsVertexMarker(self._map)
        mark.setIconType(QgsVertexMarker.ICON_CROSS)
        mark.setIconSize(MARK)
        mark.setPenWidth(3)
        mark.setColor(QColor(color))
        mark.setCenter(outline.centroid().asPoint())
        for old in self._marks.pop((pixel.row, pixel.col), ()):
            self._map.scene().removeItem(old)
        self._marks[pixel.row, pixel.col] = (mark, frame)

    def crs_of(self, result: Result) -> QgsCoordinateReferenceSystem:
        """Return the CRS of the maps: that of a layer of theirs, which the analyst may have corrected."""
        for layer in self._rasters():
            if Path(gdal_source(layer)).parent == result.folder and layer.crs().isValid():
                return layer.crs()
        return QgsCoordinateReferenceSystem.fromWkt(grid_crs(result))

    def _transform(self, crs: QgsCoordinateReferenceSystem) -> QgsCoordinateTransform:
        map_crs = self._map.mapSettings().destinationCrs()
        if not crs.isValid() or not map_crs.isValid():
            return QgsCoordinateTransform()
        return QgsCoordinateTransform(map_crs, crs, QgsProject.instance())

    def _rasters(self) -> list[QgsRasterLayer]:
        layers = QgsProject.instance().mapLayers().values()
        return [one for one in layers if isinstance(one, QgsRasterLayer) and one.providerType() == "gdal"]
