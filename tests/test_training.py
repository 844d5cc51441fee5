"""What a training promises of its steps: crops, optimiser, and a step that asks the host nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from auvae.endmembers import adversary
from auvae.endmembers.archetypes import archetypes
from auvae.endmembers.candidates import likelihood
from auvae.endmembers.search_space import SearchSpace
from auvae.network.auvae_net import doubled
from auvae.network.crops import Crops
from auvae.network.options import Effort, Options
from auvae.network.trainer import Trainer
from auvae.numerics.inverse import inverted
from auvae.numerics.nonnegative import (
    descended,
    descended_together,
    eliminated,
    nonnegative_least_squares,
    solve_on_support,
)
from auvae.numerics.optimiser import Adam, falling, one_cycle, steady
from auvae.numerics.steps import RepeatedStep
from torch.utils._python_dispatch import TorchDispatchMode

pytestmark = pytest.mark.card


def patch(rows, cols, bands=5, hole=None):
    pixels = torch.arange(rows * cols * bands, dtype=torch.float32).view(rows, cols, bands)
    inside = torch.ones(rows, cols, dtype=torch.bool)
    if hole is not None:
        inside[hole] = False
    return pixels, inside


def test_crops_lie_in_their_patch_hold_a_valid_pixel_and_come_in_all_eight_ways():
    patches = [patch(24, 32, hole=np.s_[:, 12:]), patch(16, 8)]
    crops = Crops(patches, 8)
    draws = crops.draw(400, torch.Generator().manual_seed(0))
    seen = set()
    for step, shape in enumerate(draws.shapes):
        pixels, inside = crops.crop(draws, torch.tensor([step]), shape)
        assert inside.any()
        image = pixels.view(*shape, 5)
        down, across = (image[1, 0] - image[0, 0])[0], (image[0, 1] - image[0, 0])[0]
        seen.add((float(down), float(across)))
        source = next(
            p for p, _ in patches if {abs(float(down)), abs(float(across))} == {5.0, 5.0 * p.shape[1]}
        )
        assert any(
            torch.equal(image, way)
            for top in range(0, source.shape[0] - 7, 4)
            for left in range(0, source.shape[1] - 7, 4)
            for turned in [torch.rot90(source[top : top + 8, left : left + 8], k) for k in range(4)]
            for way in (turned, turned.transpose(0, 1))
        )
    assert len(seen) == 16  # eight ways, two patches
    shares = draws.seen.mean(1)
    assert shares.min() >= 0.39
    assert shares.max() <= 0.81
    assert torch.equal(draws.judging, 1 - draws.seen)


@pytest.mark.parametrize("kind", ["cycle", "line", "steady"])
def test_the_optimiser_takes_the_steps_of_torchs_own_adam(kind):
    torch.manual_seed(0)
    ours, theirs = torch.nn.Linear(7, 3), torch.nn.Linear(7, 3)
    theirs.load_state_dict(ours.state_dict())
    steps, rate = 40, 1e-2
    adam = torch.optim.Adam(theirs.parameters(), rate, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.ConstantLR(adam, 1.0)
    if kind == "steady":
        mine = Adam(ours.parameters(), steady(steps, rate), spread_decay=0.95, shrinking=1e-2)
        adam.param_groups[0].update(betas=(0.9, 0.95), weight_decay=1e-2)
    elif kind == "cycle":
        mine = Adam(ours.parameters(), one_cycle(steps, rate))
        schedule = torch.optim.lr_scheduler.OneCycleLR(adam, rate, total_steps=steps, pct_start=0.15)
    else:
        mine = Adam(ours.parameters(), falling(steps, rate))
        schedule = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.05, steps)
    for step in range(steps):
        pixels = torch.randn(20, 7)
        for network in (ours, theirs):
            network.zero_grad(set_to_none=network is theirs)
            (network(pixels) - pixels[:, :3].sin()).square().mean().backward()
        mine.step(torch.tensor([step]))
        adam.step()
        schedule.step()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-5)
    assert torch.allclose(ours.bias, theirs.bias, atol=1e-5)


def test_an_image_is_doubled_as_torch_doubles_it():
    image = torch.randn(2, 3, 5, 7)
    expected = torch.nn.functional.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)
    assert torch.allclose(doubled(doubled(image, 2), 3), expected, atol=1e-6)


def test_a_fixed_number_of_sweeps_comes_near_the_least_squares_mixture():
    torch.manual_seed(0)
    spectra = torch.rand(5, 30) + 0.1
    pixels = torch.distributions.Dirichlet(torch.full((5,), 0.4)).sample((500,)) @ spectra
    products, gram = pixels @ spectra.T, spectra @ spectra.T
    near, best = descended(products, gram), nonnegative_least_squares(products, gram)
    assert (near - best).abs().mean() < 5e-3


def test_problems_that_are_solved_together_come_near_the_mixtures_of_each_alone():
    torch.manual_seed(0)
    spectra = torch.rand(2, 5, 30) + 0.1
    pixels = torch.distributions.Dirichlet(torch.full((5,), 0.4)).sample((2, 500)) @ spectra
    products, gram = pixels @ spectra.mT, spectra @ spectra.mT
    stiffness = torch.stack([torch.zeros(500), 3 * torch.rand(500)])
    near = descended_together(products, gram, stiffness)
    free = nonnegative_least_squares(products[0], gram[0])
    held = nonnegative_least_squares(products[1], gram[1], stiffness[1])
    assert (near[0] - free).abs().mean() < 5e-3
    assert (near[1] - held).abs().mean() < 5e-3


def test_inverses_and_volumes_by_elimination_are_those_of_lapack_and_their_gradient_is_right():
    torch.manual_seed(0)
    matrices = torch.randn(5, 6, 6, dtype=torch.float64)
    matrices[0, 0, 0] = 0  # cannot be eliminated without exchanging rows
    inverses, volumes = inverted(matrices)
    assert torch.allclose(inverses, torch.linalg.inv(matrices))
    assert torch.allclose(volumes, torch.linalg.slogdet(matrices)[1])
    assert torch.autograd.gradcheck(inverted, matrices.requires_grad_())


def test_many_small_systems_are_solved_by_elimination_as_lapack_solves_them():
    torch.manual_seed(0)
    spectra = torch.rand(6, 40, dtype=torch.float64) + 0.1
    matrix = (spectra @ spectra.T + 0.01 * torch.eye(6)).expand(50, 6, 6)
    right = torch.rand(50, 6, dtype=torch.float64)
    assert torch.allclose(eliminated(matrix, right), torch.linalg.solve(matrix, right))
    support = torch.rand(50, 6) > 0.3
    arguments = (right.requires_grad_(), (spectra @ spectra.T).requires_grad_())
    assert torch.autograd.gradcheck(lambda *given: solve_on_support(*given, support), arguments)


class HostAsked(TorchDispatchMode):
    """Notes every operation that makes a device wait for the host, or whose sizes hang on values."""

    WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "_unique2", "bincount", "is_nonzero",
               "_linalg_eigh", "lift_fresh")  # fmt: skip

    def __init__(self):
        super().__init__()
        self.asked = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        by_mask = "index" in name and len(args) > 1 and isinstance(args[1], (list, tuple))
        masked = by_mask and any(t is not None and t.dtype == torch.bool for t in args[1])
        if name in self.WAITING or masked:
            self.asked.add(name)
        return func(*args, **kwargs)


def watched(monkeypatch):
    """What the steps taken from now on ask, by the names of operations."""
    asked = set()

    def take(step, call=RepeatedStep.__call__):
        with HostAsked() as host:
            call(step)
        asked.update(host.asked)

    monkeypatch.setattr(RepeatedStep, "__call__", take)
    return asked


@pytest.mark.parametrize("stage", ["clean", "unmix"])
def test_a_step_asks_the_host_nothing_so_that_a_card_can_replay_it(stage, mixed, monkeypatch):
    cube = mixed(rows=20, cols=20).astype(np.float32)
    effort = Effort(cleaning=4, unmixing=4, starts=2, rounds=5, crop=16)
    trainer = Trainer(
        [(cube, np.ones(cube.shape[:2], bool))], Options(3), effort, torch.device("cpu"), lambda _: None
    )
    if stage == "unmix":
        trainer.clean(0.0, 0.5)
        trainer.start(0.5)
    asked = watched(monkeypatch)
    getattr(trainer, stage)(0.5, 1.0)
    assert not asked


def test_a_step_of_the_search_asks_the_host_nothing_either(monkeypatch):
    monkeypatch.setattr(adversary, "STEPS", 8)
    monkeypatch.setattr(adversary, "FRESH_STEPS", 3)
    chance = torch.Generator().manual_seed(0)
    pixels = torch.rand(500, 3, generator=chance) @ torch.rand(3, 12, generator=chance) + 0.1
    space = SearchSpace.of(pixels, 3, 2, 5, chance, observed=pixels)
    cloud, unit = likelihood.Cloud.of(space, space.unnormalised[:3, :3])
    ends = likelihood.starts(cloud, space.unnormalised[:3, :3] / unit)
    asked = watched(monkeypatch)
    found = archetypes(space.centres, space.sizes, 3, 2, 5, chance)
    likelihood.fit(cloud, ends, space, 3, 0.03)
    adversary.distances(space, found)
    assert not asked
