"""Cancel, crashes, wrong input: one clear sentence, nothing left behind, an older result untouched."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsRasterLayer,
    QgsSettings,
)

from .conftest import write_scene

HELLO = """read job; echo '{"event": "hello", "torch": "2", "device": "cpu"}'"""
EPOCH = '{"event": "progress", "fraction": 0.1, "text": "Training: epoch 1 of 9", "losses": {"angle": 1}}'
TRAINING = f"echo '{EPOCH}'"


def fail(options, feedback=None):
    """Run, expect it to fail, return the sentence."""
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("auvae:unmix", options, feedback=feedback)
    return str(caught.value)


@pytest.fixture(autouse=True)
def no_worker_is_warm(plugin_modules):
    """What is looked at are workers of these tests, not one that waits after an earlier one."""
    plugin_modules("auvae_qgis.worker.run").end_idle_worker()


def workers():
    """The process ids of the children of this process."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def alive(pid):
    """Whether a process lives, as more than an entry in a list."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def beside(options):
    """The names in the folder the result would be written to."""
    return {path.name for path in Path(options["OUTPUT"]).parent.iterdir()}


def test_cancel_while_training_stops_within_two_seconds_and_leaves_nothing(options, listen):
    before, pressed = beside(options), []

    def cancel(feedback):
        pressed.append(time.monotonic())
        feedback.cancel()

    sentence = fail({**options, "QUALITY": "high"}, listen(cancel))
    assert time.monotonic() - pressed[0] < 2
    assert "cancelled" in sentence
    assert beside(options) == before
    assert not workers()


def test_cancel_stops_a_worker_that_does_not_listen(options, listen, stand_in):
    stand_in(f"{HELLO}; {TRAINING}; trap '' TERM; while kill -0 $PPID; do sleep 0.1; done")
    pressed = []

    def cancel(feedback):
        pressed.append(time.monotonic())
        feedback.cancel()

    fail(options, listen(cancel))
    assert time.monotonic() - pressed[0] < 2
    assert not workers()


def test_a_cancelled_run_leaves_an_older_result_as_it_was(options, listen, finished):
    folder = Path(options["OUTPUT"])
    shutil.copytree(finished.results["OUTPUT"], folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    fail({**options, "QUALITY": "high", "SEED": 1}, listen(lambda feedback: feedback.cancel()))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_worker_that_the_system_kills_is_told_as_out_of_memory_and_leaves_nothing(options, listen):
    before = beside(options)

    def kill(_feedback):
        for pid in workers():
            os.kill(pid, signal.SIGKILL)

    sentence = fail({**options, "QUALITY": "high"}, listen(kill))
    assert "memory ran out" in sentence
    assert beside(options) == before


def test_what_a_dead_worker_was_writing_is_removed_and_an_older_result_put_back(options, stand_in):
    """Killed between the two renames at the end: the older result lies beside its place."""
    output = Path(options["OUTPUT"])
    stand_in(
        f"""{HELLO}; id=$(echo "$job" | sed 's/.*"id": "\\([a-z0-9]*\\)".*/\\1/')
        mkdir "{output.parent}/.{output.name}.partial-$id" "{output.parent}/.{output.name}.previous-$id"
        echo old > "{output.parent}/.{output.name}.previous-$id/result.json"
        kill -9 $$"""
    )
    fail(options)
    assert (output / "result.json").read_text() == "old\n"
    assert not [name for name in beside(options) if name.startswith(f".{output.name}")]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("head -c 300000 /dev/urandom; echo; echo '[1, 2]'; echo '{}'", "does not answer"),
        (f"{HELLO}; echo 'Segmentation fault' >&2; exit 139", "ended unexpectedly (exit code 139)"),
        (f"{HELLO}; exit 0", "ended unexpectedly (exit code 0)"),
        (f"{HELLO}; exit 137", "memory ran out"),
        (f"{HELLO}; echo 'Timeout (0:01:00)!' >&2; exit 1", "damaged. Download it again"),
        (f"""{HELLO}; echo '{{"event": "result", "files": 7}}'""", "Reinstall the plugin"),
        (f"{HELLO}; {TRAINING}; sleep 60 & kill -9 $$", "memory ran out"),
        ("echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1", "has no torch"),
    ],
)
def test_garbage_and_crashes_become_one_clear_sentence(options, stand_in, script, words):
    before = beside(options) | {"stand-in"}
    stand_in(script)
    started = time.monotonic()
    sentence = fail(options)
    assert words in sentence
    assert "Traceback" not in sentence
    assert "\n" not in sentence
    assert time.monotonic() - started < 10
    assert beside(options) == before


def test_what_a_dead_worker_had_started_is_ended_too(options, stand_in, tmp_path):
    """As the processes of other GPUs: they would keep their memory."""
    stand_in(f"{HELLO}; {TRAINING}; sleep 60 & echo $! > '{tmp_path}/child'; kill -9 $$")
    fail(options)
    child, end = int((tmp_path / "child").read_text()), time.monotonic() + 2
    while alive(child) and time.monotonic() < end:
        time.sleep(0.02)
    assert not alive(child)


def test_a_project_folder_holds_no_code_that_a_worker_runs(options, tmp_path, monkeypatch):
    """QGIS is often started in a folder that came from anywhere, and Python looks there first."""
    place = tmp_path / "project"
    for name in ("auvae/__init__.py", "auvae/__main__.py", "torch.py", "json.py", "rasterio.py"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    monkeypatch.chdir(place)
    found = processing.run("auvae:inspect", {"INPUT": options["INPUT"]})
    assert found["USED"] > 1
    assert not (tmp_path / "ran").exists()


def test_what_the_worker_says_of_the_scene_reaches_the_user_with_its_remedy(options, stand_in):
    event = """{"event": "error", "kind": "scene", "text": "It has one band.", "remedy": "Choose another."}"""
    stand_in(f"{HELLO}; echo '{event}'; exit 1")
    assert fail(options) == "scène 1: It has one band. Choose another."


def test_a_python_without_torch_is_told_with_what_to_press(options, monkeypatch):
    monkeypatch.setenv("AUVAE_PYTHON", "/usr/bin/python3")
    sentence = fail(options)
    assert any(package in sentence for package in ("torch", "rasterio", "safetensors"))
    assert "\n" not in sentence


def test_a_wrong_python_path_is_told_before_anything_starts_and_the_algorithm_stays_listed(options):
    QgsSettings().setValue("auvae/python", "/no/such/python")
    try:
        algorithm = QgsApplication.processingRegistry().createAlgorithmById("auvae:unmix")
        possible, reason = algorithm.canExecute()
        assert not possible
        assert "/no/such/python" in reason
        assert "Set up" in reason
        assert reason in fail(options)
    finally:
        QgsSettings().remove("auvae/python")
    assert algorithm.canExecute() == (True, "")


def refusal(options, layer, project):
    project.addMapLayer(layer)
    return fail({**options, "INPUT": layer})


def test_a_web_layer_is_refused_with_what_to_do(options, project):
    layer = QgsRasterLayer("type=xyz&url=https://example.org/{z}/{x}/{y}.png&zmax=2", "Basemap", "wms")
    assert layer.isValid()
    sentence = refusal(options, layer, project)
    assert "Basemap" in sentence
    assert "GeoTIFF" in sentence


def test_a_layer_in_memory_is_refused_with_what_to_do(options, project):
    gdal.GetDriverByName("GTiff").Create("/vsimem/cube.tif", 5, 5, 6).FlushCache()
    sentence = refusal(options, QgsRasterLayer("/vsimem/cube.tif", "Cube"), project)
    gdal.Unlink("/vsimem/cube.tif")
    assert "memory" in sentence
    assert "GeoTIFF" in sentence


def test_the_file_behind_a_layer_is_found_whatever_qgis_appends(scene, add_layer, plugin_modules, project):
    source = plugin_modules("auvae_qgis.inputs.scene_source")
    assert source.scene_file(add_layer(scene)) == str(scene)
    layer = QgsRasterLayer(f"{scene}|option:NUM_THREADS=2", "with options")
    assert source.scene_file(layer) == str(scene)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda values: values[:1], "band"),
        (lambda values: values[:2], "band"),
        (lambda values: np.full_like(values, -9999), "no"),
        (lambda values: np.full_like(values, 700), ""),
    ],
    ids=["one band", "fewer bands than endmembers", "all no-data", "constant"],
)
def test_a_scene_that_cannot_be_unmixed_is_told_in_one_sentence(
    options, tmp_path, scene_values, change, words
):
    path = write_scene(tmp_path / "bad" / "bad.img", change(scene_values))
    before = beside(options)
    sentence = fail({**options, "INPUT": str(path)})
    assert words in sentence.lower()
    assert "Traceback" not in sentence
    assert beside(options) == before


def test_a_folder_with_something_else_in_it_is_left_alone(options):
    folder = Path(options["OUTPUT"])
    folder.mkdir()
    (folder / "thesis.docx").write_text("years of work", encoding="utf-8")
    assert str(folder) in fail(options)
    assert [path.name for path in folder.iterdir()] == ["thesis.docx"]


def test_an_ending_that_no_format_has_is_refused_before_the_training(options, tmp_path):
    sentence = fail({**options, "ABUNDANCES": str(tmp_path / "abundances.xyzzy")})
    assert ".tif" in sentence
    assert not Path(options["OUTPUT"]).exists()


def test_unloading_the_plugin_ends_a_run_and_qgis_lives(options, listen, stand_in, plugin_modules):
    """A run in a task, as the toolbox starts one: its algorithm must not outlive the plugin's provider."""
    stand_in(f"{HELLO}; {TRAINING}; sleep 60")
    before = beside(options)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("auvae:unmix")
    context, feedback, over = QgsProcessingContext(), listen(), []
    errors = []
    feedback.reportError = lambda text, fatalError=False: errors.append(text)
    task = QgsProcessingAlgRunnerTask(algorithm, options, context, feedback)
    task.executed.connect(lambda successful, _results: over.append(successful))
    QgsApplication.taskManager().addTask(task)

    def wait(condition):
        end = time.monotonic() + 20
        while not condition() and time.monotonic() < end:
            QgsApplication.processEvents()
            time.sleep(0.02)
        assert condition()

    wait(lambda: any("epoch 1" in line for line in feedback.lines))
    started = time.monotonic()
    plugin_modules("auvae_qgis.worker.run").end_jobs()
    assert time.monotonic() - started < 4
    assert not workers()
    wait(lambda: over)
    assert "plugin was unloaded" in fail(options)  # as of a run that QGIS had queued
    plugin_modules("auvae_qgis.worker.run").allow_jobs()
    assert over == [False]
    assert any("plugin was unloaded" in text for text in errors)
    assert beside(options) == before
