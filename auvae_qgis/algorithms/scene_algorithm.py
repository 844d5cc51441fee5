"""What the algorithms on a hyperspectral image share: its parameters, their checks, the job. No task."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterBand,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProperty,
    QgsRasterLayer,
)
from qgis.PyQt.QtWidgets import QWidget

from ...model.auvae.contract import choices
from .. import settings
from ..environment.find import find_worker_python
from ..inputs.layer_settings import layer_settings
from ..inputs.mask_source import crs_name, mask_file
from ..inputs.refusals import refusal
from ..inputs.scene_source import SceneSourceError, named_file, scene_file
from ..plain_text import as_plain
from ..results.layers import result_that_wrote
from ..translation import tr
from ..worker.early import load_ahead
from .algorithm import Algorithm

COUNT_WIDGET = f"{__name__.rsplit('.', 2)[0]}.gui.count_widget.CountWidget"  # loaded with a dialog


class SceneAlgorithm(Algorithm):
    """Hands a hyperspectral image to the worker; subclasses say for what."""

    INPUT = "INPUT"
    BANDS = "BANDS"
    WATER_BANDS = "WATER_BANDS"
    MASK = "MASK"
    EXTENT = "EXTENT"
    KEEP_FILL = "KEEP_FILL"
    ENDMEMBERS = "ENDMEMBERS"
    QUALITY = "QUALITY"
    SEED = "SEED"
    DEVICE = "DEVICE"
    BRIGHTNESS = "BRIGHTNESS"

    CHOICES: dict[str, tuple[str, ...]] = {  # noqa: RUF012  not shared
        DEVICE: choices.DEVICES, WATER_BANDS: choices.WATER_BANDS, QUALITY: choices.QUALITIES,
        BRIGHTNESS: choices.BRIGHTNESS,
    }  # fmt: skip

    def createInstance(self) -> SceneAlgorithm:
        """Return a new algorithm of this kind."""
        return type(self)()

    def _add_scene(self) -> None:
        """Declare which image, and which part of it."""
        self._add_image()
        self._add_bands()
        self._add_place()

    def _add_image(self) -> None:
        """Declare which image."""
        self._add(
            QgsProcessingParameterRasterLayer(self.INPUT, tr("Hyperspectral image")),
            tr(
                "The image to unmix, best in surface reflectance: a raster file (ENVI, GeoTIFF, …), no web "
                "layer. Products of EnMAP, PRISMA, DESIS and EMIT by the file they come in: their image, "
                "METADATA.XML, .he5 or .nc, or the zip archive; choose the file where it is no layer."
            ),
        )

    def _add_bands(self) -> None:
        """Declare which of its bands."""
        self._add(
            QgsProcessingParameterBand(
                self.BANDS,
                tr("Bands (none selected: all good ones)"),
                parentLayerParameterName=self.INPUT,
                optional=True,
                allowMultiple=True,
            ),
            tr(
                "The bands to use, whatever is said of them. Left empty: all but those flagged bad in the "
                "header or the product, empty ones, and those of Bands of water vapour."
            ),
        )
        self._add_water_bands()

    def _add_water_bands(self) -> None:
        """Declare what becomes of the bands in which water vapour absorbs."""
        self._add(
            QgsProcessingParameterEnum(
                self.WATER_BANDS,
                tr("Bands of water vapour"),
                [tr("Leave out if mostly noise"), tr("Leave out"), tr("Keep")],
                defaultValue=0,
            ),
            tr(
                "Bands from 1350 to 1450 and from 1800 to 1950 nm, where water vapour absorbs the light. "
                "What is noise is measured band by band."
            ),
            advanced=True,
        )

    def _add_place(self) -> None:
        """Declare which of its pixels."""
        self._add(
            QgsProcessingParameterMapLayer(
                self.MASK,
                tr("Mask"),
                optional=True,
                types=[QgsProcessing.SourceType.TypeRaster, QgsProcessing.SourceType.TypeVectorPolygon],
            ),
            tr(
                "Where to look: a raster that is not zero there, or polygons, in any coordinate system. All "
                "other pixels count as no-data."
            ),
            advanced=True,
        )
        self._add(
            QgsProcessingParameterExtent(self.EXTENT, tr("Extent"), optional=True),
            tr("A part of the image: maps are made of that part alone. Left empty: the whole image."),
            advanced=True,
        )
        self._add(
            QgsProcessingParameterBoolean(
                self.KEEP_FILL, tr("Keep pixels with one impossible value"), defaultValue=False
            ),
            tr(
                "Many pixels that hold one impossible value in all bands, such as -9999, are taken for "
                "no-data that the file does not declare, and the log says so. Tick this where they were "
                "measured."
            ),
            advanced=True,
        )

    def _add_endmembers(self, text: str, least: int = 0) -> None:
        """Declare how many endmembers; 0 has their number estimated."""
        estimated = least == 0
        number = QgsProcessingParameterNumber(
            self.ENDMEMBERS,
            tr("Number of endmembers (0: estimate it)") if estimated else tr("Number of endmembers"),
            QgsProcessingParameterNumber.Integer,
            defaultValue=4,
            minValue=least,
            maxValue=choices.MOST_ENDMEMBERS,
        )
        if estimated:
            number.setMetadata({"widget_wrapper": {"class": COUNT_WIDGET}})
        self._add(number, text)

    def _add_quality(self, text: str) -> None:
        """Declare how long the network trains."""
        self._add(
            QgsProcessingParameterEnum(
                self.QUALITY, tr("Quality"), [tr("Draft"), tr("Standard"), tr("High")], defaultValue=1
            ),
            text,
        )

    def _add_seed(self) -> None:
        """Declare where random numbers start."""
        self._add(
            QgsProcessingParameterNumber(
                self.SEED,
                tr("Seed"),
                QgsProcessingParameterNumber.Integer,
                defaultValue=0,
                minValue=0,
                maxValue=choices.LARGEST_SEED,
            ),
            tr(
                "Start of the random numbers. The same seed, image and settings on one device give the "
                "same result."
            ),
            advanced=True,
        )

    def _add_device(self) -> None:
        """Declare what to compute on."""
        self._add(
            QgsProcessingParameterEnum(
                self.DEVICE,
                tr("Compute on"),
                [tr("Automatic"), tr("CUDA"), tr("CPU"), tr("All GPUs")],
                defaultValue=0,
            ),
            tr(
                "Automatic takes a CUDA graphics card where there is one, otherwise the processor. All GPUs: "
                "every CUDA card of the computer trains at the same time."
            ),
            advanced=True,
        )

    def _add_brightness(self, first: str, default: str = choices.AUTOMATIC) -> None:
        """Declare how a pixel's brightness is read; `first`: what the help begins with."""
        self._add(
            QgsProcessingParameterEnum(
                self.BRIGHTNESS,
                tr("Brightness"),
                [
                    tr("Automatic"),
                    tr("Dark pixels hold dark materials"),
                    tr("All pixels are equally lit"),
                    tr("Dark pixels are in the shade"),
                ],
                defaultValue=choices.BRIGHTNESS.index(default),
                optional=True,  # models of version 0.1.0 do not set it
            ),
            first
            + " "
            + tr(
                "A pixel may be dark because it holds a dark material, such as water, or because it lies in "
                "the shade or on a slope that faces away from the sun. In the first case abundances are "
                "shares of the area; light may still differ a little, or not at all (as in FCLS). In the "
                "second they are shares of reflectance, and dark materials count as if they were nearly as "
                "bright as others."
            ),
            advanced=True,
        )

    def _brightness(self, parameters: dict[str, Any], context: QgsProcessingContext) -> str:
        """Return how brightness is read, as a job has it."""
        return choices.BRIGHTNESS[self.parameterAsEnum(parameters, self.BRIGHTNESS, context)]

    def _add(self, parameter: QgsProcessingParameterDefinition, text: str, *, advanced: bool = False) -> None:
        parameter.setHelp(text)
        if advanced:
            parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.FlagAdvanced)
        self.addParameter(parameter)

    def createCustomParametersWidget(self, _parent: QWidget) -> None:
        """Load PyTorch while QGIS opens its own dialog, which it does when this returns nothing."""
        if load_ahead():
            self.provider().say(tr("AUVAE Unmixing: PyTorch is loaded while you fill in the dialog."))

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
            return False, as_plain(problem)
        try:
            file = self._scene(parameters, context)
        except SceneSourceError as error:
            return False, as_plain(str(error))
        problem = refusal(self, parameters, context)
        if problem:
            return False, as_plain(problem)
        if file:
            # QGIS accepts no file that it makes no layer of, unless the value is still to be evaluated
            parameters = {**parameters, self.INPUT: QgsProperty.fromValue(file)}
        return super().checkParameterValues(parameters, context)

    def _scene(self, parameters: dict[str, Any], context: QgsProcessingContext) -> str:
        """Return what the worker opens: the file of a layer, or a file that is none to QGIS; or nothing."""
        layer = self.parameterAsRasterLayer(parameters, self.INPUT, context)
        if layer is not None:
            return image_file(layer)
        return named_file(self.parameterAsString(parameters, self.INPUT, context))

    def _out_of_range(self, parameters: dict[str, Any]) -> str:
        """Return in words what is wrong with a number or choice; QGIS says only that it is incorrect."""
        given, definition = parameters.get(self.ENDMEMBERS), self.parameterDefinition(self.ENDMEMBERS)
        estimated = definition is not None and definition.minimum() == 0
        if estimated and given is not None and not self._is_count(given):
            return tr("The number of endmembers must be from 2 to {}, or 0 to estimate it, not {}.").format(
                choices.MOST_ENDMEMBERS, given
            )
        for name, words in self._choices().items():
            given = parameters.get(name)
            if given is not None and not self.parameterDefinition(name).checkValueIsAcceptable(given):
                return tr("{} must be one of {}, not “{}”.").format(name, ", ".join(words), given)
        return ""

    def _is_count(self, given: Any) -> bool:
        """Say whether this may be a number of endmembers, 0 for one that is estimated."""
        acceptable = self.parameterDefinition(self.ENDMEMBERS).checkValueIsAcceptable(given)
        return acceptable and str(given) not in {"1", "1.0"}

    def _choices(self) -> dict[str, tuple[str, ...]]:
        """Return the choices by parameter, of those parameters that this algorithm has."""
        return {name: words for name, words in self.CHOICES.items() if self.parameterDefinition(name)}

    def _with_choices_as_numbers(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Let QUALITY=draft and VARIANT=aae-net stand for their numbers, so that scripts can be read."""
        named = dict(parameters)
        for name, words in self._choices().items():
            value = named.get(name)
            if isinstance(value, str) and value.lower() in words:
                named[name] = words.index(value.lower())
        return named

    def _prepare(
        self,
        task: str,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Return what the jobs of all tasks have in common, and find the Python to run them in.

        To be called on the thread the layers live on, with choices as numbers.
        """
        environment = find_worker_python(settings.worker_python())
        if environment.problem:
            raise QgsProcessingException(environment.problem)
        self._python = environment.path
        try:
            scene = self._scene(parameters, context)
            selection = self._selection(parameters, context)
        except SceneSourceError as error:
            raise QgsProcessingException(str(error)) from error
        if not scene:
            raise QgsProcessingException(self.invalidRasterError(parameters, self.INPUT))
        layer = self.parameterAsRasterLayer(parameters, self.INPUT, context)
        if layer is not None:
            found = layer_settings(layer)
            selection |= found.selection()
            for text in found.unheeded:
                feedback.pushWarning(text)
        return {
            "schema": 1,
            "task": task,
            "id": uuid.uuid4().hex,
            "scene": scene,
            "bands": self.parameterAsInts(parameters, self.BANDS, context) or None,
            "seed": self.parameterAsInt(parameters, self.SEED, context),
            "device": choices.DEVICES[self.parameterAsEnum(parameters, self.DEVICE, context)],
            "selection": selection,
        }

    def _file(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> str | None:
        """Return the path of a file parameter, None where it is empty."""
        path = self.parameterAsFile(parameters, name, context)
        return str(Path(path).absolute()) if path else None

    def _selection(self, parameters: dict[str, Any], context: QgsProcessingContext) -> dict[str, Any]:
        """Return which part of the image is looked at, as the worker protocol has it."""
        mask = self.parameterAsLayer(parameters, self.MASK, context)
        if mask is None and parameters.get(self.MASK) not in (None, ""):
            raise QgsProcessingException(
                tr("The mask {} cannot be opened as a layer.").format(parameters[self.MASK])
            )
        extent = self.parameterAsExtent(parameters, self.EXTENT, context)
        corners = (extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum())
        crs = self.parameterAsExtentCrs(parameters, self.EXTENT, context)
        return {
            "water_bands": choices.WATER_BANDS[self.parameterAsEnum(parameters, self.WATER_BANDS, context)],
            "mask": None if mask is None else mask_file(mask),
            "extent": None if extent.isEmpty() else {"bounds": corners, "crs": crs_name(crs)},
            "keep_fill": self.parameterAsBoolean(parameters, self.KEEP_FILL, context),
        }


def image_file(layer: QgsRasterLayer) -> str:
    """Return the file of an image that is to be unmixed.

    :raises SceneSourceError: for layers without a file, and for maps that unmixing has made.
    """
    made = result_that_wrote(layer)
    if made is not None:
        text = tr(
            "“{}” is a map that unmixing has made, no hyperspectral image. Choose the image that it was made "
            "from: {}."
        )
        raise SceneSourceError(text.format(layer.name(), made.scene_file or made.scene))
    return scene_file(layer)


def html(path: Path) -> Path:
    """Return a path that a web browser opens: QGIS gives temporary files another ending."""
    return path if path.suffix.lower() in (".html", ".htm") else path.with_name(f"{path.name}.html")
