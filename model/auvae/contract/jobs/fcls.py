"""The job of the task `fcls`: a scene to be unmixed into known spectra alone, by least squares."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..choices import BRIGHTNESS, FIXED
from ..errors import JobError
from ..selection import Selection
from .document import SceneDocument, check_folders, check_output, wrong
from .known_choice import KnownChoice


@dataclass(frozen=True)
class FclsJob(SceneDocument):
    """A scene to be unmixed into known spectra alone, by least squares: the fields of the worker protocol.

    Attributes:
        known: the spectra; their freedom is 0.
        output: the folder of the result.
        sum_to_one: whether the abundances of a pixel sum to one (FCLS) or need not (NNLS).
        brightness: how a pixel's brightness is read; fixed takes every pixel to be lit as the spectra are.
        colors_of: earlier results, from which the colours of materials found again are taken.
    """

    task: ClassVar[str] = "fcls"

    id: str
    scene: str
    known: KnownChoice
    output: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)
    sum_to_one: bool = True
    brightness: str = FIXED
    colors_of: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.check(texts=("output", "brightness"))
        check_output(self.output)
        check_folders("colors_of", self.colors_of)
        if not isinstance(self.known, KnownChoice) or self.known.freedom:
            raise wrong("known", self.known, "library, places, and a freedom of 0")
        if not isinstance(self.sum_to_one, bool):
            raise wrong("sum_to_one", self.sum_to_one, "true or false")
        if self.brightness not in BRIGHTNESS:
            raise wrong("brightness", self.brightness, f"one of {', '.join(BRIGHTNESS)}")
        if self.brightness != FIXED and not self.sum_to_one:
            raise JobError(
                "Amounts that need not sum to one keep their pixel's brightness, so that it cannot be read.",
                "Let abundances sum to one, or leave brightness fixed.",
            )

    @classmethod
    def read(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The values, with known spectra read."""
        return {**values, "known": KnownChoice.parse(values["known"])}

    @property
    def options(self) -> dict[str, Any]:
        """The settings that shape the result, as result.json keeps them."""
        return {
            "variant": "fcls" if self.sum_to_one else "nnls",
            "known": self.known.document(),
            "sum_to_one": self.sum_to_one,
            "brightness": self.brightness,
            "bands": None if self.bands is None else list(self.bands),
            "selection": self.selection.document(),
            "colors_of": list(self.colors_of) or None,
        }

    @property
    def command(self) -> str:
        """The command line that does the same again."""
        sums = [] if self.sum_to_one else ["--no-sum-to-one"]
        colors = [part for folder in self.colors_of for part in ("--colors-of", folder)]
        return shlex.join(
            ["auvae", "fcls", self.scene, *self.known.arguments(), *sums, *self.part, *colors,
             "--brightness", self.brightness, "--output", self.output]
        )  # fmt: skip
