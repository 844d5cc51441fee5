"""What the core reads from elsewhere: scenes of every kind, models, jobs. One function a kind of file."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import rasterio
from auvae.contract import jobs
from auvae.contract.errors import AuvaeError
from auvae.contract.jobs import KnownChoice, ScenesJob
from auvae.endmembers.sampling import sample_patches
from auvae.mapping.checkpoint import Checkpoint
from auvae.network import model_file
from auvae.result.library_file import read_spectra, save_library
from auvae.scene.grid import Grid
from auvae.scene.mask import open_mask
from auvae.scene.scene import Scene
from auvae.scenes.run_folder import FOLDER, RunFolder
from auvae.spectra.known import known_spectra
from rasterio.windows import Window

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
        bands = [{"center_wavelength": band / 10, "full_width_half_max": 0.01} for band in range(4, 12)]
        item = {"stac_version": "1.0.0", "assets": {"image": {"href": "scene.tif", "eo:bands": bands}}}
        (place / "scene.json").write_text(json.dumps(item), encoding="utf-8")
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
    """A job of every kind."""
    shared = {"schema": 1, "id": "0123abcd"}
    selection = {"water_bands": "auto", "mask": None, "extent": {"bounds": [0, 0, 1, 1], "crs": "EPSG:4326"}}
    scene = {
        **shared, "scene": "/data/scene.img", "bands": [1, 2, 3], "seed": 0, "device": "cpu",
        "selection": selection,
    }  # fmt: skip
    known = {"library": "/data/a.sli", "names": ["soil"], "places": "/data/b.geojson", "freedom": 0.0}
    several = {key: value for key, value in scene.items() if key != "scene"}
    unmix = {"endmembers": 4, "quality": "draft", "brightness": "automatic", "output": "/data/result"}
    kinds = (
        {**scene, **unmix, "task": "unmix", "variant": "auvae-net", "known": known, "model": None,
         "colors_of": ["/data/earlier"]},
        {**scene, "task": "count", "report": None},
        {**scene, "task": "inspect", "report": "/data/a.html", "table": None},
        {**scene, "task": "apply", "bands": None, "model": "/data/model.auvae", "output": "/data/result",
         "brightness": "automatic"},
        {**scene, "task": "fcls", "known": known, "sum_to_one": True, "colors_of": [],
         "output": "/data/result"},
        {**scene, "task": "extract", "endmembers": 4, "method": "vca", "library": "/data/pure.gpkg"},
        {**scene, "task": "purity", "projections": 100, "threshold": 2.5, "map": "/data/purity.tif"},
        {**shared, "task": "export", "result": "/data/result", "library": "/data/endmembers.gpkg"},
        {
            **several, **unmix, "task": "unmixscenes", "scenes": ["/data/a.img", "/data/b.img"],
            "models": "one", "run_on": "tcp://host:8786", "cpu_workers": False,
        },
        {**shared, "task": "cluster", "run_on": "tls://host:8786"},
    )  # fmt: skip
    return [json.dumps(kind).encode() for kind in kinds]


def _job(_place: Path, content: bytes) -> None:
    """As the worker reads a line: what is no JSON it refuses itself."""
    document = None
    with contextlib.suppress(ValueError, RecursionError):
        document = json.loads(content)
    jobs.parse(document)


_VRT = b"".join(
    [b'<VRTDataset rasterXSize="5" rasterYSize="6">']
    + [
        b'<VRTRasterBand dataType="Int16" band="%d"><SimpleSource><SourceFilename relativeToVRT="1">scene.tif'
        b"</SourceFilename><SourceBand>%d</SourceBand></SimpleSource></VRTRasterBand>" % (band, band + 2)
        for band in (1, 2, 3)
    ]
    + [b"</VRTDataset>"]
)


def _virtual(place: Path, content: bytes) -> None:
    shutil.copy(_made("geotiff")[0], place / "scene.tif")
    (place / "some.vrt").write_bytes(content)
    _opened(place / "some.vrt")


# ---- attributes of HDF5 products, as lines: a damaged file is seldom a file with damaged attributes


def _attribute_seeds(kind: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        lines: list[str] = []

        def visit(name: str, item: Any) -> None:
            plain = {key: value for key, value in item.attrs.items() if not key.endswith("_LIST")}
            lines.extend(f"{name}@{key}={_as_text(value)}" for key, value in plain.items())
            if isinstance(item, h5py.Dataset) and item.ndim == 1:
                lines.append(f"{name}={_as_text(item[:])}")

        with h5py.File(_made(kind)[0]) as file:
            visit("/", file)
            file.visititems(visit)
        return ["\n".join(lines).encode()]

    return seeds


def _as_text(value: Any) -> str:
    return str(value) if isinstance(value, (str, bytes)) else " ".join(f"{one:g}" for one in np.ravel(value))


def _attributes(kind: str) -> Callable[[Path, bytes], None]:
    def feed(place: Path, content: bytes) -> None:
        original = _made(kind)[0]
        path = place / original.name
        shutil.copy(original, path)
        with h5py.File(path, "r+") as file:
            for line in content.decode("utf-8", "replace").split("\n"):
                where, _, text = line.partition("=")
                name, _, key = where.partition("@")
                with contextlib.suppress(KeyError, ValueError, TypeError, RuntimeError, OSError):
                    value = _from_text(text)
                    if key:
                        file[name].attrs[key] = value
                    elif isinstance(file.get(name), h5py.Dataset):
                        del file[name]
                        file[name] = value
        _opened(path)

    return feed


def _from_text(text: str) -> Any:
    try:
        return np.array([float(one) for one in text.split()])
    except ValueError:
        return text


# ---- what stands beside scenes


def _archive_seeds() -> list[bytes]:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(_made("geotiff")[0], "folder/scene.tif")
    return [memory.getvalue()]


def _archive(place: Path, content: bytes) -> None:
    path = place / "scene.zip"
    path.write_bytes(content)
    _opened(path)


_GEOJSON = {
    "type": "FeatureCollection",
    "crs": {"type": "name", "properties": {"name": "EPSG:32632"}},
    "features": [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": kind, "coordinates": coordinates},
        }
        for name, kind, coordinates in (
            ("soil", "Point", [565050.0, 5339950.0]),
            ("tree", "MultiPoint", [[565050.0, 5339950.0], [565020.0, 5339980.0]]),
            (
                "road",
                "Polygon",
                [[[565000, 5340000], [565100, 5340000], [565100, 5339900], [565000, 5340000]]],
            ),
        )
    ],
}


def _within(read: Callable[[Path, Scene], object], ending: str) -> Callable[[Path, bytes], None]:
    """Feed a file that is read together with a scene."""

    def feed(place: Path, content: bytes) -> None:
        path = place / f"file{ending}"
        path.write_bytes(content)
        with Scene.open(_made("geotiff")[0]) as scene:
            read(path, scene)

    return feed


def _mask(path: Path, scene: Scene) -> None:
    mask = open_mask(str(path), Grid.of(scene))
    try:
        mask.read(Window(0, 0, scene.cols, scene.rows))
    finally:
        mask.close()


def _places(path: Path, scene: Scene) -> None:
    known_spectra(KnownChoice(places=str(path)), scene)


def _library(path: Path, scene: Scene) -> None:
    if path.suffix == ".hdr":
        path.with_suffix(".sli").write_bytes(np.linspace(0, 1, 10, dtype="<f4").tobytes())
    known_spectra(KnownChoice(library=str(path)), scene)


def _library_seeds(ending: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        with tempfile.TemporaryDirectory(prefix="auvae-fuzz-seed-") as folder:
            path = Path(folder, f"library{ending}")
            with Scene.open(_made("geotiff")[0]) as scene:
                cube, _ = scene.read()
                save_library(path, "0abc", ["soil", "tree"], cube[:2, 0], scene, np.array([[0, 0], [1, 0]]))
            return [path.read_bytes()]

    return seeds


_SLI = (
    b"ENVI\nsamples = 5\nlines = 2\nbands = 1\nheader offset = 0\nfile type = ENVI Spectral Library\n"
    b"data type = 4\ninterleave = bsq\nbyte order = 0\nspectra names = {a, b}\nwavelength units = Nanometers\n"
    b"wavelength = {50, 300, 500, 700, 1200}\nreflectance scale factor = 10000\nbbl = {1, 1, 1, 1, 1}\n"
)
_TEXTS = [
    b"Wavelength (um);tree\n0,4;1,5\n0,7;2,5\n1,1;2,5\n",
    b"# a comment\n400\t1\t2\n500\t3\t4\n",
    b"id,species,400,750,1100\n1,grass,0.1,0.2,0.3\n2,soil,0.2,0.3,0.4\n",
    b"Name: soil\nX Units: Wavelength (micrometers)\nY Units: Reflectance (percent)\n\n0.4\t1\n0.5\t2\n",
    b"nm,a,nm,b\n400,0.1,410,0.2\n500,0.2,510,0.3\n",
]
_PROFILES = (
    b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": null, "properties": {"name": '
    b'"soil", "profile": {"x": [50, 400, 1200], "y": [0.1, 0.2, 0.3], "xUnit": "nm", "bbl": [1, 1, 1]}}}]}'
)


# ---- what the core itself left: a disk may fail, and a folder come from anywhere


def _result(name: str) -> Target:
    """A result whose endmembers are exported, with one of its files exchanged."""
    original = next(FIXTURES.glob("*/result"))

    def feed(place: Path, content: bytes) -> None:
        for file in ("result.json", "endmembers.csv"):
            (place / file).write_bytes(content if file == name else (original / file).read_bytes())
        axis, names, spectra = read_spectra(str(place))
        save_library(place / "library.sli", "0abc", names, spectra, axis, None)

    return Target(lambda: [(original / name).read_bytes()], feed, text=True, errors=(AuvaeError,))


def _checkpoint(name: str) -> Target:
    def files() -> dict[str, bytes]:
        with tempfile.TemporaryDirectory(prefix="auvae-fuzz-seed-") as folder:
            sums = {"pixels": np.array(7), "sums": np.arange(4.0)}
            Checkpoint("0abc", 256, {"endmembers": 3, "moves": []}, sums).write(Path(folder))
            return {path.name: path.read_bytes() for path in Path(folder).iterdir()}

    def feed(place: Path, content: bytes) -> None:
        for file, held in files().items():
            (place / file).write_bytes(content if file == name else held)
        found = Checkpoint.read(place)
        if found is not None and not isinstance(found.training, dict):
            raise AssertionError("it promises what it is not")

    return Target(lambda: [files()[name]], feed, text=name.endswith(".json"), errors=())


def _run_mark(place: Path, content: bytes) -> None:
    """The mark of a run over many scenes, and a result that may be of it."""
    work = place / "results" / FOLDER
    work.mkdir(parents=True)
    (work / "run.json").write_bytes(content)
    task = ScenesJob("0abc", (str(place / "a.img"),), 3, str(place / "results"))
    with RunFolder(task, ["a"]) as workplace:
        (place / "results" / "a").mkdir()
        (place / "results" / "a" / "result.json").write_bytes(content)
        workplace.result(0)


def _read(seeds: Callable[[], list[bytes]], feed: Callable[[Path, bytes], object], **other: Any) -> Target:
    return Target(seeds, feed, **{"text": True, "errors": (AuvaeError,), **other})


HDF5_PATIENCE = 5.0  # seconds; in a run it is a minute

TARGETS = {
    "ENVI header": _read(_seed("envi", ".hdr"), _beside("envi", ".hdr")),
    "GeoTIFF": _read(_seed("geotiff", ".tif"), _beside("geotiff", ".tif"), text=False),
    "GeoTIFF tags": _read(_seed("geotiff", ".tif"), _beside("geotiff", ".tif")),
    "METADATA.XML, EnMAP": _read(_seed("enmap", ".xml"), _beside("enmap", ".xml")),
    "METADATA.XML, DESIS": _read(_seed("desis", ".xml"), _beside("desis", ".xml")),
    "PRISMA .he5": _read(
        _seed("prisma", ".he5"), _beside("prisma", ".he5"), text=False, patience=HDF5_PATIENCE
    ),
    "PRISMA attributes": _read(_attribute_seeds("prisma"), _attributes("prisma")),
    "EMIT .nc": _read(_seed("emit", ".nc"), _beside("emit", ".nc"), text=False, patience=HDF5_PATIENCE),
    "EMIT attributes": _read(_attribute_seeds("emit"), _attributes("emit")),
    "cube .nc": _read(_seed("cube", ".nc"), _beside("cube", ".nc"), text=False, patience=HDF5_PATIENCE),
    "Tanager attributes": _read(_attribute_seeds("tanager"), _attributes("tanager")),
    "STAC item": _read(_seed("geotiff", ".json"), _beside("geotiff", ".json")),
    "virtual raster": _read(lambda: [_VRT], _virtual),
    "archive .zip": _read(_archive_seeds, _archive, text=False),
    "mask .geojson": _read(lambda: [json.dumps(_GEOJSON).encode()], _within(_mask, ".geojson")),
    "mask .tif": _read(_seed("geotiff", ".tif"), _within(_mask, ".tif"), text=False),
    "places .geojson": _read(lambda: [json.dumps(_GEOJSON).encode()], _within(_places, ".geojson")),
    "known .hdr": _read(lambda: [_SLI], _within(_library, ".hdr")),
    "known .csv": _read(_library_seeds(".csv"), _within(_library, ".csv")),
    "known .txt": _read(lambda: _TEXTS, _within(_library, ".txt")),
    "known .geojson": _read(lambda: [_PROFILES], _within(_library, ".geojson")),
    "known .gpkg": _read(_library_seeds(".gpkg"), _within(_library, ".gpkg"), text=False),
    "model.auvae": _read(_model_seeds, _model),
    "job": _read(_job_seeds, _job),
    "result.json, exported": _result("result.json"),
    "endmembers.csv, exported": _result("endmembers.csv"),
    "journal.json": _checkpoint("journal.json"),
    "journal.npz": _checkpoint("256-journal.npz"),
    "run.json": _read(lambda: [b'{"mark": "0abc", "format": "auvae-result"}'], _run_mark),
}
