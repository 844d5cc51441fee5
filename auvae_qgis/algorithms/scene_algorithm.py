"""What the algorithms on a hyperspectral image share: its parameters, their checks, the job. No task."""

from __future__ import annotations

import uuid
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingParameterBand,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
)
from qgis.PyQt.QtGui import QIcon

from .. import settings
from ..environment import find_worker_python
from ..paths import UNMIX_ICON
from ..scene_source import SceneSourceError, scene_file
from ..translation import tr

DEVICES = ("auto", "cuda", "cpu")


class SceneAlgorithm(QgsProcessingAlgorithm):
    """Hands a hyperspectral image to the worker; subclasses say for what."""

    INPUT = "INPUT"
    BANDS = "BANDS"
    SEED = "SEED"
    DEVICE = "DEVICE"

    CHOICES: dict[str, tuple[str, ...]] = {DEVICE: DEVICES}  # noqa: RUF012  QGIS's metaclass, not a mutable default

    def createInstance(self) -> SceneAlgorithm:
        """Return a new algorithm of this kind."""
        return type(self)()

    def icon(self) -> QIcon:
        """Return the algorithm's icon."""
        return QIcon(UNMIX_ICON)

    def svgIconPath(self) -> str:
        """Return the same icon for places that want a file."""
        return UNMIX_ICON

    def _add_scene(self) -> None:
        """Declare which image, and which of its bands."""
        self._add(
            QgsProcessingParameterRasterLayer(self.INPUT, tr("Hyperspectral image")),
            tr(
                "The image to unmix, best in surface reflectance: a raster file (ENVI, GeoTIFF, …), no web "
                "layer."
            ),
        )
        self._add(
            QgsProcessingParameterBand(
                self.BANDS,
                tr("Bands"),
                parentLayerParameterName=self.INPUT,
                optional=True,
                allowMultiple=True,
            ),
            tr("The bands to use. Left empty: all but those flagged bad in the header."),
        )

    def _add_seed_and_device(self) -> None:
        """Declare how to compute."""
        self._add(
            QgsProcessingParameterNumber(
                self.SEED,
                tr("Seed"),
                QgsProcessingParameterNumber.Integer,
                defaultValue=0,
                minValue=0,
                maxValue=2**31 - 1,
            ),
            tr(
                "Start of the random numbers. The same seed, image and settings on one device give the "
                "same result."
            ),
            advanced=True,
        )
        self._add(
            QgsProcessingParameterEnum(
                self.DEVICE, tr("Compute on"), [tr("Automatic"), tr("CUDA"), tr("CPU")], defaultValue=0
            ),
            tr("Automatic takes a CUDA graphics card where there is one, otherwise the processor."),
            advanced=True,
        )

    def _add(self, parameter: QgsProcessingParameterDefinition, text: str, *, advanced: bool = False) -> None:
        parameter.setHelp(text)
        if advanced:
            parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.FlagAdvanced)
        self.addParameter(parameter)

    def canExecute(self) -> tuple[bool, str]:
        """Say whether there is a Python to run the network in, and what to press when there is none."""
        problem = find_worker_python(settings.worker_python()).problem
        return not problem, problem

    def checkParameterValues(
        self, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> tuple[bool, str]:
        """Refuse, before the dialog turns to its log, what could not be unmixed."""
        parameters = self._with_choices_as_numbers(parameters)
        possible, problem = self.canExecute()  # processing.run does not ask
        problem = problem if not possible else self._out_of_range(parameters)
        if problem:
            return False, problem
        fine, problem = super().checkParameterValues(parameters, context)
        layer = self.parameterAsRasterLayer(parameters, self.INPUT, context) if fine else None
        if layer is not None:
            try:
                scene_file(layer)
            except SceneSourceError as error:
                return False, str(error)
        return fine, problem

    def _out_of_range(self, parameters: dict[str, Any]) -> str:
        """Return in words what is wrong with a choice; QGIS says only that it is incorrect."""
        for name, choices in self.CHOICES.items():
            given = parameters.get(name)
            if given is not None and not self.parameterDefinition(name).checkValueIsAcceptable(given):
                return tr("{} must be one of {}, not “{}”.").format(name, ", ".join(choices), given)
        return ""

    def _with_choices_as_numbers(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Let QUALITY=draft and VARIANT=aae-net stand for their numbers, so that scripts can be read."""
        named = dict(parameters)
        for name, choices in self.CHOICES.items():
            value = named.get(name)
            if isinstance(value, str) and value.lower() in choices:
                named[name] = choices.index(value.lower())
        return named

    def _prepare(
        self, task: str, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> dict[str, Any]:
        """Return what the jobs of all tasks have in common, and find the Python to run them in.

        To be called on the thread the layers live on, with choices as numbers.
        """
        environment = find_worker_python(settings.worker_python())
        if environment.problem:
            raise QgsProcessingException(environment.problem)
        self._python = environment.path
        layer = self.parameterAsRasterLayer(parameters, self.INPUT, context)
        if layer is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, self.INPUT))
        try:
            scene = scene_file(layer)
        except SceneSourceError as error:
            raise QgsProcessingException(str(error)) from error
        return {
            "schema": 1,
            "task": task,
            "id": uuid.uuid4().hex,
            "scene": scene,
            "bands": self.parameterAsInts(parameters, self.BANDS, context) or None,
            "seed": self.parameterAsInt(parameters, self.SEED, context),
            "device": DEVICES[self.parameterAsEnum(parameters, self.DEVICE, context)],
        }
