"""What the plugin adds to the QGIS window: menu and dock, and who listens to whom. Widgets live in gui/."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import QAction, QDialog

from .gui.cluster_dialog import ClusterDialog
from .gui.dock.dock import ResultDock
from .gui.dock_control import DockControl
from .gui.environment_dialog import EnvironmentDialog
from .gui.first_use import invite_to_set_up
from .gui.session import Session
from .help_pages import help_url
from .paths import ICON, UNMIX_ICON
from .translation import tr
from .worker.early import load_ahead_for

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .provider import AuvaeProvider


IN_TOOL_BAR = "auvae/in-tool-bar"  # of an action: it has a button, too
DOCK_WIDTH = 380  # pixels
SAID = 6  # seconds that the status bar shows a sentence


class WindowParts:
    """Menu and dock of the plugin in one QGIS window."""

    MENU = "AUVAE Unmixing"

    def __init__(self, iface: QgisInterface, provider: AuvaeProvider) -> None:
        self._iface = iface
        self._provider = provider
        self._windows: dict[type[QDialog], QDialog] = {}
        self.dock = ResultDock(iface.mainWindow())
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock.hide()
        self.dock.shown_first.connect(self._give_room)
        self.control = DockControl(iface, self.dock)
        self.session = Session(iface, self.dock, self.control.probe)
        self._actions = self._menu_entries()
        for action in self._actions:
            iface.addPluginToMenu(self.MENU, action)
            if action.property(IN_TOOL_BAR):
                iface.addToolBarIcon(action)
        provider.abundance_loaded.connect(self.control.note_loaded)
        provider.worker_event.connect(self.dock.hear)
        provider.library_written.connect(self.control.show_library)
        provider.said.connect(self._say)
        iface.currentLayerChanged.connect(load_ahead_for)
        iface.initializationCompleted.connect(spare_what_stays)
        self._invitation = invite_to_set_up(iface.messageBar(), lambda: self._open(EnvironmentDialog))

    def remove(self) -> None:
        """Take everything out of the window again."""
        self._iface.initializationCompleted.disconnect(spare_what_stays)
        gc.unfreeze()
        self._iface.currentLayerChanged.disconnect(load_ahead_for)
        self._provider.abundance_loaded.disconnect(self.control.note_loaded)
        self._provider.worker_event.disconnect(self.dock.hear)
        self._provider.library_written.disconnect(self.control.show_library)
        self._provider.said.disconnect(self._say)
        self.control.remove()
        self.session.remove()
        if self._invitation is not None and not sip.isdeleted(self._invitation):
            self._iface.messageBar().popWidget(self._invitation)
        for dialog in list(self._windows.values()):
            dialog.reject()
        for action in self._actions:
            self._iface.removePluginMenu(self.MENU, action)
            self._iface.removeToolBarIcon(action)
        self._actions = []
        self._iface.removeDockWidget(self.dock)
        self.dock.deleteLater()

    def _menu_entries(self) -> list[QAction]:
        window = self._iface.mainWindow()
        opened = QAction(
            QgsApplication.getThemeIcon("/mActionAddRasterLayer.svg"), tr("Open hyperspectral image…"), window
        )
        opened.triggered.connect(self.session.ask_and_open)
        _explain(opened, tr("Open an image in true colour"))
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
        show_dock.setIcon(QIcon(ICON))
        entries = [opened, unmix, show_dock, set_up, cluster, pages]
        for action in (opened, unmix, show_dock):
            action.setProperty(IN_TOOL_BAR, True)
        if self.control.probe is not None:
            probe = QAction(QgsApplication.getThemeIcon("/mActionIdentify.svg"), tr("Probe pixels"), window)
            probe.triggered.connect(self._open_probe)
            _explain(probe, tr("Click pixels in the map to see what they are made of"))
            probe.setProperty(IN_TOOL_BAR, True)
            entries.insert(3, probe)
        return entries

    def _give_room(self) -> None:
        """Let the dock be wide enough for its tools when it is seen first."""
        if self.dock.width() < DOCK_WIDTH and not self.dock.isFloating():
            self._iface.mainWindow().resizeDocks([self.dock], [DOCK_WIDTH], Qt.Orientation.Horizontal)

    def _say(self, text: str) -> None:
        self._iface.statusBarIface().showMessage(text, 1000 * SAID)

    def _open_unmix(self) -> None:
        self.session.open_unmix({})

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


def spare_what_stays() -> None:
    """Let Python's garbage collector pass over all that is loaded once QGIS has started.

    All of it stays until QGIS ends, and going through it holds the window up for 150 ms, once in every run.
    """
    gc.collect()
    gc.freeze()


def _explain(action: QAction, text: str) -> None:
    """Let status bar, tooltip and What's This say what ``action`` does."""
    action.setStatusTip(text)
    action.setToolTip(text)
    action.setWhatsThis(text)
