"""What the core reads from elsewhere: scenes of every kind, models, jobs. One function a kind of file."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import rasterio
from auvae import job, model_file
from auvae.errors import AuvaeError
from auvae.sampling import sample_patches
from auvae.scene import Scene

from tests import products

from .target import Target

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
MOST_PATCHES = 2


def _opened(path: Path) -> None:
    """All that a job does with a scene before it trains, and some of the pixels."""
    with Scene.open(path) as scene:
        scene.check(2)
        for number, _ in enumerate(sample_patches(scene, 0), 1):
            if number >= MOST_PATCHES:
                return


@cache
def _made(kind: str) -> tuple[Path, tempfile.TemporaryDirectory[str]]:
    folder = tempfile.TemporaryDirectory(prefix="auvae-fuzz-seed-")
    place = Path(folder.name)
    if kind == "envi":
        cube = (products.reflectances(np.linspace(400, 2400, 12), 6, 5) * 1e4).astype(np.int16)
        waves = ", ".join(f"{one:.1f}" for one in np.linspace(400, 2400, 12))
        header = (
            f"wavelength units = Nanometers\nwavelength = {{{waves}}}\nbbl = {{{', '.join('1' * 12)}}}\n"
            f"fwhm = {{{', '.join(['10.5'] * 12)}}}\ndata ignore value = -9999\n"
            "reflectance scale factor = 10000\nmap info = {UTM, 1, 1, 565000, 5340000, 30, 30, 32, North}\n"
            "default bands = {1, 2, 3}\nband names = {a, b, c, d, e, f, g, h, i, j, k, l}"
        )
        return products.envi(place / "scene.img", cube, header), folder
    if kind == "geotiff":
        path = place / "scene.tif"
        cube = (products.reflectances(np.linspace(400, 2400, 8), 6, 5) * 1e4).astype(np.int16)
        products.write_image(path, cube, -9999)
        with rasterio.open(path, "r+") as raster:
            raster.update_tags(wavelength="{400,500,600,700,800,900,1000,1100}", wavelength_units="nm")
            for band in range(1, 9):
                raster.update_tags(band, ns="IMAGERY", CENTRAL_WAVELENGTH_UM=str(band / 10), FWHM_UM="0.01")
        return path, folder
    return getattr(products, kind)(place), folder


def _beside(kind: str, changed: str) -> Callable[[Path, bytes], None]:
    """Feed a product, one of whose files (the ending says which) is exchanged."""

    def feed(place: Path, content: bytes) -> None:
        original = _made(kind)[0]
        for file in original.parent.iterdir():
            target = place / file.name
            if file.name.lower().endswith(changed):
                target.write_bytes(content)
            else:
                shutil.copy(file, target)
        _opened(place / original.name)

    return feed


def _seed(kind: str, changed: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        folder = _made(kind)[0].parent
        found = [file.read_bytes() for file in folder.iterdir() if file.name.lower().endswith(changed)]
        # The names in a real header matter, so they are often exchanged; whole files stay small.
        return sorted(found)

    return seeds


def _model_seeds() -> list[bytes]:
    content = next(FIXTURES.glob("*/result/model.auvae")).read_bytes()
    return [content, content[:4096]]


def _model(place: Path, content: bytes) -> None:
    path = place / "model.auvae"
    path.write_bytes(content)
    model_file.read_model(str(path))


def _job_seeds() -> list[bytes]:
    shared = {
        "schema": 1,
        "id": "0123abcd",
        "scene": "/data/scene.img",
        "bands": [1, 2, 3],
        "seed": 0,
        "device": "cpu",
    }
    selection = {"water_bands": "auto", "mask": None, "extent": {"bounds": [0, 0, 1, 1], "crs": "EPSG:4326"}}
    unmix = {
        "task": "unmix", "endmembers": 4, "quality": "draft", "variant": "auvae-net", "output": "/data/result",
    }  # fmt: skip
    return [
        json.dumps({**shared, "selection": selection, **other}).encode()
        for other in (
            unmix,
            {"task": "count", "report": None},
            {"task": "inspect", "report": "/data/a.html", "table": None},
        )
    ]


def _job(_place: Path, content: bytes) -> None:
    """As the worker reads a line: what is no JSON it refuses itself."""
    document = None
    with contextlib.suppress(ValueError, RecursionError):
        document = json.loads(content)
    job.parse(document)


TARGETS = {
    "ENVI header": Target(_seed("envi", ".hdr"), _beside("envi", ".hdr"), text=True, errors=(AuvaeError,)),
    "GeoTIFF": Target(_seed("geotiff", ".tif"), _beside("geotiff", ".tif"), text=False, errors=(AuvaeError,)),
    "GeoTIFF tags": Target(
        _seed("geotiff", ".tif"), _beside("geotiff", ".tif"), text=True, errors=(AuvaeError,)
    ),
    "METADATA.XML, EnMAP": Target(
        _seed("enmap", ".xml"), _beside("enmap", ".xml"), text=True, errors=(AuvaeError,)
    ),
    "METADATA.XML, DESIS": Target(
        _seed("desis", ".xml"), _beside("desis", ".xml"), text=True, errors=(AuvaeError,)
    ),
    "PRISMA .he5": Target(
        _seed("prisma", ".he5"), _beside("prisma", ".he5"), text=False, errors=(AuvaeError,)
    ),
    "EMIT .nc": Target(_seed("emit", ".nc"), _beside("emit", ".nc"), text=False, errors=(AuvaeError,)),
    "model.auvae": Target(_model_seeds, _model, text=True, errors=(AuvaeError,)),
    "job": Target(_job_seeds, _job, text=True, errors=(AuvaeError,)),
}
