"""What all algorithms of the plugin have in common: group, icon, page of help. Declares no parameter."""

from __future__ import annotations

from qgis.core import QgsProcessingAlgorithm
from qgis.PyQt.QtGui import QIcon

from ..help_pages import help_url
from ..paths import icon_of
from ..translation import tr


class Algorithm(QgsProcessingAlgorithm):
    """An algorithm with an icon and a page of help that bear its name."""

    GROUP = "unmix"  # or "endmembers" or "results": never translated, never changed

    def group(self) -> str:
        """Return the heading in the toolbox."""
        headings = {"unmix": tr("Unmix"), "endmembers": tr("Endmembers"), "results": tr("Results")}
        return headings[self.GROUP]

    def groupId(self) -> str:
        """Return the id of the heading."""
        return self.GROUP

    def icon(self) -> QIcon:
        """Return the algorithm's icon."""
        return QIcon(icon_of(self.name()))

    def svgIconPath(self) -> str:
        """Return the same icon for places that want a file."""
        return icon_of(self.name())

    def helpUrl(self) -> str:
        """Return the page of the Help button."""
        return help_url(self.name())
