"""What happens when a graphics card fails, forced where there is none. What it computes is not tried."""

from __future__ import annotations

import html
import json
import threading
import warnings

import numpy as np
import pytest
import torch
from auvae.contract.errors import DeviceError
from auvae.contract.jobs import ApplyJob, ScenesJob
from auvae.endmembers import count
from auvae.endmembers.sampling import sample_patches
from auvae.mapping.map_scene import map_scene
from auvae.network import model, trainer, trial
from auvae.network.model import Maps
from auvae.network.options import EFFORTS, Effort, Options
from auvae.network.published import training as published
from auvae.network.train import train
from auvae.numerics import device
from auvae.numerics.device import card_failure, choose_device
from auvae.numerics.threads import Threads
from auvae.scene.scene import Scene
from auvae.worker.dispatch import run

from tests.pretended_card import pretended_card

NO_KERNEL = torch.AcceleratorError(
    "CUDA error: no kernel image is available for execution on the device\nCUDA kernel errors might be"
)
GONE = torch.AcceleratorError("CUDA error: unspecified launch failure\nSearch for `cudaErrorLaunchFailure'")
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of")
NO_ROOM_FOR_CUBLAS = RuntimeError(
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"
)
NO_CUDNN = RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED")
NOT_THERE = torch.cuda.DeferredCudaCallError(
    "CUDA call failed lazily at initialization with error: CUDA error: no CUDA-capable device is detected"
)


@pytest.fixture
def card(monkeypatch):
    """A computer that seems to have a card."""
    with pretended_card(monkeypatch) as card:
        yield card


@pytest.fixture
def dies(card, monkeypatch):
    """Let the card die of an error when a stage of a job is entered for the given time."""

    def at(stage, error, time=1):
        owner, name = STAGES[stage]
        real, entered = getattr(owner, name), []

        def enter(*args, **options):
            entered.append(1)
            if len(entered) == time:
                card.dies(error)
            return real(*args, **options)

        monkeypatch.setattr(owner, name, enter)

    return at


STAGES = {
    "first use": (trainer.Trainer, "__init__"),
    "counting": (count, "hysime_powers"),
    "cleaning": (trainer.Trainer, "clean"),
    "search": (trainer, "find_endmembers"),
    "unmixing": (trainer.Trainer, "unmix"),
    "brightness": (trainer, "lighting_of"),
    "mapping": (model.Model, "predict"),
    "published network": (published._Training, "judge"),
    "light of another scene": (model.Model, "lit_as"),
}
"""Where a stage begins; what fails there fails from then on, as a card does after a fault."""


def left_once(events, output, meaning):
    """Whether one warning, in log, report and result.json, says what was wrong and who computes."""
    told = [event["text"] for event in events if event.get("level") == "warning" and "card" in event["text"]]
    document = json.loads((output / "result.json").read_text(encoding="utf-8"))
    report = html.unescape((output / "report.html").read_text(encoding="utf-8"))
    assert document["device"].startswith("cpu (")
    assert len(told) == 1
    assert meaning in told[0]
    assert "so the processor" in told[0]
    assert document["warnings"].count(told[0]) == 1
    assert told[0] in report
    return document


@pytest.mark.parametrize(
    ("stage", "error", "meaning"),
    [
        ("first use", NOT_THERE, "no longer there"),
        ("counting", NO_KERNEL, "not built for so old or so new"),
        ("cleaning", NO_CUDNN, "cuDNN"),
        ("search", NO_ROOM_FOR_CUBLAS, "free memory is too small"),
        ("unmixing", FULL, "free memory is too small"),
        ("brightness", GONE, "stopped in the middle"),
        ("mapping", GONE, "stopped in the middle"),
    ],
)
def test_a_card_that_fails_at_any_stage_is_left_for_the_processor_with_one_warning(
    dies, stage, error, meaning, unmix, simulated, tmp_path
):
    dies(stage, error)
    events = unmix(simulated, device="auto", endmembers=0 if stage == "counting" else 3)
    document = left_once(events, tmp_path / "result", meaning)
    assert "32-bit floats" in document["device"]
    assert any(event.get("text", "").startswith("Computed on cpu (") for event in events)


@pytest.mark.parametrize("stage", ["cleaning", "search", "mapping"])
@pytest.mark.parametrize("error", [NO_KERNEL, FULL, GONE], ids=["too old", "full", "gone"])
def test_a_card_that_was_asked_for_by_name_and_fails_ends_the_run_with_a_remedy(
    dies, stage, error, unmix, simulated, tmp_path, left_behind
):
    dies(stage, error)
    with pytest.raises(DeviceError) as raised:
        unmix(simulated, device="cuda")
    assert "\n" not in raised.value.text
    assert raised.value.remedy
    assert left_behind(tmp_path) == []


def test_a_published_network_is_trained_by_the_processor_when_the_card_fails(
    dies, unmix, simulated, tmp_path, monkeypatch
):
    monkeypatch.setitem(published.ROUNDS, "draft", 1)
    dies("published network", GONE, 2)
    events = unmix(simulated, device="auto", variant="aae-net")
    left_once(events, tmp_path / "result", "stopped in the middle")


@pytest.mark.parametrize("stage", ["light of another scene", "mapping"])
def test_a_model_is_applied_by_the_processor_when_the_card_fails(dies, stage, unmix, simulated, tmp_path):
    unmix(simulated, device="auto")
    dies(stage, GONE)
    events, output = [], str(tmp_path / "applied")
    job = ApplyJob("b", str(simulated), str(tmp_path / "result" / "model.auvae"), output, device="auto")
    run(job, events.append, lambda: False)
    left_once(events, tmp_path / "applied", "stopped in the middle")


def test_a_model_is_fine_tuned_by_the_processor_when_the_card_fails(dies, unmix, simulated, tmp_path):
    unmix(simulated)
    dies("unmixing", GONE)
    saved = str(tmp_path / "result" / "model.auvae")
    events = unmix(simulated, device="auto", model=saved, endmembers=0, output=str(tmp_path / "tuned"))
    left_once(events, tmp_path / "tuned", "stopped in the middle")


@pytest.mark.parametrize("stage", ["cleaning", "mapping"])
def test_of_many_scenes_every_result_says_once_that_the_card_failed(dies, stage, unmix, simulated, tmp_path):
    dies(stage, GONE)
    events, output = [], str(tmp_path / "many")
    run(ScenesJob("c", (str(simulated),), 3, output, quality="draft"), events.append, lambda: False)
    told = [event["text"] for event in events if event.get("level") == "warning" and "card" in event["text"]]
    document = json.loads((tmp_path / "many" / "scene" / "result.json").read_text(encoding="utf-8"))
    assert len(told) == 1
    assert [warning for warning in document["warnings"] if "stopped in the middle" in warning]
    if stage == "cleaning":
        assert document["device"].startswith("cpu (")


def test_on_a_card_a_training_is_recorded_and_gives_what_the_processor_finds(card, monkeypatch, simulated):
    effort = Effort(cleaning=6, unmixing=6, starts=1, rounds=5, crop=16, extrapolate=False)
    monkeypatch.setitem(EFFORTS, "draft", effort)
    with Scene.open(simulated) as scene:
        patches = list(sample_patches(scene, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as that a step could not be recorded
        ours, theirs = (
            train(patches, Options(3, "draft", device=name), lambda _: None) for name in ("cuda", "cpu")
        )
    assert card.recorded >= 2  # cleaning and unmixing, and of the search what is long enough
    assert card.replayed >= 2 * (6 - 3)
    assert ours.device.type == "cuda"
    assert np.allclose(ours.endmembers, theirs.endmembers, rtol=0.01)
    maps, same = (one.predict(*patches[0]).abundances for one in (ours, theirs))
    assert np.allclose(maps, same, atol=0.02, equal_nan=True)


def test_a_driver_that_is_too_old_is_named(monkeypatch, unmix, simulated, tmp_path):
    def unavailable():
        warnings.warn(
            "CUDA initialization: The NVIDIA driver on your system is too old (11040). Update", stacklevel=1
        )
        return False

    monkeypatch.setattr(device, "_heard", [])
    monkeypatch.setattr(torch.cuda, "is_available", unavailable)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    with pytest.raises(DeviceError, match="driver on your system is too old"):
        choose_device("cuda")
    assert choose_device("auto").type == "cpu"
    unmix(simulated, device="auto")
    document = json.loads((tmp_path / "result" / "result.json").read_text(encoding="utf-8"))
    assert [text for text in document["warnings"] if "driver on your system is too old (11040)" in text]


def test_what_is_no_fault_of_a_card_is_not_blamed_on_it():
    assert card_failure(RuntimeError("The size of tensor a (3) must match the size of tensor b (4)")) is None
    assert (
        card_failure(DeviceError("CUDA was asked for, but torch is built without CUDA.", "Choose.")) is None
    )


def test_the_check_of_set_up_names_what_failed_of_a_card_and_what_to_do(monkeypatch):
    def unmix(_device):
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device\nmore")

    monkeypatch.setattr(trial, "seconds_to_unmix", unmix)
    _, failed, remedy = trial.trouble_of(torch.device("cuda"))
    assert "not built for so old or so new a card: CUDA error: no kernel image" in failed
    assert remedy.startswith("Install the environment anew")


class FailingModel:
    """Maps evenly into two shares, but on a card fails from the third window on."""

    halo = 0

    def __init__(self, device="cuda", failure="CUDA error: unspecified launch failure"):
        self.device, self.failure, self.windows = torch.device(device), failure, 0

    def to(self, device):
        return FailingModel(device)

    def predict(self, _cube, valid):
        self.windows += 1
        if self.device.type == "cuda" and self.windows > 2:
            raise RuntimeError(self.failure)
        shares = np.full((*valid.shape, 2), 0.5, np.float32)
        return Maps(shares, shares, shares[..., 0], shares[..., 0])


class MeetingModel(FailingModel):
    """Maps a window only while another one is being mapped, and keeps how many threads each has."""

    def __init__(self):
        super().__init__("cpu")
        self.meeting, self.threads = threading.Barrier(2), set()

    def predict(self, cube, valid):
        self.meeting.wait(timeout=10)
        self.threads.add(torch.get_num_threads())
        return super().predict(cube, valid)


def test_two_windows_are_mapped_at_a_time_each_on_half_of_the_threads(simulated, monkeypatch):
    monkeypatch.setattr("auvae.mapping.map_scene.WINDOW", 16)
    monkeypatch.setattr("auvae.numerics.threads.chosen_threads", lambda: Threads(2, 2, 1))
    with Scene.open(simulated) as scene:
        held, model = Held((scene.rows, scene.cols)), MeetingModel()
        list(map_scene(scene, model, held, lambda *_: None, pytest.fail))
    assert (held.times == 1).all()
    assert model.threads == {1}


class Held:
    def __init__(self, shape):
        self.times = np.zeros(shape, int)

    def write(self, window, *_):
        self.times[
            window.row_off : window.row_off + window.height, window.col_off : window.col_off + window.width
        ] += 1


@pytest.mark.parametrize("failure", ["CUDA error: unspecified launch failure", "CUDA out of memory."])
def test_a_card_that_fails_while_mapping_is_left_and_every_pixel_is_mapped_once(
    failure, simulated, monkeypatch
):
    monkeypatch.setattr("auvae.mapping.map_scene.WINDOW", 16)
    monkeypatch.setattr("auvae.mapping.map_scene.SMALLEST_WINDOW", 16)
    told = []
    with Scene.open(simulated) as scene:
        held, failing = Held((scene.rows, scene.cols)), FailingModel(failure=failure)
        list(map_scene(scene, failing, held, lambda *_: None, pytest.fail, warn=told.append))
        assert (held.times == 1).all()
        assert len(told) == 1
        assert "so the processor maps" in told[0]
        with pytest.raises(DeviceError):
            list(map_scene(scene, FailingModel(failure=failure), held, lambda *_: None, pytest.fail))
