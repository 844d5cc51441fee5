"""The scenes that are unmixed: two real ones, eight simulated, and noise to spoil them. Unmixes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from auvae.contract.selection import Selection
from auvae.scene.scene import Scene
from auvae.simulation.simulate import Recipe, simulate
from numpy.typing import NDArray
from rasterio.transform import Affine

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"
SHARED = ROOT.parent / "shared"

REAL = {"samson": 3, "jasper": 4}
"""Scenes in ../shared/data and how many endmembers their truth has."""

PUBLIC = REAL | {
    "urban4": 4,
    "urban6": 6,
    "dc1_30db": 5,
    "dc2_30db": 9,
    "zhou_toy": 6,
    "misic_sim1_30db": 6,
}
"""All scenes with truth in ../shared/data: real ones, and those that other authors simulated."""

EIGHT = {
    "plain": Recipe(endmembers=3, seed=11),
    "mixed": Recipe(endmembers=5, pure_pixels=False, seed=12),
    "few bands": Recipe(endmembers=4, bands=16, seed=13),
    "shadows": Recipe(endmembers=4, brightness=0.5, seed=14),
    "fan": Recipe(endmembers=5, mixing="fan", seed=15),
    "outliers": Recipe(endmembers=6, outliers=0.01, seed=16),
    "noisy": Recipe(endmembers=7, snr=20, seed=17),
    "many": Recipe(endmembers=8, pure_pixels=False, mixing="gbm", seed=18),
}
"""The simulated scenes; what is not said is `Recipe`'s own: 100 x 120 pixels, 150 bands, 30 dB."""

FAIR = {
    **{
        f"capped {count}": Recipe(
            endmembers=count, cap=0.75, arrangement="dirichlet" if count % 2 else "fields", seed=20 + count
        )
        for count in (3, 4, 5, 6)
    },
    "capped 0.6": Recipe(endmembers=5, cap=0.6, arrangement="dirichlet", seed=27),
    "capped 0.8": Recipe(endmembers=4, cap=0.8, seed=28),
    "capped varied": Recipe(endmembers=4, cap=0.75, variability=0.05, seed=29),
}
"""Simulated scenes without pure pixels, whose pixels of two materials show where the corners would be."""

RARE = {
    **{
        f"rare {number}": Recipe(endmembers=5 + number % 4, rare=2 + number % 3, seed=40 + number)
        for number in range(8)
    },
    "rare varied": Recipe(endmembers=6, rare=3, variability=0.05, target_pixels=6, seed=48),
    "rare outliers": Recipe(endmembers=6, rare=3, outliers=0.002, target_pixels=6, seed=49),
}
"""Simulated scenes in which two to four materials fill 1 to 20 pixels each."""

SIMULATED = EIGHT | FAIR | RARE

PLACE = {"crs": "EPSG:32632", "transform": Affine(30, 0, 565000, 0, -30, 5340000)}
"""Where rasters lie that are written only to be read again: GDAL warns of those that lie nowhere."""

NOISES = ("20 dB", "10 dB", "5 dB", "stripes", "dead lines")


@dataclass(frozen=True)
class Known:
    """A scene with its truth.

    Attributes:
        name: of the scene, and of its noise.
        cube: ``(rows, cols, B)``, the raster's unit.
        valid: ``(rows, cols)``.
        truth: an .npz of endmembers, abundances and names.
        count: K, the number of endmembers in the truth.
        real: whether somebody flew over it.
    """

    name: str
    cube: NDArray[np.float32]
    valid: NDArray[np.bool_]
    truth: Path
    count: int
    real: bool

    @property
    def pixels(self) -> NDArray[np.float32]:
        """The valid pixels ``(n, B)``."""
        return self.cube[self.valid]

    @property
    def abundances(self) -> NDArray[np.float64]:
        """The true ``(rows, cols, K)``; not a number where there is no truth."""
        with np.load(self.truth) as held:
            return np.asarray(held["abundances"], float)

    @property
    def spectra(self) -> NDArray[np.float64]:
        """The true endmembers ``(K, B)``."""
        with np.load(self.truth) as held:
            return np.asarray(held["endmembers"], float)


def real() -> list[str]:
    """Names of the real scenes that lie in ../shared/data."""
    return [name for name in REAL if real_path(name).exists()]


def real_path(name: str) -> Path:
    """Where a real scene lies, if it does."""
    return SHARED / "data" / name / f"{name}.img"


@cache
def known(name: str) -> Known:
    """A scene by name: "jasper", "few bands", or a noisy one such as "jasper, 10 dB"."""
    clean, _, noise = name.partition(", ")
    if noise:
        return _spoiled(known(clean), noise)
    if clean in PUBLIC:
        path, truth, count = real_path(clean), real_path(clean).with_name("truth.npz"), PUBLIC[clean]
    else:
        count = SIMULATED[clean].endmembers
        path, truth = simulate(BUILD / "scenes" / f"{clean.replace(' ', '_')}.img", SIMULATED[clean])
    # The wavelengths of some of the others' scenes are guesses, and their truth has all bands.
    water = "keep" if clean in PUBLIC and clean not in REAL else "auto"
    with Scene.open(path, selection=Selection(water)) as scene:
        return Known(name, *scene.read(), truth, count, real=clean in PUBLIC)


def _spoiled(scene: Known, noise: str) -> Known:
    """The scene with white noise of so many dB, with striped columns, or with lines dead in some bands."""
    draws = np.random.default_rng(NOISES.index(noise))
    cube, bands = scene.cube.copy(), scene.cube.shape[-1]
    power = float((scene.pixels.astype(float) ** 2).mean())
    if noise.endswith("dB"):
        cube += draws.normal(0, np.sqrt(power / 10 ** (float(noise.removesuffix("dB")) / 10)), cube.shape)
    elif noise == "stripes":
        # A pushbroom's detectors differ: every column has its own offset in every band of a quarter of them.
        striped = draws.choice(bands, bands // 4, replace=False)
        cube[..., striped] += draws.normal(0, 0.15 * np.sqrt(power), (1, cube.shape[1], len(striped)))
    else:
        # A read-out fails: one row in ten, each dark in a run of a tenth of the bands.
        for row in draws.choice(len(cube), len(cube) // 10, replace=False):
            first = int(draws.integers(bands - bands // 10))
            cube[row, :, first : first + bands // 10] = 0
    return replace(scene, name=f"{scene.name}, {noise}", cube=np.where(scene.valid[..., None], cube, 0))
