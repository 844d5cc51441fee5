"""Training on several devices together: two processes on the processor, held against one."""

from __future__ import annotations

import numpy as np
import pytest
from auvae.contract.errors import Cancelled, DeviceError
from auvae.contract.jobs import UnmixJob
from auvae.endmembers.sampling import sample_patches
from auvae.network import parallel
from auvae.network.options import Options
from auvae.network.parallel import train_together
from auvae.network.train import train
from auvae.scene.scene import Scene
from auvae.worker.dispatch import hello


@pytest.fixture
def patches(simulated):
    with Scene.open(simulated) as scene:
        return list(sample_patches(scene, 0))


def angles(one, other):
    """Spectral angle of each endmember to its like."""
    shares = one @ other.T / np.outer(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1))
    return np.arccos(np.clip(shares, -1, 1)).min(axis=1)


def test_two_processes_come_as_near_to_the_truth_as_one_within_the_noise_of_training(patches, simulated):
    options = Options(3, "draft", device="cpu")
    told = []
    together = train_together(patches, options, told.append, ["cpu", "cpu"])
    alone = train(patches, options, lambda progress: None)
    again = train(patches, Options(3, "draft", 1, "cpu"), lambda progress: None)
    truth = np.load(simulated.with_name("scene_truth.npz"))["endmembers"]
    wrong, *noise = (angles(truth, model.endmembers).mean() for model in (together, alone, again))
    assert wrong <= max(noise) + 0.5 * abs(noise[0] - noise[1]) + 0.01
    assert together.state().keys() == alone.state().keys()
    assert together.settings().keys() == alone.settings().keys()
    assert any(progress.endmembers is not None for progress in told)


def test_why_one_of_the_processes_failed_is_said():
    alike = np.ones((16, 16, 5), np.float32), np.ones((16, 16), bool)
    with pytest.raises(DeviceError, match=r"All pixels of the scene are equal \(on cpu\)"):
        train_together([alike], Options(3, "draft"), lambda progress: None, ["cpu", "cpu"])


def test_a_process_that_is_killed_ends_the_training_with_a_sentence(patches, monkeypatch):
    started, real = [], parallel._start
    monkeypatch.setattr(parallel, "_start", lambda order: started.append(real(order)) or started[-1])

    def kill(progress):
        if progress.stage == "training":
            started[1].kill()

    with pytest.raises(DeviceError, match="Training on 2 devices failed: "):
        train_together(patches, Options(3, "draft"), kill, ["cpu", "cpu"])
    assert all(process.poll() is not None for process in started)


def test_a_cancel_ends_all_processes(patches):
    def cancel(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        train_together(patches, Options(3, "draft"), cancel, ["cpu", "cpu"])


def test_all_gpus_without_any_is_refused(simulated, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this computer has a GPU")
    with pytest.raises(DeviceError, match="All GPUs were asked for"):
        hello(UnmixJob("abc", str(simulated), 3, str(tmp_path / "out"), device="all-gpus"))
