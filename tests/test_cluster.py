"""Many scenes, here and on a Dask cluster: real schedulers and workers as processes, on loopback."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from auvae import __version__
from auvae.contract.errors import Cancelled, ClusterError, JobError, SceneError
from auvae.contract.jobs import parse
from auvae.network import options
from auvae.scenes import cluster as cluster_module
from auvae.scenes import run_folder, task_queue, tasks
from auvae.scenes.common_bands import common_bands
from auvae.scenes.dates import date_in
from auvae.worker import dispatch as job_module

MODEL = Path(__file__).resolve().parent.parent / "model"
# Workers train for a few steps only, as `briefly` does here; and take so long for each window that they map.
WORKER = """
import time
from auvae.mapping import map_scene as mapping
from auvae.network import options

options.EFFORTS["draft"] = options.Effort(
    cleaning=2, unmixing=2, starts=1, rounds=5, crop=32, extrapolate=False
)

def slowly(scene, inner, halo, read=mapping._read):
    time.sleep({seconds})
    return read(scene, inner, halo)

mapping._read = slowly
"""


@pytest.fixture
def scenes(simulated, tmp_path):
    """Five dates of one small scene."""
    found = []
    for month in range(1, 6):
        path = tmp_path / "scenes" / f"field_2024-0{month}-11.img"
        path.parent.mkdir(exist_ok=True)
        for ending in (".img", ".hdr"):
            shutil.copy(Path(simulated).with_suffix(ending), path.with_suffix(ending))
        found.append(str(path))
    return found


@pytest.fixture
def ask(tmp_path):
    """The document of a job on many scenes."""

    def make(scenes, **changes):
        document = {
            "schema": 1,
            "task": "unmixscenes",
            "id": "0123456789abcdef",
            "scenes": scenes,
            "bands": None,
            "endmembers": 3,
            "models": "one",
            "quality": "draft",
            "brightness": "automatic",
            "seed": 0,
            "device": "cpu",
            "selection": {"water_bands": "auto", "mask": None, "extent": None},
            "run_on": "",
            "cpu_workers": False,
            "output": str(tmp_path / "results"),
        }
        return {**document, **changes}

    return make


@pytest.fixture
def briefly(monkeypatch):
    """Trainings of a few steps in this process."""
    effort = options.Effort(cleaning=2, unmixing=2, starts=1, rounds=5, crop=32, extrapolate=False)
    monkeypatch.setitem(options.EFFORTS, "draft", effort)


def run(document, cancelled=lambda: False, listen=lambda event: None):
    """The events of a job done in this process."""
    events = []

    def emit(event):
        events.append(event)
        listen(event)

    job_module.run(parse(document), emit, cancelled)
    return events


def read(path):
    with rasterio.open(path) as raster:
        return raster.read()


class Dask:
    """A scheduler and its workers, each a process, none listening on other than loopback.

    settings: of Dask, as variables of the environment.
    """

    def __init__(self, folder, protocol="tcp", settings=None):
        self.folder, self.processes, self.settings = folder, [], settings or {}
        self.scheduler = self._start("dask_scheduler", "--port", "0", "--no-dashboard", "--scheduler-file",
                                     str(folder / "scheduler.json"), "--protocol", protocol)  # fmt: skip
        wait_for((folder / "scheduler.json").exists)
        self.address = json.loads((folder / "scheduler.json").read_text())["address"]
        assert self.address.startswith(f"{protocol}://127.0.0.1:")

    def worker(self, name, seconds=0, model=MODEL):
        """Start a worker, without a nanny, so that its end is its end; `seconds`: how slow it is."""
        (self.folder / f"{name}.py").write_text(WORKER.format(seconds=seconds))
        return self._start(
            "dask_worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--name", name,
            "--preload", str(self.folder / f"{name}.py"), model=model,
        )  # fmt: skip

    def _start(self, program, *arguments, model=MODEL):
        log = (self.folder / f"{program}-{len(self.processes)}.log").open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", "--host", "127.0.0.1", *arguments],
            env={**os.environ, **self.settings, "PYTHONPATH": str(model), "OMP_NUM_THREADS": "1"},
            stdout=log,
            stderr=log,
            cwd=self.folder,
        )
        log.close()
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()


def wait_for(found, seconds=30):
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def dask(tmp_path):
    folder = tmp_path / "dask"
    folder.mkdir()
    cluster = Dask(folder)
    yield cluster
    cluster.close()


# ---- many scenes on this computer


def test_scenes_get_the_same_endmembers_a_table_of_areas_and_one_report(scenes, ask, tmp_path, briefly):
    events = run(ask(scenes[:3]))
    folder, result = tmp_path / "results", events[-1]
    spectra = {(folder / Path(scene).stem / "endmembers.csv").read_text() for scene in scenes[:3]}
    assert len(spectra) == 1
    with (folder / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["date"] for row in rows[::3]] == ["2024-01-11", "2024-02-11", "2024-03-11"]
    with rasterio.open(scenes[0]) as raster:
        pixel = abs(raster.transform.determinant) / 1e6
    shares = read(folder / "field_2024-01-11" / "abundances.tif")
    for row, share in zip(rows[:3], shares, strict=True):
        assert float(row["area_km2"]) == pytest.approx(share[share >= 0].sum() * pixel, rel=1e-4)
    page = (folder / "summary.html").read_text()
    assert "Area (km²)" in page
    assert page.count("<polyline") == 6
    assert sorted(path.name for path in folder.iterdir()) == [
        *(Path(scene).stem for scene in scenes[:3]), "summary.csv", "summary.html", "summary.json",
    ]  # fmt: skip
    assert (result["event"], len(result["scenes"]), result["failed"]) == ("result", 3, [])
    fractions = [event["fraction"] for event in events if event["event"] == "progress"]
    assert fractions == sorted(fractions)


def test_blocks_that_were_mapped_apart_join_into_what_one_run_gives(
    write_raster, mixed, ask, unmix, tmp_path, monkeypatch
):
    monkeypatch.setattr(tasks, "_BLOCK_PIXELS", 1)
    scene = write_raster(mixed(600, 300))
    unmix(scene)
    run(ask([str(scene)]))
    for name in ("abundances.tif", "uncertainty.tif", "composite.tif", "endmembers_spread.csv"):
        assert (tmp_path / "result" / name).read_bytes() == (tmp_path / "results/scene" / name).read_bytes()


def test_a_block_that_fails_three_times_is_named_and_left_no_data(
    write_raster, mixed, ask, tmp_path, monkeypatch, briefly
):
    monkeypatch.setattr(tasks, "_BLOCK_PIXELS", 1)
    tried, whole = [], tasks.map_scene

    def fails_in_the_middle(scene, model, writer, report, say, first, last, **options):
        tried.append(first)
        if first == 256:
            raise SceneError("The file is damaged there.", "Copy it again.")
        return whole(scene, model, writer, report, say, first, last, **options)

    monkeypatch.setattr(tasks, "map_scene", fails_in_the_middle)
    monkeypatch.setattr(task_queue, "PAUSE_S", 0.0)
    scene = str(write_raster(mixed(600, 40)))
    events = run(ask([scene]))
    assert tried.count(256) == 3
    shares = read(tmp_path / "results/scene/abundances.tif")
    assert (shares[:, 256:512] == -9999).all()
    assert (shares[:, :256] >= 0).all()
    assert (shares[:, 512:] >= 0).all()
    [warning] = events[-1]["warnings"]
    assert "Rows 257 to 512 of scene could not be mapped 3 times" in warning
    for report in ("scene/report.html", "summary.html"):
        assert "Rows 257 to 512" in (tmp_path / "results" / report).read_text()
    monkeypatch.setattr(tasks, "map_scene", whole)
    assert run(ask([scene]))[-1]["warnings"] == []
    assert (read(tmp_path / "results/scene/abundances.tif") >= 0).all()
    assert tried.count(0) == 1


def test_a_scene_that_cannot_be_read_is_named_and_the_others_go_on(scenes, ask, tmp_path, briefly):
    broken = tmp_path / "scenes" / "broken.tif"
    broken.write_bytes(b"no raster")
    result = run(ask([str(broken), *scenes[:1]]))[-1]
    assert [item["name"] for item in result["failed"]] == ["broken"]
    assert (tmp_path / "results/field_2024-01-11/result.json").exists()
    assert "broken" in (tmp_path / "results/summary.html").read_text()


def test_a_scene_whose_pixels_cannot_be_read_is_named_and_the_others_have_one_model(
    scenes, ask, tmp_path, briefly, monkeypatch
):
    damaged = Path(scenes[1]).stem
    really = tasks.sample_patches

    def sample(scene, *args, **options):
        if scene.name == damaged:
            raise SceneError("The file is damaged.", "Choose another.")
        return really(scene, *args, **options)

    monkeypatch.setattr(tasks, "sample_patches", sample)
    result = run(ask(scenes[:3]))[-1]
    assert [Path(scene["scene"]).stem for scene in result["scenes"]] == [
        Path(scenes[0]).stem, Path(scenes[2]).stem,
    ]  # fmt: skip
    assert [failed["name"] for failed in result["failed"]] == [damaged]
    assert len({path.read_text() for path in (tmp_path / "results").glob("*/endmembers.csv")}) == 1


def test_a_run_that_is_refused_leaves_no_folder(scenes, ask, tmp_path, briefly):
    with pytest.raises(ClusterError):
        run(ask(scenes[:1], run_on="tcp://127.0.0.1:9"))
    assert not (tmp_path / "results").exists()
    (tmp_path / "results").mkdir()
    with pytest.raises(SceneError, match="None of the 1 scenes can be unmixed"):
        run(ask([str(tmp_path / "none.img")]))
    assert list((tmp_path / "results").iterdir()) == []


def test_scenes_of_different_sensors_are_refused_for_one_model():
    seen = {
        "name": "a",
        "bands": [1, 2],
        "band_count": 2,
        "unit": "Reflectance",
        "wavelengths": [500.0, 600.0],
    }
    with pytest.raises(SceneError, match=r"up to 40.0 nm apart"):
        common_bands([seen, {**seen, "name": "b", "wavelengths": [500.0, 640.0]}])
    with pytest.raises(SceneError, match="a has 2 bands and b 3"):
        common_bands([seen, {**seen, "name": "b", "band_count": 3}])


def test_a_cancelled_run_keeps_finished_scenes_and_the_next_one_goes_on(scenes, ask, tmp_path, briefly):
    document, finished = ask(scenes), []

    def listen(event):
        if "is finished" in event.get("text", ""):
            finished.append(event)

    with pytest.raises(Cancelled):
        run(document, lambda: len(finished) > 1, listen)
    run_folder.abandon(tmp_path / "results", document["id"], unwanted=True)
    first = tmp_path / "results/field_2024-01-11/result.json"
    before = first.stat().st_mtime_ns
    run(document, listen=listen)
    assert first.stat().st_mtime_ns == before
    assert sum(path.is_dir() for path in (tmp_path / "results").iterdir()) == 5


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("PRS_L2D_STD_20200411100723_20200411100727_0001.he5", "2020-04-11"),
        ("ENMAP01-____L2A-DT0000001039_20220627T103022Z_001_V010110-METADATA.XML", "2022-06-27"),
        ("field 2024-02-30.tif", None),
        ("LC08_L2SP_196024_20200623_20200823_02_T1.tif", "2020-06-23"),
    ],
)
def test_the_date_is_read_from_the_names_that_scenes_are_delivered_under(name, day):
    assert date_in(name) == day


# ---- on a cluster


def test_a_cluster_gives_the_same_though_one_worker_dies_one_is_slow_and_one_is_refused(
    dask, scenes, ask, tmp_path, briefly, one_thread
):
    scenes = scenes[:3]
    run(ask(scenes, output=str(tmp_path / "here")))
    old = tmp_path / "old"
    shutil.copytree(MODEL / "auvae", old / "auvae", ignore=shutil.ignore_patterns("__pycache__"))
    (old / "auvae" / "__init__.py").write_text('__version__ = "0.0.9"\n')
    # The one that dies is slow enough to be in the middle of a block.
    doomed = dask.worker("doomed", 1.5)
    dask.worker("slow", 0.2)
    dask.worker("old", model=old)

    def listen(event):
        if "blocks" in event.get("text", "") and doomed.poll() is None:
            threading.Timer(0.5, doomed.kill).start()

    events = run(ask(scenes, run_on=dask.address), listen=listen)
    assert doomed.wait(5) == -signal.SIGKILL
    assert events[0]["event"] == "progress"
    said = " ".join(event["text"] for event in events if event["event"] == "message")
    assert f"The worker old takes no part: it has AUVAE 0.0.9, and this is {__version__}" in said
    for scene in scenes:
        one, other = (tmp_path / where / Path(scene).stem / "abundances.tif" for where in ("here", "results"))
        assert np.array_equal(read(one), read(other))
    assert not (tmp_path / "results/.auvae-run").exists()


def test_a_scheduler_that_goes_away_costs_only_what_is_not_finished(dask, scenes, ask, tmp_path, briefly):
    dask.worker("one", 0.2)

    def listen(event):
        if "is finished" in event.get("text", ""):
            dask.scheduler.kill()

    with pytest.raises(ClusterError, match=r"gone.*What is finished is kept"):
        run(ask(scenes, run_on=dask.address), listen=listen)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").glob("*/result.json")}
    assert kept
    events = run(ask(scenes))
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items())
    assert len(list((tmp_path / "results").glob("*/result.json"))) == 5
    # The model is not trained again, so that all scenes have the same endmembers.
    assert not any("Cleaning" in event.get("text", "") for event in events)
    assert len({path.read_text() for path in (tmp_path / "results").glob("*/endmembers.csv")}) == 1


def test_cancel_stops_the_work_on_the_cluster_within_five_seconds(dask, scenes, ask):
    from distributed import Client

    dask.worker("one")
    stop = threading.Event()

    def listen(event):
        if event.get("stage") == "training" and "losses" in event:
            stop.set()

    with pytest.raises(Cancelled):
        run(ask(scenes, run_on=dask.address, quality="high"), stop.is_set, listen)
    cancelled = time.monotonic()
    with Client(dask.address, set_as_default=False) as client:
        wait_for(lambda: not any(client.processing().values()), 5)
        busy = client.run(lambda dask_worker: len(dask_worker.state.executing), nanny=False)
        while any(busy.values()):
            assert time.monotonic() - cancelled < 5
            busy = client.run(lambda dask_worker: len(dask_worker.state.executing), nanny=False)


def test_a_cluster_that_starts_workers_on_demand_is_told_that_one_is_wanted(
    dask, scenes, ask, tmp_path, briefly
):
    from distributed import Client

    done = []
    thread = threading.Thread(target=lambda: done.extend(run(ask(scenes[:1], run_on=dask.address))))
    thread.start()
    with Client(dask.address, set_as_default=False) as client:
        wait_for(lambda: client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.adaptive_target()))
    dask.worker("late")
    thread.join(60)
    assert done[-1]["event"] == "result"


def test_workers_are_listed_with_what_does_not_fit(dask, monkeypatch):
    asked = {"schema": 1, "task": "cluster", "id": "abc", "run_on": dask.address}
    dask.worker("one")
    wait_for(lambda: "name: one" in (dask.folder / "dask_scheduler-0.log").read_text())
    [result] = run(asked)
    [worker] = result["workers"]
    assert (worker["name"], worker["threads"], worker["auvae"]) == ("one", 1, __version__)
    assert worker["memory"] > 0
    assert (worker["gpus"], worker["problem"]) == ([], "")
    monkeypatch.setattr(cluster_module, "_CONNECT_S", 0.5)
    with pytest.raises(ClusterError, match=r"No Dask scheduler answers at tcp://127.0.0.1:9"):
        run({**asked, "run_on": "tcp://127.0.0.1:9"})


@pytest.fixture
def certificates(tmp_path):
    """The settings of Dask that docs/cluster.md shows, with a certificate made as it says."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365", "-subj", "/CN=dask",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    settings = {"require-encryption": True, "tls.ca-file": str(certificate)}
    for who in ("scheduler", "worker", "client"):
        settings |= {f"tls.{who}.cert": str(certificate), f"tls.{who}.key": str(key)}
    return {f"distributed.comm.{name}": value for name, value in settings.items()}


def test_a_scheduler_that_encrypts_is_used_with_dasks_own_settings_and_not_without(
    certificates, scenes, ask, tmp_path, briefly, monkeypatch
):
    import dask.config

    (tmp_path / "dask").mkdir()
    variables = {
        "DASK_" + name.upper().replace(".", "__").replace("-", "_"): str(value)
        for name, value in certificates.items()
    }
    cluster = Dask(tmp_path / "dask", "tls", variables)
    try:
        cluster.worker("one")
        with pytest.raises(ClusterError, match=r"encrypts, and Dask has no certificates.*Cluster > Help"):
            run(ask(scenes[:1], run_on=cluster.address))
        with dask.config.set(certificates):
            result = run(ask(scenes[:1], run_on=cluster.address))[-1]
            assert [Path(scene["scene"]).name for scene in result["scenes"]] == [Path(scenes[0]).name]
            assert cluster.address.startswith("tls://")
            in_the_clear = cluster.address.replace("tls", "tcp")
            with pytest.raises(ClusterError, match=r"does not encrypt.*require it.*tls://"):
                run(ask(scenes[:1], run_on=in_the_clear))
        monkeypatch.setattr(cluster_module, "_CONNECT_S", 0.5)
        with pytest.raises(ClusterError, match="No Dask scheduler answers"):
            run(ask(scenes[:1], run_on=in_the_clear))
    finally:
        cluster.close()


def test_an_address_that_is_none_is_refused(ask, scenes):
    with pytest.raises(JobError, match="no address of a Dask scheduler"):
        parse(ask(scenes, run_on="cluster.example.org"))


class Gone:
    """A future whose answer was on a worker that is no longer there."""

    status = "finished"

    def done(self):
        return True

    def result(self, **_options):
        raise asyncio.TimeoutError


def test_a_worker_that_goes_away_with_its_answer_takes_no_part_and_ends_no_run():
    client = type("Client", (), {"submit": lambda *_args, **_options: Gone()})()
    roster = cluster_module.WorkerRoster(client, None)
    [worker] = roster.look({"tcp://host:1": {"name": "doomed", "nthreads": 1}})
    assert worker.problem == "it went away before its answer came"
    assert roster.look({}) == []
    assert roster.workers == {}
