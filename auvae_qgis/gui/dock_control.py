"""What the dock's buttons do: which result it shows, renaming, libraries, the probe. Widgets live in gui/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsMapLayer, QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton

from ...model.auvae.contract.errors import LibraryError
from ...model.auvae.contract.library import Library, Profile, read_library
from .. import settings
from ..plain_text import as_plain
from ..results.layers import rename_layers, result_of
from ..results.probe import Pixel
from ..results.rename import Renamed, RenameError, checked_name, forget_old_map
from ..results.rename_scenes import rename_in_scenes
from ..results.result import Result, ResultError
from ..spectra.matching import Match, best_matches
from ..translation import tr
from .background import Background
from .dock.dock import ResultDock
from .map_probe import MapProbe

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

SECONDS = 6  # a message stays


class DockControl(QObject):
    """Stands between the dock on one side, and layers, files and the map on the other."""

    def __init__(self, iface: QgisInterface, dock: ResultDock) -> None:
        super().__init__(dock)
        self._iface, self._dock = iface, dock
        self._background = Background(self)
        self._libraries: dict[Path, Library] = {}
        self._asked_before = False  # for the libraries of the last session
        self._listing = False
        project = QgsProject.instance()
        self._connections = [
            (iface.currentLayerChanged, self._follow_layer),
            (project.layersAdded, self._list_soon),
            (project.layersRemoved, self._list_soon),
            (project.readProject, self._follow_project),
            (project.cleared, self._forget),
        ]
        self.probe: MapProbe | None = None
        if dock.can_plot:
            self.probe = MapProbe(iface.mapCanvas(), self._background, self._show_pixel, dock.probe.say)
            self._connections += [
                (dock.result_chosen, self._choose),
                (dock.report_asked, self._open_report),
                (dock.result_shown, self._result_shown),
                (dock.spectra.rename_asked, self._rename),
                (dock.library.name_chosen, self._rename),
                (dock.library.load_asked, self._load),
                (dock.library.remove_asked, self._remove_libraries),
                (dock.probe.probe_toggled, self._probe),
                (dock.probe.cleared, self.probe.clear),
                (self.probe.deactivated, lambda: dock.probe.probe.setChecked(False)),
            ]
            tabs = (dock.spectra, dock.probe, dock.library, dock.training)
            self._connections += [(tab.panel.failed, self._warn) for tab in tabs]
            self._connections += [(tab.panel.done, self._say) for tab in tabs]
        for signal, slot in self._connections:
            signal.connect(slot)

    def remove(self) -> None:
        """Let go of layers, map and thread."""
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._connections = []
        self._background.stop()
        if self.probe is not None:
            self.probe.clear()
            self._iface.mapCanvas().unsetMapTool(self.probe)
            self.probe.deleteLater()

    # ---- which result

    def _follow_layer(self, layer: QgsMapLayer | None) -> None:
        """Show the result of the active layer; another kind of layer leaves the dock as it is."""
        found = result_of(layer)
        if found is not None:
            self._dock.show_result(*found)

    def _follow_project(self) -> None:
        """Show the result of a project that was opened: the active layer's, or the first one in it."""
        layers = [self._iface.activeLayer(), *QgsProject.instance().mapLayers().values()]
        found = next(filter(None, map(result_of, layers)), None)
        if found is not None:
            self._dock.show_result(*found)

    def _forget(self) -> None:
        self._dock.forget()

    def _list_soon(self, _layers: object) -> None:
        """List the results once QGIS is through with all layers of a change."""
        if not self._listing:
            self._listing = True
            QTimer.singleShot(0, self._list)

    def _list(self) -> None:
        self._listing = False
        if not self._connections:  # the plugin was unloaded meanwhile
            return
        results = _results_in_project()
        shown = self._dock.result
        if shown is not None and shown.folder not in [result.folder for result in results]:
            if results:
                self._dock.show_result(results[0], None)
            else:
                self._dock.forget()
        self._dock.list_results(results)

    def _choose(self, folder: str) -> None:
        """Show the result that was picked in the drop-down; its first map becomes the active layer."""
        for layer in QgsProject.instance().mapLayers().values():
            found = result_of(layer)
            if found is not None and found[0].folder == Path(folder) and found[1] == 0:
                self._iface.setActiveLayer(layer)
                self._dock.show_result(*found)
                return
        try:
            self._dock.show_result(Result.read(Path(folder)), None)
        except ResultError as error:
            self._warn(str(error))

    def _result_shown(self) -> None:
        if self.probe is not None:
            self.probe.set_result(self._dock.result)
        if self._dock.result is None:
            return
        if self._asked_before:
            self._match()
        else:
            self._asked_before = True
            self._load([Path(one) for one in settings.libraries()], again=True)

    def tell_finished(self, result: Result) -> None:
        """Say above the map that a result was loaded, with a button that opens its report."""
        report = result.folder / str(result.document["files"].get("report", ""))
        bar = self._iface.messageBar()
        text = tr("“{}” is unmixed. The report says how well it fits.").format(result.scene)
        item = bar.createMessage("AUVAE Unmixing", text)
        if report.is_file():
            button = QPushButton(tr("Report"))
            button.clicked.connect(lambda: self._open_report(str(report)))
            item.layout().addWidget(button)
        bar.pushWidget(item, Qgis.MessageLevel.Success, 4 * SECONDS)

    def _open_report(self, path: str) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(path)):
            self._warn(tr("No browser opens “{}”.").format(path))

    # ---- names

    def _rename(self, index: int, name: str) -> None:
        """Rename an endmember in its files, then in the project."""
        result = self._dock.result
        if result is None:
            return
        try:
            plain = checked_name(result, index, name)
        except RenameError as error:
            self._warn(str(error))
            return
        if plain != result.endmembers[index].name:
            folder = result.folder
            self._background.start(
                lambda: rename_in_scenes(folder, index, plain), self._renamed, self._failed
            )

    def _renamed(self, done: list[Renamed]) -> None:
        for one in done:
            rename_layers(one, QgsProject.instance())
            forget_old_map(one)
        renamed = done[0]
        if self._dock.result is not None and self._dock.result.folder == renamed.result.folder:
            found = result_of(self._iface.activeLayer())
            active = found[1] if found is not None else None
            self._dock.show_result(renamed.result, active)
        new_name = renamed.result.endmembers[renamed.index].name
        said = tr("“{}” is now called “{}”, in layers, files and report.")
        if len(done) > 1:
            said = tr("“{}” is now called “{}”, in layers, files and reports of {} scenes.")
        self._say(said.format(renamed.old_name, new_name, len(done)))

    # ---- libraries

    def _load(self, paths: list[Path], *, again: bool = False) -> None:
        """Read libraries; ``again``: those of an earlier session, whose absence is no news."""

        def read() -> tuple[list[Library], list[str]]:
            libraries, problems = [], []
            for path in paths:
                try:
                    library = read_library(path)
                except LibraryError as error:
                    problems.append(str(error))
                    continue
                libraries.append(library)
                problems += library.notes
                if any(profile.numbered for profile in library.profiles):
                    problems.append(
                        tr("“{}” says no wavelengths, so its spectra cannot be compared.").format(path.name)
                    )
            return libraries, problems

        def done(found: tuple[list[Library], list[str]]) -> None:
            libraries, problems = found
            self._libraries |= {library.path: library for library in libraries}
            self._dock.library.set_libraries(list(self._libraries.values()))
            if not again:
                settings.set_libraries([str(path) for path in self._libraries])
                for problem in problems:
                    self._warn(problem)
            self._match()

        self._background.start(read, done, self._failed)

    def _remove_libraries(self) -> None:
        self._libraries = {}
        settings.set_libraries([])
        self._dock.library.set_libraries([])
        self._dock.library.set_matches([])

    def _match(self) -> None:
        """Look for the spectra of the libraries that are most like the endmembers."""
        result = self._dock.result
        profiles: list[Profile] = [one for library in self._libraries.values() for one in library.profiles]
        if result is None or not profiles:
            return
        spectra = result.spectra()
        if not spectra.in_nanometres:
            return

        def done(matches: list[list[Match]]) -> None:
            if self._dock.result is result:
                self._dock.library.set_matches(matches)

        self._background.start(
            lambda: best_matches(spectra.x, spectra.values, spectra.fwhm, profiles), done, self._failed
        )

    # ---- probe

    def _probe(self, on: bool) -> None:
        canvas = self._iface.mapCanvas()
        if on:
            canvas.setMapTool(self.probe)
        elif canvas.mapTool() is self.probe:
            canvas.unsetMapTool(self.probe)
            self._iface.actionPan().trigger()

    def _show_pixel(self, pixel: Pixel) -> str:
        """Show a pixel in the dock; returns the colour of its mark."""
        dock = self._dock
        color = dock.probe.add(pixel)
        if self.probe is not None:
            self.probe.keep([step.pixel for step in dock.probe.trail])
        dock.setUserVisible(True)
        dock.tabs.setCurrentWidget(dock.probe)
        return color

    # ---- messages

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, (RenameError, ResultError, LibraryError)):
            raise error
        self._warn(str(error))

    def _warn(self, text: str) -> None:
        self._iface.messageBar().pushMessage(
            "AUVAE Unmixing", as_plain(text), Qgis.MessageLevel.Warning, 2 * SECONDS
        )

    def _say(self, text: str) -> None:
        self._iface.messageBar().pushMessage(
            "AUVAE Unmixing", as_plain(text), Qgis.MessageLevel.Success, SECONDS
        )


def _results_in_project() -> list[Result]:
    """Return the results that have a layer in the project, each once."""
    found = map(result_of, QgsProject.instance().mapLayers().values())
    results = [one[0] for one in found if one is not None]
    return list({result.folder: result for result in results}.values())
