"""Spectra of materials as a scene may show them: plausible shapes from formulas, no library needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter1d

FIRST_NM, LAST_NM = 400.0, 2450.0
"""The wavelengths that a simulated sensor sees."""

# Of a material's own variation: how smooth it is, as a share of the bands, and in how many ways it varies.
_VARIATION_WIDTH, _VARIATIONS = 0.12, 2

Spectrum = Callable[[np.ndarray], np.ndarray]


def spectra(count: int, wavelengths: np.ndarray, draws: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Names and reflectance (count, B) of materials at wavelengths in nm, then of their variants."""
    names, rows = [], []
    for index in range(count):
        name, spectrum = _MATERIALS[index % len(_MATERIALS)]
        variant = index // len(_MATERIALS)
        values = spectrum(wavelengths)
        if variant:
            # Another stand, another quarry: brighter or darker, tilted, with an absorption of its own.
            tilt = draws.uniform(-0.4, 0.4) * (wavelengths - FIRST_NM) / (LAST_NM - FIRST_NM)
            values = values * draws.uniform(0.6, 1.4) * (1 + tilt)
            place = draws.uniform(300, 700) + 500 * variant
            values = values * (1 - _peak(wavelengths, place, 100, draws.uniform(0.3, 0.6)))
            name = f"{name} {variant + 1}"
        names.append(name)
        rows.append(np.clip(values, 0.002, 0.95))
    return names, np.array(rows)


def variation(count: int, bands: int, draws: np.random.Generator) -> np.ndarray:
    """Ways in which each material's spectrum varies from pixel to pixel.

    Returns:
        ``(count, ways, bands)`` smooth curves of deviation one, by which the logarithm of a spectrum changes.
    """
    curves = draws.normal(size=(count, _VARIATIONS, bands))
    curves = gaussian_filter1d(curves, _VARIATION_WIDTH * bands, mode="reflect")
    return np.asarray(curves / curves.std(axis=-1, keepdims=True).clip(1e-9))


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
    return (0.07 + 0.06 * (nm - FIRST_NM) / (LAST_NM - FIRST_NM)) * (1 - _peak(nm, 2310, 40, 0.12))


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
