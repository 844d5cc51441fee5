"""What a session is made of besides results: images opened, places known, results kept."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import processing
from qgis.core import Qgis, QgsProcessingUtils, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtWidgets import QApplication, QFileDialog

from ...model.auvae.contract.materials import Pair
from ..inputs.scene_source import gdal_driver, gdal_source
from ..plain_text import as_plain
from ..results.compare import CompareError, write_differences
from ..results.keep import KeepError, keep
from ..results.layers import layer_of_scene, move_layers
from ..results.probe import Pixel
from ..results.result import Result
from ..results.styles import style_difference
from ..translation import tr
from ..worker.early import load_ahead
from .background import Background
from .dock.dock import ResultDock
from .known_places import add_place, names_in, places_of
from .map_probe import MapProbe
from .true_colour import draw_in_true_colour

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

SECONDS = 8  # a message stays
IMAGES = "*.img *.hdr *.dat *.bsq *.bil *.bip *.tif *.tiff *.vrt *.nc *.he5 *.h5 *.xml *.zip"
ENMAP = "METADATA.XML"  # the end of the name of what an EnMAP product is known by
LEAST_BANDS = 2
CUBES = {"netCDF", "HDF5", "HDF5Image"}


class Session(QObject):
    """Opens images, keeps results, and unmixes again with what was found to be known."""

    def __init__(self, iface: QgisInterface, dock: ResultDock, probe: MapProbe | None) -> None:
        super().__init__(dock)
        self._iface, self._dock, self._probe = iface, dock, probe
        self._background = Background(self)
        self._connections: list[tuple[Any, Any]] = []
        if dock.can_plot:
            self._connections = [
                (dock.keep_asked, self.ask_and_keep),
                (dock.result_shown, self._count_known),
                (dock.probe.known_chosen, self._add_known),
                (dock.probe.again_asked, self.unmix_again),
                (dock.compare.differences_asked, self._differ),
            ]
        for signal, slot in self._connections:
            signal.connect(slot)

    def remove(self) -> None:
        """Let go of the dock and the thread."""
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._connections = []
        self._background.stop()

    # ---- images

    def ask_and_open(self) -> None:
        """Ask which image, and open it."""
        kinds = tr("Hyperspectral images ({})").format(IMAGES) + ";;" + tr("All files (*)")
        chosen, _ = QFileDialog.getOpenFileName(
            self._iface.mainWindow(), tr("Open hyperspectral image"), "", kinds
        )
        if chosen:
            self.open_image(Path(chosen))

    def open_image(self, path: Path) -> QgsRasterLayer | None:
        """Show an image in true colour; one that QGIS cannot show is offered to Unmix, which reads more."""
        file = _raster_of(path)
        layer = QgsRasterLayer(str(file), file.stem, "gdal")
        coloured = layer.isValid() and draw_in_true_colour(layer)
        # GDAL takes another axis of a cube than its bands for bands, and then it has no wavelengths
        is_cube = layer.isValid() and gdal_driver(gdal_source(layer)) in CUBES
        if not layer.isValid() or layer.bandCount() < LEAST_BANDS or (is_cube and not coloured):
            self._say(
                tr(
                    "QGIS cannot show “{}”. Unmix reads the products of more sensors: it is chosen there."
                ).format(path.name),
                Qgis.MessageLevel.Info,
            )
            self.open_unmix({"INPUT": str(path)})
            return None
        if not coloured:
            self._say(
                tr(
                    "“{}” does not state wavelengths of red, green and blue light: its first bands are shown."
                ).format(path.name),
                Qgis.MessageLevel.Info,
            )
        QgsProject.instance().addMapLayer(layer)
        self._iface.setActiveLayer(layer)
        load_ahead()
        self._iface.zoomToActiveLayer()
        return layer

    def open_unmix(self, parameters: dict[str, Any]) -> None:
        """Open the dialog of Unmix; the map stays usable."""
        processing.createAlgorithmDialog("auvae:unmix", parameters).show()

    # ---- known places

    def _add_known(self, pixel: Pixel, name: str) -> None:
        result = self._dock.result
        if result is None or self._probe is None:
            return
        add_place(result.scene_file, name, pixel.corners, self._probe.crs_of(result))
        self._count_known()
        self._say(
            tr("“{}” is known in row {}, column {}. Add more places, or press Unmix again.").format(
                name, pixel.row + 1, pixel.col + 1
            ),
            Qgis.MessageLevel.Success,
        )

    def _count_known(self) -> None:
        result = self._dock.result
        layer = None if result is None else places_of(result.scene_file)
        self._dock.probe.show_known(0 if layer is None else len(names_in(layer)))

    def unmix_again(self) -> None:
        """Open the dialog of Unmix with the image of the result that is shown and what is known in it."""
        result = self._dock.result
        places = None if result is None else places_of(result.scene_file)
        if result is None or places is None:
            return
        image = layer_of_scene(result)
        self.open_unmix(
            {
                "INPUT": result.scene_file if image is None else image.id(),
                "KNOWN_PLACES": places.id(),
                "ENDMEMBERS": max(len(result.endmembers), len(names_in(places))),
            }
        )

    # ---- two results

    def _differ(self, result: Result, other: Result, pairs: list[Pair]) -> None:
        """Load the differences of the maps that two results have of one material."""
        folder = Path(tempfile.mkdtemp(prefix="difference-", dir=QgsProcessingUtils.tempFolder()))

        def done(written: list[tuple[Path, str]]) -> None:
            project = QgsProject.instance()
            title = tr("{} minus {}").format(
                *(f"{one.scene} ({len(one.endmembers)})" for one in (result, other))
            )
            group = project.layerTreeRoot().insertGroup(0, title)
            for place, (path, name) in enumerate(written):
                layer = QgsRasterLayer(str(path), as_plain(name), "gdal")
                style_difference(layer)
                project.addMapLayer(layer, False)
                group.addLayer(layer).setItemVisibilityChecked(place == 0)

        self._background.start(lambda: write_differences(result, other, pairs, folder), done, self._failed)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, CompareError):
            raise error
        self._say(str(error), Qgis.MessageLevel.Warning)

    # ---- results

    def ask_and_keep(self, result: Result) -> None:
        """Ask for a folder, and copy a result into it."""
        beside = Path(result.scene_file).parent
        start = str(beside) if beside.is_dir() else ""
        chosen = QFileDialog.getExistingDirectory(
            self._iface.mainWindow(), tr("Folder to keep the result in"), start
        )
        if chosen:
            self.keep(result, Path(chosen))

    def keep(self, result: Result, parent: Path) -> None:
        """Copy ``result`` into a folder of its own in ``parent``, named after its scene; layers follow."""
        names = (result.scene if number == 1 else f"{result.scene}_{number}" for number in count(1))
        folder = next(parent / name for name in names if not (parent / name).exists())
        QApplication.setOverrideCursor(Qt.CursorShape.BusyCursor)

        def done(kept: Result) -> None:
            QApplication.restoreOverrideCursor()
            move_layers(result, kept, QgsProject.instance())
            self._dock.show_result(kept, 0)
            self._say(tr("The result is kept in {}.").format(kept.folder), Qgis.MessageLevel.Success)

        def failed(error: Exception) -> None:
            QApplication.restoreOverrideCursor()
            if not isinstance(error, KeepError):
                raise error
            self._say(str(error), Qgis.MessageLevel.Warning)

        self._background.start(lambda: keep(result, folder), done, failed)

    def _say(self, text: str, level: Qgis.MessageLevel) -> None:
        self._iface.messageBar().pushMessage("AUVAE Unmixing", as_plain(text), level, SECONDS)


def _raster_of(path: Path) -> Path:
    """Return the raster behind the header or the metadata of a product; ``path`` where it is one itself."""
    if path.suffix.lower() == ".hdr":
        stems = (
            path.with_suffix(""),
            *(path.with_suffix(end) for end in (".img", ".dat", ".bsq", ".bil", ".bip")),
        )
        return next((one for one in stems if one.is_file()), path)
    if path.name.upper().endswith(ENMAP):
        found = sorted(path.parent.glob("*SPECTRAL_IMAGE*.[Tt][Ii][Ff]"))
        return found[0] if found else path
    return path
