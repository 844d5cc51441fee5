"""The algorithm auvae:abundancemap: one endmember's map of a result, for the next step of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFile,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterString,
)

from ..results.raster_copy import RasterCopyError, copy_raster
from ..results.result import Result, ResultError
from ..translation import tr
from .algorithm import Algorithm


class AbundanceMap(Algorithm):
    """Picks the map of one endmember out of a result, by its name or its number."""

    GROUP = "results"
    INPUT = "INPUT"
    ENDMEMBER = "ENDMEMBER"
    OUTPUT = "OUTPUT"
    NAME = "NAME"
    NUMBER = "NUMBER"
    MEAN_ABUNDANCE = "MEAN_ABUNDANCE"
    AREA_SHARE = "AREA_SHARE"

    def createInstance(self) -> AbundanceMap:
        """Return a new algorithm of this kind."""
        return AbundanceMap()

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return "abundancemap"

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Abundance map of one endmember")

    def tags(self) -> list[str]:
        """Return the words an analyst searches the toolbox for."""
        words = tr(
            "hyperspectral,unmixing,abundance,fraction,endmember,pick,select,extract,named,layer,band,model"
        )
        return words.split(",")

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("Picks one endmember's map out of a result, by name or number.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters."""
        return tr(
            "<p>Gives the abundance map of one endmember of a result: the step that a model needs between "
            "<i>Unmix</i> and whatever is to be done with one material.</p>"
            "<p>The endmember is given by its name, as it stands in the layers and in endmembers.csv "
            "(capitals do not matter), or by its number. A renamed endmember is found by its new name.</p>"
            "<p>Without a file to write, the output is the map in the result folder itself: nothing is "
            "copied. The numbers are the mean abundance over the scene and the share of pixels in which this "
            "endmember has the largest abundance.</p>"
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        folder = QgsProcessingParameterFile(
            self.INPUT, tr("Result folder"), QgsProcessingParameterFile.Folder
        )
        folder.setHelp(tr("The folder that Unmix has written: the one with result.json in it."))
        self.addParameter(folder)
        endmember = QgsProcessingParameterString(self.ENDMEMBER, tr("Endmember"), defaultValue="1")
        endmember.setHelp(tr("The endmember's name or its number, which begins at 1."))
        self.addParameter(endmember)
        copy = QgsProcessingParameterRasterDestination(
            self.OUTPUT, tr("Abundance map"), optional=True, createByDefault=False
        )
        copy.setHelp(tr("A copy of the map, where you want it. Left empty: the map in the result folder."))
        self.addParameter(copy)
        self.addOutput(QgsProcessingOutputString(self.NAME, tr("Name of the endmember")))
        self.addOutput(QgsProcessingOutputNumber(self.NUMBER, tr("Number of the endmember")))
        self.addOutput(QgsProcessingOutputNumber(self.MEAN_ABUNDANCE, tr("Mean abundance")))
        self.addOutput(
            QgsProcessingOutputNumber(self.AREA_SHARE, tr("Share of pixels in which it is the largest"))
        )

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, _feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Look the endmember up; copy its map where a file is asked for."""
        folder = Path(self.parameterAsFile(parameters, self.INPUT, context))
        wanted = self.parameterAsString(parameters, self.ENDMEMBER, context)
        copy = self.parameterAsOutputLayer(parameters, self.OUTPUT, context)
        try:
            result = Result.read(folder)
            index = _index(result, wanted)
            endmember = result.endmembers[index]
            source = folder / endmember.file
            if copy:
                copy_raster(source, Path(copy))
        except (ResultError, RasterCopyError) as error:
            raise QgsProcessingException(str(error)) from error
        described = result.document["endmembers"][index]
        return {
            self.OUTPUT: copy or str(source),
            self.NAME: endmember.name,
            self.NUMBER: index + 1,
            self.MEAN_ABUNDANCE: described.get("mean_abundance"),
            self.AREA_SHARE: described.get("area_share"),
        }


def _index(result: Result, wanted: str) -> int:
    """Return which endmember is meant; a name counts before a number, and must fit one endmember only."""
    names = [endmember.name.casefold() for endmember in result.endmembers]
    plain = wanted.strip().casefold()
    if names.count(plain) == 1:
        return names.index(plain)
    if plain.isdecimal() and 1 <= int(plain) <= len(names):
        return int(plain) - 1
    listed = ", ".join(f"{number} “{one.name}”" for number, one in enumerate(result.endmembers, 1))
    raise ResultError(
        tr("The result in {} has no endmember “{}”. It has: {}.").format(result.folder, wanted, listed)
    )
