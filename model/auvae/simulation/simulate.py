"""Scenes with known truth: plausible spectra, mixed, lit unevenly, noisy. Nothing is unmixed."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from ..contract.choices import MIXINGS
from ..contract.errors import JobError, OutputError

NO_DATA = -9999
SCALE = 10000
_FIRST_NM, _LAST_NM = 400.0, 2450.0
# The two windows in which water vapour leaves no light.
_VAPOUR_NM = ((1350.0, 1420.0), (1810.0, 1940.0))
_EPSG, _EAST, _NORTH, _PIXEL_M = 32632, 565000.0, 5340000.0, 30.0
# The no-data corner, as a share of rows and columns.
_CORNER = 0.15
_LARGEST_MIXED = 0.75
# Steepness of the softmax: at 4 about a tenth of the pixels is nearly pure.
_CONTRAST = 4.0
# An outlier's spectrum is its pixel's times a smooth curve of its own: the deviation of its logarithm, and
# how smooth it is, as a share of the bands.
_OUTLIER, _OUTLIER_WIDTH = 0.7, 0.05

"""How light mixes: linearly; with every second reflection (Fan et al. 2009); with a random share of them in
each pixel (generalised bilinear model, Halimi et al. 2011)."""

Spectrum = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Recipe:
    """What a simulated scene is like.

    Attributes:
        endmembers, rows, cols, bands: its sizes.
        snr: signal to noise in dB.
        seed: the same recipe and seed give the same scene.
        pure_pixels: False caps every abundance near 0.75.
        brightness: deviation of the logarithm of the light that falls on a pixel; 0 lights all alike.
        mixing: one of `choices.MIXINGS`.
        outliers: share of the pixels that show something else than the endmembers.
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

    def __post_init__(self) -> None:
        limits = {
            "endmembers": (2, 30),
            "rows": (8, 100000),
            "cols": (8, 100000),
            "bands": (8, 2000),
            "snr": (0, 100),
            "brightness": (0, 2),
            "outliers": (0, 0.5),
        }
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                raise JobError(
                    f"{name.capitalize()} is {getattr(self, name)}.", f"Give a number from {least} to {most}."
                )
        if self.mixing not in MIXINGS:
            raise JobError(f"Mixing is {self.mixing!r}.", f"Give one of {', '.join(MIXINGS)}.")
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
    wavelengths = np.linspace(_FIRST_NM, _LAST_NM, recipe.bands).round(2)
    names, endmembers = spectra(recipe.endmembers, wavelengths, draws)
    abundances = _abundances(recipe, draws)
    bad = np.zeros(recipe.bands, bool)
    bad[0] = True
    for low, high in _VAPOUR_NM:
        bad |= (wavelengths >= low) & (wavelengths <= high)
    light = np.exp(recipe.brightness * _field(recipe.rows, recipe.cols, draws))
    clean = light[..., None] * mixed(abundances, endmembers, recipe.mixing, draws)
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


def spectra(count: int, wavelengths: np.ndarray, draws: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Names and reflectance (count, B) of materials at wavelengths in nm, then of their variants."""
    names, rows = [], []
    for index in range(count):
        name, spectrum = _MATERIALS[index % len(_MATERIALS)]
        variant = index // len(_MATERIALS)
        values = spectrum(wavelengths)
        if variant:
            # Another stand, another quarry: brighter or darker, tilted, with an absorption of its own.
            tilt = draws.uniform(-0.4, 0.4) * (wavelengths - _FIRST_NM) / (_LAST_NM - _FIRST_NM)
            values = values * draws.uniform(0.6, 1.4) * (1 + tilt)
            place = draws.uniform(300, 700) + 500 * variant
            values = values * (1 - _peak(wavelengths, place, 100, draws.uniform(0.3, 0.6)))
            name = f"{name} {variant + 1}"
        names.append(name)
        rows.append(np.clip(values, 0.002, 0.95))
    return names, np.array(rows)


def _rise(nm: np.ndarray, centre: float, width: float, height: float) -> np.ndarray:
    return np.asarray(height / (1 + np.exp(-(nm - centre) / width)))


def _peak(nm: np.ndarray, centre: float, width: float, height: float) -> np.ndarray:
    return np.asarray(height * np.exp(-0.5 * ((nm - centre) / width) ** 2))


def _vegetation(nm: np.ndarray) -> np.ndarray:
    # Chlorophyll's green peak, the red edge at 715 nm, then leaf water at 970, 1200, 1450 and 1940 nm.
    leaf = (
        0.04
        + _peak(nm, 550, 35, 0.07)
        + _rise(nm, 715, 14, 0.45)
        - _rise(nm, 1350, 60, 0.18)
        - _rise(nm, 1880, 40, 0.13)
    )
    water = (1 - _peak(nm, 970, 30, 0.08)) * (1 - _peak(nm, 1200, 40, 0.13)) * (1 - _peak(nm, 1450, 60, 0.6))
    return leaf * water * (1 - _peak(nm, 1940, 70, 0.7))


def _water(nm: np.ndarray) -> np.ndarray:
    return 0.004 + _peak(nm, 480, 110, 0.055) + _peak(nm, 810, 25, 0.004)


def _soil(nm: np.ndarray) -> np.ndarray:
    iron = (1 - _peak(nm, 480, 60, 0.25)) * (1 - _peak(nm, 880, 70, 0.10))
    clay = (1 - _peak(nm, 1415, 30, 0.12)) * (1 - _peak(nm, 1915, 45, 0.2)) * (1 - _peak(nm, 2207, 22, 0.1))
    return (0.06 + _rise(nm, 750, 230, 0.34)) * iron * clay


def _kaolinite(nm: np.ndarray) -> np.ndarray:
    hydroxyl = (
        (1 - _peak(nm, 1400, 22, 0.45)) * (1 - _peak(nm, 2165, 18, 0.3)) * (1 - _peak(nm, 2207, 16, 0.5))
    )
    return (0.45 + _rise(nm, 520, 70, 0.35) - _rise(nm, 2350, 60, 0.25)) * hydroxyl


def _asphalt(nm: np.ndarray) -> np.ndarray:
    return (0.07 + 0.06 * (nm - _FIRST_NM) / (_LAST_NM - _FIRST_NM)) * (1 - _peak(nm, 2310, 40, 0.12))


def _dry_vegetation(nm: np.ndarray) -> np.ndarray:
    cellulose = (
        (1 - _peak(nm, 1450, 70, 0.2)) * (1 - _peak(nm, 1930, 70, 0.3)) * (1 - _peak(nm, 2100, 60, 0.35))
    )
    return (0.05 + _rise(nm, 690, 90, 0.42) - _rise(nm, 2280, 60, 0.12)) * cellulose


def _limestone(nm: np.ndarray) -> np.ndarray:
    carbonate = (
        (1 - _peak(nm, 1990, 35, 0.1)) * (1 - _peak(nm, 2160, 30, 0.08)) * (1 - _peak(nm, 2338, 35, 0.45))
    )
    return (0.38 + _rise(nm, 500, 90, 0.27)) * carbonate


def _iron_oxide(nm: np.ndarray) -> np.ndarray:
    return (0.04 + _rise(nm, 585, 22, 0.22) + _rise(nm, 1050, 90, 0.16)) * (1 - _peak(nm, 870, 55, 0.4))


def _snow(nm: np.ndarray) -> np.ndarray:
    ice = (1 - _peak(nm, 1030, 40, 0.25)) * (1 - _peak(nm, 1250, 45, 0.3))
    return (0.92 - _rise(nm, 1400, 45, 0.84) + _peak(nm, 1820, 60, 0.12) + _peak(nm, 2240, 80, 0.08)) * ice


_MATERIALS: tuple[tuple[str, Spectrum], ...] = (
    ("Vegetation", _vegetation),
    ("Water", _water),
    ("Soil", _soil),
    ("Kaolinite", _kaolinite),
    ("Asphalt", _asphalt),
    ("Dry vegetation", _dry_vegetation),
    ("Limestone", _limestone),
    ("Iron oxide", _iron_oxide),
    ("Snow", _snow),
)


def _field(rows: int, cols: int, draws: np.random.Generator) -> np.ndarray:
    """A smooth random field (rows, cols) of mean 0 and deviation 1."""
    field = gaussian_filter(draws.normal(size=(rows, cols)), max(2.0, min(rows, cols) / 12), mode="reflect")
    return (field - field.mean()) / field.std()


def _abundances(recipe: Recipe, draws: np.random.Generator) -> np.ndarray:
    fields = np.stack([_field(recipe.rows, recipe.cols, draws) for _ in range(recipe.endmembers)], axis=-1)
    weights = np.exp(_CONTRAST * (fields - fields.max(axis=-1, keepdims=True)))
    shares = weights / weights.sum(axis=-1, keepdims=True)
    if not recipe.pure_pixels:
        shares = _LARGEST_MIXED * shares + (1 - _LARGEST_MIXED) / recipe.endmembers
    return np.asarray(shares)


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
