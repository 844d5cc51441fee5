"""How far a scene is from what endmembers could have made: the adversary as a judge. Makes no endmembers.

For every set of endmembers a generator learns, with the endmembers held, to make pixels that a critic cannot
tell from the scene's: how materials mix, how each varies, how they are lit. What it cannot learn shows how
wrong the endmembers are: mixtures are drawn from Dirichlet distributions that never heap up inside the
simplex, so that one that is too large has empty corners, and one that is too small leaves pixels outside.
A fresh critic then says how far the scene is from what the generator makes, on pixels that nothing has seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Dirichlet

from ..numerics.device import seed_random_numbers
from ..numerics.optimiser import Adam, steady
from ..numerics.steps import repeat
from .judge import Verdict
from .search_space import SearchSpace, unnormalised

STEPS, FRESH_STEPS = 300, 250
DRAWS, BATCH = 60, 768
"""Pixels of every Dirichlet distribution, and real ones, in a step."""

HELD_OUT = 3000
"""Real pixels, at most, to judge with; as many to learn from."""

CRITICS = 3
"""Fresh critics of every set; their mean decides."""

WIDTH = 64
ASKING = "Comparing with generated pixels"

CONVINCING = 3.0
"""A set replaces another unless the scene is more than so many times as far from what it could have made.

Larger than 1, since the generator cannot leave the corners of the true simplex as empty as they are where no
pixel is pure. In simulated scenes endmembers that were right had 0.3 to 1.8, wrong ones 0.9 to 1.9: this
objects to gross errors alone, and the gates before it decide.
"""

LARGEST_CONCENTRATION = 1.5
"""Of the Dirichlet distributions: larger ones would heap up inside the simplex."""

RATE, CRITICS_RATE, FRESH_RATE = 1e-2, 2e-3, 3e-3
PENALTY, EVERY = 0.05, 4
"""On the critic's gradient at real pixels (Mescheder et al. 2018), and in which steps."""

FIRST_BLUR, LAST_BLUR = 0.3, 0.02
"""Noise on real and generated pixels: at first none tells them apart at a glance."""


class Generator(nn.Module):
    """Pixels as C sets of endmembers would make them, softly normalised and whitened as the real ones are.

    Args:
        space: of the scene.
        sets: ``(C, K, d)``, the endmembers, in the coordinates of ``space.points``.
    """

    def __init__(self, space: SearchSpace, sets: Tensor) -> None:
        super().__init__()
        many, count = sets.shape[:2]
        self.held = unnormalised(sets)[..., :count]
        points = space.points[:, :count]
        self.centre = points.mean(0)
        spread = torch.cov(points.T) + 1e-8 * torch.eye(count, device=points.device)
        self.white = torch.linalg.inv_ex(torch.linalg.cholesky(spread))[0].T
        alpha = torch.full((2 * count + 2, count), 0.3)
        alpha[:count] = 0.08
        alpha[range(count), range(count)] = 0.8
        alpha[count : 2 * count] = torch.rand(count, count) * 0.8 + 0.1
        alpha[2 * count :] = 1.0
        start = torch.logit(alpha / LARGEST_CONCENTRATION).to(points)
        self.concentration = nn.Parameter(start.repeat(many, 1, 1))
        self.weight = nn.Parameter(points.new_zeros(many, len(alpha)))
        self.gain = nn.Parameter(points.new_zeros(many, count))
        self.own = nn.Parameter(points.new_full((many, count), math.log(0.08)))
        self.common = nn.Parameter(points.new_full((many,), math.log(0.15)))
        self.noise = nn.Parameter(points.new_full((many,), math.log(max(space.noise, 1e-6))))
        cloud = 0.01 * torch.randn(count, 2, count).to(points)
        self.cloud = nn.Parameter(cloud.repeat(many, 1, 1, 1))

    def forward(self, draws: int) -> tuple[Tensor, Tensor]:
        """Pixels ``(C, n, K)``, ``draws`` from every distribution, and what each counts ``(C, n)``."""
        alpha = LARGEST_CONCENTRATION * torch.sigmoid(self.concentration) + 0.02  # (C, R, K)
        many, kinds, count = alpha.shape
        mixtures = Dirichlet(alpha, validate_args=False)  # a check would ask the host
        shares = mixtures.rsample((draws,)).transpose(0, 1).clamp_min(1e-7)
        shares = shares.reshape(many, draws * kinds, count)
        varied = torch.randn_like(shares) * self.own.clamp(-5, -0.7).exp()[:, None] + self.gain[:, None]
        lit = shares * varied.exp()
        ways = torch.randn(*lit.shape, 2, device=lit.device)
        sizes = self.held.norm(dim=2)[..., None, None]
        made = lit @ self.held + torch.einsum("cnk,cnkj,ckjd->cnd", lit, ways, self.cloud * sizes)
        light = torch.randn_like(made[..., :1]) * self.common.clamp(-5, 0).exp()[:, None, None]
        made = made * light.exp() + torch.randn_like(made) * self.noise.exp()[:, None, None]
        soft = made / (1 + made.norm(dim=2, keepdim=True))
        weight = F.softmax(self.weight, 1)[:, None].expand(many, draws, kinds) / draws
        return (soft - self.centre) @ self.white, weight.reshape(many, -1)


class Critics(nn.Module):
    """Networks side by side, each with a set of pixels of its own: ``(N, n, K)`` -> logits ``(N, n)``.

    ``different`` weights are drawn, each for ``alike`` sets of endmembers, which lie side by side.
    """

    def __init__(self, alike: int, different: int, inputs: int, device: torch.device) -> None:
        super().__init__()
        sizes = ((inputs, WIDTH), (WIDTH, WIDTH), (WIDTH, 1))
        # alike for each set of endmembers: sets are to be told apart, not critics
        drawn = [(torch.rand(different, into + 1, out) * 2 - 1) / math.sqrt(into) for into, out in sizes]
        parts = [one.repeat_interleave(alike, 0).to(device) for one in drawn]
        self.weights = nn.ParameterList(part[:, :-1].clone() for part in parts)
        self.biases = nn.ParameterList(part[:, -1:].clone() for part in parts)

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits ``(N, n)``, positive where pixels ``(N, n, K)`` are taken for the scene's."""
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            pixels = torch.baddbmm(bias, F.leaky_relu(pixels, 0.2) if number else pixels, weight)
        return pixels[..., 0]


Report = Callable[[float], None]
Training = Callable[[Generator, Tensor, Report], None]


def blurred(made: Tensor, seen: Tensor, number: Tensor) -> tuple[Tensor, Tensor]:
    """Generated pixels ``(C, n, K)``, and real ones ``(m, K)`` for each set, under the noise of a step."""
    blur = FIRST_BLUR * (1 - number / (0.6 * STEPS)).clamp_min(0) + LAST_BLUR
    made = made + blur * torch.randn_like(made)
    return made, (seen + blur * torch.randn_like(seen)).expand(len(made), -1, -1)


def batches(real: Tensor, steps: int, size: int) -> Tensor:
    """Which of the real pixels ``(n, K)`` each step sees: ``(steps, size)``, drawn before the first."""
    return torch.randint(len(real), (steps, size)).to(real.device)


def train_against_critics(generator: Generator, real: Tensor, report: Report) -> None:
    """Let the generator learn to make what critics cannot tell from ``real`` ``(n, K)`` pixels."""
    many, count = generator.held.shape[:2]
    critics = Critics(many, 1, count, real.device)
    ours = Adam(generator.parameters(), steady(STEPS, RATE, 0.5), spread_decay=0.95)
    theirs = Adam(critics.parameters(), steady(STEPS, CRITICS_RATE, 0.5), spread_decay=0.95)
    drawn = batches(real, STEPS, BATCH)

    def step(number: Tensor, *, slope: bool) -> None:
        made, weight = generator(DRAWS)
        made, seen = blurred(made, real[drawn.index_select(0, number)[0]], number)
        seen = seen.detach().requires_grad_(slope)
        yes, no = critics(seen), critics(made.detach())
        loss = F.softplus(-yes).mean(1).sum() + (weight.detach() * F.softplus(no)).sum()
        if slope:
            steep = torch.autograd.grad(yes.sum(), seen, create_graph=True)[0]
            loss = loss + PENALTY * steep.square().sum(2).mean(1).sum()
        theirs.forget_gradient()
        loss.backward()
        theirs.step(number)
        fooled = (weight * F.softplus(-critics(made))).sum()
        ours.forget_gradient()
        fooled.backward()
        ours.step(number)

    def some_steps(number: Tensor) -> None:
        for further in range(EVERY):
            step(EVERY * number + further, slope=not further)

    repeat(some_steps, STEPS // EVERY, real.device, report)


def distances(space: SearchSpace, sets: Tensor, train: Training = train_against_critics) -> Tensor:
    """Jensen-Shannon distance, in nats, between the scene and what each set could have made.

    Args:
        space: of the scene.
        sets: ``(C, K, d)``, endmembers in the coordinates of ``space.points``.
        train: how the generators learn.

    Returns:
        ``(C,)``, from 0 (nothing tells them apart) to log 2.
    """
    seed = int(torch.randint(2**31, (1,), generator=space.generator))
    devices = [space.points.device] if space.points.is_cuda else []
    with torch.random.fork_rng(devices), torch.enable_grad():
        seed_random_numbers(space.points.device, seed)
        generator = Generator(space, sets)
        order = torch.randperm(len(space.points))[: 2 * HELD_OUT].to(space.points.device)
        real = (space.points[order][:, : space.count] - generator.centre) @ generator.white
        half = len(real) // 2
        train(generator, real[:half], lambda done: space.report(f"{ASKING}: {0.6 * done:.0%}"))
        fresh = generator, real[:half], real[half:]
        return _told_apart(*fresh, lambda done: space.report(f"{ASKING}: {0.6 + 0.4 * done:.0%}"))


def _told_apart(generator: Generator, known: Tensor, new: Tensor, report: Report) -> Tensor:
    """How far critics that learn from ``known`` pixels ``(n, K)`` tell ``new`` ones from generated ones."""
    many, count = generator.held.shape[:2]
    with torch.no_grad():
        made, weight = generator(8 * DRAWS)
        drawn = torch.multinomial(weight.cpu(), len(known) + len(new), replacement=True).to(made.device)
        made = torch.stack([each[rows] for each, rows in zip(made, drawn, strict=True)])
    made = made.repeat(CRITICS, 1, 1)
    critics = Critics(many, CRITICS, count, known.device)
    rates = steady(FRESH_STEPS, FRESH_RATE)
    optimiser = Adam(critics.parameters(), rates, spread_decay=0.999, shrinking=1e-4)
    learned, judged = made[:, : len(known)], made[:, len(known) :]
    batch = batches(known, FRESH_STEPS, min(BATCH, len(known)) // 2)

    def step(number: Tensor) -> None:
        rows = batch.index_select(0, number)[0]
        real = known[rows].expand(CRITICS * many, -1, -1)
        loss = (F.softplus(-critics(real)).mean(1) + F.softplus(critics(learned[:, rows])).mean(1)).sum()
        optimiser.forget_gradient()
        loss.backward()
        optimiser.step(number)

    repeat(step, FRESH_STEPS, known.device, report)
    with torch.no_grad():
        missed = F.softplus(-critics(new.expand(CRITICS * many, -1, -1))).mean(1)
        missed = missed + F.softplus(critics(judged)).mean(1)
        return (math.log(2) - 0.5 * missed).view(CRITICS, many).mean(0)


def verdict(newcomer: float, incumbent: float) -> Verdict:
    """Compare the `distances` of two sets of endmembers."""
    share = newcomer / max(incumbent, 1e-9)
    told = (
        f"a critic tells pixels generated with them from the scene's {{}} "
        f"({newcomer:.3f} nats; {incumbent:.3f} with those so far)"
    )
    if share > CONVINCING:
        return Verdict(False, told.format("much more easily"))
    return Verdict(True, told.format("less easily" if share < 1 else "not much more easily"))
