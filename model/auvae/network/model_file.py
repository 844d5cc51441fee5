"""model.auvae: a trained model as a file, written and read. A damaged or hostile file is refused, not run.

A safetensors file: tensors of numbers, and a dictionary of texts beside them. Nothing in it is executed, and
nothing is made of its size before what it says of shapes was compared with what the network needs.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy
import torch
from safetensors import SafetensorError, safe_open

from .. import __version__
from ..contract.errors import ModelError
from ..contract.names import plain_name
from ..contract.palette import is_color
from ..contract.variants import DEFAULT, LEAST_SQUARES, PUBLISHED
from .auvae_net import AUVAENet, NetworkShape
from .least_squares_model import LeastSquaresModel
from .lit_least_squares import LitLeastSquares
from .model import Model, TrainedModel
from .published.networks import PublishedNet, PublishedShape
from .published.training import PublishedModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..scene.scene import Scene

FORMAT = "auvae-model"
SCHEMA = 1  # docs/contracts.md
LARGEST_FILE = 1 << 30
LARGEST_HEADER = 1 << 22
LARGEST_SIZES = {"bands": 20_000, "endmembers": 256, "dimensions": 20_000, "channels": 512}
LONGEST_NAME = 200
WEIGHTS = "brightness.weights"
_TORCH = {"F32": torch.float32, "I64": torch.int64}
_ANOTHER = "Choose the model.auvae of a result, or unmix again."


@dataclass(frozen=True)
class SavedModel:
    """A model as it was saved, with what it knows of the scene that it was trained on.

    Attributes:
        model: ready to use.
        sha256: of its file.
        names: of the endmembers, in order.
        colors: of the endmembers, #RRGGBB; None in files of early versions.
        bands: 1-based numbers in the scene, as many as the model's.
        band_count: how many bands that scene has in all; None in files of early versions.
        wavelengths: ``(B,)`` nm, or None.
        widths: ``(B,)`` FWHM in nm, NaN where not known.
        unit: label of the values; reflectance_scale: what a reflectance of 1 is in them, or None.
        mean_angle: between that scene's pixels and their reconstructions, radians, or None.
    """

    model: TrainedModel
    sha256: str
    names: tuple[str, ...]
    colors: tuple[str, ...] | None
    bands: tuple[int, ...]
    band_count: int | None
    wavelengths: np.ndarray | None
    widths: np.ndarray
    unit: str
    reflectance_scale: float | None
    mean_angle: float | None

    @property
    def variant(self) -> str:
        """Which network it is."""
        return str(self.model.settings().get("variant", DEFAULT))


def model_bytes(
    model: TrainedModel, names: Sequence[str], colors: Sequence[str], scene: Scene, mean_angle: float
) -> bytes:
    """The content of a model's file.

    Args:
        model: to be kept.
        names: of its K endmembers, in order.
        colors: of its K endmembers, #RRGGBB.
        scene: that it was trained on.
        mean_angle: between that scene's pixels and their reconstructions, radians.
    """
    described = {
        "format": FORMAT,
        "schema": str(SCHEMA),
        "auvae": __version__,
        "settings": json.dumps(model.settings()),
        "names": json.dumps(list(names)),
        "colors": json.dumps(list(colors)),
        "wavelengths_nm": json.dumps(None if scene.wavelengths is None else scene.wavelengths.tolist()),
        "fwhm_nm": json.dumps([band.fwhm for band in scene.kept]),
        "bands": json.dumps([band.number for band in scene.kept]),
        "band_count": json.dumps(len(scene.bands)),
        "unit": scene.unit,
        "reflectance_scale": json.dumps(scene.reflectance_scale),
        "mean_angle": json.dumps(mean_angle),
    }
    state = {key: np.ascontiguousarray(value) for key, value in model.state().items()}
    return _in_order(safetensors.numpy.save(state, metadata=described))


def _in_order(content: bytes) -> bytes:
    """The same file with its texts by name: safetensors writes them in another order each time."""
    length = int.from_bytes(content[:8], "little")
    head = json.loads(content[8 : 8 + length])
    head["__metadata__"] = dict(sorted(head["__metadata__"].items()))
    text = json.dumps(head, separators=(",", ":")).encode()
    # The numbers begin at a multiple of eight bytes.
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def read_model(path: str) -> SavedModel:
    """Read the file of a model; raises ModelError, whatever is wrong with it."""
    name = os.path.basename(path)
    try:
        return _read(path, _checked_digest(path))
    except OSError as error:
        raise ModelError(
            f"The model {path} cannot be opened: {error.strerror or error}.", _ANOTHER
        ) from error
    except _UnfitError as error:
        raise ModelError(f"{name} is no usable model: {error}.", _ANOTHER) from error
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError, RecursionError) as error:
        raise ModelError(f"{name} is damaged, or no model of AUVAE Unmixing.", _ANOTHER) from error


class _UnfitError(ValueError):
    """What a file says of itself cannot be; the text ends a sentence."""


def _checked_digest(path: str) -> str:
    """The SHA-256 of a file whose sizes make sense."""
    size = Path(path).stat().st_size
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size > LARGEST_FILE or length > min(LARGEST_HEADER, size):
            raise _UnfitError("its sizes make no sense, so that it is damaged or something else")
        file.seek(0)
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _read(path: str, sha256: str) -> SavedModel:
    with safe_open(path, framework="np") as file:
        described = file.metadata() or {}
        if described.get("format") != FORMAT:
            raise _UnfitError("it does not say that it is one")
        if int(described.get("schema", "1")) > SCHEMA:
            raise _UnfitError("a later version wrote it, so that the plugin has to be updated")
        settings = _parsed(described, "settings")
        sizes = _sizes(settings)
        expected = _expected(settings)
        slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118  no mapping
        found = {
            key: (tuple(part.get_shape()) or (1,), _TORCH.get(str(part.get_dtype())))
            for key, part in slices.items()
        }
        if WEIGHTS not in found:  # early models have none
            expected.pop(WEIGHTS, None)
        if found != expected:
            raise _UnfitError("its tensors are not those of the network that it names")
        state = {key: file.get_tensor(key) for key in expected}
    if not all(np.isfinite(values).all() for values in state.values()):
        raise _UnfitError("it holds values that are not numbers")
    if not (state.get(WEIGHTS, np.ones(1)) > 0).all():
        raise _UnfitError("it has bands that count nothing")
    count, bands = sizes["endmembers"], sizes["bands"]
    wavelengths = _parsed(described, "wavelengths_nm")
    widths = _parsed(described, "fwhm_nm", [None] * bands)
    scale = _parsed(described, "reflectance_scale", None)
    angle = _parsed(described, "mean_angle", None)
    numbers, band_count = _parsed(described, "bands"), _parsed(described, "band_count", None)
    whole = [*numbers] if band_count is None else [*numbers, band_count]
    if not all(isinstance(number, int) and number > 0 for number in whole):
        raise _UnfitError("its band numbers are none")
    return SavedModel(
        _restored(settings, state),
        sha256,
        _names(_parsed(described, "names"), count),
        _colors(_parsed(described, "colors", None), count),
        tuple(_long(numbers, bands)),
        band_count,
        None if wavelengths is None else np.array([_positive(one) for one in _long(wavelengths, bands)]),
        np.array([np.nan if one is None else _positive(one) for one in _long(widths, bands)], float),
        str(described.get("unit", "Value"))[:LONGEST_NAME],
        None if scale is None else _positive(scale),
        None if angle is None else float(angle),
    )


def _parsed(described: dict[str, str], key: str, missing: Any = KeyError) -> Any:
    if key not in described and missing is not KeyError:
        return missing
    return json.loads(described[key])


def _sizes(settings: dict[str, Any]) -> dict[str, int]:
    """The sizes of the network, none of them too large to be meant."""
    sizes = {key: size for key, size in settings["shape"].items() if not isinstance(size, bool)}
    for key, size in sizes.items():
        if not isinstance(size, int) or not 1 <= size <= LARGEST_SIZES[key]:
            raise _UnfitError(f"its network would have {size} {key}")
    return sizes


def _expected(settings: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """Shape and type of every tensor that the network needs, a single number being (1,). Makes none."""
    variant = settings.get("variant", DEFAULT)
    with torch.device("meta"):
        if variant == DEFAULT:
            shape = NetworkShape(**settings["shape"])
            state = AUVAENet(shape).state_dict() | {
                "brightness.basis": torch.empty(shape.dimensions, shape.bands),
                WEIGHTS: torch.empty(shape.bands),
            }
        elif variant in PUBLISHED:
            state = PublishedNet(PublishedShape(**settings["shape"])).state_dict()
        elif variant in LEAST_SQUARES:
            shape = settings["shape"]
            state = {"endmembers": torch.empty(shape["endmembers"], shape["bands"])}
            if "lighting" in settings:
                state["brightness.basis"] = torch.empty(shape["dimensions"], shape["bands"])
                state[WEIGHTS] = torch.empty(shape["bands"])
        else:
            raise _UnfitError("this version does not know its network")
    return {
        key: (tuple(tensor.shape) or (1,), tensor.dtype)
        for key, tensor in state.items()
        if not key.startswith("discriminator.")
    }


def _restored(settings: dict[str, Any], state: dict[str, np.ndarray]) -> TrainedModel:
    """The model, once its tensors are known to be of the right shapes."""
    variant = settings.get("variant", DEFAULT)
    if variant in LEAST_SQUARES and "lighting" not in settings:
        return LeastSquaresModel(state["endmembers"], sum_to_one=variant == "fcls")
    _positive(settings["scale" if variant in PUBLISHED else "offset"])
    if variant in LEAST_SQUARES:
        return LitLeastSquares.restore(state, settings)
    if variant == DEFAULT:
        return Model.restore(state, settings)
    return PublishedModel.restore(state, settings)


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < np.inf:
        raise _UnfitError("it holds a size that is none")
    return float(value)


def _long(values: Any, length: int) -> list[Any]:
    if not isinstance(values, list) or len(values) != length:
        raise _UnfitError("what it says of its bands does not fit its network")
    return values


def _names(given: Any, count: int) -> tuple[str, ...]:
    """The names of the endmembers, as text that is fit for a file and a page."""
    plain = [plain_name(name)[:LONGEST_NAME] for name in given if isinstance(name, str)]
    if len(plain) != count or len(given) != count:
        raise _UnfitError("its names are not as many as its endmembers")
    return tuple(plain)


def _colors(given: Any, count: int) -> tuple[str, ...] | None:
    """The colours of the endmembers, where the file has them."""
    if given is None:
        return None
    if len(given) != count or not all(map(is_color, given)):
        raise _UnfitError("its colours do not fit its endmembers")
    return tuple(given)
