"""What the plugin adds to the QGIS window: menu and dock, and who listens to whom. Widgets live in gui/."""

from __future__ import annotations

from typing import TYPE_CHECKING

import processing
from qgis.core import QgsMapLayer, QgsProject
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction

from .gui.environment_dialog import EnvironmentDialog
from .gui.spectrum_dock import SpectrumDock
from .layers import result_of
from .paths import UNMIX_ICON
from .translation import tr

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .provider import AuvaeProvider


class WindowParts:
    """Menu and dock of the plugin in one QGIS window."""

    MENU = "AUVAE Unmixing"

    def __init__(self, iface: QgisInterface, provider: AuvaeProvider) -> None:
        self._iface = iface
        self._provider = provider
        self._just_loaded = ""
        self._set_up: EnvironmentDialog | None = None
        self.dock = SpectrumDock(iface.mainWindow())
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.hide()
        self._actions = self._menu_entries()
        for action in self._actions:
            iface.addPluginToMenu(self.MENU, action)
        iface.currentLayerChanged.connect(self._follow_layer)
        provider.abundance_loaded.connect(self._note_loaded)
        QgsProject.instance().readProject.connect(self._follow_project)
        QgsProject.instance().cleared.connect(self.dock.forget)

    def remove(self) -> None:
        """Take everything out of the window again."""
        self._iface.currentLayerChanged.disconnect(self._follow_layer)
        self._provider.abundance_loaded.disconnect(self._note_loaded)
        QgsProject.instance().readProject.disconnect(self._follow_project)
        QgsProject.instance().cleared.disconnect(self.dock.forget)
        self._just_loaded = ""
        if self._set_up is not None:
            self._set_up.reject()
        for action in self._actions:
            self._iface.removePluginMenu(self.MENU, action)
        self._actions = []
        self._iface.removeDockWidget(self.dock)
        self.dock.deleteLater()

    def _menu_entries(self) -> list[QAction]:
        window = self._iface.mainWindow()
        unmix = QAction(QIcon(UNMIX_ICON), tr("Unmix (AUVAE-Net)…"), window)
        unmix.triggered.connect(self._open_unmix)
        set_up = QAction(tr("Set up…"), window)
        set_up.triggered.connect(self._open_set_up)
        return [unmix, self.dock.toggleViewAction(), set_up]

    def _open_unmix(self) -> None:
        processing.createAlgorithmDialog("auvae:unmix", {}).show()  # not exec: the map stays usable

    def _open_set_up(self) -> None:
        if self._set_up is None:
            self._set_up = EnvironmentDialog(self._iface.mainWindow())
            self._set_up.finished.connect(self._close_set_up)
        self._set_up.show()
        self._set_up.raise_()

    def _close_set_up(self) -> None:
        if self._set_up is not None:
            self._set_up.deleteLater()
            self._set_up = None

    def _note_loaded(self, layer_id: str) -> None:
        """Wait for the rest of the result: QGIS makes each layer it adds the active one."""
        if not self._just_loaded:
            QTimer.singleShot(0, self._show_loaded)
        self._just_loaded = layer_id

    def _show_loaded(self) -> None:
        """Open the dock on the result that was just loaded, with its first map as the active layer."""
        layer_id, self._just_loaded = self._just_loaded, ""
        found = result_of(QgsProject.instance().mapLayer(layer_id))
        if found is None:
            return
        result = found[0]
        for layer in QgsProject.instance().mapLayers().values():
            other = result_of(layer)
            if other is not None and other[0].folder == result.folder and other[1] == 0:
                self._iface.setActiveLayer(layer)
        self.dock.show_result(result, 0)
        self.dock.setUserVisible(True)

    def _follow_layer(self, layer: QgsMapLayer | None) -> None:
        """Show the spectra of the layer's result; another kind of layer leaves the plot as it is."""
        found = result_of(layer)
        if found is not None:
            self.dock.show_result(*found)

    def _follow_project(self) -> None:
        """Show the spectra of a project that was opened: the active layer's, or the first result's in it."""
        layers = [self._iface.activeLayer(), *QgsProject.instance().mapLayers().values()]
        found = next(filter(None, map(result_of, layers)), None)
        if found is not None:
            self.dock.show_result(*found)
