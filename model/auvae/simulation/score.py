"""How close a result is to a scene's truth. Writes nothing."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from scipy.optimize import linear_sum_assignment, minimize

from ..contract.errors import SceneError


def score(truth: str | Path, result: str | Path) -> dict[str, Any]:
    """Compare a result folder with a truth file.

    The truth is an npz of endmembers (K, B), abundances (rows, cols, K) and names (K,).

    Returns mSAD, the mean spectral angle in radians after the one-to-one match of endmembers that makes it
    smallest; mRMSE, the mean over endmembers of the root mean square difference of abundances under that
    match, over the pixels with data in both; mRMSE_scaled, the same after `rescaled`; and SAD and RMSE for
    each endmember by name. Raises SceneError when the two do not fit each other.
    """
    try:
        with np.load(truth, allow_pickle=False) as held:
            spectra, shares = held["endmembers"].astype(float), held["abundances"].astype(float)
            names = [str(name) for name in held["names"]]
        found = _endmembers(Path(result) / "endmembers.csv")
        with rasterio.open(Path(result) / "abundances.tif") as raster:
            maps = np.moveaxis(raster.read(masked=True).astype(float).filled(np.nan), 0, -1)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, RasterioError) as error:
        raise SceneError(
            f"Truth {truth} and result {result} cannot be read.", "Give a truth .npz and a result folder."
        ) from error
    if found.shape != spectra.shape or maps.shape != shares.shape:
        raise SceneError(
            f"The result has endmembers {found.shape} and maps {maps.shape}, the truth {spectra.shape} "
            f"and {shares.shape}.",
            "Score a result of the same scene with the same number of endmembers and bands.",
        )
    angles = _angles(spectra, found)
    rows, columns = linear_sum_assignment(angles)
    common = np.isfinite(maps).all(axis=-1) & np.isfinite(shares).all(axis=-1)
    found_shares, shares = maps[common][:, columns], shares[common]
    rmse = _rmse(found_shares, shares)
    angle = angles[rows, columns]
    return {
        "mSAD": round(float(angle.mean()), 4),
        "mRMSE": round(float(rmse.mean()), 4),
        "mRMSE_scaled": round(float(_rmse(rescaled(found_shares, shares), shares).mean()), 4),
        "SAD": dict(zip(names, angle.round(4).tolist(), strict=True)),
        "RMSE": dict(zip(names, rmse.round(4).tolist(), strict=True)),
    }


def rescaled(shares: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Abundances (n, K) after the one factor per endmember, then divided by their sum, that fits truth best.

    How much of a pixel a material fills depends on how bright its pure spectrum is called, and scenes with a
    truth follow different conventions for that; rescaled abundances can be compared free of it.
    """

    def weighted(logs: np.ndarray) -> np.ndarray:
        amounts = shares.clip(0) * np.exp(np.append(logs, 0.0))
        return np.asarray(amounts / (amounts.sum(axis=-1, keepdims=True) + 1e-12))

    best = minimize(
        lambda logs: ((weighted(logs) - truth) ** 2).mean(),
        np.zeros(shares.shape[-1] - 1),
        method="Nelder-Mead",
        options={"maxiter": 1000},
    )
    return weighted(best.x)


def _rmse(shares: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Root mean square difference (K,) of abundances (n, K)."""
    return np.asarray(np.sqrt(((shares - truth) ** 2).mean(axis=0)))


def _angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spectral angles (K, L) in radians between spectra (K, B) and (L, B)."""
    lengths = np.linalg.norm(first, axis=1)[:, None] * np.linalg.norm(second, axis=1)
    return np.asarray(np.arccos(np.clip(first @ second.T / lengths, -1, 1)))


def _endmembers(path: Path) -> np.ndarray:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return np.array([[float(cell) for cell in row[1:]] for row in rows]).T
