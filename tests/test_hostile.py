"""Damaged and hostile files that were once a trouble, or are the classics: refused with a sentence.

More of them by the thousand: `make fuzz`.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from auvae.contract.errors import LibraryError, SceneError
from auvae.contract.library import read_library
from auvae.scene import files
from auvae.scene.scene import Scene

from fuzz.core_targets import TARGETS
from tests import products

PRISMA_FIELDS = "HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields"

CORPUS = Path(__file__).parent / "corpus"
FILES = [path for path in sorted(CORPUS.iterdir()) if path.name.split("~")[0] in TARGETS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_damaged_file_is_opened_or_refused_in_words(path, tmp_path):
    target = TARGETS[path.name.split("~")[0]]
    said = "Opened."
    try:
        target.feed(tmp_path, path.read_bytes())
    except target.errors as error:
        said = str(error)
    assert "Traceback" not in said
    assert said.endswith(".")


def test_no_name_from_a_file_becomes_html_a_formula_or_another_folder(unmix, write_raster, mixed, tmp_path):
    scene = write_raster(mixed(), name="=cmd()<script>alert(1)<.tif")
    unmix(scene)
    page = (tmp_path / "result" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert not (tmp_path / "result" / "endmembers.csv").read_text(encoding="utf-8").startswith("=")
    assert {path.name for path in tmp_path.iterdir()} == {"result", scene.name}


def test_a_scene_that_is_changed_while_it_is_unmixed_gives_no_result(unmix, write_raster, mixed, tmp_path):
    scene = write_raster(mixed())
    opened = Scene.read

    def change(self, window=None):
        scene.write_bytes(scene.read_bytes() + b"more")
        return opened(self, window)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scene, "read", change)
        with pytest.raises(Exception, match="was changed while it was read"):
            unmix(scene)
    assert not (tmp_path / "result").exists()


def test_a_member_of_an_archive_that_claims_more_than_the_disk_has_is_not_unpacked(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "product.zip", "w") as packed:
        packed.writestr("scene.he5", bytes(1000))
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: SimpleNamespace(free=999))
    with (
        pytest.raises(SceneError, match="more than the disk has left"),
        files.local(f"/vsizip/{tmp_path}/product.zip/scene.he5"),
    ):
        pass


@pytest.mark.parametrize("kind", ["prisma", "emit"])
def test_a_small_product_that_claims_a_swath_of_terabytes_takes_no_memory(kind, tmp_path):
    path = getattr(products, kind)(tmp_path)
    with h5py.File(path, "r+") as file:
        if kind == "emit":
            del file["reflectance"]
            file.create_dataset("reflectance", (10**5, 10**5, 40), np.float32, chunks=(8, 8, 10))
            file["location/glt_x"][:20] = 1
            file["location/glt_x"][20:] = 10**5
            file["location/glt_y"][:20] = 1
            file["location/glt_y"][20:] = 10**5
        else:
            del file[f"{PRISMA_FIELDS}/VNIR_Cube"]
            file.create_dataset(
                f"{PRISMA_FIELDS}/VNIR_Cube", (26, 10**6, 10**4), np.uint16, chunks=(8, 4, 30)
            )
    tracemalloc.start()
    with pytest.raises(SceneError, match="cannot be read"), Scene.open(path) as scene:
        scene.read()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100 * 2**20


def test_a_geopackage_that_computes_gigabytes_takes_no_memory(tmp_path):
    path = tmp_path / "library.gpkg"
    with sqlite3.connect(path) as database:
        database.executescript(
            "CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT);"
            "INSERT INTO gpkg_contents VALUES ('spectra', 'attributes');"
            "CREATE TABLE spectra (name TEXT, profiles TEXT AS ('{' || hex(zeroblob(100000000))));"
            "INSERT INTO spectra (name) VALUES ('a')"
        )
    tracemalloc.start()
    with pytest.raises(LibraryError, match="holds no spectra"):
        read_library(str(path))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10 * 2**20


# A library that does not come back holds Python's lock, so that nothing but the watchdog can end the process.
ENDLESS = """
import ctypes, sys
from auvae.command.main import main
from auvae.scene.sensors import hdf, prisma

hdf._PATIENCE_S = 0.5


prisma.Prisma = lambda *_: ctypes.PyDLL(None).sleep(60)
sys.exit(main(["inspect", sys.argv[1]]))
"""


def test_a_library_that_goes_round_for_ever_is_ended_by_the_watchdog(tmp_path):
    path = products.prisma(tmp_path)
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS, str(path)], capture_output=True, text=True, timeout=50, check=False
    )
    assert time.monotonic() - begun < 40
    assert done.returncode == 1
    # What the plugin knows it by: auvae_qgis/worker/death.py.
    assert [line for line in done.stderr.splitlines() if line.startswith("Timeout (")]
