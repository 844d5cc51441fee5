"""The job of the task `apply`: a trained model to be used on another scene."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..choices import AUTOMATIC, BRIGHTNESS
from ..selection import Selection
from .document import SceneDocument, check_output, wrong


@dataclass(frozen=True)
class ApplyJob(SceneDocument):
    """A trained model to be used on another scene: the fields of the worker protocol.

    Attributes:
        model: the model.auvae of a result. It knows which bands it needs, so `bands` is None.
        output: the folder of the result.
        brightness: how a pixel's brightness is read; automatic as when the model was trained.
    """

    task: ClassVar[str] = "apply"

    id: str
    scene: str
    model: str
    output: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)
    brightness: str = AUTOMATIC

    def __post_init__(self) -> None:
        self.check(texts=("model", "output", "brightness"))
        check_output(self.output)
        if not self.model.strip():
            raise wrong("model", self.model, "the path of a model.auvae")
        if self.brightness not in BRIGHTNESS:
            raise wrong("brightness", self.brightness, f"one of {', '.join(BRIGHTNESS)}")
        if self.bands is not None:
            raise wrong("bands", self.bands, "null: the model says which bands it needs")

    @property
    def options(self) -> dict[str, Any]:
        """The settings that shape the result, as result.json keeps them."""
        return {
            "model": self.model,
            "device": self.device,
            "selection": self.selection.document(),
            "brightness": self.brightness,
        }

    @property
    def command(self) -> str:
        """The command line that does the same again."""
        return shlex.join(
            ["auvae", "apply", self.model, self.scene, *self.part, "--device", self.device,
             "--brightness", self.brightness, "--output", self.output]
        )  # fmt: skip
