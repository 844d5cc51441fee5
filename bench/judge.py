"""How far what was found is from the truth, and whether the uncertainty knows it. Unmixes nothing."""

from __future__ import annotations

import csv
import importlib.util
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from auvae.simulation import score as own
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr

from .ours import Found
from .scenes import PLACE, SHARED, Known

NINETY_PERCENT = 1.645
"""Standard deviations on either side of the mean that hold 90 % of a normal distribution."""


def judge(scene: Known, found: Found) -> dict[str, float]:
    """The figures mSAD (radians), mRMSE, scaled, seconds; with an uncertainty also those of `honesty`.

    And the mRMSE of every other reading, by its name.
    """
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder)
        _write(result, found)
        if scene.real:
            figures = _shared_score().score(scene.truth.parent, result)
        else:
            figures = own.score(scene.truth, result)
    judged = {
        "mSAD": figures["mSAD"],
        "mRMSE": figures["mRMSE"],
        "scaled": figures["mRMSE_scaled"],
        "seconds": round(found.seconds, 2),
    }
    judged |= {name: error_of(scene, found.endmembers, maps) for name, maps in found.readings.items()}
    return judged if found.uncertainty is None else judged | honesty(scene, found)


def error_of(scene: Known, endmembers: NDArray[Any], abundances: NDArray[Any]) -> float:
    """The mRMSE of abundances ``(rows, cols, K)`` of endmembers ``(K, B)``."""
    away = abundances[..., matched(scene.spectra, endmembers)] - scene.abundances
    away = away[np.isfinite(away).all(-1)]
    return round(float(np.sqrt((away**2).mean(0)).mean()), 4)


def honesty(scene: Known, found: Found) -> dict[str, float]:
    """Spearman correlation of ``|error|`` and reported deviation; share of truths inside 90 % intervals."""
    order = matched(scene.spectra, found.endmembers)
    truth, mean = scene.abundances, found.abundances[..., order]
    deviation = found.uncertainty[..., order]
    known = np.isfinite(truth).all(-1) & np.isfinite(mean).all(-1)
    truth, mean, deviation = truth[known], mean[known], deviation[known]
    low, high = ((mean + sign * NINETY_PERCENT * deviation).clip(0, 1) for sign in (-1, 1))
    inside = (truth >= low - 1e-6) & (truth <= high + 1e-6)
    rank = spearmanr(np.abs(mean - truth).ravel(), deviation.ravel()).statistic
    return {"rank": round(float(np.nan_to_num(rank)), 3), "coverage": round(float(inside.mean()), 3)}


def matched(truth: NDArray[Any], found: NDArray[Any]) -> NDArray[np.intp]:
    """For every true endmember ``(K, B)`` the number of the found one it is matched with, by angle."""
    return linear_sum_assignment(-_cosines(truth, found))[1]


def angles(truth: NDArray[Any], found: NDArray[Any]) -> NDArray[np.float64]:
    """In radians, between every true endmember ``(K, B)`` and the found one it is matched with: ``(K,)``."""
    cosines = _cosines(truth, found)[np.arange(len(truth)), matched(truth, found)]
    return np.asarray(np.arccos(cosines.clip(-1, 1)))


def _cosines(truth: NDArray[Any], found: NDArray[Any]) -> NDArray[np.float64]:
    unit = [spectra / np.linalg.norm(spectra, axis=1, keepdims=True) for spectra in (truth, found)]
    return np.asarray(unit[0] @ unit[1].T)


def _shared_score() -> Any:
    """../shared/bench/score.py, by which the real scenes are scored."""
    spec = importlib.util.spec_from_file_location("shared_score", SHARED / "bench" / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _write(folder: Path, found: Found) -> None:
    """A result folder with as much in it as a score needs."""
    shares = np.moveaxis(found.abundances, -1, 0).astype(np.float32)
    count, rows, cols = shares.shape
    with rasterio.open(
        folder / "abundances.tif", "w", driver="GTiff", count=count, height=rows, width=cols,
        dtype="float32", nodata=np.nan,  **PLACE,
    ) as raster:  # fmt: skip
        raster.write(shares)
    with (folder / "endmembers.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["band", *range(count)])
        writer.writerows([band, *values] for band, values in enumerate(found.endmembers.T, start=1))
