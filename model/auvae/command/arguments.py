"""Arguments that several tasks share: how they are declared, and what they mean in a job."""

from __future__ import annotations

import argparse
import os
import uuid
from typing import Any

from ..contract.choices import AUTOMATIC, BRIGHTNESS, DEVICES, ONE_DEVICE, WATER_BANDS
from ..contract.errors import JobError
from ..contract.jobs import KnownChoice
from ..contract.selection import Selection

_PROTOCOL = "print events as JSON lines (see docs/worker-protocol.md)"


def add_json(parser: argparse.ArgumentParser) -> None:
    """Declare in which form the command reports."""
    parser.add_argument("--json", action="store_true", help=_PROTOCOL)


def add_bands(parser: argparse.ArgumentParser) -> None:
    """Declare which bands."""
    parser.add_argument(
        "--bands", metavar="LIST", help="band numbers such as 1-50,60 (default: every good band)"
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Declare where random numbers start."""
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same result (default 0)")


def add_device(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Declare what to compute on; `several` where the task can use all graphics cards at once."""
    if several:
        text = "all-gpus trains on all CUDA cards of a computer together (default auto)"
        parser.add_argument("--device", default="auto", choices=DEVICES, help=text)
    else:
        parser.add_argument("--device", default="auto", choices=ONE_DEVICE)


def add_brightness(parser: argparse.ArgumentParser, default: str = AUTOMATIC) -> None:
    """Declare how brightness is read."""
    parser.add_argument(
        "--brightness", default=default, choices=BRIGHTNESS,
        help="areas: dark pixels hold dark materials; fixed: and all are equally lit; shapes: they are in "
        "the shade; automatic: what the scene shows (default %(default)s)",
    )  # fmt: skip


def add_colors(parser: argparse.ArgumentParser) -> None:
    """Declare from which results colours are taken."""
    parser.add_argument(
        "--colors-of", action="append", default=[], metavar="DIR",
        help="an earlier result: materials that are found again, by spectral angle, keep its colours; may be "
        "repeated",
    )  # fmt: skip


def add_known(parser: argparse.ArgumentParser) -> None:
    """Declare spectra that are known."""
    parser.add_argument(
        "--known", metavar="FILE",
        help="spectra that are known: an ENVI library (.sli), a table (.csv), or profiles of the EnMAP-Box "
        "(.gpkg, .geojson)",
    )  # fmt: skip
    parser.add_argument(
        "--known-name", action="append", default=[], metavar="NAME",
        help="take this spectrum of the library; once for each (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--known-places", metavar="FILE.geojson",
        help="points or polygons where a known material is pure; their property name is its name",
    )  # fmt: skip


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Declare which part of a scene."""
    parser.add_argument(
        "--water-bands", default="auto", choices=WATER_BANDS,
        help="bands near 1400 and 1900 nm, where water vapour absorbs: drop or keep them; auto drops those "
        "that are mostly noise (default)",
    )  # fmt: skip
    parser.add_argument(
        "--mask", metavar="FILE", help="a raster, not zero where to look, or polygons as GeoJSON; any CRS"
    )
    parser.add_argument(
        "--extent", metavar="XMIN,YMIN,XMAX,YMAX", help="look only there (write --extent=-5,... for a minus)"
    )
    parser.add_argument(
        "--extent-crs", default="", metavar="CRS", help="such as EPSG:4326 (default: the scene's own)"
    )
    parser.add_argument(
        "--no-data", action="append", default=[], metavar="VALUE[,VALUE]",
        help="a value, or all from one to another, that stands for no data, beside those the file declares; "
        "may be repeated (write --no-data=-9999 for a minus)",
    )  # fmt: skip
    parser.add_argument(
        "--crs", default="", metavar="CRS", help="the scene's coordinate system, whatever its file says"
    )
    parser.add_argument(
        "--keep-fill", action="store_true",
        help="keep pixels that hold one impossible value, such as -9999, in all bands; they are left out as "
        "no-data that nobody declared (default)",
    )  # fmt: skip


def new_id() -> str:
    """An id that no other job has."""
    return uuid.uuid4().hex


def existing(path: str) -> str:
    """A file's absolute path; another name that GDAL knows unchanged."""
    return os.path.abspath(path) if os.path.exists(path) else path


def scene(path: str) -> str:
    """A scene's absolute path, or another name that GDAL knows.

    Raises:
        JobError: it is a file, and there is none: no need to load what reads rasters.
    """
    if not os.path.exists(path) and ":" not in path[2:] and not path.startswith("/vsi"):
        raise JobError(f"There is no file {path}.", "Check the path of the raster.")
    return existing(path)


def optional_file(path: str | None) -> str | None:
    """The absolute path of a file to write, None for none."""
    return None if path is None else os.path.abspath(path)


def colors_of(given: argparse.Namespace) -> tuple[str, ...]:
    """The result folders that `add_colors` declares."""
    return tuple(os.path.abspath(folder) for folder in given.colors_of)


def bands(given: argparse.Namespace) -> tuple[int, ...] | None:
    """The band numbers that `add_bands` declares: 1-3,7 as (1, 2, 3, 7); None for every good band."""
    if given.bands is None:
        return None
    numbers: list[int] = []
    for part in given.bands.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            raise JobError(f"{part.strip()!r} is no band number.", "Give numbers such as 1-50,60.")
        numbers.extend(range(int(first), int(last or first) + 1))
    return tuple(numbers)


def known(given: argparse.Namespace, freedom: float) -> KnownChoice | None:
    """The known spectra that `add_known` declares, None where none are given."""
    if given.known is None and given.known_places is None:
        return None
    library, places = (None if path is None else existing(path) for path in (given.known, given.known_places))
    return KnownChoice(library, tuple(given.known_name), places, freedom)


def selection(given: argparse.Namespace) -> Selection:
    """The part of a scene that `add_selection` declares."""
    return Selection.parse(
        {
            "water_bands": given.water_bands,
            "mask": None if given.mask is None else existing(given.mask),
            "extent": None if given.extent is None else _extent(given.extent, given.extent_crs),
            "no_data": [_range(text) for text in given.no_data],
            "crs": given.crs,
            "keep_fill": given.keep_fill,
        }
    )


def _range(text: str) -> list[float]:
    """A range of values from "-9999" or "-9999,-9000"."""
    try:
        values = [float(cell) for cell in text.split(",")]
        low, high = values if len(values) > 1 else values * 2
    except ValueError as error:
        raise JobError(f"{text!r} is no value and no range.", "Give -9999, or -9999,-9000.") from error
    return [low, high]


def _extent(text: str, crs: str) -> dict[str, Any]:
    try:
        return {"bounds": [float(cell) for cell in text.split(",")], "crs": crs}
    except ValueError as error:
        raise JobError(f"{text!r} is no extent.", "Give four numbers: XMIN,YMIN,XMAX,YMAX.") from error
