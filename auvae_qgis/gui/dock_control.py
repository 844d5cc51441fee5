"""What the dock's buttons do: which result it shows, renaming, libraries, the probe. Widgets live in gui/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsLayerTreeLayer, QgsLayerTreeNode, QgsMapLayer, QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton

from ...model.auvae.contract.errors import LibraryError
from ...model.auvae.contract.library import Library, Profile, read_library
from .. import settings
from ..plain_text import as_plain
from ..results.in_project import first_map, missing_results, results_in
from ..results.keep import is_temporary
from ..results.layers import file_of, layer_of_scene, layers_of, rename_layers, result_of
from ..results.probe import Pixel
from ..results.rename import Renamed, RenameError, checked_name, forget_old_map
from ..results.rename_scenes import rename_in_scenes
from ..results.result import Result, ResultError
from ..spectra.matching import Match, best_matches
from ..translation import tr
from .background import Background
from .dock.dock import ResultDock
from .finished_message import tell_finished
from .map_probe import MapProbe

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

SECONDS = 6  # a message stays
SOON = 80  # milliseconds without a change after which the dock is drawn
LOADING = 3000  # the same while layers of a result are still to come


class DockControl(QObject):
    """Stands between the dock on one side, and layers, files and the map on the other."""

    def __init__(self, iface: QgisInterface, dock: ResultDock) -> None:
        super().__init__(dock)
        self._iface, self._dock = iface, dock
        self._background = Background(self)
        self._libraries: dict[Path, Library] = {}
        self._asked_before = False  # for the libraries of the last session
        self._wanted: tuple[Result, int | None] | None = None  # what the dock is to show next
        self._loaded = ""  # the id of a layer of a result that was just loaded
        self._relist = False  # layers came or went
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._show_wanted)
        project = QgsProject.instance()
        self._connections = [
            (iface.currentLayerChanged, self._follow_layer),
            (project.layersAdded, self._list_soon),
            (project.layersRemoved, self._list_soon),
            (project.readProject, self._follow_project),
            (project.cleared, self._forget),
            (project.layerTreeRoot().nameChanged, self._layer_renamed),
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
                (dock.library.all_names_chosen, self._rename_all),
                (dock.library.load_asked, self._load),
                (dock.library.remove_asked, self._remove_libraries),
                (dock.spectra.evidence.place_asked, self.probe.go_to),
                (dock.probe.probe_toggled, self._probe),
                (dock.probe.cleared, self.probe.clear),
                (self.probe.deactivated, lambda: dock.probe.probe.setChecked(False)),
            ]
            tabs = (dock.spectra, dock.probe, dock.library, dock.compare, dock.training)
            self._connections += [(tab.panel.failed, self._warn) for tab in tabs]
            self._connections += [(tab.panel.done, self._say) for tab in tabs]
        for signal, slot in self._connections:
            signal.connect(slot)

    def remove(self) -> None:
        """Let go of layers, map and thread."""
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._connections = []
        self._soon.stop()
        self._background.stop()
        if self.probe is not None:
            self.probe.clear()
            self._iface.mapCanvas().unsetMapTool(self.probe)
            self.probe.deleteLater()

    # ---- which result

    def _follow_layer(self, layer: QgsMapLayer | None) -> None:
        """Show the result of the active layer; another kind of layer leaves the dock as it is."""
        self._wanted = result_of(layer) or self._wanted
        self._soon.start(SOON)

    def note_loaded(self, layer_id: str) -> None:
        """Show the result that this layer is of, once QGIS is through with the rest of it."""
        self._loaded = layer_id
        layers = QgsProject.instance().mapLayers()
        found = result_of(layers.get(layer_id))
        there = {file_of(layer) for layer in layers.values()}
        missing = found is not None and not {file for file, _ in layers_of(found[0])} <= there
        self._soon.start(LOADING if missing else SOON)

    def _show_wanted(self) -> None:
        """Draw once for all that has changed: while a result is loaded, each of its layers becomes active."""
        if self._dock.pieces.busy:  # finished at once, its pieces would hold up the window together
            self._soon.start(SOON)
        else:
            self._dock.pieces.start(self._showing_wanted())

    def _showing_wanted(self) -> Iterator[None]:
        layer_id, self._loaded = self._loaded, ""
        loaded = result_of(QgsProject.instance().mapLayer(layer_id)) if layer_id else None
        if loaded is not None:
            self._wanted = (loaded[0], 0)
            self._activate_scene(loaded[0])
            yield
            settings.note_unmixed()
            self._dock.setUserVisible(True)
            tell_finished(self._iface.messageBar(), loaded[0], self._open_report, self._dock.keep_asked.emit)
            yield
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            yield from self._dock.showing(*wanted)
        if self._relist:
            yield
            self._list()

    def _activate_scene(self, result: Result) -> None:
        """Make the image active that was unmixed: the next dialog begins with it. Else the first map."""
        self._activate(layer_of_scene(result) or first_map(result, QgsProject.instance()))

    def _activate(self, layer: QgsMapLayer | None) -> None:
        if layer is not None:
            self._iface.setActiveLayer(layer)

    def _follow_project(self) -> None:
        """Show the result of a project that was opened: the active layer's, or the first one in it."""
        gone = missing_results(QgsProject.instance())
        if gone:
            text = tr("Results are missing or damaged: {}. Connect their drive, or remove the layers.")
            self._warn(text.format(", ".join(map(str, gone))))
        layers = [self._iface.activeLayer(), *QgsProject.instance().mapLayers().values()]
        self._wanted = next(filter(None, map(result_of, layers)), None)
        self._soon.start(SOON)

    def _forget(self) -> None:
        self._wanted = None
        self._dock.forget()

    def _list_soon(self, _layers: object) -> None:
        """List the results once QGIS is through with all layers of a change."""
        self._relist = True
        self._soon.start(SOON)

    def _list(self) -> None:
        self._relist = False
        results = results_in(QgsProject.instance())
        shown = self._dock.result
        if shown is not None and shown.folder not in [result.folder for result in results]:
            if results:
                self._dock.show_result(results[0], None)
            else:
                self._dock.forget()
        self._dock.list_results(results)

    def _choose(self, folder: str) -> None:
        """Show the result that was picked in the drop-down; its first map becomes the active layer."""
        try:
            result = Result.read(Path(folder))
            self._activate(first_map(result, QgsProject.instance()))
            self._dock.show_result(result, 0)
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

    def _layer_renamed(self, node: QgsLayerTreeNode, name: str) -> None:
        """Offer to rename an endmember whose layer was renamed: dock, files and report have its old name."""
        found = result_of(node.layer()) if isinstance(node, QgsLayerTreeLayer) else None
        if found is None:
            return
        result, index = found
        if index is None or name == as_plain(result.endmembers[index].name):
            return
        bar = self._iface.messageBar()
        text = tr("The layer is called “{}” now, the endmember in spectra, files and report still “{}”.")
        item = bar.createMessage("AUVAE Unmixing", as_plain(text.format(name, result.endmembers[index].name)))
        button = QPushButton(tr("Rename the endmember"))

        def pressed() -> None:
            bar.popWidget(item)
            self._dock.show_result(result, index)
            self._rename(index, name)

        button.clicked.connect(pressed)
        item.layout().addWidget(button)
        bar.pushWidget(item, Qgis.MessageLevel.Info, 2 * SECONDS)

    def _renamed(self, done: list[Renamed]) -> None:
        self._show_renamed(done)
        renamed = done[0]
        new_name = renamed.result.endmembers[renamed.index].name
        said = tr("“{}” is now called “{}”, in layers, files and report.")
        if len(done) > 1:
            said = tr("“{}” is now called “{}”, in layers, files and reports of {} scenes.")
        self._say(said.format(renamed.old_name, new_name, len(done)))

    def _show_renamed(self, done: list[Renamed]) -> None:
        """Let layers and dock show the new names, and remove the files of the old ones."""
        for one in done:
            rename_layers(one, QgsProject.instance())
            forget_old_map(one)
        result = done[-1].result if len({one.result.folder for one in done}) == 1 else done[0].result
        if self._dock.result is not None and self._dock.result.folder == result.folder:
            found = result_of(self._iface.activeLayer())
            self._dock.show_result(result, found[1] if found is not None else None)

    def _rename_all(self, names: list[str]) -> None:
        """Rename all endmembers that a name was found for, one after the other."""
        result = self._dock.result
        if result is None:
            return

        def rename() -> tuple[list[list[Renamed]], list[str]]:
            renamed, problems = [], []
            for index, (name, before) in enumerate(zip(names, result.endmembers)):
                if name and name != before.name:
                    try:
                        renamed.append(rename_in_scenes(result.folder, index, name))
                    except RenameError as error:
                        problems.append(str(error))
            return renamed, problems

        def done(outcome: tuple[list[list[Renamed]], list[str]]) -> None:
            renamed, problems = outcome
            for one in renamed:
                self._show_renamed(one)
            for problem in problems:
                self._warn(problem)
            if renamed:
                self._say(tr("{} endmembers have the names of their best matches.").format(len(renamed)))

        self._background.start(rename, done, self._failed)

    # ---- libraries

    def show_library(self, path: str) -> None:
        """Load the library that an algorithm has just written, and show it."""
        if self._dock.can_plot:
            self._load([Path(path)], show=True)

    def _load(self, paths: list[Path], *, again: bool = False, show: bool = False) -> None:
        """Read libraries.

        Args:
            paths: Their files.
            again: They are those of an earlier session, whose absence is no news.
            show: Bring the last of them to the front.

        """

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
                settings.set_libraries([str(path) for path in self._libraries if not is_temporary(path)])
                for problem in problems:
                    self._warn(problem)
            if show and libraries:
                self._dock.setUserVisible(True)
                self._dock.show_library(libraries[-1].path)
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
