"""What an analyst could use instead: our own starting point, VCA with FCLS, Orfeo ToolBox."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch
from auvae.endmembers.brightness import Brightness
from auvae.endmembers.search import find_endmembers
from auvae.network.options import EFFORTS
from auvae.numerics.nonnegative import nonnegative_least_squares, to_simplex
from numpy.typing import NDArray
from scipy.optimize import nnls

from .ours import Found
from .scenes import PLACE, Known

ASC_WEIGHT = 1e3
"""How much heavier than the spectrum the row of ones is by which FCLS keeps the sum at one."""

OTB = shutil.which("otbcli_VertexComponentAnalysis") is not None
"""Whether Orfeo ToolBox is installed."""

NAMES = ("starting point", "VCA + FCLS", *(("OTB UCLS", "OTB ISRA") if OTB else ()))
"""The methods of this file, in the order in which tables show them."""

MISSING = () if OTB else ("Orfeo ToolBox is not installed (Debian package otb-bin): left out.",)
"""Sentences on what cannot be measured here."""


def starting_point(scene: Known, seed: int) -> Found:
    """No network: archetypes of the pixels as they are, NNLS of each pixel, then sum to one."""
    begun = time.perf_counter()
    pixels = torch.from_numpy(scene.pixels)
    effort = EFFORTS["standard"]
    brightness = Brightness.of(pixels, min(scene.count + 4, pixels.shape[1]))
    normalised = brightness.normalise(pixels)
    chance = torch.Generator().manual_seed(seed)
    found = find_endmembers(normalised, scene.count, effort.starts, effort.rounds, chance).spectra[0]
    shares = to_simplex(nonnegative_least_squares(normalised @ found.T, found @ found.T)).numpy()
    return _found(scene, brightness.restore(found).numpy(), shares, begun)


def vca_fcls(scene: Known, seed: int) -> Found:
    """VCA (Nascimento & Bioucas-Dias 2005), then fully constrained least squares (Heinz & Chang 2001)."""
    from auvae.endmembers.vca import vca

    begun = time.perf_counter()
    spectra = vca(torch.from_numpy(scene.pixels), scene.count, torch.Generator().manual_seed(seed)).numpy()
    return _found(scene, spectra, fcls(scene.pixels, spectra), begun)


def fcls(pixels: NDArray[Any], spectra: NDArray[Any]) -> NDArray[Any]:
    """Abundances ``(n, K)`` of pixels ``(n, B)``: NNLS with one heavy row for the sum."""
    heavy = ASC_WEIGHT * np.abs(spectra).mean()
    system = np.vstack([spectra.T, np.full(len(spectra), heavy)])
    turned, triangle = np.linalg.qr(system)  # the same least squares in K rows instead of B + 1
    targets = pixels @ turned[:-1] + heavy * turned[-1]
    return np.array([nnls(triangle, target)[0] for target in targets])


def otb_ucls(scene: Known, seed: int) -> Found:
    """Orfeo ToolBox: VCA, unconstrained least squares; negative abundances cut off, then sum to one."""
    return _otb(scene, seed, "ucls")


def otb_isra(scene: Known, seed: int) -> Found:
    """Orfeo ToolBox: VCA, image space reconstruction; then sum to one."""
    return _otb(scene, seed, "isra")


def _otb(scene: Known, seed: int, algorithm: str) -> Found:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_pixels(folder / "scene.tif", scene.pixels)
        begun = time.perf_counter()
        otb("VertexComponentAnalysis", "-in", folder / "scene.tif", "-ne", scene.count,
            "-outendm", folder / "ends.tif", "double", "-rand", seed + 1)  # fmt: skip
        otb("HyperspectralUnmixing", "-in", folder / "scene.tif", "-ie", folder / "ends.tif",
            "-out", folder / "maps.tif", "float", "-ua", algorithm)  # fmt: skip
        spectra, amounts = (_read_pixels(folder / file) for file in ("ends.tif", "maps.tif"))
    amounts = amounts[: len(scene.pixels)].clip(0)
    shares = amounts / amounts.sum(axis=1, keepdims=True).clip(1e-12)
    return _found(scene, spectra, shares, begun)


def otb(application: str, *arguments: object) -> None:
    """Run an application of Orfeo ToolBox."""
    command = [f"otbcli_{application}", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def _write_pixels(path: Path, pixels: NDArray[Any]) -> None:
    """Pixels ``(n, B)`` as a picture 64 wide; the last one fills the last row."""
    missing = -len(pixels) % 64
    picture = np.concatenate([pixels, np.repeat(pixels[-1:], missing, axis=0)])
    picture = picture.T.reshape(pixels.shape[1], -1, 64)
    bands, rows, cols = picture.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=bands, height=rows, width=cols, dtype="float32", **PLACE
    ) as raster:
        raster.write(picture)


def _read_pixels(path: Path) -> NDArray[Any]:
    with rasterio.open(path) as raster:
        return raster.read().reshape(raster.count, -1).T


def _found(scene: Known, spectra: NDArray[Any], shares: NDArray[Any], begun: float) -> Found:
    maps = np.full((*scene.valid.shape, scene.count), np.nan)
    maps[scene.valid] = shares
    return Found(np.asarray(spectra), maps, time.perf_counter() - begun)
