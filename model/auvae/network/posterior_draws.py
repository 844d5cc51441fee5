"""Abundances as plausible as the network's own, for its posterior to cover. Trains nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from ..endmembers.brightness import Brightness, counted
from ..endmembers.lighting import NEGLIGIBLE_WEIGHT, Reading
from ..numerics.nonnegative import descended_together, to_simplex
from .auvae_net import AUVAENet
from .views import View

BRIGHTNESS_SPREAD = 0.3
"""Deviation of the logarithm of a material's brightness among shapes: its pure pixels are not all alike."""

CONVENTION_SPREAD = 1.0
"""Deviation, among shapes, of what counts as 100 % of a material: see `counted`."""

Problem = tuple[Tensor, Tensor, Tensor]
"""One of `descended_together`: a target ``(n, K)``, a Gram matrix ``(K, K)``, and stiffness ``(n,)``."""


class PosteriorDraws:
    """What a step's posterior is to cover: readings by endmembers and light that are as plausible.

    They differ by what is unknown: which of the nearly equal sets of endmembers is right; whether abundances
    are areas or shapes; among areas how bright each material is, among shapes what counts as 100 % of it.
    """

    def __init__(
        self,
        network: AUVAENet,
        brightness: Brightness,
        reading: Reading,
        found: Tensor,
        steps: int,
        chance: torch.Generator,
    ) -> None:
        """Draw what is unknown, for every step of a stage.

        Args:
            network: that is trained.
            brightness: of the scene.
            reading: of amounts as abundances.
            found: ``(M, K, B)``, sets of endmembers that explain the scene nearly as well.
            steps: of the stage.
            chance: where random numbers come from.
        """
        self._network, self._brightness, self._reading = network, brightness, reading
        device = found.device
        which = torch.randint(len(found), (steps,), generator=chance).to(device)
        light = torch.randn(steps, found.shape[1], 1, generator=chance).to(device)
        convention = CONVENTION_SPREAD * torch.randn(steps, 1, 1, generator=chance).to(device)
        self._shapes = (torch.rand(steps, 1, 1, generator=chance) < reading.shape_weight).to(device)
        shapes = counted(found[which], convention) * (BRIGHTNESS_SPREAD * light).exp()
        self._spectra = torch.where(self._shapes, shapes, found[which])
        self._light = (-reading.lighting.spread * light[..., 0]).exp()

    @torch.no_grad()
    def of(self, coordinates: Tensor, opposite: Tensor, view: View) -> tuple[Tensor, Tensor, Tensor]:
        """Abundances of a step's pixels, each ``(n, K)``: all of them by one descent, which is quicker.

        Args:
            coordinates: ``(1, d, h, w)``, clean.
            opposite: the same from the bands that judge.
            view: of the step.

        Returns:
            What the trained model will read in ``coordinates`` and ``opposite``, and what it might as well.
        """
        spectra, shapes, light = (
            drawn.index_select(0, view.step)[0] for drawn in (self._spectra, self._shapes, self._light)
        )
        pixels = self._brightness.darkness(view.pixels)[:, 0]
        own = self._network.decoder.spectra
        problems = [*self._read(coordinates, own, pixels), *self._read(opposite, own, pixels)]
        problems.append(self._drawn(coordinates, spectra, pixels, shapes[0, 0], light))
        target, gram, stiffness = (torch.stack(parts) for parts in zip(*problems, strict=True))
        *read, other = to_simplex(descended_together(target, gram, stiffness))
        first, again = read[: len(read) // 2], read[len(read) // 2 :]
        return self._weighed(first), self._weighed(again), other

    def _weighed(self, readings: list[Tensor]) -> Tensor:
        """Areas and shapes by their weights, or the one of them that there is."""
        return torch.lerp(readings[0], readings[-1], self._reading.shape_weight)

    def _read(self, coordinates: Tensor, spectra: Tensor, pixels: Tensor) -> list[Problem]:
        """What the model solves to read coordinates: for areas, for shapes, or for both in this order."""
        weight = self._reading.shape_weight
        products, gram = self._products(coordinates, spectra), spectra @ spectra.T
        problems: list[Problem] = []
        if weight <= 1 - NEGLIGIBLE_WEIGHT:
            darkness = self._brightness.darkness(spectra)[:, 0]
            problems.append(self._reading.as_areas(products, gram, darkness, pixels))
        if weight >= NEGLIGIBLE_WEIGHT:
            problems.append((products, gram, torch.zeros_like(pixels)))
        return problems

    def _drawn(
        self, coordinates: Tensor, spectra: Tensor, pixels: Tensor, free: Tensor, light: Tensor
    ) -> Problem:
        """The problem of other plausible abundances: by area, or freely and with amounts as they are."""
        products, gram = self._products(coordinates, spectra), spectra @ spectra.T
        darkness = self._brightness.darkness(spectra)[:, 0]
        target, square, stiffness = self._reading.as_areas(products, gram, darkness, pixels)
        target = torch.where(free, products, target / light)
        square = torch.where(free, gram, square / (light[:, None] * light))
        return target, square, torch.where(free, 0.0, stiffness)

    def _products(self, coordinates: Tensor, spectra: Tensor) -> Tensor:
        return coordinates[0].flatten(1).T @ (self._network.subspace.axes @ spectra.T)
