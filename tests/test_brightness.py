"""Abundances are areas where the scene's brightness allows that, and the model remembers what it showed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from auvae.contract.errors import JobError, ModelError
from auvae.contract.jobs import ApplyJob, UnmixJob
from auvae.endmembers.lighting import measure_lighting
from auvae.network.model_file import read_model
from auvae.simulation.score import score
from auvae.simulation.simulate import Recipe, simulate
from auvae.worker import dispatch

FIXTURE = Path(__file__).parent / "fixtures" / "0.1.0" / "result" / "model.auvae"


def mixed(draws, pixels=2000, endmembers=3):
    """Pixels (n, d), endmembers (K, d), and their shares (n, K)."""
    spectra = draws.uniform(0.1, 1, (endmembers, 12))
    shares = draws.dirichlet(np.full(endmembers, 0.4), pixels)
    return shares @ spectra + 0.01 * draws.normal(size=(pixels, 12)), spectra, shares


def test_pixels_too_dark_for_any_mixture_of_areas_make_the_scene_one_of_shapes():
    draws = np.random.default_rng(3)
    pixels, spectra, shares = mixed(draws)
    contradicting = []
    for shade in (0.0, 0.6):
        # shade in mixtures alone: what is pure is lit as before
        light = 1 - shade * draws.uniform(size=len(shares)) * (shares.max(1) < 0.95)
        lit = torch.from_numpy(pixels * light[:, None])
        contradicting.append(measure_lighting(lit, torch.from_numpy(spectra), 0))
    assert contradicting[0].shape_weight < 0.2
    assert contradicting[1].shape_weight > 0.8


def test_a_dark_material_without_a_pixel_of_its_own_is_as_bright_as_its_mixtures_say():
    draws = np.random.default_rng(4)
    spectra = draws.uniform(0.1, 1, (3, 12)) * [[1], [1], [0.05]]
    shares = 0.4 / 3 + 0.6 * draws.dirichlet(np.full(3, 0.4), 2000)
    light = np.exp(0.2 * draws.normal(size=(2000, 1)))
    pixels = light * shares @ spectra + 0.001 * draws.normal(size=(2000, 12))
    found = measure_lighting(torch.from_numpy(pixels), torch.from_numpy(spectra), 0)
    assert max(map(abs, found.shifts)) < 0.1
    assert found.shape_weight < 0.2
    assert not found.tested


def test_one_material_with_pixels_of_its_own_does_not_turn_the_mixtures_of_seven_others_into_shapes():
    draws = np.random.default_rng(0)
    spectra = draws.uniform(0.1, 1, (8, 20)) * draws.uniform(0.2, 1, (8, 1))
    shares = 0.25 / 8 + 0.75 * draws.dirichlet(np.full(8, 0.3), 3000)
    shares[:60] = np.eye(8)[0]
    light = np.exp(np.where(np.arange(3000) < 60, 0.02, 0.15) * draws.normal(size=3000))
    pixels = light[:, None] * (shares @ spectra) + 0.002 * draws.normal(size=(3000, 20))
    found = measure_lighting(torch.from_numpy(pixels), torch.from_numpy(spectra), 0)
    assert found.tested
    assert found.shape_weight < 0.2


@pytest.fixture(scope="module")
def unmixed(tmp_path_factory):
    """Folders of a simulated scene whose truth is areas, with dark water, and of its result."""
    folder = tmp_path_factory.mktemp("areas")
    scene, truth = simulate(folder / "scene.img", Recipe(rows=48, cols=60, endmembers=3, bands=60, seed=11))
    job = UnmixJob(
        id="a", scene=str(scene), endmembers=3, output=str(folder / "result"), quality="draft", device="cpu"
    )
    dispatch.run(job, lambda event: None, lambda: False)
    return truth, folder / "result"


def test_areas_are_found_in_a_scene_with_dark_water(unmixed):
    truth, result = unmixed
    assert score(truth, result)["mRMSE"] < 0.06  # as shapes it was above 0.13


def test_log_and_result_say_what_abundances_are_shares_of_and_why(unmixed):
    read = json.loads((unmixed[1] / "result.json").read_text(encoding="utf-8"))["brightness"]
    assert read["areas"]
    assert read["text"].startswith("Abundances are shares of the area")
    assert f"{read['contradicting']:.0%} of the mixed pixels" in read["text"]
    assert "Mean share of area" in (unmixed[1] / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def apply(unmixed, tmp_path):
    """Apply a model to the simulated scene, with brightness as chosen; returns result.json and messages."""

    def call(model, brightness):
        events = []
        job = ApplyJob(
            id="b", scene=str(unmixed[1].parent / "scene.img"), model=str(model), device="cpu",
            output=str(tmp_path / brightness), brightness=brightness,
        )  # fmt: skip
        dispatch.run(job, events.append, lambda: False)
        said = [event["text"] for event in events if event["event"] == "message"]
        return json.loads((tmp_path / brightness / "result.json").read_text(encoding="utf-8")), said

    return call


def test_choosing_shapes_against_the_scene_is_warned_of_and_they_are_called_shares_of_reflectance(
    unmixed, apply, tmp_path
):
    document, said = apply(unmixed[1] / "model.auvae", "shapes")
    assert not document["brightness"]["areas"]
    assert any("dark materials such as water come out too small" in text for text in said)
    assert "Mean share of reflectance" in (tmp_path / "shapes" / "report.html").read_text(encoding="utf-8")


def test_a_model_applied_again_reads_brightness_as_where_it_was_trained(unmixed, apply):
    document, _ = apply(unmixed[1] / "model.auvae", "automatic")
    trained = json.loads((unmixed[1] / "result.json").read_text(encoding="utf-8"))
    assert document["brightness"] == trained["brightness"]


def test_brightness_that_is_none_of_the_four_is_refused_and_so_is_one_for_a_published_network():
    with pytest.raises(JobError, match="automatic, areas, fixed, shapes"):
        UnmixJob(id="a", scene="s.img", endmembers=3, output="r", brightness="bright")
    with pytest.raises(JobError, match="AUVAE-Net only"):
        UnmixJob(id="a", scene="s.img", endmembers=3, output="r", variant="published", brightness="areas")


def test_models_of_0_1_0_read_shapes_until_areas_are_asked_for():
    draws = np.random.default_rng(4)
    model = read_model(str(FIXTURE)).model
    assert model.reading is None
    shares = draws.dirichlet(np.full(len(model.endmembers), 0.3), (24, 32)).astype(np.float32)
    cube, valid = shares @ model.endmembers, np.ones((24, 32), bool)
    measured = model.measured([(cube, valid)], "areas", 0)
    errors = [np.abs(one.predict(cube, valid).abundances - shares).mean() for one in (model, measured)]
    assert errors[1] < errors[0] / 2


def test_a_model_whose_lighting_was_damaged_is_refused(unmixed, tmp_path):
    content = (unmixed[1] / "model.auvae").read_bytes()
    length = int.from_bytes(content[:8], "little")
    head = json.loads(content[8 : 8 + length])
    settings = json.loads(head["__metadata__"]["settings"])
    for part, value in (("spread", 0.0), ("shifts", [0.0]), ("noisy", 2.0), ("floor", "much")):
        damaged = {**settings, "lighting": {**settings["lighting"], part: value}}
        text = {**head, "__metadata__": {**head["__metadata__"], "settings": json.dumps(damaged)}}
        raw = json.dumps(text).encode()
        (tmp_path / "model.auvae").write_bytes(len(raw).to_bytes(8, "little") + raw + content[8 + length :])
        with pytest.raises(ModelError):
            read_model(str(tmp_path / "model.auvae"))
