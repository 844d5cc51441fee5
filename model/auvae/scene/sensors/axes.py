"""Which axis of a cube is which: lines, pixels, bands; by names, units and lengths. Reads no cube."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...contract import wavelengths
from ...contract.errors import SceneError
from .arrays import Array, Arrays

_BAND = re.compile(
    r"(wave|wvl|lambda|spectral|channel|frequenc|(^|_)wl($|_)|(^|_)n?bands?($|_|\d)|band|^b$|^z$|^c$)",
    re.IGNORECASE,
)
_ROW = re.compile(
    r"(^n?y($|\d|_|dim)|^lat|lines?($|_)|^rows?$|northing|scans?$|downtrack|along|^ny$|^height$|^ortho_y$|ydim)",
    re.IGNORECASE,
)
_COL = re.compile(
    r"(^n?x($|\d|_|dim)|^lon|^cols?$|columns?|samples?$|pixels|easting|crosstrack|across|^nx$|^width$|^ortho_x$|"
    r"xdim)",
    re.IGNORECASE,
)
_LIST = re.compile(r"(wave|lambda|wvl|band_?cent|cent(er|re)_?w|spectral_?axis|^wl$|^bands?$)", re.IGNORECASE)
_NOT_CENTRES = re.compile(r"(width|fwhm|good|valid|mask|flag|bad|unc|error|index|number)", re.IGNORECASE)
_FEWEST_BANDS = 2


@dataclass(frozen=True)
class Axes:
    """The places of a cube's axes among those of its array; others have a length of 1."""

    row: int
    col: int
    band: int

    def said(self, array: Array) -> str:
        """The order of the axes in the file, in words."""
        roles = {self.row: "lines", self.col: "pixels", self.band: "bands"}
        parts = []
        for place, size in enumerate(array.shape):
            called = f" “{array.dims[place]}”" if array.dims[place] else ""
            parts.append(f"{roles.get(place, 'single')}{called} ({size})")
        return f"{array.path}: {', '.join(parts)}"


def wavelength_lists(arrays: Arrays) -> list[Array]:
    """The arrays of one axis that may be lists of wavelengths, by name or by unit."""
    return [
        one for one in arrays.arrays.values()
        if len(one.shape) == 1 and one.kind in "fiu" and one.shape[0] >= _FEWEST_BANDS
        and not _NOT_CENTRES.search(one.name) and (_LIST.search(one.name) or _is_spectral(one))
    ]  # fmt: skip


def axes_of(array: Array, arrays: Arrays) -> Axes | None:
    """The axes of a cube; None where they cannot be told."""
    places = [place for place, size in enumerate(array.shape) if size > 1]
    roles = {place: _role(array, place, arrays) for place in range(len(array.shape))}
    # an axis of one line, pixel or band counts where it is called so
    places += [place for place, role in roles.items() if role and place not in places]
    if len(places) != 3:  # noqa: PLR2004  lines, pixels and bands
        return None
    named = {role: [place for place in places if roles[place] == role] for role in ("row", "col", "band")}
    if any(len(one) > 1 for one in named.values()):
        return None
    band = named["band"][0] if named["band"] else _by_length(array, arrays, places, roles)
    left = [place for place in sorted(places) if place != band]
    if band is None or len(left) != 2:  # noqa: PLR2004  lines and pixels
        return None
    row = named["row"][0] if named["row"] else next(
        (place for place in left if place not in named["col"]), left[0]
    )  # fmt: skip
    col = next(place for place in left if place != row)
    return Axes(row, col, band)


def refuse(array: Array, file: str) -> SceneError:
    """The error about a cube whose axes cannot be told."""
    sizes = ", ".join(
        f"“{name}” of {size}" if name else str(size)
        for name, size in zip(array.dims, array.shape, strict=True)
    )
    return SceneError(
        f"{file} does not say which axis of {array.path} holds the bands: its axes are {sizes}, and no list "
        "of wavelengths tells which.",
        "Name the axes in the file (y, x, wavelength), add a list of wavelengths, or convert it to GeoTIFF.",
    )


def _by_length(array: Array, arrays: Arrays, places: list[int], roles: dict[int, str]) -> int | None:
    """The axis that is as long as a list of wavelengths, or the one beside named lines and pixels."""
    unnamed = [place for place in places if not roles[place]]
    if len(unnamed) == 1 and {roles[place] for place in places} >= {"row", "col"}:
        return unnamed[0]
    lengths = {one.shape[0] for one in wavelength_lists(arrays)}
    for value in array.attributes.values():
        size = getattr(value, "size", 1)
        if size > 1 and any(array.shape[place] == size for place in places):
            lengths |= {size} if _attribute_lists(array, size) else set()
    fitting = [place for place in places if array.shape[place] in lengths]
    return fitting[0] if len(fitting) == 1 and roles[fitting[0]] in ("", "band") else None


def _attribute_lists(array: Array, size: int) -> bool:
    return any(
        getattr(value, "size", 1) == size and _LIST.search(key) and not _NOT_CENTRES.search(key)
        for key, value in array.attributes.items()
    )


def _role(array: Array, place: int, arrays: Arrays) -> str:
    """What an axis is by its coordinate, or by its name: row, col or band; empty where neither tells."""
    name = array.dims[place]
    coordinate = arrays.beside(array, name) if name else None
    if coordinate is not None and len(coordinate.shape) == 1:
        if _is_spectral(coordinate):
            return "band"
        said = " ".join(coordinate.text(key).lower() for key in ("standard_name", "units", "axis"))
        if re.search(r"projection_y|grid_latitude|\blatitude|degrees?_north|\by\b", said):
            return "row"
        if re.search(r"projection_x|grid_longitude|\blongitude|degrees?_east|\bx\b", said):
            return "col"
    for role, words in (("row", _ROW), ("col", _COL), ("band", _BAND)):
        if name and words.search(name):
            return role
    return ""


def _is_spectral(array: Array) -> bool:
    """Whether a list is one of wavelengths by its unit or its standard name."""
    if "wavelength" in array.text("standard_name").lower():
        return True
    unit = array.text("units", "unit")
    return bool(unit) and wavelengths.unit_key(unit) in ("nm", "um", "wavenumber", "angstrom")
