"""The algorithm auvae:apply: its parameters, its help, one short run. The work is the worker's."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterFile,
)

from ...model.auvae.contract import choices
from ..translation import tr
from .result_algorithm import ResultAlgorithm


class Apply(ResultAlgorithm):
    """Maps a hyperspectral raster with a model that was trained on another one."""

    MODEL = "MODEL"

    def name(self) -> str:
        """Return the id within the provider; never translated, never changed."""
        return "apply"

    def displayName(self) -> str:
        """Return the name in the toolbox."""
        return tr("Apply a trained model")

    def tags(self) -> list[str]:
        """Return the words an analyst searches the toolbox for."""
        words = tr(
            "hyperspectral,unmix,unmixing,apply,predict,inference,transfer,model,trained,again,time series,"
            "multitemporal,dates,batch,abundance,abundances,endmember,endmembers,AUVAE-Net"
        )
        return words.split(",")

    def shortDescription(self) -> str:
        """Return the tooltip in the toolbox."""
        return tr("Maps an image with a trained model: the same endmembers, in the same order, no training.")

    def shortHelpString(self) -> str:
        """Return the help beside the parameters: what fits, what is said when it does not."""
        return tr(
            "<p>Uses the model of a result (its file <i>model.auvae</i>) on another image: the same "
            "endmembers in the same order and colours, so that maps of many dates or flight lines compare. "
            "Nothing is trained, so it takes a fraction of the time of <i>Unmix</i>. Run it as a batch for "
            "many images.</p>"
            "<h3>Which images fit?</h3>"
            "<p>Bands are matched by wavelength. Where they differ they are resampled to the model's, by "
            "their widths where both are known; up to a fifth of the model's bands may be missing. Values "
            "are brought into the model's unit where both say theirs. What does not fit is refused, with the "
            "reason.</p>"
            "<h3>Does the model fit the scene?</h3>"
            "<p>The log and the report warn when pixels and their mixtures differ clearly more in shape than "
            "where the model was trained: then other materials are in the image, or it was corrected "
            "otherwise. The layer <i>Reconstruction error</i> shows where. Fine-tune the model with "
            "<i>Unmix</i>, or unmix the image anew.</p>"
        )

    def initAlgorithm(self, _configuration: dict[str, Any] | None = None) -> None:
        """Declare parameters and outputs."""
        self._add_image()
        self._add(
            QgsProcessingParameterFile(
                self.MODEL, tr("Trained model"), fileFilter=tr("Trained models (*.auvae)")
            ),
            tr("The file model.auvae in the folder of a result."),
        )
        self._add_place()
        self._add_brightness(
            tr(
                "Automatic: as when the model was trained, so that maps compare. Models of version 0.1.0 did "
                "not measure brightness: theirs is measured on this image where areas are asked for."
            )
        )
        self._add_device()
        self._add_result()

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        """Turn layers and parameters into a job, on the thread the layers live on."""
        parameters = self._with_choices_as_numbers(parameters)
        job = {
            **self._prepare("apply", parameters, context, feedback),
            "model": self._file(parameters, self.MODEL, context),
            "brightness": self._brightness(parameters, context),
        }
        self._prepare_result(job, context, choices.MOST_ENDMEMBERS)
        return True
