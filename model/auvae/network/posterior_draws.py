"""Abundances as plausible as the network's own, for its posterior to cover. Trains nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from ..endmembers.brightness import Brightness, counted
from ..endmembers.lighting import NEGLIGIBLE_WEIGHT, Reading
from ..endmembers.nonnegative import descended, to_simplex
from .auvae_net import AUVAENet
from .views import View

BRIGHTNESS_SPREAD = 0.3
"""Deviation of the logarithm of a material's brightness among shapes: its pure pixels are not all alike."""

CONVENTION_SPREAD = 1.0
"""Deviation, among shapes, of what counts as 100 % of a material: see `counted`."""


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
    def read(self, coordinates: Tensor, view: View) -> Tensor:
        """Abundances ``(n, K)`` of clean ``coordinates`` ``(1, d, h, w)``, as the trained model will read."""
        weight = self._reading.shape_weight
        spectra = self._network.decoder.spectra
        products, gram = self._products(coordinates, spectra), spectra @ spectra.T
        if weight > 1 - NEGLIGIBLE_WEIGHT:
            return to_simplex(descended(products, gram))
        problem = self._reading.as_areas(products, gram, *self._darkness(spectra, view))
        areas = to_simplex(descended(*problem))
        if weight < NEGLIGIBLE_WEIGHT:
            return areas
        return torch.lerp(areas, to_simplex(descended(products, gram)), weight)

    @torch.no_grad()
    def draw(self, coordinates: Tensor, view: View) -> Tensor:
        """Other plausible abundances ``(n, K)`` of clean ``coordinates`` ``(1, d, h, w)``, for a step."""
        spectra, shapes, light = (
            drawn.index_select(0, view.step)[0] for drawn in (self._spectra, self._shapes, self._light)
        )
        products, gram = self._products(coordinates, spectra), spectra @ spectra.T
        target, square, stiffness = self._reading.as_areas(products, gram, *self._darkness(spectra, view))
        # Shapes are the same problem with amounts left as they are and brightness free.
        free = shapes[0, 0]
        target = torch.where(free, products, target / light)
        square = torch.where(free, gram, square / (light[:, None] * light))
        return to_simplex(descended(target, square, torch.where(free, 0.0, stiffness)))

    def _darkness(self, spectra: Tensor, view: View) -> tuple[Tensor, Tensor]:
        """Of endmembers ``(K,)`` and of the pixels that are seen ``(n,)``."""
        pixels = self._brightness.darkness(view.pixels)[:, 0]
        return self._brightness.darkness(spectra)[:, 0], pixels

    def _products(self, coordinates: Tensor, spectra: Tensor) -> Tensor:
        return coordinates[0].flatten(1).T @ (self._network.subspace.axes @ spectra.T)
