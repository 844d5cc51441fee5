"""What the core's tests share: small scenes, jobs, and the command run as a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MODEL = Path(__file__).resolve().parent.parent / "model"

if importlib.util.find_spec("rasterio") is None:  # a bare machine with a graphics card, or QGIS's own Python
    collect_ignore = [
        path.name
        for path in Path(__file__).parent.glob("test_*.py")
        if "pytest.mark.card" not in path.read_text(encoding="utf-8")
    ]


@pytest.fixture(scope="session")
def simulated(tmp_path_factory):
    """A small ENVI scene with known truth; tests read it and never change it."""
    from auvae.simulation.simulate import Recipe, simulate

    path = tmp_path_factory.mktemp("simulated") / "scene.img"
    simulate(path, Recipe(endmembers=3, rows=30, cols=37, bands=40, seed=1))
    return path


@pytest.fixture
def write_raster(tmp_path):
    """Write a cube (rows, cols, bands) to a raster named `name` in the test's folder."""
    # Imported here: the plugin's tests run under this file too, where there is no rasterio.
    import numpy as np
    import rasterio
    from rasterio.transform import Affine

    north_up = Affine(30.0, 0.0, 565000.0, 0.0, -30.0, 5340000.0)

    def write(cube, name="scene.tif", band_tags=None, tags=None, descriptions=None, gcps=None, **profile):
        rows, cols, count = cube.shape
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        profile = {"driver": "GTiff", "crs": "EPSG:32632", "transform": north_up, **profile}
        with rasterio.open(
            path, "w", width=cols, height=rows, count=count, dtype=cube.dtype, **profile
        ) as raster:
            raster.write(np.moveaxis(cube, -1, 0))
            for band, domains in enumerate(band_tags or [], start=1):
                for domain, values in domains.items():
                    raster.update_tags(band, ns=domain or None, **values)
            for domain, values in (tags or {}).items():
                raster.update_tags(ns=domain or None, **values)
            if descriptions:
                raster.descriptions = descriptions
            if gcps:
                raster.gcps = gcps
        return path

    return write


@pytest.fixture
def mixed():
    """A cube (rows, cols, bands) of three spectra in random mixtures, reflectance x 10000, int16."""
    import numpy as np

    pytest.importorskip("rasterio")
    from auvae.simulation.simulate import spectra

    def make(rows=20, cols=24, bands=12):
        draws = np.random.default_rng(0)
        _, endmembers = spectra(3, np.linspace(400, 2450, bands), draws)
        shares = draws.dirichlet((0.5, 0.5, 0.5), size=(rows, cols))
        return (10000 * shares @ endmembers).astype(np.int16)

    return make


@pytest.fixture
def job(tmp_path):
    """The document of a short job on a scene."""

    def make(scene, **changes):
        document = {
            "schema": 1,
            "task": "unmix",
            "id": "0123456789abcdef",
            "scene": str(scene),
            "bands": None,
            "endmembers": 3,
            "quality": "draft",
            "brightness": "automatic",
            "seed": 0,
            "device": "cpu",
            "variant": "auvae-net",
            "selection": {"water_bands": "auto", "mask": None, "extent": None},
            "known": None,
            "model": None,
            "colors_of": [],
            "output": str(tmp_path / "result"),
        }
        return {**document, **changes}

    return make


@pytest.fixture
def unmix(job, monkeypatch):
    """Run a job in this process; returns its events. An error is raised, as job.run raises it.

    Trains for a few steps only: what is looked at is how a scene is read and a result written.
    """
    from auvae.contract.jobs import UnmixJob
    from auvae.network import options, trainer
    from auvae.worker.dispatch import run

    briefly = options.Effort(cleaning=2, unmixing=2, starts=1, rounds=5, crop=32, extrapolate=False)
    monkeypatch.setitem(options.EFFORTS, "draft", briefly)
    monkeypatch.setattr(trainer, "REPORT_EVERY", 0.0)

    def call(scene, cancelled=lambda: False, **changes):
        events = []
        run(UnmixJob.parse(job(scene, **changes)), events.append, cancelled)
        return events

    return call


@pytest.fixture
def one_thread():
    """Sums on one thread, as the processes of `environment` do: their last bit hangs on the number."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def environment():
    """The environment of a process that runs the core as the plugin starts it."""
    return {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH") or str(MODEL), "OMP_NUM_THREADS": "1"}


@pytest.fixture
def auvae(environment):
    """Run the command `auvae` to its end."""

    def call(*arguments, **options):
        command = [sys.executable, "-m", "auvae", *map(str, arguments)]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment,
            timeout=300,
            check=False,
            **options,
        )

    return call


@pytest.fixture
def start_worker(environment):
    """Start a worker, hand it a job document and leave its stdin open; ended with the test."""
    started = []

    def start(document, **options):
        worker = subprocess.Popen(
            [sys.executable, "-m", "auvae", "worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            **options,
        )
        started.append(worker)
        line = document if isinstance(document, str) else json.dumps(document)
        worker.stdin.write(line.encode() + b"\n")
        worker.stdin.flush()
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout, worker.stderr):
            pipe.close()


@pytest.fixture
def left_behind():
    """What lies in a folder, hidden names too."""
    return lambda folder: sorted(path.name for path in Path(folder).iterdir())
