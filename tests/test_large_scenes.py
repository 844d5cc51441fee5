"""What an analyst is promised of scenes larger than a window, or than memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from auvae.contract.errors import OutputError
from auvae.endmembers.sampling import sample_patches
from auvae.mapping import checkpoint
from auvae.mapping import map_scene as mapping
from auvae.network.options import Options
from auvae.network.train import train
from auvae.result.lock import FolderLock
from auvae.scene.scene import Scene
from auvae.tasks import train as learning

posix_only = pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")


@pytest.fixture
def small_windows(monkeypatch):
    """Windows so small that a small scene has many."""
    monkeypatch.setattr(mapping, "WINDOW", 32)


@pytest.fixture
def checkpoints(monkeypatch):
    """A checkpoint after every strip, on scenes of any size."""
    monkeypatch.setattr(checkpoint, "PIXELS", 0)
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)


class Collected:
    """Stands for the result: keeps the maps of the windows it is handed."""

    def __init__(self, rows, cols):
        self.abundances = np.full((rows, cols, 3), np.nan, np.float32)
        self.uncertainty = self.abundances.copy()
        self.times = np.zeros((rows, cols), int)

    def write(self, window, maps, cube, inside):
        assert cube[inside].shape[:2] == (window.height, window.width)
        rows, cols = (slice(start, start + size) for start, size in (
            (window.row_off, window.height), (window.col_off, window.width),
        ))  # fmt: skip
        where = rows, cols
        self.abundances[where], self.uncertainty[where] = maps.abundances[inside], maps.uncertainty[inside]
        self.times[where] += 1


def mapped(scene, model):
    held = Collected(scene.rows, scene.cols)
    ends = list(mapping.map_scene(scene, model, held, lambda *_: None, pytest.fail))
    assert ends[-1] == scene.rows
    assert (held.times == 1).all()
    return held


def test_maps_made_in_windows_are_those_made_in_one_piece(write_raster, mixed, monkeypatch):
    with Scene.open(write_raster(mixed(rows=150, cols=130))) as scene:
        model = train(list(sample_patches(scene, 0)), Options(3, "draft", 0, "cpu"), lambda _: None)
        whole = model.predict(*scene.read())
        monkeypatch.setattr(mapping, "WINDOW", 40)
        pieces = mapped(scene, model)
    assert np.abs(pieces.abundances - whole.abundances).max() < 1e-3
    assert np.abs(pieces.uncertainty - whole.uncertainty).max() < 1e-3


def test_files_stored_line_by_line_are_mapped_in_strips_whose_lines_fit_in_the_cache(write_raster, mixed):
    with Scene.open(write_raster(mixed(), driver="ENVI", name="lines.img")) as scene:
        assert scene.line_bytes == scene.cols * 12 * 2
        scene.line_bytes = 100_000 * 200 * 4
        assert mapping.strip_height(scene, 16) == 16
        scene.line_bytes = 10_000 * 198 * 2
        height = mapping.strip_height(scene, 16)
        assert height % 4 == 0
        assert 64 < height < mapping.WINDOW
        assert (height + 2 * 16) * scene.line_bytes < mapping.CACHE_BYTES
    with Scene.open(write_raster(mixed(), tiled=True, blockxsize=16, blockysize=16)) as scene:
        assert mapping.strip_height(scene, 16) == mapping.WINDOW


def test_maps_are_cloud_optimised_and_tiled(unmix, write_raster, mixed, tmp_path):
    unmix(write_raster(mixed(rows=300, cols=520)))
    for file in (tmp_path / "result").glob("*.tif"):
        with rasterio.open(file) as raster:
            assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG", file.name
            assert raster.overviews(1), file.name


def test_a_material_in_one_pixel_of_a_hundred_is_learned_from(write_raster, mixed):
    cube = mixed(rows=800, cols=900, bands=8)
    cube[400:485, 300:385] = np.array([9000, 50, 9000, 50, 9000, 50, 9000, 50])
    with Scene.open(write_raster(cube)) as scene:
        for seed in range(3):
            patches = list(sample_patches(scene, seed))
            assert any((patch[..., 0] == 9000).any() for patch, _ in patches)
            assert 40000 < sum(valid.sum() for _, valid in patches) <= 65536


def test_the_learned_windows_show_rare_kinds_more_than_their_share():
    from auvae.endmembers.sampling import _most_even

    shown = np.zeros((40, 3), int)
    shown[:, 0] = 64
    shown[[7, 23]] = [[32, 32, 0], [60, 0, 4]]
    assert {7, 23} <= set(_most_even(shown, 5))


_DYING = """
import json, os, signal, sys
from auvae.mapping import checkpoint
from auvae.mapping import map_scene as mapping
from auvae.network import options
from auvae.tasks import result_run
from auvae.contract.jobs import parse
from auvae.worker import dispatch as job
checkpoint.PIXELS, checkpoint.SECONDS, mapping.WINDOW = 0, 0.0, 32
options.EFFORTS["draft"] = options.Effort(
    cleaning=2, unmixing=2, starts=1, rounds=5, crop=32, extrapolate=False
)
mapped = mapping.map_scene

def dying(*arguments, **named):
    for row in mapped(*arguments, **named):
        yield row
        if row == 96:
            os.kill(os.getpid(), signal.SIGKILL)

result_run.map_scene = dying
job.run(parse(json.loads(sys.argv[1])), lambda event: None, lambda: False)
"""


@posix_only
def test_a_large_mapping_whose_process_was_killed_goes_on_where_it_was(
    unmix,
    job,
    write_raster,
    mixed,
    tmp_path,
    environment,
    small_windows,
    checkpoints,
    monkeypatch,
    one_thread,
):
    scene = write_raster(mixed(rows=160, cols=96))
    unmix(scene)
    undisturbed = (tmp_path / "result").rename(tmp_path / "undisturbed")
    document = json.dumps(job(scene, id="killed"))
    killed = subprocess.run([sys.executable, "-c", _DYING, document], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / ".result.partial-killed" / "journal.json").is_file()
    assert not (tmp_path / "result").exists()

    monkeypatch.setattr(learning, "train", lambda *_: pytest.fail("it was trained again"))
    events = unmix(scene)
    said = [event["text"] for event in events if event["event"] == "message" and "run" in event["text"]]
    assert said == ["An earlier run ended after 60% of the maps: going on from there."]
    assert not list(tmp_path.glob(".*"))
    for file in sorted(undisturbed.glob("*.tif")):
        with rasterio.open(file) as one, rasterio.open(tmp_path / "result" / file.name) as other:
            assert np.array_equal(one.read(), other.read()), file.name
    first, second = (
        json.loads((folder / "result.json").read_text("utf-8"))
        for folder in (undisturbed, tmp_path / "result")
    )
    assert second["metrics"] == pytest.approx(first["metrics"])
    assert second["endmembers"] == first["endmembers"]


def test_what_another_scenes_run_left_is_removed_not_gone_on_with(unmix, write_raster, mixed, tmp_path):
    left = tmp_path / ".result.partial-other"
    left.mkdir()
    checkpoint.Checkpoint("another", 32, {}, {"sums": np.zeros(3)}).write(left)
    unmix(write_raster(mixed()))
    assert not left.exists()


def test_two_runs_into_one_folder_are_refused(unmix, write_raster, mixed, tmp_path):
    scene = write_raster(mixed())
    held = tmp_path / ".result.partial-other"
    held.mkdir()
    lock = FolderLock(held)
    with pytest.raises(OutputError, match="Another run is writing"):
        unmix(scene)
    assert held.is_dir()
    lock.release(held)
    unmix(scene)
