"""What happens when a graphics card fails, forced where there is none. What it computes is not tried."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
import torch
from auvae.contract.errors import DeviceError
from auvae.mapping.map_scene import map_scene
from auvae.network import trainer, trial
from auvae.network.model import Maps
from auvae.numerics.device import card_failure, choose_device
from auvae.numerics.threads import Threads
from auvae.scene.scene import Scene

FAILURES = {
    "CUDA error: no kernel image is available for execution on the device": "not built for so old or so new",
    "CUDA out of memory. Tried to allocate 2.00 GiB": "free memory is too small",
    "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED": "cuDNN",
    "CUDA error: unspecified launch failure": "stopped in the middle",
}


@pytest.fixture
def failing_card(monkeypatch):
    """A computer that seems to have a card, on which every training fails with what is set in ``said``."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "Card of a test")
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    real, failing = trainer._train_in_what_fits, {"said": next(iter(FAILURES))}

    def train(patches, options, device, report, start):
        if device.type == "cuda":
            raise RuntimeError(failing["said"])
        return real(patches, options, device, report, start)

    monkeypatch.setattr(trainer, "_train_in_what_fits", train)
    return failing


@pytest.mark.parametrize(("said", "meaning"), FAILURES.items())
def test_a_card_that_fails_is_left_for_the_processor_with_one_warning(
    failing_card, said, meaning, unmix, simulated, tmp_path
):
    failing_card["said"] = said
    events = unmix(simulated, device="auto", output=str(tmp_path / "result"))
    warnings = [event["text"] for event in events if event.get("level") == "warning"]
    assert [meaning in text and "so the processor computes" in text for text in warnings].count(True) == 1
    document = json.loads((tmp_path / "result" / "result.json").read_text(encoding="utf-8"))
    assert document["device"].startswith("cpu")
    assert "32-bit floats" in document["device"]
    assert any(event.get("text", "").startswith("Computed on cpu (") for event in events)
    assert any(meaning in text for text in document["warnings"])


def test_a_card_that_was_asked_for_by_name_and_fails_ends_the_run_with_a_remedy(
    failing_card, unmix, simulated, tmp_path
):
    with pytest.raises(DeviceError, match="The graphics card failed: this PyTorch was not built") as error:
        unmix(simulated, device="cuda", output=str(tmp_path / "result"))
    assert "Install the environment anew" in error.value.remedy
    assert not (tmp_path / "result").exists()


def test_a_driver_that_is_too_old_is_named(monkeypatch):
    def unavailable():
        import warnings

        warnings.warn(
            "CUDA initialization: The NVIDIA driver on your system is too old (11040). Update", stacklevel=1
        )
        return False

    monkeypatch.setattr(torch.cuda, "is_available", unavailable)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    with pytest.raises(DeviceError, match="driver on your system is too old"):
        choose_device("cuda")
    assert choose_device("auto").type == "cpu"


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
    warnings = []
    with Scene.open(simulated) as scene:
        held, model = Held((scene.rows, scene.cols)), FailingModel(failure=failure)
        list(map_scene(scene, model, held, lambda *_: None, pytest.fail, warn=warnings.append))
        assert (held.times == 1).all()
        assert len(warnings) == 1
        assert "so the processor maps" in warnings[0]
        with pytest.raises(DeviceError):
            list(map_scene(scene, FailingModel(failure=failure), held, lambda *_: None, pytest.fail))
