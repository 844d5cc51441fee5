"""Known spectra as a scene sees them: from a library or places in it, in its bands and unit. No training.

Libraries are read by contract/library.py; what their values are multiplied by is decided in scale.py.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.features import rasterize
from rasterio.transform import Affine
from rasterio.windows import Window

from ..contract.errors import LibraryError, SceneError
from ..contract.library import Profile, read_library
from ..contract.names import plain_name
from ..endmembers.sampling import sample_patches
from ..scene.grid import Grid, to_crs
from ..scene.mask import geojson_crs, in_pixels, polygons_of
from ..scene.metadata import named_bands
from .bands import BandSet, resampling
from .scale import scale_factor

if TYPE_CHECKING:
    from ..contract.jobs import KnownChoice
    from ..scene.scene import Scene

FEWEST_COMMON = 20
"""So many bands of the scene a library must cover, and half of the usable ones, where it lacks any."""

MOST_PIXELS = 20_000
"""Of one place: the mean of more is no better."""

IMPURE = 0.35
"""Pixels of a pure place differ from their mean by less than this share of what the scene's differ by."""

_NAMES = ("name", "title", "label", "class", "id")


@dataclass(frozen=True)
class KnownSpectra:
    """Names, spectra ``(Kk, B)`` in the scene's kept bands and unit, and what is to be said about them."""

    names: tuple[str, ...]
    spectra: np.ndarray
    notes: list[str]
    warnings: list[str]


def known_spectra(choice: KnownChoice, scene: Scene) -> KnownSpectra:
    """The spectra an analyst knows; raises LibraryError where they do not fit the scene.

    Bands of the scene that the library does not cover are left out of the scene from here on.
    """
    notes: list[str] = []
    warnings: list[str] = []
    names: list[str] = []
    spectra: list[np.ndarray] = []
    if choice.library is not None:
        library = read_library(choice.library)
        notes += library.notes
        profiles = _chosen(list(library.profiles), choice.names, choice.library)
        found = _in_common_bands(profiles, scene, warnings, library.path.name)
        if any(profile.numbered for profile in profiles):
            notes.append(
                f"{library.path.name} has no wavelengths: its spectra were used by the numbers of the bands."
            )
        factor, said = scale_factor(
            found, {profile.scale for profile in profiles}, scene, _sampled(scene), library.path.name
        )
        notes.append(said)
        names += [plain_name(profile.name) for profile in profiles]
        spectra += list(factor * found)
    if choice.places is not None:
        for name, spectrum in _of_places(choice.places, scene, _sampled(scene), warnings).items():
            names.append(plain_name(name))
            spectra.append(spectrum)
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise LibraryError(f"Two known spectra are called {min(twice)}.", "Give each a name of its own.")
    return KnownSpectra(tuple(names), np.array(spectra, np.float32), notes, warnings)


def _sampled(scene: Scene) -> np.ndarray:
    """Pixels (n, B) from all over the scene."""
    pixels = [cube[valid] for cube, valid in sample_patches(scene, 0)]
    return np.concatenate(pixels)


def _chosen(profiles: list[Profile], wanted: tuple[str, ...], library: str) -> list[Profile]:
    if not wanted:
        return profiles
    found = []
    for name in wanted:
        alike = [one for one in profiles if one.name.casefold() == name.strip().casefold()]
        if not alike:
            held = ", ".join(one.name for one in profiles[:8])
            raise LibraryError(
                f"{os.path.basename(library)} holds no spectrum {name!r}, but {held}"
                f"{' and others' if len(profiles) > 8 else ''}.",  # noqa: PLR2004  a list to read
                "Choose by these names.",
            )
        found.append(alike[0])
    return found


def _in_common_bands(profiles: list[Profile], scene: Scene, warnings: list[str], library: str) -> np.ndarray:
    """The values of profiles ``(n, B)`` in those bands of the scene that all of them cover.

    The scene leaves the others out. Raises LibraryError where too few are left.
    """
    if any(profile.numbered for profile in profiles):
        return np.array([_by_number(profile, scene, library) for profile in profiles])
    if scene.wavelengths is None:
        raise LibraryError(
            "The scene knows no wavelengths, so spectra of a library have no place in it.",
            "Choose a scene with wavelengths, or draw places in it where the materials are pure.",
        )
    wanted = BandSet.of(scene.wavelengths.tolist(), [band.fwhm for band in scene.kept])
    values, common = [], np.ones(len(scene.kept), bool)
    for profile in profiles:
        matrix, covered = resampling(BandSet(profile.centres, profile.widths), wanted)
        values.append(profile.values @ matrix)
        common &= covered
    if common.all():
        return np.array(values)
    left, all_of_them = int(common.sum()), len(common)
    low = max(profile.centres.min() for profile in profiles)
    high = min(profile.centres.max() for profile in profiles)
    if left < max(FEWEST_COMMON, all_of_them / 2):
        raise LibraryError(
            f"The spectra of {library} have values from {low:.0f} to {high:.0f} nm, which cover {left} of "
            f"the scene's {all_of_them} usable bands; at least {FEWEST_COMMON} and half of them are needed.",
            "Choose spectra that cover the scene, or fewer bands.",
        )
    dropped = [band for band, there in zip(scene.kept, common, strict=True) if not there]
    warnings.append(
        f"The spectra of {library} ({low:.0f} to {high:.0f} nm) do not cover {len(dropped)} of the scene's "
        f"{all_of_them} usable bands, which are left out: {named_bands(dropped)}."
    )
    scene.leave_out([band.number for band in dropped], f"not covered by {library}")
    return np.array(values)[:, common]


def _by_number(profile: Profile, scene: Scene, library: str) -> np.ndarray:
    """A profile without wavelengths, band by band: as many bands as the scene has, or as are used of it."""
    number_of = {int(number): value for number, value in zip(profile.centres, profile.values, strict=True)}
    kept = [band.number for band in scene.kept]
    if profile.numbered == len(scene.kept) < len(scene.bands) and len(number_of) == len(kept):
        return profile.values
    fits = profile.numbered == len(scene.bands) or max(number_of) > profile.numbered
    if fits and all(number in number_of for number in kept):
        return np.array([number_of[number] for number in kept])
    raise LibraryError(
        f"{library} has no wavelengths but {profile.numbered} bands, and the scene has {len(scene.bands)}, "
        "so its spectra have no place in the scene.",
        "Give the library's wavelengths (in its header, or in the first column of a table).",
    )


def _of_places(path: str, scene: Scene, pixels: np.ndarray, warnings: list[str]) -> dict[str, np.ndarray]:
    """The mean spectrum of the pixels in each place, by name; warns of places that are not pure."""
    variety = _spread(pixels)
    found: dict[str, list[np.ndarray]] = {}
    around: dict[str, list[np.ndarray]] = {}
    for name, geometry in _shapes(path, Grid.of(scene)):
        inside, near = _pixels_of(geometry, scene)
        found.setdefault(name, []).append(inside)
        around.setdefault(name, []).append(near)
    if not found:
        raise LibraryError(f"{os.path.basename(path)} holds no point and no polygon.", "Draw some.")
    means = {}
    for name, parts in found.items():
        values = np.concatenate(parts)
        if not len(values):
            raise LibraryError(
                f"The place {name} lies outside the scene or where it has no data.",
                "Draw it within the scene, and check the coordinate system of both.",
            )
        means[name] = values.mean(axis=0)
        seen = np.concatenate(around[name])
        spread = _spread(seen)
        if len(seen) > 1 and spread > IMPURE * variety:
            warnings.append(
                f"The place {name} may not be pure: its pixels differ by {spread:.3f} radians from their "
                f"mean, those of the whole scene by {variety:.3f}. Draw it smaller, or elsewhere."
            )
    return means


def _spread(pixels: np.ndarray) -> float:
    """The mean angle in radians between pixels (n, B) and their mean."""
    mean = pixels.mean(axis=0)
    lengths = np.linalg.norm(pixels, axis=1) * np.linalg.norm(mean)
    return float(np.arccos(np.clip(pixels @ mean / np.maximum(lengths, 1e-30), -1, 1)).mean())


def _shapes(path: str, grid: Grid) -> list[tuple[str, dict[str, Any]]]:
    """Points and polygons of a GeoJSON file by name, in pixels of the scene."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        crs = geojson_crs(document)
        shapes: list[tuple[str, dict[str, Any]]] = []
        for number, feature in enumerate(document["features"], 1):
            geometry = feature["geometry"]
            if not geometry:
                continue
            held = {key.lower(): value for key, value in (feature.get("properties") or {}).items()}
            name = next(
                (str(held[key]) for key in _NAMES if held.get(key) not in (None, "")), f"Place {number}"
            )
            for rings in polygons_of(geometry):
                moved = [in_pixels(ring, crs, grid).tolist() for ring in rings]
                shapes.append((name, {"type": "Polygon", "coordinates": moved}))
            for x, y in _points(geometry):
                xs, ys = to_crs(np.array([x], float), np.array([y], float), crs, grid.crs)
                cols, rows = grid.pixels(xs, ys)
                shapes.append((name, {"type": "Point", "coordinates": [float(cols[0]), float(rows[0])]}))
    except (
        OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError
    ) as error:  # fmt: skip
        raise LibraryError(
            f"The places {path} cannot be read: they are no GeoJSON.", "Give points or polygons as GeoJSON."
        ) from error
    except SceneError as error:
        raise LibraryError(error.text, error.remedy) from error
    return shapes


def _points(geometry: dict[str, Any]) -> list[tuple[float, float]]:
    if geometry["type"] == "Point":
        return [(geometry["coordinates"][0], geometry["coordinates"][1])]
    if geometry["type"] == "MultiPoint":
        return [(one[0], one[1]) for one in geometry["coordinates"]]
    return []


def _pixels_of(shape: dict[str, Any], scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """The pixels (n, B) of a shape, and those that tell whether it is pure: with a point, its neighbours."""
    corners = np.array(shape["coordinates"][0] if shape["type"] == "Polygon" else [shape["coordinates"]])
    nothing = np.zeros((0, len(scene.kept)), np.float32)
    if not np.isfinite(corners).all():
        return nothing, nothing
    margin = 1 if shape["type"] == "Point" else 0
    left, top = (np.floor(corners.min(axis=0)).astype(int) - margin).tolist()
    right, bottom = (np.floor(corners.max(axis=0)).astype(int) + 1 + margin).tolist()
    left, top, right, bottom = max(0, left), max(0, top), min(scene.cols, right), min(scene.rows, bottom)
    if left >= right or top >= bottom:
        return nothing, nothing
    if shape["type"] == "Point":
        cube, valid = scene.read(Window(left, top, right - left, bottom - top))
        col, row = (int(np.floor(one)) for one in shape["coordinates"])
        if not (0 <= col < scene.cols and 0 <= row < scene.rows and valid[row - top, col - left]):
            return nothing, nothing
        return cube[row - top, col - left][None], cube[valid]
    found: list[np.ndarray] = []
    for start in range(top, bottom, max(1, (1 << 16) // (right - left))):
        height = min(bottom - start, max(1, (1 << 16) // (right - left)))
        inside = _inside(shape, left, start, right - left, height)
        if inside.any():
            cube, valid = scene.read(Window(left, start, right - left, height))
            found.append(cube[valid & inside])
        if sum(map(len, found)) >= MOST_PIXELS:
            break
    pixels = np.concatenate(found)[:MOST_PIXELS] if found else nothing
    return pixels, pixels


def _inside(shape: dict[str, Any], left: int, top: int, width: int, height: int) -> np.ndarray:
    """Which pixels have their centre in a polygon; of one without any, those that it touches."""
    for touched in (False, True):
        burnt = rasterize(
            [shape], out_shape=(height, width), transform=Affine.translation(left, top), all_touched=touched,
            dtype="uint8",
        )  # fmt: skip
        if burnt.any():
            break
    return np.asarray(burnt > 0)
