"""Writes spectra as a library, whole or not at all: a table, an ENVI library, EnMAP-Box profiles."""

from __future__ import annotations

import csv
import json
import os
import re
import sqlite3
import struct
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..contract.errors import JobError, OutputError
from ..contract.names import plain_cell
from ..contract.result_document import read_document
from ..contract.result_files import FILES
from ..scene.grid import Grid, named_crs, to_crs
from ..scene.scene import Band
from .whole import written_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..scene.scene import Scene

LONGITUDE_LATITUDE = 4326
"""Where the EnMAP-Box keeps its profiles, and one of the systems that every GeoPackage knows."""

_GPKG, _GPKG_VERSION = 0x47504B47, 10200
# What a GeoPackage must hold (OGC 12-128r15, annex C); the text of 4326 as the standard gives it.
_SCHEMA = """
CREATE TABLE gpkg_spatial_ref_sys (
 srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
 organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
INSERT INTO gpkg_spatial_ref_sys VALUES
 ('Undefined cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined cartesian coordinate reference system'),
 ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
 ('WGS 84 geodetic', 4326, 'EPSG', 4326,
  'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],' ||
  'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",' ||
  '0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]', 'longitude/latitude');
CREATE TABLE gpkg_contents (
 table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
 description TEXT DEFAULT '', last_change DATETIME NOT NULL, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE,
 max_y DOUBLE, srs_id INTEGER,
 CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
 table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
 srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
 CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name));
CREATE TABLE layer_styles (
 id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
 f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
 useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME);
"""
_TABLE = "endmembers"
# The EnMAP-Box knows a field of profiles by its editor widget (qps.speclib.core.is_profile_field).
_STYLE = (
    '<qgis version="3.22.0" styleCategories="Forms|Fields"><fieldConfiguration><field name="profiles">'
    '<editWidget type="SpectralProfile"><config><Option/></config></editWidget></field>'
    "</fieldConfiguration></qgis>"
)


@dataclass(frozen=True)
class Axis:
    """What a library says of its spectra: as a `Scene` does, of the bands that are kept."""

    name: str
    kept: tuple[Band, ...]
    wavelengths: np.ndarray | None
    unit: str
    reflectance_scale: float | None


def read_spectra(result: str) -> tuple[Axis, list[str], np.ndarray]:
    """The endmembers of a result folder: what they are over, their names and spectra ``(K, B)``.

    Raises JobError where the folder is no result.
    """
    folder = Path(result)
    try:
        document = read_document(folder)
        names = [one["name"] for one in document["endmembers"]]
        kept = tuple(
            Band(one["number"], one["wavelength_nm"], one["fwhm_nm"], kept=True, reason="")
            for one in document["bands"]
            if one["kept"]
        )
        with (folder / FILES["endmembers"]).open(newline="", encoding="utf-8") as file:
            table = np.array([row[1:] for row in list(csv.reader(file))[1:]], float)
        if table.shape != (len(kept), len(names)):
            raise ValueError
        known = [band.wavelength for band in kept if band.wavelength is not None]
        scale = re.fullmatch(r"Reflectance(?: × (\S+))?", document["unit"])
        axis = Axis(
            document["scene"]["name"], kept, np.array(known) if len(known) == len(kept) else None,
            document["unit"], float(scale[1] or 1) if scale else None,
        )  # fmt: skip
    except (
        OSError, ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError
    ) as error:  # fmt: skip
        raise JobError(
            f"{result} is no result folder, or it is damaged.", "Choose the folder with result.json in it."
        ) from error
    return axis, names, table.T


def write_endmembers(path: Path, names: Sequence[str], endmembers: np.ndarray, scene: Scene | Axis) -> None:
    """Write endmembers (K, B) as CSV: a row a kept band; wavelength in nm (or band number), then each."""
    spectra = np.asarray(endmembers, np.float32)
    if scene.wavelengths is not None:
        head, first = "wavelength_nm", [repr(float(value)) for value in scene.wavelengths]
    else:
        head, first = "band", [str(band.number) for band in scene.kept]
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([head, *map(plain_cell, names)])
        rows.writerows([label, *map(str, values)] for label, values in zip(first, spectra.T, strict=True))


def write_library(path: Path, names: Sequence[str], endmembers: np.ndarray, scene: Scene | Axis) -> None:
    """Write endmembers (K, B) as an ENVI spectral library: `path` (.sli) and the header (.hdr) beside it.

    Reflectance from 0 to 1 where the scene's scale is known: other programs ignore a scale in the header.
    """
    spectra = np.ascontiguousarray(np.asarray(endmembers) / (scene.reflectance_scale or 1.0), "<f4")
    path.write_bytes(spectra.tobytes())
    listed = ", ".join(re.sub(r"[{},\r\n]", " ", name) for name in names)
    lines = [
        "ENVI",
        "description = {Endmembers found by AUVAE-Net}",
        f"samples = {spectra.shape[1]}",
        f"lines = {spectra.shape[0]}",
        "bands = 1",
        "header offset = 0",
        "file type = ENVI Spectral Library",
        "data type = 4",
        "interleave = bsq",
        "byte order = 0",
        f"spectra names = {{{listed}}}",
    ]
    if scene.wavelengths is not None:
        lines += [
            "wavelength units = Nanometers",
            f"wavelength = {{{', '.join(repr(float(value)) for value in scene.wavelengths)}}}",
        ]
        widths = [band.fwhm for band in scene.kept]
        if all(width is not None for width in widths):
            lines.append(f"fwhm = {{{', '.join(map(repr, widths))}}}")
    if scene.reflectance_scale is not None:
        lines.append("reflectance scale factor = 1")
    path.with_suffix(".hdr").write_text("\n".join(lines) + "\n", encoding="utf-8")


def save_library(
    path: Path,
    job_id: str,
    names: Sequence[str],
    spectra: np.ndarray,
    scene: Scene | Axis,
    places: np.ndarray | None,
) -> list[Path]:
    """Write spectra as a library, in the format that the ending of `path` names.

    Args:
        path: the file, .csv, .sli or .gpkg.
        job_id: of the job.
        names: of the spectra.
        spectra: (K, B) in the scene's kept bands.
        scene: that they are of.
        places: rows and cols (K, 2) of the pixels they are, None where they are none.

    Returns:
        The files written, that of `path` last.

    Raises:
        OutputError: one of them cannot be written.
    """
    path = Path(os.path.abspath(path))
    ending = path.suffix.lower()
    header = path.with_suffix(".hdr")
    try:
        with ExitStack() as stack:
            staged = stack.enter_context(written_whole(path, job_id))
            if ending == ".csv":
                write_endmembers(staged, names, spectra, scene)
            elif ending == ".sli":
                stack.enter_context(written_whole(header, job_id))
                write_library(staged, names, spectra, scene)
            else:
                _write_profiles(staged, names, spectra, scene, places)
    except sqlite3.Error as error:
        raise OutputError(f"{path} could not be written: {error}.", "Choose another folder.") from error
    return [header, path] if ending == ".sli" else [path]


def _ground(scene: Scene | Axis, places: np.ndarray | None) -> np.ndarray | None:
    """Longitude and latitude ``(K, 2)`` of pixels, None where they have none."""
    if places is None or isinstance(scene, Axis):
        return None
    grid = Grid.of(scene)
    if grid.crs is None or not grid.placed:
        return None
    ground = grid.ground(places[:, 1] + 0.5, places[:, 0] + 0.5)
    return np.column_stack(to_crs(*ground, grid.crs, named_crs(f"EPSG:{LONGITUDE_LATITUDE}")))


def _write_profiles(
    path: Path,
    names: Sequence[str],
    spectra: np.ndarray,
    scene: Scene | Axis,
    places: np.ndarray | None,
) -> None:
    """A GeoPackage of one table: name, source, and a profile as JSON {x, y, xUnit, yUnit, bbl}.

    It has points even where no spectrum lies anywhere: QGIS applies the style, by which the EnMAP-Box knows
    the profiles, to no table without geometry.
    """
    points = _ground(scene, places)
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(_SCHEMA)
        database.execute(f"PRAGMA application_id = {_GPKG}")
        database.execute(f"PRAGMA user_version = {_GPKG_VERSION}")
        database.execute(
            f"CREATE TABLE {_TABLE} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, name TEXT, "
            "source TEXT, profiles TEXT)"
        )
        box = [None] * 4 if points is None else [*points.min(axis=0), *points.max(axis=0)]
        database.execute(
            "INSERT INTO gpkg_contents VALUES (?, 'features', ?, '', ?, ?, ?, ?, ?, ?)",
            (_TABLE, _TABLE, now, *box, LONGITUDE_LATITUDE),
        )
        database.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'POINT', ?, 0, 0)",
            (_TABLE, LONGITUDE_LATITUDE),
        )
        database.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
            "styleName, styleQML, useAsDefault, update_time) VALUES ('', '', ?, 'geom', 'profiles', ?, 1, ?)",
            (_TABLE, _STYLE, now),
        )
        database.executemany(
            f"INSERT INTO {_TABLE} (geom, name, source, profiles) VALUES (?, ?, ?, ?)",  # noqa: S608  constant
            [
                (
                    None if points is None else _point(*points[index]),
                    name,
                    scene.name,
                    json.dumps(_profile(spectrum, scene)),
                )
                for index, (name, spectrum) in enumerate(zip(names, spectra, strict=True))
            ],
        )


def _profile(spectrum: np.ndarray, scene: Scene | Axis) -> dict[str, object]:
    """A spectrum as the EnMAP-Box writes it: reflectance where it is known, all bands good."""
    scale = scene.reflectance_scale
    y = np.asarray(spectrum, float) / (scale or 1.0)
    known = scene.wavelengths is not None
    x = [band.wavelength if known else band.number for band in scene.kept]
    return {
        "y": [float(f"{value:.7g}") for value in y],
        "x": x,
        "xUnit": "nm" if known else "Band Number",
        "yUnit": "Reflectance" if scale is not None else scene.unit,
        "bbl": [1] * len(x),
    }


def _point(x: float, y: float) -> bytes:
    """A point as GeoPackages store it: their header, then well-known binary."""
    return b"GP\x00\x01" + struct.pack("<i", LONGITUDE_LATITUDE) + struct.pack("<BIdd", 1, 1, x, y)
