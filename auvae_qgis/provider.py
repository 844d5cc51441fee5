"""The Processing provider: which algorithms there are. Wiring only."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt import sip
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtGui import QIcon

from .algorithms.countendmembers import CountEndmembers
from .algorithms.unmix import Unmix
from .layers import AbundanceMap
from .paths import ICON


class AuvaeProvider(QgsProcessingProvider):
    """Lists the algorithms and says when a result was loaded into the project."""

    abundance_loaded = pyqtSignal(str)  # the layer's id
    worker_event = pyqtSignal(str, dict)  # a job's id, what its worker said; from the job's thread

    def __init__(self) -> None:
        super().__init__()
        self._handed_over: list[AbundanceMap] = []

    def loadAlgorithms(self) -> None:
        """Register every algorithm, also where the environment is missing: saved models need them."""
        self.addAlgorithm(Unmix())
        self.addAlgorithm(CountEndmembers())

    def post_processors(self, count: int) -> list[AbundanceMap]:
        """Make what styles ``count`` layers once they are loaded; to be called on the main thread.

        Processing owns and deletes them but keeps no reference to their Python side: this does, until then.
        """
        made = [AbundanceMap(self.abundance_loaded.emit) for _ in range(count)]
        self._handed_over = [one for one in self._handed_over if not sip.isdeleted(one)] + made
        return made

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
