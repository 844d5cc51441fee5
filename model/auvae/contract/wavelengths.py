"""Where a raster says what its bands are: wavelength, width, bad-band flag. Reads no pixels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Nanometres in one unit, by the names found in ENVI headers and GDAL tags.
_NANOMETRES = {
    "nm": 1.0,
    "nanometer": 1.0,
    "nanometre": 1.0,
    "um": 1000.0,
    "µm": 1000.0,
    "μm": 1000.0,
    "micron": 1000.0,
    "micrometer": 1000.0,
    "micrometre": 1000.0,
    "mm": 1e6,
    "millimeter": 1e6,
    "m": 1e9,
    "meter": 1e9,
    "metre": 1e9,
    "angstrom": 0.1,
}
_WAVELENGTH_KEYS = ("wavelength", "wavelengths", "central_wavelength", "center_wavelength")
_UNIT_KEYS = ("wavelength_units", "wavelength_unit")
_WIDTH_KEYS = ("fwhm", "bandwidth")
# "401.00 nm", "band 3 (0.665 Micrometers)", and as GDAL names the bands of Sentinel-2:
# "B4, central wavelength 665 nm".
_DESCRIPTION = re.compile(
    r"(?:^|[\s(])(\d+(?:\.\d+)?)\s*(nm|nanomet(?:er|re)s?|[uµμ]m|micromet(?:er|re)s?|microns?)\b",
    re.IGNORECASE,
)
# Without a stated unit no optical sensor has a band below 100 nm, nor one above 100 µm.
_LARGEST_MICROMETRES = 100.0
# GDAL writes an ENVI wavelength into the IMAGERY domain rounded to 0.001 µm, that is to 1 nm.
_IMAGERY_ROUNDING_NM = 0.51


def wavelengths(dataset: Any) -> list[tuple[float | None, float | None]]:
    """Centre wavelength and full width at half maximum of every band, in nm; None where not said.

    dataset: an open rasterio dataset. Places are asked in this order: the band's IMAGERY domain
    (CENTRAL_WAVELENGTH_UM, FWHM_UM), the band's other tags, the data set's tags in any domain (the ENVI
    header is the domain ENVI), the band's description ("401.00 nm"). Where the IMAGERY domain only holds a
    rounded copy of a finer value, the finer one is taken.
    """
    bands = range(1, dataset.count + 1)
    imagery = [_imagery(dataset, band) for band in bands]
    tagged = _band_tags(dataset)
    headed = _dataset_tags(dataset)
    described = [_description(text) for text in dataset.descriptions]
    found = []
    for image, tag, header, text in zip(imagery, tagged, headed, described, strict=True):
        centre = image[0]
        finer = next((value for value in (tag[0], header[0]) if value is not None), None)
        if centre is None or (finer is not None and abs(finer - centre) <= _IMAGERY_ROUNDING_NM):
            centre = finer if finer is not None else centre
        fwhm = next((value for value in (image[1], tag[1], header[1]) if value is not None), None)
        if fwhm is not None and header[1] is not None and abs(header[1] - fwhm) <= _IMAGERY_ROUNDING_NM:
            fwhm = header[1]
        found.append((centre if centre is not None else text, fwhm))
    return found


def guesses(dataset: Any) -> list[str]:
    """What had to be guessed, in one sentence for all bands: the unit of wavelengths that states none."""
    places = [*_domains(dataset, None), *_domains(dataset, dataset.count)]
    numbers = [_numbers(tags.get(key, "")) for tags in places for key in _WAVELENGTH_KEYS]
    values = next((found for found in numbers if found), [])
    if not values or any(map(_unit, places)) or _imagery(dataset, dataset.count)[0] is not None:
        return []
    unit = "micrometres" if _factor(None, list(values)) == _NANOMETRES["um"] else "nanometres"
    largest = f"{max(values):g}"
    said = f"The raster does not say in which unit its wavelengths (up to {largest}) are: taken as {unit}."
    return [said]


def nanometres(values: list[float], unit: str) -> list[float]:
    """Wavelengths in nm; where their unit is none that we know, small ones can only be micrometres."""
    known = _singular(unit.strip("[]() "))
    factor = _factor(known if known in _NANOMETRES else None, list(values))
    return [value * factor for value in values]


def bad_bands(dataset: Any) -> list[bool]:
    """True for every band that the header's bad-band list (`bbl`, 0 = bad) flags."""
    for tags in _domains(dataset, None):
        flags = _numbers(tags.get("bbl", ""))
        if len(flags) == dataset.count:
            return [flag == 0 for flag in flags]
    return [
        any(_numbers(tags.get("bbl", "")) == [0.0] for tags in _domains(dataset, band))
        for band in range(1, dataset.count + 1)
    ]


def reflectance_scale(dataset: Any) -> float | None:
    """What a reflectance of 1 is in the file (`reflectance scale factor`); None where not said."""
    for tags in _domains(dataset, None):
        scale = _numbers(tags.get("reflectance_scale_factor", ""))
        if len(scale) == 1 and scale[0] > 0:
            return scale[0]
    return None


def _domains(dataset: Any, band: int | None) -> Iterator[dict[str, str]]:
    """The tags of a band, or of the data set (None), by domain, keys as GDAL's ENVI driver writes them."""
    names = dataset.tag_namespaces() if band is None else dataset.tag_namespaces(band)
    for name in [None, *(n for n in names if n not in ("DERIVED_SUBDATASETS", "IMAGE_STRUCTURE"))]:
        tags = dataset.tags(ns=name) if band is None else dataset.tags(band, ns=name)
        yield {key.strip().lower().replace(" ", "_"): value for key, value in tags.items()}


def _imagery(dataset: Any, band: int) -> tuple[float | None, float | None]:
    tags = dataset.tags(band, ns="IMAGERY")
    values = (_numbers(tags.get(key, "")) for key in ("CENTRAL_WAVELENGTH_UM", "FWHM_UM"))
    centre, fwhm = (_nanometres(value[0], 1000.0) if value else None for value in values)
    return centre, fwhm


def _band_tags(dataset: Any) -> list[tuple[float | None, float | None]]:
    centres: list[float | None] = []
    widths: list[float | None] = []
    unit = None
    for band in range(1, dataset.count + 1):
        merged: dict[str, str] = {}
        for tags in _domains(dataset, band):
            merged = {**tags, **merged}
        centres.append(_single(merged, _WAVELENGTH_KEYS))
        widths.append(_single(merged, _WIDTH_KEYS))
        unit = unit or _unit(merged)
    factor = _factor(unit or _dataset_unit(dataset), centres)
    return [(_nanometres(c, factor), _nanometres(w, factor)) for c, w in zip(centres, widths, strict=True)]


def _dataset_tags(dataset: Any) -> list[tuple[float | None, float | None]]:
    nothing: list[float | None] = [None] * dataset.count
    centres, widths = list(nothing), list(nothing)
    for tags in _domains(dataset, None):
        for key in _WAVELENGTH_KEYS:
            values = _numbers(tags.get(key, ""))
            if len(values) == dataset.count and centres == nothing:
                centres = list(values)
        values = _numbers(tags.get("fwhm", ""))
        if len(values) == dataset.count:
            widths = list(values)
    factor = _factor(_dataset_unit(dataset), centres)
    return [(_nanometres(c, factor), _nanometres(w, factor)) for c, w in zip(centres, widths, strict=True)]


def _description(text: str | None) -> float | None:
    match = _DESCRIPTION.search(text or "")
    return _nanometres(float(match[1]), _NANOMETRES[_singular(match[2])]) if match else None


def _dataset_unit(dataset: Any) -> str | None:
    return next((unit for unit in map(_unit, _domains(dataset, None)) if unit), None)


def _unit(tags: dict[str, str]) -> str | None:
    """The unit a set of tags states, if it is one we know ("Unknown" and "Index" are not)."""
    stated = (_singular(tags[key]) for key in _UNIT_KEYS if key in tags)
    return next((unit for unit in stated if unit in _NANOMETRES), None)


def _singular(unit: str) -> str:
    unit = unit.strip().lower()
    return unit.removesuffix("s")


def _factor(unit: str | None, values: list[float | None]) -> float:
    """Nanometres in one unit; where none is stated, values below 100 can only be micrometres."""
    if unit:
        return _NANOMETRES[unit]
    known = [value for value in values if value is not None]
    return 1000.0 if known and max(known) < _LARGEST_MICROMETRES else 1.0


def _nanometres(value: float | None, factor: float) -> float | None:
    # A wavelength of 0 or less is how some exporters write "not known".
    return round(value * factor, 6) if value is not None and value > 0 else None


def _single(tags: dict[str, str], keys: tuple[str, ...]) -> float | None:
    for key in keys:
        values = _numbers(tags.get(key, ""))
        if len(values) == 1:
            return values[0]
    return None


def _numbers(text: str) -> list[float]:
    """The numbers of "{1, 2.5, 3}" or of "2.5"; empty when anything in it is not a number."""
    cells = [cell for cell in re.split(r"[,\s]+", text.strip().strip("{}").strip()) if cell]
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return []
