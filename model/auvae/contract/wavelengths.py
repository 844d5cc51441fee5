"""What a list of wavelengths means: its unit, and whether it can be light. Reads no file, knows no raster."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LIGHT_NM = (200.0, 20_000.0)
"""Imaging spectrometers see from the ultraviolet to the thermal infrared; nothing else is a wavelength."""

_LIGHT_SPEED = 299_792_458.0  # m/s
# Factors to nanometres, by the names found in headers, tags and tables (lower case, singular, no brackets).
_LENGTHS = {
    "nm": 1.0, "nanometer": 1.0, "nanometre": 1.0, "nano": 1.0, "nanom": 1.0,
    "um": 1e3, "µm": 1e3, "μm": 1e3, "micron": 1e3, "micrometer": 1e3, "micrometre": 1e3,
    "mm": 1e6, "millimeter": 1e6, "millimetre": 1e6,
    "cm": 1e7, "centimeter": 1e7, "centimetre": 1e7,
    "m": 1e9, "meter": 1e9, "metre": 1e9,
    "å": 0.1, "a": 0.1, "angstrom": 0.1, "ångström": 0.1, "ångstrom": 0.1,
}  # fmt: skip
_WAVENUMBERS = {
    "wavenumber", "cm-1", "cm^-1", "1/cm", "/cm", "cm⁻¹", "cm**-1", "kayser", "inverse cm", "percm",
    "inverse centimeter", "reciprocal centimeter", "per cm",
}  # fmt: skip
_FREQUENCIES = {
    "hz": 1.0, "hertz": 1.0, "mhz": 1e6, "megahertz": 1e6, "ghz": 1e9, "gigahertz": 1e9, "thz": 1e12,
    "terahertz": 1e12,
}  # fmt: skip
_NUMBERS = {"index", "band", "band number", "bandnumber", "channel", "number", "band index", "sample"}
_WORDS = {
    "nm": "nanometres", "um": "micrometres", "angstrom": "ångströms", "wavenumber": "wavenumbers (cm-1)",
    "m": "metres", "mm": "millimetres", "cm": "centimetres", "ghz": "gigahertz", "thz": "terahertz",
    "hz": "hertz", "mhz": "megahertz",
}  # fmt: skip
# What a list without a usable unit is tried as, in this order: the commonest first.
_TRIED = ("nm", "um", "angstrom", "wavenumber", "m", "thz", "ghz", "mm")
# Of a list that falls these come first: instruments list what they measure by rising wavelength.
_TRIED_FALLING = ("nm", "um", "wavenumber", "thz", "ghz", "angstrom", "m", "mm")
# A band broader than this share of its wavelength is none of a spectrometer.
_BROADEST = 0.5
# And so is one narrower than this.
_NARROWEST = 1e-4
# Some entries of a list may be wrong; a unit in which more than this share cannot be light is not its unit.
_MOST_IMPOSSIBLE = 0.4


@dataclass(frozen=True)
class Reading:
    """What a list of wavelengths was taken for.

    Attributes:
        centres: nm, None where not known; all None where the list holds no wavelengths.
        widths: full widths at half maximum in nm, None where not known.
        unit: the unit of the list in words, empty where it holds no wavelengths.
        doubt: a sentence on what was assumed or not understood; empty for none.
    """

    centres: list[float | None]
    widths: list[float | None]
    unit: str
    doubt: str

    @property
    def known(self) -> bool:
        """Whether any band has a wavelength."""
        return any(one is not None for one in self.centres)


def read(
    values: Sequence[float | None], unit: str | None = None, widths: Sequence[float | None] | None = None
) -> Reading:
    """Bring a list of wavelengths to nanometres.

    The stated unit counts as long as it makes light of 0.2 to 20 µm of the list. Otherwise, and where none is
    stated, the list is read in the unit in which it can be light, and the reading says so. Numbers of bands
    are no wavelengths, whatever unit is stated.

    Args:
        values: as they are written; None, NaN, zero and negative numbers stand for "not known".
        unit: as it is written, such as "Micrometers" or "cm-1"; None or empty where none is stated.
        widths: full widths at half maximum in the same unit, or in nanometres.
    """
    given = [_positive(one) for one in values]
    nothing: list[float | None] = [None] * len(given)
    known = [one for one in given if one is not None]
    if not known:
        return Reading(nothing, nothing, "", "")
    stated = unit_key(unit)
    said = f"“{(unit or '').strip()}”"
    if _count_bands(known, stated):
        return Reading(nothing, nothing, "", "The list of wavelengths holds numbers of bands.")
    if stated in _KEYS:
        centres = _in_light(given, stated)
        gone = _lost(given, centres)
        if gone <= _MOST_IMPOSSIBLE * len(known):
            doubt = f"{gone} of {len(known)} wavelengths cannot be light: not used." if gone else ""
            return _reading(given, centres, stated, widths, doubt)
    tried = _TRIED_FALLING if known[0] > known[-1] else _TRIED
    losses = {key: _lost(given, _in_light(given, key)) for key in tried}
    found = min(tried, key=lambda key: losses[key])
    reach = f"{min(known):g} to {max(known):g}"
    if losses[found] > _MOST_IMPOSSIBLE * len(known):
        return Reading(
            nothing, nothing, "",
            f"The list of wavelengths ({reach}{', in ' + said if unit else ''}) can be no light of 0.2 to "
            "20 µm in any unit: not used.",
        )  # fmt: skip
    if stated in _KEYS:
        doubt = f"The wavelengths ({reach}) are said to be in {said}, which they cannot be: taken as {{}}."
    elif unit and unit.strip():
        doubt = f"The unit of the wavelengths ({reach}), {said}, is not known: taken as {{}}."
    else:
        doubt = f"The unit of the wavelengths ({reach}) is not stated: taken as {{}}."
    return _reading(given, _in_light(given, found), found, widths, doubt.format(_WORDS[found]))


def unit_key(unit: str | None) -> str:
    """A unit as this module knows it ("um" for "Micrometers"), "number" for band numbers, or empty."""
    text = re.sub(r"\s+", " ", (unit or "").strip().strip("[](){}'\"").strip().lower())
    text = text.removeprefix("wavelength in ").removeprefix("wavelength ").strip("[](){} ")
    for name in (text, text.removesuffix("s")):
        if name in _NUMBERS:
            return "number"
        if name in _WAVENUMBERS:
            return "wavenumber"
        if name in _FREQUENCIES:
            return next(key for key in ("hz", "mhz", "ghz", "thz") if _FREQUENCIES[key] == _FREQUENCIES[name])
        if name in _LENGTHS:
            same = [
                key for key in ("nm", "um", "mm", "cm", "m", "angstrom") if _LENGTHS[key] == _LENGTHS[name]
            ]
            return same[0]
    return ""


def as_written(name: str) -> tuple[float, str] | None:
    """The wavelength that a band's or a column's name holds, and its unit, empty where the name has none.

    Such as "401.00 nm", "band 3 (0.665 Micrometers)", "Band 1 (402.4)", "Band_503", "X452.5", "400".
    """
    match = _WITH_UNIT.search(name)
    if match:
        return float(match[1]), match[2]
    # programs append what they made of a band: the last pair of brackets is the newest
    bracketed = _BRACKETED.findall(name)
    bare = _BARE.fullmatch(name.strip())
    number = bracketed[-1] if bracketed else bare[1] if bare else ""
    # a small whole number is that of the band: no unit makes light of it but micrometres, which have decimals
    if not number or (number.isdigit() and int(number) < LIGHT_NM[0]):
        return None
    return float(number), ""


_NUMBER = r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_WITH_UNIT = re.compile(
    rf"(?:^|[\s(_=:]){_NUMBER}\s*_?(nm|nanomet(?:er|re)s?|[uµμ]m|micromet(?:er|re)s?|microns?|"
    r"angstroms?|cm-1|ghz|thz)\b",
    re.IGNORECASE,
)
_BRACKETED = re.compile(rf"\(\s*{_NUMBER}\s*\)")
_BARE = re.compile(
    rf"(?:(?:band|b|wl|w|wvl|wave|wavelength|lambda|x|r|refl|reflectance|rrs|rhos?|channel)[ _.-]*)?{_NUMBER}"
    r"(?:\s*nm)?",
    re.IGNORECASE,
)


def _positive(value: float | None) -> float | None:
    """A number that can be a wavelength: exporters write 0, a negative one or NaN for "not known"."""
    if value is None or not math.isfinite(value) or value <= 0:
        return None
    return float(value)


def _count_bands(known: list[float], stated: str) -> bool:
    """Whether the numbers only count bands: one apart, from 0 or 1 on, or from any where the unit says so."""
    steps = {round(known[place] - known[place - 1], 9) for place in range(1, len(known))}
    counting = len(known) > 1 and steps == {1.0} and float(known[0]).is_integer()
    if stated == "number":
        return counting or len(known) == 1 or all(one.is_integer() for one in known)
    return counting and known[0] <= 1 and len(known) > 2  # noqa: PLR2004  two bands may be at 1 and 2 µm


def _in_light(values: list[float | None], key: str) -> list[float | None]:
    """Values of a unit in nm; None for those that cannot be light."""
    convert = _converter(key)
    low, high = LIGHT_NM[0] * (1 - 1e-9), LIGHT_NM[1] * (1 + 1e-9)
    found = [None if one is None else round(convert(one), 6) for one in values]
    return [one if one is not None and low <= one <= high else None for one in found]


def _lost(given: list[float | None], centres: list[float | None]) -> int:
    """How many known numbers are no light."""
    return sum(one is not None and centre is None for one, centre in zip(given, centres))


def _converter(key: str) -> Callable[[float], float]:
    if key == "wavenumber":
        return lambda value: 1e7 / value
    if key in _FREQUENCIES:
        hertz = _FREQUENCIES[key]
        return lambda value: 1e9 * _LIGHT_SPEED / (value * hertz)
    factor = _LENGTHS[key]
    return lambda value: value * factor


def _reading(
    given: list[float | None], centres: list[float | None], key: str,
    widths: Sequence[float | None] | None, doubt: str,
) -> Reading:  # fmt: skip
    """A reading of centres in nm, with their widths where these can be widths of bands."""
    nothing: list[float | None] = [None] * len(centres)
    written = nothing if widths is None else [_positive(one) for one in widths]
    if len(written) != len(centres) or not any(written):
        return Reading(centres, nothing, _WORDS[key], doubt)
    converted = [
        None if width is None or centre is None or value is None else _width(width, value, centre, key)
        for width, value, centre in zip(written, given, centres)
    ]
    as_written_in = {
        "nanometres": [one if centre else None for one, centre in zip(written, centres)],
        "micrometres": [1000 * one if one and centre else None for one, centre in zip(written, centres)],
    }
    for unit, tried in (("", converted), *as_written_in.items()):
        pairs = [(width, centre) for width, centre in zip(tried, centres) if width and centre]
        if pairs and all(_NARROWEST * centre <= width <= _BROADEST * centre for width, centre in pairs):
            if unit:
                doubt = f"{doubt} The widths of the bands can only be in {unit}.".strip()
            return Reading(centres, tried, _WORDS[key], doubt)
    doubt = f"{doubt} The widths of the bands cannot be understood: not used.".strip()
    return Reading(centres, nothing, _WORDS[key], doubt)


def _width(width: float, value: float, centre: float, key: str) -> float:
    """A width in nm: of wavenumbers and frequencies the same share of the value as of the wavelength."""
    if key in _LENGTHS:
        return round(width * _LENGTHS[key], 6)
    return round(width / value * centre, 6)


_KEYS = {"nm", "um", "mm", "cm", "m", "angstrom", "wavenumber", *_FREQUENCIES}
