"""The models in resources/models/ as algorithms of the toolbox. The model designer opens and changes them."""

from __future__ import annotations

from html import escape
from pathlib import Path

from qgis.core import (
    QgsProcessingModelAlgorithm,
    QgsProcessingParameterEnum,
    QgsProcessingParameterNumber,
)
from qgis.PyQt.QtGui import QIcon

from .help_pages import help_url
from .paths import RESOURCES, icon_of
from .translation import tr

MODELS = RESOURCES / "models"
_AS_THEY_ARE = ("ALG_CREATOR", "ALG_VERSION")  # help of a model that is no sentence
CHILDREN_OF = ("auvae", "gdal", "native")  # providers of the models' steps


class ShippedModel(QgsProcessingModelAlgorithm):
    """A model of the plugin: its id is the name of its file, its title the name it has in the designer."""

    def __init__(self, path: Path) -> None:
        """Read the model ``path``; outputs are those of the steps whose providers are there."""
        super().__init__()
        self._path = path
        self.fromFile(str(path))
        texts = self.helpContent()
        self.setHelpContent(
            {key: tr(text) if text and key not in _AS_THEY_ARE else text for key, text in texts.items()}
        )
        for parameter in self.parameterDefinitions():
            parameter.setDescription(tr(parameter.description()))
            # of an output the designer's name, without the step that it comes from
            parameter.setHelp(self.helpContent().get(parameter.name().split(":")[-1], ""))
            if isinstance(parameter, QgsProcessingParameterEnum):
                parameter.setOptions([tr(option) for option in parameter.options()])
            elif isinstance(parameter, QgsProcessingParameterNumber):
                parameter.setMetadata({"widget_wrapper": {"decimals": 2}})  # where it is no whole number

    def createInstance(self) -> ShippedModel:
        """Read the model anew."""
        return ShippedModel(self._path)

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return self._path.stem

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr(super().name())

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("Unmixes an image and draws polygons around pixels of one material.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters; what each of them means stands with it."""
        return f"<p>{escape(self.helpContent().get('ALG_DESC', ''))}</p>"

    def group(self) -> str:
        """Return the heading in the toolbox."""
        return tr("Unmix")

    def groupId(self) -> str:
        """Return the heading's id; never translated, never changed."""
        return "unmix"

    def icon(self) -> QIcon:
        """Return the algorithm's icon."""
        return QIcon(icon_of(self.name()))

    def svgIconPath(self) -> str:
        """Return the same icon for places that want a file."""
        return icon_of(self.name())

    def helpUrl(self) -> str:
        """Return the page of the Help button."""
        return help_url(self.name())


def shipped_models() -> list[ShippedModel]:
    """Return the plugin's models, sorted by id."""
    return [ShippedModel(path) for path in sorted(MODELS.glob("*.model3"))]
