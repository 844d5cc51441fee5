"""What an endmember may be, by the features of its spectrum that textbooks name. Numbers in, words out.

A suggestion with its evidence, never a fact: a rule sees a shape, not a place. The features are those of
Clark 1999, Spectroscopy of Rocks and Minerals, and of papers in Remote Sensing of Environment: Asner 1998
(leaves, litter), Nagler et al. 2003 (cellulose), Dozier 1989 (snow), Herold et al. 2004 (roads, roofs). The
thresholds are this plugin's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

REACH = 25.0  # nm: the farthest band that may speak for a wavelength
HALF_WINDOW = 12.0  # nm: bands nearer than that to a wavelength are averaged
RED_EDGE = (690.0, 750.0)  # nm
GREEN = 0.4  # NDVI from which on leaves are green
CLEAR_DEPTH = 0.05  # of the continuum: an absorption that is no noise
AT_THE_END = 0.12  # the same near 2400 nm, where little light is left
DARK = 0.3  # of the brightest endmember
BRIGHT = 0.8
FLAT = 0.22  # standard deviation over mean
SNOW_INDEX = 0.6  # of green light against 1600 nm; clouds and bright soil stay below
SNOW_RED = 0.6  # at 850 nm, of the green light: water keeps less
LITTER_RISE = 1.2  # from red to 1650 nm
RUST_RISE = 1.8  # from blue to red
SOIL_RISE = 2.0  # from blue to 1650 nm


@dataclass(frozen=True)
class Suggestion:
    """A name that the spectrum allows, and the features that speak for it.

    ``kind`` is a word of KINDS; ``features``: (which, number) pairs, such as ("red edge", 715.0).
    """

    kind: str
    features: tuple[tuple[str, float], ...]


KINDS = (
    "green vegetation",
    "dry vegetation",
    "water",
    "snow",
    "clay",
    "carbonate",
    "iron oxide",
    "bare soil",
    "asphalt or shade",
    "bright roof or pavement",
)


def suggest(x: Array, spectra: Array) -> list[Suggestion | None]:
    """Return for every endmember what it may be; None where no rule holds.

    Args:
        x: (bands,) wavelengths in nm, ascending.
        spectra: (bands, n), in any unit that is proportional to reflectance; NaN in gaps.
    """
    looks = [_Look(x, spectrum) for spectrum in spectra.T]
    brightest = max((look.mean for look in looks), default=0.0)
    return [_suggest(look, look.mean / brightest if brightest > 0 else 0.0) for look in looks]


def _suggest(look: _Look, brightness: float) -> Suggestion | None:
    for rule in (_green, _snow, _water, _dry, _minerals, _soil, _dark, _roof):
        found = rule(look, brightness)
        if found is not None:
            return found
    return None


class _Look:
    """One spectrum, asked for single features; NaN where its bands do not show them."""

    def __init__(self, x: Array, values: Array) -> None:
        there = np.isfinite(values) & np.isfinite(x)
        self.x, self.values = x[there], values[there]
        self.mean = float(self.values.mean()) if there.any() else 0.0

    def at(self, nm: float) -> float:
        """Return the mean of the bands nearest to a wavelength."""
        if not len(self.x):
            return float("nan")
        away = np.abs(self.x - nm)
        near = away <= HALF_WINDOW
        if not near.any():
            near = away == away.min()
        return float(self.values[near].mean()) if away.min() <= REACH else float("nan")

    def ratio(self, nm: float, other: float) -> float:
        """Return the value at one wavelength over that at the other."""
        below = self.at(other)
        return self.at(nm) / below if below > 0 else float("nan")

    def index(self, nm: float, other: float) -> float:
        """Return the normalised difference of two wavelengths."""
        total = self.at(nm) + self.at(other)
        return (self.at(nm) - self.at(other)) / total if total > 0 else float("nan")

    def depth(self, left: float, centre: float, right: float) -> float:
        """Return how far the spectrum lies below the line between two shoulders, as a share of the line."""
        part = (centre - left) / (right - left)
        line = (1 - part) * self.at(left) + part * self.at(right)
        return 1 - self.at(centre) / line if line > 0 else float("nan")

    def red_edge(self) -> float:
        """Return where the spectrum rises most steeply between red and near infrared, in nm."""
        inside = (self.x >= RED_EDGE[0]) & (self.x <= RED_EDGE[1])
        if inside.sum() < len(("left", "middle", "right")):
            return float("nan")
        x, values = self.x[inside], self.values[inside]
        steepest = int(np.diff(values).argmax())
        return float((x[steepest] + x[steepest + 1]) / 2)

    def unevenness(self) -> float:
        """Return the standard deviation of all values over their mean."""
        return float(self.values.std() / self.mean) if self.mean > 0 else float("nan")


def _green(look: _Look, _brightness: float) -> Suggestion | None:
    """Leaves: chlorophyll takes the red, cells send back the infrared, water takes some of it."""
    if not look.index(800, 670) > GREEN or not look.ratio(800, 720) > 1:
        return None
    features = [("red edge", look.red_edge())]
    for centre, left, right in ((970.0, 900.0, 1070.0), (1200.0, 1090.0, 1285.0)):
        if look.depth(left, centre, right) > CLEAR_DEPTH / 2:
            features.append(("leaf water", centre))
    return Suggestion("green vegetation", tuple(features))


def _snow(look: _Look, brightness: float) -> Suggestion | None:
    """Snow and ice: bright in visible light, black where ice absorbs."""
    if not (look.index(560, 1600) > SNOW_INDEX and look.ratio(850, 560) > SNOW_RED and brightness > DARK):
        return None
    features = [("darker than green light", 1600.0)]
    if look.depth(950, 1030, 1090) > CLEAR_DEPTH:
        features.append(("ice", 1030.0))
    return Suggestion("snow", tuple(features))


def _water(look: _Look, brightness: float) -> Suggestion | None:
    """Water: what light it sends back is green or blue."""
    visible = np.nanmax([look.at(480), look.at(560), 0.0])
    infrared = look.at(860)
    if visible <= 0 or not infrared < 0.75 * visible:
        return None
    if brightness > 2 * DARK and infrared > 0.4 * visible:
        return None
    short_wave = look.at(1650)
    if np.isfinite(short_wave) and short_wave > 0.5 * visible:
        return None
    features = [("falls towards the infrared", 860.0)]
    if np.isfinite(short_wave):
        features.append(("next to nothing", 1650.0))
    return Suggestion("water", tuple(features))


def _dry(look: _Look, _brightness: float) -> Suggestion | None:
    """Litter, straw and wood: cellulose and lignin absorb, chlorophyll is gone."""
    cellulose = look.depth(2030, 2100, 2210)
    if not cellulose > CLEAR_DEPTH / 2 or not look.ratio(1650, 670) > LITTER_RISE:
        return None
    features = [("cellulose", 2100.0)]
    if look.depth(1660, 1730, 1790) > CLEAR_DEPTH / 3:
        features.append(("lignin", 1730.0))
    return Suggestion("dry vegetation", tuple(features))


def _minerals(look: _Look, _brightness: float) -> Suggestion | None:
    """The deepest of the absorptions that minerals are known by."""
    clay = look.depth(2120, 2205, 2260)
    carbonate = look.depth(2230, 2337, 2390)
    iron = max(look.depth(750, 870, 1050), look.depth(750, 930, 1100))
    rises = look.ratio(650, 480)
    found = [("clay", 2205.0, clay, CLEAR_DEPTH), ("carbonate", 2337.0, carbonate, AT_THE_END)]
    if rises > RUST_RISE:
        found.append(("iron oxide", 900.0, iron, 1.5 * CLEAR_DEPTH))
    clear = [one for one in found if one[2] > one[3]]  # never for NaN
    if not clear:
        return None
    kind, centre, depth, _ = max(clear, key=lambda one: one[2] / one[3])
    return Suggestion(kind, (("absorption", centre), ("deep", depth)))


def _dark(look: _Look, brightness: float) -> Suggestion | None:
    """Asphalt and shade: dark and nearly the same everywhere."""
    if brightness > 1.5 * DARK or not look.unevenness() < 1.5 * FLAT:
        return None
    return Suggestion("asphalt or shade", (("dark", brightness), ("even", look.unevenness())))


def _soil(look: _Look, brightness: float) -> Suggestion | None:
    """Soil: rises evenly from blue into the infrared, without a red edge."""
    farthest = look.at(1650)
    if not np.isfinite(farthest):
        farthest = look.at(860)
    rise = farthest / look.at(480) if look.at(480) > 0 else float("nan")
    steady = look.at(480) < look.at(560) < look.at(650) < look.at(780)
    if not (steady and rise > SOIL_RISE and brightness > DARK):
        return None
    features = [("rises evenly", rise)]
    if look.depth(2120, 2205, 2260) > CLEAR_DEPTH / 2:
        features.append(("clay", 2205.0))
    return Suggestion("bare soil", tuple(features))


def _roof(look: _Look, brightness: float) -> Suggestion | None:
    """Roofs, concrete, metal: as bright as anything in the scene, and even."""
    if brightness < BRIGHT or not look.unevenness() < FLAT:
        return None
    return Suggestion("bright roof or pavement", (("bright", brightness), ("even", look.unevenness())))
