"""What a result says of how it was made: versions, device, bands. Makes none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import torch

from .. import __version__
from ..contract.choices import ALL_GPUS
from ..contract.palette import COLORS
from ..network.device import choose_device, hardware_name
from ..network.parallel import all_gpus

if TYPE_CHECKING:
    from ..scene.scene import Scene


def device_of(choice: str) -> tuple[str, str]:
    """The torch device that a setting means, "cuda" or "cpu", and the hardware's name; or DeviceError."""
    if choice == ALL_GPUS:
        return "cuda", f"{len(all_gpus())} × {torch.cuda.get_device_name()}"
    device = choose_device(choice)
    return device.type, hardware_name(device)


def band_decisions(scene: Scene) -> list[dict[str, Any]]:
    """Every band of a scene with whether it is used, as result.json has it."""
    return [
        {
            "number": band.number,
            "wavelength_nm": band.wavelength,
            "fwhm_nm": band.fwhm,
            "kept": band.kept,
            "reason": band.reason,
        }
        for band in scene.bands
    ]


def scene_event(scene: Scene, names: list[str]) -> dict[str, Any]:
    """What a plot of the training needs to know beforehand."""
    return {
        "event": "scene",
        "name": scene.name,
        "unit": scene.unit,
        "bands": [band.number for band in scene.kept],
        "wavelengths_nm": None if scene.wavelengths is None else scene.wavelengths.tolist(),
        "endmembers": [
            {"name": name, "color": COLORS[index % len(COLORS)]} for index, name in enumerate(names)
        ],
    }


def versions() -> dict[str, str]:
    """Versions of what a result was made with."""
    return {
        "auvae": __version__,
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "numpy": np.__version__,
        "rasterio": rasterio.__version__,
        "gdal": rasterio.__gdal_version__,
    }
