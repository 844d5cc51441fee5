"""Scenes with known truth: plausible spectra, mixed, lit unevenly, noisy. Nothing is unmixed."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from scipy.ndimage import gaussian_filter1d

from ..contract.choices import MIXINGS
from ..contract.errors import JobError, OutputError
from . import arrangement
from .materials import FIRST_NM, LAST_NM, spectra, variation

NO_DATA = -9999
SCALE = 10000
# The two windows in which water vapour leaves no light.
_VAPOUR_NM = ((1350.0, 1420.0), (1810.0, 1940.0))
_EPSG, _EAST, _NORTH, _PIXEL_M = 32632, 565000.0, 5340000.0, 30.0
# Under a cap, this much of a pixel must be free beyond what the cap leaves no choice of.
_ROOM_UNDER_CAP = 0.1
# The no-data corner, as a share of rows and columns.
_CORNER = 0.15
# An outlier's spectrum is its pixel's times a smooth curve of its own: the deviation of its logarithm, and
# how smooth it is, as a share of the bands.
_OUTLIER, _OUTLIER_WIDTH = 0.7, 0.05

"""How light mixes: linearly; with every second reflection (Fan et al. 2009); with a random share of them in
each pixel (generalised bilinear model, Halimi et al. 2011)."""


@dataclass(frozen=True)
class Recipe:
    """What a simulated scene is like.

    Attributes:
        endmembers, rows, cols, bands: its sizes.
        snr: signal to noise in dB.
        seed: the same recipe and seed give the same scene.
        pure_pixels: False gives every pixel an equal share of everything in a quarter of it. Such data look
            like those of other materials with pure pixels: no method can find the endmembers but by what
            it takes for granted. `cap` keeps what they are found by.
        brightness: deviation of the logarithm of the light that falls on a pixel; 0 lights all alike.
        mixing: one of `choices.MIXINGS`.
        outliers: share of the pixels that show something else than the endmembers.
        arrangement: one of `arrangement.ARRANGEMENTS`.
        cap: the largest abundance of any pixel. What exceeds it goes to the pixel's second material, so that
            pixels of two materials remain.
        variability: deviation of the logarithm of a material's spectrum from pixel to pixel, smooth over the
            bands.
        rare: so many of the endmembers, the last ones, show in one small target each.
        target_pixels: that each target covers; 0 draws sizes from 1 to `arrangement.LARGEST_TARGET`.
    """

    endmembers: int = 4
    rows: int = 100
    cols: int = 120
    bands: int = 150
    snr: float = 30.0
    seed: int = 0
    pure_pixels: bool = True
    brightness: float = 0.15
    mixing: str = "linear"
    outliers: float = 0.0
    arrangement: str = "fields"
    cap: float = 1.0
    variability: float = 0.0
    rare: int = 0
    target_pixels: int = 0

    def __post_init__(self) -> None:
        limits = {
            "endmembers": (2, 30),
            "rows": (8, 100000),
            "cols": (8, 100000),
            "bands": (8, 2000),
            "snr": (0, 100),
            "brightness": (0, 2),
            "outliers": (0, 0.5),
            "cap": (0.5, 1),
            "variability": (0, 0.5),
            "rare": (0, self.endmembers - 1),
            "target_pixels": (0, 400),
        }
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                named = name.replace("_", " ").capitalize()
                raise JobError(f"{named} is {getattr(self, name)}.", f"Give a number from {least} to {most}.")
        if self.mixing not in MIXINGS:
            raise JobError(f"Mixing is {self.mixing!r}.", f"Give one of {', '.join(MIXINGS)}.")
        if self.arrangement not in arrangement.ARRANGEMENTS:
            raise JobError(
                f"Arrangement is {self.arrangement!r}.",
                f"Give one of {', '.join(arrangement.ARRANGEMENTS)}.",
            )
        if self.cap < 1 and self.cap * (self.endmembers - self.rare) < 1 + _ROOM_UNDER_CAP:
            raise JobError(
                f"No pixel can hold at most {self.cap} of each of {self.endmembers - self.rare} materials.",
                "Give a larger cap or more endmembers.",
            )
        if self.seed < 0:
            raise JobError(f"Seed is {self.seed}.", "Give 0 or a larger number.")
        if self.bands <= self.endmembers:
            raise JobError(
                f"{self.bands} bands cannot tell {self.endmembers} endmembers apart.", "Give more bands."
            )


def simulate(path: str | Path, recipe: Recipe) -> tuple[Path, Path]:
    """Write a scene (.img: ENVI, .tif: GeoTIFF) and its truth beside it; returns both paths.

    The scene holds reflectance x 10000 as int16 with no-data -9999 in one corner and bands full of noise
    flagged bad. The truth, NAME_truth.npz, holds endmembers (K, B kept bands) in reflectance, abundances
    (rows, cols, K), NaN in outliers and where there is no data, and names (K,). Existing files are replaced
    when the new ones are complete.
    """
    path = Path(path)
    if path.suffix.lower() not in (".img", ".tif", ".tiff"):
        raise JobError(
            f"{path.name} is neither .img nor .tif.", "Name the scene OUT.img (ENVI) or OUT.tif (GeoTIFF)."
        )
    draws = np.random.default_rng(recipe.seed)
    wavelengths = np.linspace(FIRST_NM, LAST_NM, recipe.bands).round(2)
    names, endmembers = spectra(recipe.endmembers, wavelengths, draws)
    abundances = _abundances(recipe, draws)
    bad = np.zeros(recipe.bands, bool)
    bad[0] = True
    for low, high in _VAPOUR_NM:
        bad |= (wavelengths >= low) & (wavelengths <= high)
    light = np.exp(recipe.brightness * arrangement.smooth_field(recipe.rows, recipe.cols, draws))
    clean = light[..., None] * mixed(abundances, endmembers, recipe.mixing, draws)
    if recipe.variability:
        clean = clean + light[..., None] * _varied(abundances, endmembers, recipe.variability, draws)
    outlying = draws.random(light.shape) < recipe.outliers
    clean[outlying] *= _foreign(int(outlying.sum()), recipe.bands, draws)
    noise = np.sqrt((clean**2).mean() / 10 ** (recipe.snr / 10))
    cube = clean + draws.normal(0, noise, clean.shape)
    cube[..., bad] = draws.normal(0.1, 0.3, cube[..., bad].shape)
    corner = _corner(recipe)
    values = np.clip((cube * SCALE).round(), NO_DATA + 1, 32767).astype(np.int16)
    values[corner] = NO_DATA
    abundances[corner | outlying] = np.nan
    return _write(path, values, wavelengths, bad, endmembers[:, ~bad], abundances, names)


def _abundances(recipe: Recipe, draws: np.random.Generator) -> np.ndarray:
    """Abundances (rows, cols, K) of a recipe."""
    common = recipe.endmembers - recipe.rare
    if recipe.arrangement == "dirichlet":
        shares = arrangement.dirichlet(recipe.rows, recipe.cols, common, recipe.cap, draws)
    else:
        shares = arrangement.capped(arrangement.fields(recipe.rows, recipe.cols, common, draws), recipe.cap)
    if not recipe.pure_pixels:
        shares = arrangement.everywhere(shares)
    if recipe.rare:
        sizes = (recipe.target_pixels,) * recipe.rare
        if not recipe.target_pixels:
            sizes = arrangement.target_sizes(recipe.rare, draws)
        try:
            shares = arrangement.with_targets(shares, sizes, ~_corner(recipe), draws)
        except ValueError as error:
            raise JobError(
                f"{recipe.rows} x {recipe.cols} pixels have no room for {recipe.rare} targets.",
                "Give more rows and columns, or fewer rare materials.",
            ) from error
    return shares


def _varied(
    abundances: np.ndarray, endmembers: np.ndarray, deviation: float, draws: np.random.Generator
) -> np.ndarray:
    """What the materials' variation adds to the spectra (rows, cols, B) of a linear mixture.

    The same materials vary alike in places near to each other, as stands, soils and slopes do.
    """
    rows, cols, count = abundances.shape
    curves = variation(count, endmembers.shape[1], draws)
    added = np.zeros((rows, cols, endmembers.shape[1]))
    for k in range(count):
        ways = np.stack([arrangement.smooth_field(rows, cols, draws) for _ in curves[k]], axis=-1)
        factor = np.exp(deviation * (ways @ curves[k]) / np.sqrt(len(curves[k]))) - 1
        added += abundances[..., k, None] * factor * endmembers[k]
    return added


def mixed(
    abundances: np.ndarray, endmembers: np.ndarray, mixing: str, draws: np.random.Generator
) -> np.ndarray:
    """Spectra (rows, cols, B) of abundances (rows, cols, K) of endmembers (K, B) in reflectance.

    Light that met two materials adds ``g_ij a_i a_j e_i * e_j`` for each pair of them: g = 0 linear, 1 Fan,
    uniform from 0 to 1 in the generalised bilinear model.
    """
    cube = abundances @ endmembers
    if mixing != "linear":
        for first, second in combinations(range(len(endmembers)), 2):
            both = abundances[..., first] * abundances[..., second]
            if mixing == "gbm":
                both = both * draws.random(both.shape)
            cube = cube + both[..., None] * (endmembers[first] * endmembers[second])
    return np.asarray(cube)


def _foreign(count: int, bands: int, draws: np.random.Generator) -> np.ndarray:
    """Factors (count, bands) that make a spectrum one of nothing known: smooth, positive, each its own."""
    curves = gaussian_filter1d(draws.normal(size=(count, bands)), _OUTLIER_WIDTH * bands, mode="reflect")
    return np.asarray(np.exp(_OUTLIER * curves / curves.std(axis=1, keepdims=True).clip(1e-9)))


def _corner(recipe: Recipe) -> np.ndarray:
    """The corner without data (rows, cols): a triangle, as the edge of a tilted swath."""
    down = np.arange(recipe.rows)[:, None] / recipe.rows
    across = np.arange(recipe.cols)[None] / recipe.cols
    return np.asarray(down + across < _CORNER)


def _write(
    path: Path,
    values: np.ndarray,
    wavelengths: np.ndarray,
    bad: np.ndarray,
    endmembers: np.ndarray,
    abundances: np.ndarray,
    names: list[str],
) -> tuple[Path, Path]:
    truth = path.with_name(f"{path.stem}_truth.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.stem}.", dir=path.parent))
    except OSError as error:
        raise OutputError(
            f"{path.parent} cannot be written.", "Choose a folder in which you may write."
        ) from error
    try:
        _write_raster(folder / path.name, values, wavelengths, bad)
        for header in folder.glob("*.hdr"):
            # GDAL describes the file by the path it was written to, which is not where it will lie.
            text = re.sub(
                r"description = \{[^}]*\}", "description = {Simulated by auvae}", header.read_text("utf-8")
            )
            header.write_text(text, "utf-8")
        np.savez_compressed(
            folder / truth.name, endmembers=endmembers, abundances=abundances, names=np.array(names)
        )
        for file in folder.iterdir():
            file.replace(path.parent / file.name)
    except (OSError, RasterioError) as error:
        raise OutputError(
            f"{path} could not be written: {error}.", "Choose another folder or disk."
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return path, truth


def _write_raster(path: Path, values: np.ndarray, wavelengths: np.ndarray, bad: np.ndarray) -> None:
    rows, cols, bands = values.shape
    envi = path.suffix.lower() == ".img"
    shape = (
        {"driver": "ENVI", "interleave": "bil"}
        if envi
        else {"driver": "GTiff", "tiled": True, "compress": "deflate"}
    )
    # Everything fits into the header; GDAL would add an .aux.xml that says the same.
    with (
        rasterio.Env(GDAL_PAM_ENABLED=False),
        rasterio.open(
            path,
            "w",
            width=cols,
            height=rows,
            count=bands,
            dtype="int16",
            nodata=NO_DATA,
            crs=f"EPSG:{_EPSG}",
            transform=Affine(_PIXEL_M, 0, _EAST, 0, -_PIXEL_M, _NORTH),
            **shape,
        ) as raster,
    ):
        raster.write(np.moveaxis(values, -1, 0))
        raster.descriptions = tuple(f"{value:.2f} nm" for value in wavelengths)
        if envi:
            raster.update_tags(
                ns="ENVI",
                wavelength_units="Nanometers",
                wavelength=f"{{{', '.join(f'{value:.2f}' for value in wavelengths)}}}",
                bbl=f"{{{', '.join('0' if flagged else '1' for flagged in bad)}}}",
                reflectance_scale_factor=str(SCALE),
            )
            return
        raster.update_tags(reflectance_scale_factor=str(SCALE))
        for band, (value, flagged) in enumerate(zip(wavelengths, bad, strict=True), start=1):
            raster.update_tags(band, ns="IMAGERY", CENTRAL_WAVELENGTH_UM=f"{value / 1000:.5f}")
            raster.update_tags(
                band, wavelength=f"{value:.2f}", wavelength_units="nm", bbl="0" if flagged else "1"
            )
