"""The published networks: layers, losses and schedule as in the papers, and what they promise of a scene."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pytest
import rasterio
import torch
from auvae.contract.choices import VARIANTS
from auvae.contract.errors import DeviceError, SceneError
from auvae.contract.variants import PUBLISHED, caution
from auvae.endmembers.vca import vca
from auvae.mapping.map_rasters import NO_DATA
from auvae.network.options import Options
from auvae.network.published import training as published_training
from auvae.network.published.networks import (
    CentreTap,
    PublishedNet,
    PublishedShape,
    divergence,
    mean_angle,
    misfit,
)
from auvae.network.published.training import PublishedModel, _Training
from auvae.network.train import restore, train
from auvae.simulation.simulate import spectra

SAMSON = {"bands": 156, "endmembers": 3}
BANDS, MATERIALS = 24, 3


def network(variant, bands=BANDS, endmembers=MATERIALS):
    torch.manual_seed(0)
    parts = PUBLISHED[variant]
    return PublishedNet(PublishedShape(bands, endmembers, parts.unet, parts.variance, parts.output))


def layers(net):
    """Name to (inputs, outputs, has a bias) of every layer with weights."""
    return {
        name: (layer.in_features, layer.out_features, layer.bias is not None)
        for name, layer in net.named_modules()
        if isinstance(layer, torch.nn.Linear)
    }


@pytest.fixture(scope="module")
def patch():
    """A scene of three materials, reflectance x 10000, with pure pixels and some without data."""
    draws = np.random.default_rng(0)
    _, endmembers = spectra(MATERIALS, np.linspace(400, 2450, BANDS), draws)
    shares = draws.dirichlet(np.full(MATERIALS, 0.3), size=(14, 15))
    shares[1, :MATERIALS] = np.eye(MATERIALS)
    cube = (10000 * (shares @ endmembers)).astype(np.float32)
    valid = np.ones(cube.shape[:2], bool)
    valid[-3:, -2:] = False
    return cube, valid, 10000 * endmembers


@pytest.fixture
def briefly(monkeypatch):
    """Draft in one round instead of four, with a tenth of the steps."""
    monkeypatch.setitem(published_training.ROUNDS, "draft", 1)
    for kind, steps in (("AUTOENCODER", 3), ("DISCRIMINATOR", 1), ("GENERATOR", 1)):
        monkeypatch.setattr(published_training, f"{kind}_STEPS", steps)


def trained(patch, variant, seed=0):
    return train([patch[:2]], Options(MATERIALS, "draft", seed, "cpu", variant), lambda _progress: None)


# ---- the network


def test_the_published_network_has_the_published_number_of_parameters():
    assert network("published", **SAMSON).parameter_count() == 3_607_428


def test_the_published_layers_have_the_published_shapes():
    found = layers(network("published", **SAMSON))
    unet = {name.removeprefix("encoder.unet."): shape for name, shape in found.items() if "unet" in name}
    assert unet == {
        "down_1": (156, 64, True),
        "down_2": (64, 128, True),
        "down_3": (128, 256, True),
        "bottleneck": (256, 512, True),
        "up_1": (512, 256, True),
        "up_2": (256 + 256, 128, True),
        "up_3": (128 + 128, 64, True),
        "output": (64 + 64, 156, True),
    }
    assert [found[f"encoder.layers.{place}"] for place in range(4)] == [
        (156, 27, True),
        (27, 18, True),
        (18, 9, True),
        (9, 3, False),
    ]
    assert found["encoder.mean"] == found["encoder.log_variance"] == (3, 3, False)
    assert found["decoder.output"] == (156, 156, True)
    assert [found[f"discriminator.{place}"] for place in (0, 2, 4)] == [
        (3, 42, True),  # max(156 / 4, 3 + 2) + 3
        (42, 193, True),  # 1.2 x 156 = 187.2, rounded up, and 5
        (193, 1, True),
    ]


def test_variants_differ_in_exactly_the_switched_parts():
    full, head = layers(network("published")), {"encoder.mean", "encoder.log_variance"}
    unet = {name for name in full if name.startswith("encoder.unet.")}
    behind = {"decoder.output"}
    for variant, missing in (("auae", head), ("avae", unet), ("aae-net", unet | head | behind)):
        assert layers(network(variant)) == {name: full[name] for name in full.keys() - missing}
    norms = {
        variant: sum(isinstance(layer, torch.nn.BatchNorm1d) for layer in network(variant).modules())
        for variant in PUBLISHED
    }
    assert norms == {"published": 4, "auae": 4, "avae": 1, "aae-net": 1}


class Convolution(torch.nn.Module):
    """The published 3x3 convolution of 1x1 images with zeros around them, its centre taken from a layer."""

    def __init__(self, layer):
        super().__init__()
        self.layer = torch.nn.Conv2d(layer.in_features, layer.out_features, 3, padding="same")
        with torch.no_grad():
            self.layer.weight[:, :, 1, 1] = layer.weight
            self.layer.bias.copy_(layer.bias)

    def forward(self, values):
        return self.layer(values[:, :, None, None])[:, :, 0, 0]


def test_leaving_out_dead_kernel_taps_changes_nothing():
    ours = network("published").encoder.unet
    published = copy.deepcopy(ours)
    for name, layer in ours.named_children():
        if isinstance(layer, CentreTap):
            setattr(published, name, Convolution(layer))
    before = {
        name: parameter.detach().clone()
        for name, parameter in published.named_parameters()
        if parameter.ndim == 4
    }
    assert len(before) == 7
    pixels = torch.rand(8, BANDS)
    steps = {}
    for unet in (ours, published):
        optimiser = torch.optim.Adam(unet.parameters(), 2e-4, eps=1e-7)
        torch.manual_seed(1)  # the same dropout
        steps[unet] = []
        for _ in range(2):
            output = unet(pixels)
            optimiser.zero_grad()
            output.square().mean().backward()
            optimiser.step()
            steps[unet].append(output.detach())
    for mine, theirs in zip(steps[ours], steps[published], strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-5)
    dead = torch.ones(3, 3, dtype=torch.bool)
    dead[1, 1] = False
    for name, parameter in published.named_parameters():
        if name in before:
            assert torch.equal(parameter[..., dead], before[name][..., dead])
            assert not torch.equal(parameter[..., 1, 1], before[name][..., 1, 1])


def test_weights_start_as_keras_draws_them():
    net = network("published", **SAMSON)
    centre = net.encoder.unet.bottleneck.weight
    assert centre.abs().max() <= math.sqrt(6 / (9 * 256 + 9 * 512))
    assert float(net.decoder.spectra.detach().std()) == pytest.approx(math.sqrt(2 / (156 + 3)), rel=0.1)
    for name, parameter in net.named_parameters():
        if name.endswith(("bias", "threshold")):
            assert not parameter.any()
    assert {
        (norm.eps, norm.momentum) for norm in net.modules() if isinstance(norm, torch.nn.BatchNorm1d)
    } == {(1e-3, 0.01)}


# ---- losses and schedule


def test_losses_are_the_published_ones():
    pixels, rebuilt = torch.rand(6, 10), torch.rand(6, 10)
    cosine = torch.nn.functional.cosine_similarity(pixels, rebuilt)
    angle = math.acos(float(cosine.mean()) / 10)
    assert float(mean_angle(pixels, rebuilt)) == pytest.approx(angle, rel=1e-5)
    assert float(mean_angle(pixels, pixels)) == pytest.approx(math.acos(1 / 10), rel=1e-5)
    squares = float((pixels - rebuilt).square().mean())
    assert float(misfit(pixels, rebuilt)) == pytest.approx(angle + 0.008 * squares, rel=1e-5)
    assert float(divergence(torch.zeros(4, 3), torch.zeros(4, 3))) == 0
    expected = 0.5 * (0.5**2 + math.exp(-2) + 2 - 1)
    assert float(divergence(torch.full((4, 3), 0.5), torch.full((4, 3), -2.0))) == pytest.approx(expected)


def test_a_round_is_ten_batches_of_thirty_ten_and_ten_steps(patch, monkeypatch):
    taken = []
    for name in ("rebuild", "judge", "deceive"):
        real = getattr(_Training, name)

        def counted(training_, real=real, name=name):
            taken.append((name, len(training_.batch)))
            real(training_)

        monkeypatch.setattr(_Training, name, counted)
    monkeypatch.setitem(published_training.ROUNDS, "draft", 1)
    model = trained(patch, "aae-net")
    pixels = int(patch[1].sum()) // 10
    batch = [("rebuild", pixels)] * 30 + [("judge", pixels)] * 10 + [("deceive", pixels)] * 10
    assert taken == 10 * batch
    assert published_training.ROUNDS["standard"] == 20
    assert [set(line) for line in model.history] == [
        {"step", "reconstruction", "discriminator", "adversary"}
    ] * 10


# ---- what an analyst gets


@pytest.mark.parametrize("variant", PUBLISHED)
def test_published_maps_obey_the_constraints_and_leave_no_data_out(patch, variant, briefly):
    cube, valid, _ = patch
    model = trained(patch, variant)
    maps = model.predict(cube, valid)
    assert maps.abundances[valid].min() >= 0
    assert maps.abundances[valid].sum(-1) == pytest.approx(1, abs=1e-5)
    assert np.ptp(maps.abundances[valid], axis=0).max() > 0
    assert model.endmembers.shape == (MATERIALS, BANDS)
    assert model.endmembers.min() >= 0
    for values in (maps.abundances, maps.uncertainty, maps.angle, maps.squared_error):
        assert np.isfinite(values[valid]).all()
        assert np.isnan(values[~valid]).all()
    constant = np.ptp(maps.uncertainty[valid]) == 0
    assert constant != PUBLISHED[variant].variance
    empty = model.predict(cube, np.zeros_like(valid))
    assert np.isnan(empty.abundances).all()


@pytest.mark.parametrize("variant", ["published", "aae-net"])
def test_the_same_seed_gives_the_same_published_result(patch, variant, briefly):
    first, again, other = (trained(patch, variant, seed).endmembers for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("variant", PUBLISHED)
def test_a_published_model_is_restored_as_it_was(patch, variant, briefly):
    cube, valid, _ = patch
    model = trained(patch, variant)
    settings = json.loads(json.dumps(model.settings()))
    restored = restore(model.state(), settings)
    assert isinstance(restored, PublishedModel)
    assert np.array_equal(restored.endmembers, model.endmembers)
    assert np.array_equal(
        restored.predict(cube, valid).abundances[valid], model.predict(cube, valid).abundances[valid]
    )
    with pytest.raises(ValueError, match="not a state"):
        restore({"foreign": np.zeros(3)}, settings)


def test_the_reference_endmembers_are_found_blind_in_the_scene(patch):
    cube, valid, truth = patch
    found = vca(torch.from_numpy(cube[valid]), MATERIALS, torch.Generator().manual_seed(0)).numpy()
    distance = np.abs(found[:, None] - truth[None]).max(-1) / truth.max()
    assert sorted(distance.argmin(1)) == list(range(MATERIALS))  # pure pixels are in the scene
    assert distance.min(1).max() < 1e-3


@pytest.mark.parametrize("noise", [0.001, 0.05])
def test_vca_finds_pure_pixels_at_high_and_low_noise_and_repeats_itself(noise):
    draws = np.random.default_rng(1)
    _, truth = spectra(4, np.linspace(400, 2450, 60), draws)
    shares = draws.dirichlet(np.full(4, 0.7), size=800)
    shares[:80] = np.eye(4)[np.arange(80) % 4]
    pixels = torch.from_numpy(shares @ truth + noise * draws.normal(size=(800, 60)))
    first, again = (vca(pixels, 4, torch.Generator().manual_seed(5)).numpy() for _ in range(2))
    assert np.array_equal(first, again)
    distance = np.sqrt(np.square(first[:, None] - truth[None]).mean(-1))
    assert sorted(distance.argmin(1)) == [0, 1, 2, 3]
    assert distance.min(1).max() < 2 * noise


def test_memory_running_out_thins_the_pixels_then_gives_a_sentence(patch, briefly, monkeypatch):
    real, said, most = _Training.rebuild, [], [5]

    def rebuild(training_):
        if len(training_.batch) > most[0]:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB.")
        real(training_)

    monkeypatch.setattr(_Training, "rebuild", rebuild)
    options = Options(MATERIALS, "draft", 0, "cpu", "aae-net")
    train([patch[:2]], options, lambda progress: said.append(progress.text))
    assert [text for text in said if text.startswith("Memory")] == [
        f"Memory is short: training on one pixel in {thinning}" for thinning in (2, 4)
    ]
    most[0] = 0
    with pytest.raises(DeviceError, match="memory"):
        train([patch[:2]], options, lambda progress: None)


def test_a_scene_too_small_for_a_published_network_says_so(patch):
    cube, valid, _ = patch
    with pytest.raises(SceneError, match="19 valid pixels; AAE-Net needs 20"):
        train(
            [(cube[:1, :], valid[:1, :]), (cube[:1, :4], valid[:1, :4])], Options(3, variant="aae-net"), print
        )
    with pytest.raises(SceneError, match="equal"):
        train([(np.ones_like(cube), valid)], Options(3, variant="aae-net"), lambda progress: None)


def test_progress_of_a_published_training_moves_and_may_end_it(patch, briefly, monkeypatch):
    monkeypatch.setattr(published_training, "REPORT_EVERY", 0.0)
    heard = []

    def cancel(progress):
        heard.append(progress)
        if progress.fraction >= 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train([patch[:2]], Options(MATERIALS, "draft", 0, "cpu", "avae"), cancel)
    fractions = [progress.fraction for progress in heard]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) > 10
    assert (heard[0].stage, heard[-1].stage) == ("start", "training")
    assert "reconstruction" in heard[-1].losses


def test_a_published_variant_goes_the_whole_way_and_says_what_it_is_for(unmix, simulated, briefly, tmp_path):
    events = unmix(simulated, variant="aae-net")
    output = tmp_path / "result"
    document = json.loads((output / "result.json").read_text(encoding="utf-8"))
    assert document["options"]["variant"] == "aae-net"
    assert "--variant aae-net" in document["command"]
    assert document["warnings"][0] == caution("aae-net")
    assert events[-1]["warnings"] == document["warnings"]
    report = (output / "report.html").read_text(encoding="utf-8")
    assert "endmembers by AAE-Net" in report
    assert "to compare with" in report
    with rasterio.open(output / "abundances.tif") as raster:
        abundances = raster.read()
    inside = (abundances != NO_DATA).all(0)
    assert abundances[:, inside].sum(0) == pytest.approx(1, abs=1e-3)


def test_the_default_has_nothing_to_be_warned_of_and_an_unknown_variant_is_refused():
    assert caution(VARIANTS[0]) == ""
    assert Options(3).variant == VARIANTS[0] == "auvae-net"
    with pytest.raises(ValueError, match="variant must be one of"):
        Options(3, variant="best")
