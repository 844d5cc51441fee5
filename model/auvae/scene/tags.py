"""What the files of a raster say of its bands: tags, headers beside it, names of bands. Reads no pixels."""

from __future__ import annotations

import json
import os
import re
import warnings as warnings_module
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import rasterio
from rasterio._err import CPLE_BaseError  # GDAL's errors, which some calls let through as they are
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from ..contract import envi, wavelengths
from . import files, virtual
from .metadata import BAD_BANDS, SCALE, WAVELENGTHS, WIDTHS, Origin
from .source import SourceBand

_WAVELENGTH_KEYS = (
    "wavelength", "wavelengths", "central_wavelength", "center_wavelength", "centre_wavelength",
    "wavelength_center", "wavelength_nm", "netcdf_dim_wavelength", "netcdf_dim_wavelengths", "netcdf_dim_wl",
)  # fmt: skip
_UNIT_KEYS = (
    "wavelength_units", "wavelength_unit", "wavelengths_units", "wavelength#units", "wavelengths#units",
    "wl#units",
)  # fmt: skip
_LIST_KEYS = (*_WAVELENGTH_KEYS, "netcdf_dim_wavelength_values", "netcdf_dim_wavelengths_values")
_WIDTH_KEYS = ("fwhm", "bandwidth", "fwhms", "full_width_half_max")
_BAD_KEYS = ("bbl", "bad_band_list", "bad_bands_list", "badbands", "bad_bands")
_SCALE_KEYS = (
    "reflectance_scale_factor", "reflectance_scale", "scale_factor", "data_scale_factor",
    "reflectance_multiplier",
)  # fmt: skip
# GDAL writes an ENVI wavelength into the IMAGERY domain rounded to 0.001 µm, that is to 1 nm.
_IMAGERY_ROUNDING_NM = 0.51
_LONGEST_STAC = 1 << 20
_MOST_STAC = 20
# Virtual rasters may show virtual rasters, and may be of a file a band.
_MOST_NESTED, _MOST_FILES = 3, 600
_LOOKED_IN = (
    "looked for in tags of the bands and of the raster, in a header .hdr or a STAC item beside it, and in "
    "the names of the bands"
)


@dataclass
class Place:
    """A place that may say wavelengths: where it is in words, and what stands there, one for every band."""

    where: str
    centres: list[float | None]
    widths: list[float | None] | None = None
    unit: str | None = None


@dataclass
class Described:
    """What the tags of a raster say: its bands, its scale, where that stands, and what is to be mended."""

    bands: tuple[SourceBand, ...]
    scale: float | None
    origins: dict[str, Origin]
    warnings: list[str] = field(default_factory=list)


def describe(dataset: Any, depth: int = 0) -> Described:
    """Read everything that stands about the bands of an open rasterio dataset.

    depth: how many virtual rasters show this one.
    """
    warnings: list[str] = []
    header, header_name = _header(dataset)
    shown = _shown(dataset, depth)
    places = list(_places(dataset, header, header_name, warnings))
    if shown is not None:
        where = f"{shown.origins[WAVELENGTHS].source}, of the files that the virtual raster shows"
        centres_shown = [band.wavelength for band in shown.bands]
        places.insert(-1, Place(where, centres_shown, [band.fwhm for band in shown.bands], "nm"))
    centres, widths, origins = _wavelengths(dataset, places)
    flags, origins[BAD_BANDS] = _bad_bands(dataset, header, header_name, warnings)
    scale, origins[SCALE] = _scale(dataset, header, header_name)
    if shown is not None and not any(flags) and any(band.bad for band in shown.bands):
        flags = [bool(band.bad) for band in shown.bands]
        origins[BAD_BANDS] = shown.origins[BAD_BANDS]
    if shown is not None and scale is None and shown.scale is not None:
        scale, origins[SCALE] = shown.scale, shown.origins[SCALE]
    bands = tuple(
        SourceBand(centre, width, "flagged bad in the header" if bad else "")
        for centre, width, bad in zip(centres, widths, flags, strict=True)
    )
    return Described(bands, scale, origins, warnings)


def _shown(dataset: Any, depth: int) -> Described | None:
    """What the files say that a virtual raster shows, for its bands; None for other rasters."""
    pairs = virtual.sources(dataset) if dataset.driver == "VRT" and depth < _MOST_NESTED else []
    described: dict[str, Described] = {}
    for path in dict.fromkeys(path for path, _ in pairs[:_MOST_FILES]):
        try:
            with warnings_module.catch_warnings():
                warnings_module.simplefilter("ignore", NotGeoreferencedWarning)
                with rasterio.open(path) as source:
                    described[path] = describe(source, depth + 1)
        except (RasterioError, CPLE_BaseError, OSError, ValueError, LookupError, TypeError):
            return None
    bands = []
    for path, number in pairs:
        held = described.get(path)
        if held is None or not 0 < number <= len(held.bands):
            return None
        bands.append(held.bands[number - 1])
    if not bands:
        return None
    first = described[pairs[0][0]]
    return Described(tuple(bands), first.scale, first.origins)


# ---- wavelengths


def _wavelengths(
    dataset: Any, places: list[Place]
) -> tuple[list[float | None], list[float | None], dict[str, Origin]]:
    """Centres and widths of all bands in nm, from the first place that knows them, and that place."""
    centres: list[float | None] = [None] * dataset.count
    widths: list[float | None] = [None] * dataset.count
    origins = {WAVELENGTHS: Origin(_LOOKED_IN), WIDTHS: Origin("")}
    doubts: list[str] = []
    for place in places:
        reading = wavelengths.read(place.centres, place.unit, place.widths)
        if not reading.known:
            doubts += [reading.doubt] if reading.doubt else []
            continue
        if not any(centres):
            origins[WAVELENGTHS] = Origin(place.where, reading.doubt)
        rounded = origins[WAVELENGTHS].source.startswith("tags IMAGERY")
        for index, (centre, width) in enumerate(zip(reading.centres, reading.widths, strict=True)):
            held, wide = centres[index], widths[index]
            if held is None or (
                rounded and centre is not None and abs(centre - held) <= _IMAGERY_ROUNDING_NM
            ):
                centres[index] = centre if centre is not None else held
            if width is not None and (
                wide is None or (rounded and abs(width - wide) <= _IMAGERY_ROUNDING_NM)
            ):
                widths[index] = width
                origins[WIDTHS] = origins[WIDTHS] if origins[WIDTHS].source else Origin(place.where)
    if not any(centres):
        origins[WAVELENGTHS] = Origin(_LOOKED_IN, doubts[0] if doubts else "")
    return centres, widths, origins


def _places(dataset: Any, header: dict[str, str], header_name: str, warnings: list[str]) -> Iterator[Place]:
    """Every place that says wavelengths, the most trustworthy first."""
    bands = range(1, dataset.count + 1)
    yield from _stac(dataset)
    if header and dataset.driver == "ENVI":
        yield from _of_header(header, header_name, dataset.count, warnings)
    imagery = [dataset.tags(band, ns="IMAGERY") for band in bands]
    yield Place(
        "tags IMAGERY of the bands",
        [_single(tags, ("CENTRAL_WAVELENGTH_UM",)) for tags in imagery],
        [_single(tags, ("FWHM_UM",)) for tags in imagery],
        "um",
    )
    merged = [_merged(dataset, band) for band in bands]
    of_all = {key: value for tags in _domains(dataset, None) for key, value in tags.items()}
    stated = next(
        (tags[key] for tags in (*merged[:1], *merged[-1:]) for key in _UNIT_KEYS if key in tags), None
    )
    if wavelengths.unit_key(stated) == "":
        stated = next((of_all[key] for key in _UNIT_KEYS if key in of_all), stated)
    yield Place(
        "tags of the bands",
        [_single(tags, _WAVELENGTH_KEYS) for tags in merged],
        [_single(tags, _WIDTH_KEYS) for tags in merged],
        stated,
    )
    for tags in _domains(dataset, None):
        yield from _of_list(tags, of_all, "tags of the raster", dataset.count, warnings)
    if header and dataset.driver != "ENVI":
        yield from _of_header(header, header_name, dataset.count, warnings)
    names = [wavelengths.as_written(text or "") for text in dataset.descriptions]
    units = {name[1] for name in names if name is not None}
    yield Place(
        "names of the bands", [None if name is None else name[0] for name in names], None,
        units.pop() if len(units) == 1 else None,
    )  # fmt: skip


def _of_list(
    tags: dict[str, str], others: dict[str, str], where: str, count: int, warnings: list[str]
) -> Iterator[Place]:
    """The list of wavelengths among some tags, or only widths; a list that cannot be used is named."""
    unit = next((held[key] for held in (tags, others) for key in _UNIT_KEYS if key in held), None)
    widths = envi.numbers(next((tags[key] for key in _WIDTH_KEYS if key in tags), ""))
    fitting: list[float | None] | None = list(widths) if len(widths) == count else None
    if widths and fitting is None:
        _unusable(f"The list of band widths ({where})", len(widths), count, warnings)
    for key in _LIST_KEYS:
        if key not in tags:
            continue
        values = envi.numbers(tags[key])
        if len(values) == count:
            yield Place(f"{where}: {key.replace('_', ' ')}", list(values), fitting, unit)
            return
        entries = len(envi.cells(tags[key]))
        if values:
            _unusable(f"The list of wavelengths ({where})", entries, count, warnings)
        elif entries:
            warnings.append(f"The list of wavelengths ({where}) holds more than numbers: not used.")


def _of_header(header: dict[str, str], name: str, count: int, warnings: list[str]) -> Iterator[Place]:
    tags = {key.replace(" ", "_"): value for key, value in header.items()}
    yield from _of_list(tags, {}, f"header {name}", count, warnings)
    names = envi.names(header.get("band names", ""), count) or []
    written = [wavelengths.as_written(one) for one in names]
    units = {one[1] for one in written if one is not None}
    if any(written):
        yield Place(
            f"band names of the header {name}", [None if one is None else one[0] for one in written], None,
            units.pop() if len(units) == 1 else None,
        )  # fmt: skip


def _unusable(what: str, entries: int, count: int, warnings: list[str]) -> None:
    text = f"{what} has {entries} entries for {count} bands: not used."
    if text not in warnings:
        warnings.append(text)


# ---- bad bands, scale


def _bad_bands(
    dataset: Any, header: dict[str, str], name: str, warnings: list[str]
) -> tuple[list[bool], Origin]:
    """True for every band that a list flags (0, false or no: bad), and where that list stands."""
    lists = [(f"header {name}", header.get("bbl") or header.get("bad bands list") or "")] if header else []
    lists += [
        ("tags of the raster", tags[key])
        for tags in _domains(dataset, None)
        for key in _BAD_KEYS
        if key in tags
    ]
    for where, text in lists:
        if not envi.cells(text):
            continue
        flags = envi.flags(text)
        if flags is None:
            warnings.append(
                f"The list of bad bands ({where}) holds more than flags such as 0 and 1: not used."
            )
        elif len(flags) == dataset.count:
            return [not good for good in flags], Origin(f"{where}: bbl")
        else:
            _unusable(f"The list of bad bands ({where})", len(flags), dataset.count, warnings)
        break
    flagged = []
    for band in range(1, dataset.count + 1):
        tags = _merged(dataset, band)
        texts = [tags[key] for key in _BAD_KEYS if key in tags]
        flagged.append(any(envi.flags(text) == [False] for text in texts))
    where = "tags of the bands: bbl" if any(flagged) else "no list of bad bands"
    return flagged, Origin(where)


def _scale(dataset: Any, header: dict[str, str], name: str) -> tuple[float | None, Origin]:
    """What a reflectance of 1 is in the file; None where that is not said."""
    places = [(f"header {name}", {key.replace(" ", "_"): value for key, value in header.items()})]
    places += [("tags of the raster", tags) for tags in _domains(dataset, None)]
    for where, tags in places:
        for key in _SCALE_KEYS:
            values = envi.numbers(tags.get(key, ""))
            # a factor below 1 is one to multiply by: 0.0001 says the same as 10000
            if len(values) == 1 and values[0] > 0:
                scale = values[0] if values[0] >= 1 else float(f"{1 / values[0]:.9g}")
                return scale, Origin(f"{where}: {key.replace('_', ' ')}")
    return None, Origin("not stated")


# ---- tags, headers, STAC items


def _domains(dataset: Any, band: int | None) -> Iterator[dict[str, str]]:
    """The tags of a band, or of the data set (None), by domain, keys as GDAL's ENVI driver writes them."""
    names = dataset.tag_namespaces() if band is None else dataset.tag_namespaces(band)
    left_out = ("DERIVED_SUBDATASETS", "IMAGE_STRUCTURE", "IMAGERY", "SUBDATASETS", "RPC")
    for name in [None, *(n for n in names if n not in left_out and not n.startswith("xml:"))]:
        tags = dataset.tags(ns=name) if band is None else dataset.tags(band, ns=name)
        yield {key.strip().lower().replace(" ", "_"): value for key, value in tags.items()}


def _merged(dataset: Any, band: int) -> dict[str, str]:
    merged: dict[str, str] = {}
    for tags in _domains(dataset, band):
        merged = {**tags, **merged}
    return merged


def _single(tags: dict[str, str], keys: tuple[str, ...]) -> float | None:
    for key in keys:
        values = envi.numbers(tags.get(key, ""))
        if len(values) == 1:
            return values[0]
    return None


def _header(dataset: Any) -> tuple[dict[str, str], str]:
    """The ENVI header of a raster, or one that stands beside it, and its name."""
    path = dataset.name
    stem = os.path.splitext(path)[0]
    listed = [file for file in dataset.files if file.lower().endswith(".hdr")]
    for place in dict.fromkeys([*listed, f"{path}.hdr", f"{stem}.hdr", f"{stem}.HDR"]):
        content = files.read_bytes(place) if place != path else None
        header = envi.parse_header(envi.decoded(content)) if content else None
        if header is None:
            continue
        bands = envi.numbers(header.get("bands", ""))
        if dataset.driver == "ENVI" or bands in ([], [float(dataset.count)]):
            return header, PurePosixPath(place.replace("\\", "/")).name
    return {}, ""


def _stac(dataset: Any) -> Iterator[Place]:
    """The bands that a STAC item beside the raster lists (eo:bands, or bands since STAC 1.1), in µm."""
    path = dataset.name
    own = PurePosixPath(path.replace("\\", "/")).name
    stem = own.rsplit(".", 1)[0]
    beside = [name for name in files.names_beside(path) if name.lower().endswith(".json")]
    beside.sort(key=lambda name: not name.startswith(stem))
    for name in beside[:_MOST_STAC]:
        content = files.read_bytes(files.beside(path, name), _LONGEST_STAC)
        if content is None or b"stac_version" not in content:
            continue
        try:
            item = json.loads(content)
        except (ValueError, RecursionError):
            continue
        listed = _stac_bands(item, own, dataset.count, named_alike=name.startswith(stem))
        if listed:
            yield Place(
                f"STAC item {name}: eo:bands",
                [_stac_number(band, "center_wavelength") for band in listed],
                [_stac_number(band, "full_width_half_max") for band in listed],
                "um",
            )
            return


def _stac_bands(item: Any, own: str, count: int, *, named_alike: bool) -> list[dict[str, Any]]:
    """The bands of a raster in a STAC item that is about it; empty where there are none for all its bands."""
    if not isinstance(item, dict):
        return []
    assets = item.get("assets")
    assets = assets if isinstance(assets, dict) else {}
    ours = [
        asset for asset in assets.values()
        if isinstance(asset, dict) and re.split(r"[/\\]", str(asset.get("href", "")))[-1] == own
    ]  # fmt: skip
    properties = item.get("properties")
    holders = [*ours, *([properties] if (ours or named_alike) and isinstance(properties, dict) else []), item]
    for holder in holders:
        for key in ("eo:bands", "bands"):
            listed = holder.get(key)
            if isinstance(listed, list) and len(listed) == count and all(isinstance(b, dict) for b in listed):
                return listed
    return []


def _stac_number(band: dict[str, Any], name: str) -> float | None:
    value = band.get(name, band.get(f"eo:{name}"))
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
