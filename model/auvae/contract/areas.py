"""Areas on the ground: what a pixel covers, and why a result may have none. Reads no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .arrays import Array

HECTARE = 10_000.0
"""Square metres."""

_DIGITS, _WHOLE = 3, 1000
_WGS84_AXIS, _WGS84_SQUARED_ECCENTRICITY = 6_378_137.0, 0.00669437999014

NO_AREA = {
    "reflectance": "abundances are shares of reflectance, not of the area",
    "amounts": "abundances need not sum to one",
    "unknown": "the network does not say whether abundances are shares of the area",
    "no-crs": "the scene has no coordinate system, or no place in it",
    "no-unit": "the unit of the scene's coordinate system is not known",
    "irregular": "the scene is placed by ground control points: warp it to a grid first",
    "stretched": "the scene's coordinate system stretches areas: warp it to one that does not, such as UTM",
}
"""Why a result has no areas, by the word that result.json has for it."""


def square_degree(latitudes: Array) -> Array:
    """The area of a square degree on the WGS 84 ellipsoid, in square metres.

    The product of its radii of curvature, along the meridian and the parallel (Snyder 1987, Map projections,
    equations 4-18 and 4-20).

    Args:
        latitudes: in degrees, of any shape.
    """
    phi = np.radians(latitudes)
    flat = 1 - _WGS84_SQUARED_ECCENTRICITY
    bent = 1 - _WGS84_SQUARED_ECCENTRICITY * np.sin(phi) ** 2
    area: Array = np.radians(1.0) ** 2 * _WGS84_AXIS**2 * flat * np.cos(phi) / bent**2
    return area


def in_hectares(area: float) -> str:
    """An area with three digits, or as many as stand before the point."""
    if area >= _WHOLE:
        return f"{area:.0f}"
    return f"{area:.{max(0, _DIGITS - len(str(int(area))))}f}"
