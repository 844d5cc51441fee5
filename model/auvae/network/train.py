"""Training and restoring whatever variant is asked for: AUVAE-Net, or one of the published networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from ..contract.variants import DEFAULT
from .model import Model, Patch, Report, TrainedModel
from .options import Options
from .published.training import PublishedModel, train_published
from .trainer import Start, train_auvae_net


def train(
    patches: Sequence[Patch], options: Options, report: Report, start: Start | None = None
) -> TrainedModel:
    """Train AUVAE-Net, or the variant asked for, on patches of one scene, blind but for what is known.

    Args:
        patches: pairs of a cube ``(rows, cols, B)``, raster's unit, and its valid pixels ``(rows, cols)``.
        options: number of endmembers, quality, seed, device, variant.
        report: called every tenth of a second or so; what it raises ends the training.
        start: what is known beforehand; nothing for the published variants.

    Raises:
        SceneError: fewer valid pixels than endmembers, or spectra without any difference.
        DeviceError: CUDA asked for and absent; memory too small even for the smallest crops.
    """
    if options.variant == DEFAULT:
        return train_auvae_net(patches, options, report, start)
    return train_published(patches, options, report)


def restore(state: dict[str, NDArray[Any]], settings: dict[str, Any], device: str = "cpu") -> TrainedModel:
    """The model, of whatever variant, whose ``state()`` and ``settings()`` these are.

    Raises:
        ValueError, KeyError, RuntimeError: they are not of one model.
    """
    kind = PublishedModel if "variant" in settings else Model
    return kind.restore(state, settings, device)
