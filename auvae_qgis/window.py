"""What the plugin adds to the QGIS window: menu and dock, and who listens to whom. Widgets live in gui/."""

from __future__ import annotations

from typing import TYPE_CHECKING

import processing
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, QTimer, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import QAction, QDialog

from .gui.cluster_dialog import ClusterDialog
from .gui.dock.dock import ResultDock
from .gui.dock_control import DockControl
from .gui.environment_dialog import EnvironmentDialog
from .gui.first_use import invite_to_set_up
from .help_pages import help_url
from .paths import UNMIX_ICON
from .results.layers import result_of
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
        self._windows: dict[type[QDialog], QDialog] = {}
        self.dock = ResultDock(iface.mainWindow())
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.hide()
        self.control = DockControl(iface, self.dock)
        self._actions = self._menu_entries()
        for action in self._actions:
            iface.addPluginToMenu(self.MENU, action)
        provider.abundance_loaded.connect(self._note_loaded)
        provider.worker_event.connect(self.dock.hear)
        self._invitation = invite_to_set_up(iface.messageBar(), lambda: self._open(EnvironmentDialog))

    def remove(self) -> None:
        """Take everything out of the window again."""
        self._provider.abundance_loaded.disconnect(self._note_loaded)
        self._provider.worker_event.disconnect(self.dock.hear)
        self.control.remove()
        self._just_loaded = ""
        if self._invitation is not None and not sip.isdeleted(self._invitation):
            self._iface.messageBar().popWidget(self._invitation)
        for dialog in list(self._windows.values()):
            dialog.reject()
        for action in self._actions:
            self._iface.removePluginMenu(self.MENU, action)
        self._actions = []
        self._iface.removeDockWidget(self.dock)
        self.dock.deleteLater()

    def _menu_entries(self) -> list[QAction]:
        window = self._iface.mainWindow()
        unmix = QAction(QIcon(UNMIX_ICON), tr("Unmix (AUVAE-Net)…"), window)
        unmix.triggered.connect(self._open_unmix)
        _explain(unmix, tr("Find the materials of a hyperspectral image and how much of each is where"))
        set_up = QAction(QgsApplication.getThemeIcon("/mActionOptions.svg"), tr("Set up…"), window)
        set_up.triggered.connect(lambda: self._open(EnvironmentDialog))
        _explain(set_up, tr("Install, check or remove the environment that unmixing computes in"))
        cluster = QAction(QgsApplication.getThemeIcon("/mActionProperties.svg"), tr("Cluster…"), window)
        cluster.triggered.connect(lambda: self._open(ClusterDialog))
        _explain(cluster, tr("Name a Dask cluster for many scenes, and see who works there"))
        pages = QAction(QgsApplication.getThemeIcon("/mActionHelpContents.svg"), tr("Help"), window)
        pages.triggered.connect(lambda: QDesktopServices.openUrl(QUrl(help_url("unmix"))))
        _explain(pages, tr("Open the help of AUVAE Unmixing in the browser; it needs no network"))
        show_dock = self.dock.toggleViewAction()
        _explain(show_dock, tr("Show or hide the spectra of a result, its probe, library and training"))
        entries = [unmix, show_dock, set_up, cluster, pages]
        if self.control.probe is not None:
            probe = QAction(QgsApplication.getThemeIcon("/mActionIdentify.svg"), tr("Probe pixels"), window)
            probe.triggered.connect(self._open_probe)
            _explain(probe, tr("Click pixels in the map to see what they are made of"))
            entries.insert(2, probe)
        return entries

    def _open_unmix(self) -> None:
        processing.createAlgorithmDialog("auvae:unmix", {}).show()  # not exec: the map stays usable

    def _open_probe(self) -> None:
        """Show the probe and let the next click in the map be read."""
        self.dock.setUserVisible(True)
        self.dock.tabs.setCurrentWidget(self.dock.probe)
        self.dock.probe.probe.setChecked(True)

    def _open(self, kind: type[QDialog]) -> None:
        """Show the one window of a kind."""
        if kind not in self._windows:
            self._windows[kind] = kind(self._iface.mainWindow())
            self._windows[kind].finished.connect(lambda: self._windows.pop(kind).deleteLater())
        self._windows[kind].show()
        self._windows[kind].raise_()

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
        self.control.tell_finished(result)


def _explain(action: QAction, text: str) -> None:
    """Let status bar, tooltip and What's This say what ``action`` does."""
    action.setStatusTip(text)
    action.setToolTip(text)
    action.setWhatsThis(text)
