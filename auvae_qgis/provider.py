"""The Processing provider: registers the algorithms and models. Wiring only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import QgsApplication, QgsProcessingLayerPostProcessorInterface, QgsProcessingProvider
from qgis.PyQt import sip
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtGui import QIcon

from .algorithms.registry import algorithms
from .models import CHILDREN_OF, shipped_models
from .paths import ICON
from .results.layers import ResultLayer


class AuvaeProvider(QgsProcessingProvider):
    """Lists the algorithms and says when a result was loaded into the project."""

    abundance_loaded = pyqtSignal(str)  # the layer's id
    library_written = pyqtSignal(str)  # its file; emitted on the job's thread
    said = pyqtSignal(str)  # a sentence for the status bar
    worker_event = pyqtSignal(str, dict)  # a job's id and an event of its worker; emitted on the job's thread

    def __init__(self) -> None:
        super().__init__()
        self._handed_over: list[QgsProcessingLayerPostProcessorInterface] = []
        QgsApplication.processingRegistry().providerAdded.connect(self._reload_models)

    def loadAlgorithms(self) -> None:
        """Register every algorithm, also where the environment is missing: saved models need them."""
        for algorithm in (*algorithms(), *shipped_models()):
            self.addAlgorithm(algorithm)

    def unload(self) -> None:
        """Listen no more to other providers."""
        registry = QgsApplication.processingRegistry()
        if registry is not None:  # it is gone before its providers where QGIS 3.44 ends without a window
            registry.providerAdded.disconnect(self._reload_models)

    def _reload_models(self, provider: str) -> None:
        """Read the models again once the providers of their steps are there: outputs come from the steps."""
        if provider in CHILDREN_OF:
            self.refreshAlgorithms()

    def tell_event(self, job: str, event: dict[str, Any]) -> None:
        """Hand on an event of a job's worker; a run that QGIS had queued may outlive the plugin."""
        if not sip.isdeleted(self):
            self.worker_event.emit(job, event)

    def tell_library(self, path: str) -> None:
        """Let the window show a library that was written; nobody does where there is none."""
        if not sip.isdeleted(self):
            self.library_written.emit(path)

    def say(self, text: str) -> None:
        """Let the window show ``text`` in passing; nobody does where there is none."""
        self.said.emit(text)

    def _tell_loaded(self, layer: str) -> None:
        if not sip.isdeleted(self):
            self.abundance_loaded.emit(layer)

    def post_processors(self, count: int) -> list[ResultLayer]:
        """Make what styles ``count`` layers once they are loaded; to be called on the main thread."""
        made = [ResultLayer(self._tell_loaded) for _ in range(count)]
        self.keep(made)
        return made

    def keep(self, post_processors: Sequence[QgsProcessingLayerPostProcessorInterface]) -> None:
        """Keep what Processing owns and deletes but holds no reference to on its Python side, until then."""
        living = [one for one in self._handed_over if not sip.isdeleted(one)]
        self._handed_over = [*living, *post_processors]

    def id(self) -> str:
        """Return the first half of every algorithm id; never translated, never changed."""
        return "auvae"

    def name(self) -> str:
        """Return the provider's name in the toolbox."""
        return "AUVAE Unmixing"

    def icon(self) -> QIcon:
        """Return the plugin's icon."""
        return QIcon(ICON)

    def svgIconPath(self) -> str:
        """Return the same icon for places that want a file."""
        return ICON
