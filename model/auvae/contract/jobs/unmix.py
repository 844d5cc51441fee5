"""The job of the task `unmix`: a scene to be unmixed with a network."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..choices import (
    AUTOMATIC,
    BRIGHTNESS,
    ESTIMATED,
    FEWEST_ENDMEMBERS,
    MOST_ENDMEMBERS,
    QUALITIES,
    VARIANTS,
)
from ..errors import JobError
from ..selection import Selection
from ..variants import DEFAULT, abilities
from .document import SceneDocument, check_folders, check_output, wrong
from .known_choice import KnownChoice


@dataclass(frozen=True)
class UnmixJob(SceneDocument):
    """What to unmix, how and where to: the fields of the worker protocol.

    Attributes:
        endmembers: how many; 0 to have their number estimated.
        output: the folder of the result.
        quality: how long the network trains.
        variant: which network.
        known: spectra of materials that are known, None for none.
        model: a model.auvae to start from, None for none.
        brightness: how a pixel's brightness is read.
        colors_of: earlier results, from which the colours of materials found again are taken.
    """

    task: ClassVar[str] = "unmix"

    id: str
    scene: str
    endmembers: int
    output: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)
    quality: str = "standard"
    variant: str = DEFAULT
    known: KnownChoice | None = None
    model: str | None = None
    brightness: str = AUTOMATIC
    colors_of: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.check(
            texts=("output", "quality", "variant", "brightness"), numbers=("endmembers",), files=("model",)
        )
        for name, allowed in (("quality", QUALITIES), ("variant", VARIANTS), ("brightness", BRIGHTNESS)):
            if getattr(self, name) not in allowed:
                raise wrong(name, getattr(self, name), f"one of {', '.join(allowed)}")
        if self.endmembers != ESTIMATED and not FEWEST_ENDMEMBERS <= self.endmembers <= MOST_ENDMEMBERS:
            wanted = f"a number from {FEWEST_ENDMEMBERS} to {MOST_ENDMEMBERS}, or 0 to have it estimated"
            raise wrong("endmembers", self.endmembers, wanted)
        check_output(self.output)
        check_folders("colors_of", self.colors_of)
        if (self.known or self.model) and not abilities(self.variant).fine_tunable:
            raise JobError(
                "The published networks take neither known spectra nor a model to start from.",
                f"Use the variant {DEFAULT}.",
            )
        if self.variant != DEFAULT and self.brightness != AUTOMATIC:
            raise JobError(
                "How brightness is read can be chosen for AUVAE-Net only.", f"Use the variant {DEFAULT}."
            )
        if self.known is not None and self.model is not None:
            raise JobError(
                "Known spectra and a model to start from were both given.",
                "A model brings its own: give one.",
            )

    @classmethod
    def read(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The values, with known spectra read."""
        return {**values, "known": KnownChoice.parse(values["known"])}

    @property
    def options(self) -> dict[str, Any]:
        """The settings that shape the result, as result.json keeps them."""
        return {
            "endmembers": self.endmembers,
            "quality": self.quality,
            "seed": self.seed,
            "device": self.device,
            "variant": self.variant,
            "bands": None if self.bands is None else list(self.bands),
            "selection": self.selection.document(),
            "known": None if self.known is None else self.known.document(),
            "model": self.model,
            "brightness": self.brightness,
            "colors_of": list(self.colors_of) or None,
        }

    @property
    def command(self) -> str:
        """The command line that does the same again."""
        known = [] if self.known is None else self.known.arguments()
        model = [] if self.model is None else ["--from", self.model]
        colors = [part for folder in self.colors_of for part in ("--colors-of", folder)]
        return shlex.join(
            ["auvae", "unmix", self.scene, "--endmembers", str(self.endmembers), "--quality", self.quality,
             *self.part, *known, *model, "--seed", str(self.seed), "--device", self.device,
             "--variant", self.variant, "--brightness", self.brightness, *colors, "--output", self.output]
        )  # fmt: skip
