"""The file of a trained model, model.auvae: written, and read with every claim in it checked. Runs no code.

It is a safetensors file: numbers by name, and text by name. What of it is a promise to later versions stands
in docs/contracts.md.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
import torch

from .errors import ModelError
from .network import AUVAENet, NetworkShape
from .published import PublishedNet, PublishedShape
from .training import Model, TrainedModel

FORMAT = "auvae-model"
SCHEMA = 1
LARGEST = 2**31
"""Bytes: a network has some millions of numbers."""


def write_model(path: Path, model: TrainedModel, described: dict[str, Any]) -> None:
    """Write a model with what describes it: "names", "wavelengths_nm", "bands" and "unit" of its scene."""
    texts = {"format": FORMAT, "schema": SCHEMA, "settings": model.settings(), **described}
    state = {key: np.ascontiguousarray(value) for key, value in model.state().items()}
    metadata = {name: value if isinstance(value, str) else json.dumps(value) for name, value in texts.items()}
    path.write_bytes(_in_order(safetensors.numpy.save(state, metadata=metadata)))


def _in_order(content: bytes) -> bytes:
    """The same file with its texts by name: safetensors writes them in another order each time."""
    (length,) = struct.unpack("<Q", content[:8])
    head = json.loads(content[8 : 8 + length])
    head["__metadata__"] = dict(sorted(head["__metadata__"].items()))
    text = json.dumps(head, separators=(",", ":")).encode()
    # The numbers begin at a multiple of eight bytes.
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


def read_model(path: Path, device: str = "cpu") -> TrainedModel:
    """The model in a file, of this version or an earlier one.

    Raises:
        ModelError: it is none, it is damaged, or a later version wrote it.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is larger than any model")
        with safetensors.safe_open(path, framework="np") as file:
            texts = file.metadata() or {}
        if texts.get("format") != FORMAT:
            raise ValueError("it is another kind of file")
        schema = int(texts.get("schema", "1"))
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise _damaged(path, error) from error
    if schema > SCHEMA:
        raise ModelError(
            f"{path} was written by a later version (schema {schema}, this one reads up to {SCHEMA}).",
            "Update the plugin.",
        )
    try:
        settings = json.loads(texts["settings"])
        state = safetensors.numpy.load_file(path)
        _refuse_other_sizes(state, settings)
        return Model.restore(state, settings, device)
    except (
        OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, OverflowError, RecursionError,
        safetensors.SafetensorError,
    ) as error:  # fmt: skip
        raise _damaged(path, error) from error


def _refuse_other_sizes(state: dict[str, np.ndarray], settings: dict[str, Any]) -> None:
    """Compare the tensors with those of the network that the settings describe, before it is made."""
    shape = settings["shape"]
    if any(not isinstance(size, (int, float, bool)) for size in shape.values()):
        raise ValueError("its sizes are not numbers")
    with torch.device("meta"):
        network: Any
        if "variant" in settings:
            network = PublishedNet(PublishedShape(**shape))
        else:
            network = AUVAENet(NetworkShape(**shape))
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    for name, values in state.items():
        # A single number is written as a row of one.
        if name in wanted and (wanted[name] or (1,)) != (values.shape or (1,)):
            raise ValueError(f"{name} has another size than the settings say")
    lacking = {name for name in wanted if name not in state and not name.startswith("discriminator.")}
    if lacking:
        raise ValueError(f"it lacks {min(lacking)}")


def _damaged(path: Path, error: Exception) -> ModelError:
    said = (str(error).splitlines() or [""])[0][:120].rstrip(".")
    return ModelError(
        f"{path} cannot be read as a trained model: {said or type(error).__name__}.",
        "Unmix the scene again, or copy the file again.",
    )
