"""The plugin object that QGIS holds: registers the provider and, where there is a window, what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication

from .provider import AuvaeProvider
from .translation import install_translator
from .worker.run import allow_jobs, end_jobs

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .window import WindowParts


class AuvaePlugin:
    """Adds the algorithms, the menu and the dock; unload() removes everything that was added."""

    def __init__(self, iface: QgisInterface | None) -> None:
        """``iface`` is None where there is no window, as in qgis_process."""
        self._iface = iface
        self._translator = install_translator()
        self.provider: AuvaeProvider | None = None
        self.window: WindowParts | None = None

    def initProcessing(self) -> None:
        """Register the algorithms; all that qgis_process calls."""
        allow_jobs()
        self.provider = AuvaeProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:
        """Register the algorithms and add menu and dock."""
        self.initProcessing()
        if self._iface is not None and self.provider is not None:
            from .window import WindowParts  # with its plotting library: not for runs without a window

            self.window = WindowParts(self._iface, self.provider)

    def unload(self) -> None:
        """Remove everything that was added; what runs is ended first."""
        end_jobs()
        if self.window is not None:
            self.window.remove()
            self.window = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator = None
