"""The job of the task `unmixscenes`: scenes to be unmixed into the same endmembers."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..choices import AUTOMATIC, MODELS
from ..errors import JobError
from ..selection import Selection
from ..variants import DEFAULT
from .cluster import check_address
from .document import Document
from .unmix import UnmixJob


@dataclass(frozen=True)
class ScenesJob(Document):
    """Scenes to unmix, with one model or one each, and where to compute: fields of the worker protocol.

    Attributes:
        scenes: as in a job on one scene; no two alike.
        endmembers: 2 to 30, or 0 to have their number estimated.
        output: the folder that holds a result folder for each scene, the summary and the report.
        models: "one", trained on samples of all scenes, or one for "each".
        brightness: how a pixel's brightness is read, alike in all scenes of a model.
        run_on: a Dask scheduler, tcp://HOST:PORT or tls://HOST:PORT; empty for this computer.
        cpu_workers: whether workers without a GPU take part although others have one.
    """

    task: ClassVar[str] = "unmixscenes"

    id: str
    scenes: tuple[str, ...]
    endmembers: int
    output: str
    models: str = "one"
    bands: tuple[int, ...] | None = None
    quality: str = "standard"
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)
    run_on: str = ""
    cpu_workers: bool = False
    brightness: str = AUTOMATIC

    def __post_init__(self) -> None:
        if not self.scenes or not all(isinstance(scene, str) for scene in self.scenes):
            raise JobError(f"Scenes is {list(self.scenes)!r}.", "Give a list of at least one path.")
        twice = [scene for scene, times in Counter(self.scenes).items() if times > 1]
        if twice:
            raise JobError(f"The scene {twice[0]} is given twice.", "Name each scene once.")
        if self.models not in MODELS:
            raise JobError(f"Models is {self.models!r}.", f"Give one of {', '.join(MODELS)}.")
        if not isinstance(self.cpu_workers, bool):
            raise JobError(f"Cpu_workers is {self.cpu_workers!r}.", "Give true or false.")
        check_address(self.run_on)
        for scene in self.scenes:
            self.on(scene)

    def on(self, scene: str) -> UnmixJob:
        """The job on one of the scenes alone.

        Raises:
            JobError: something that it has in common with jobs on one scene is wrong.
        """
        return UnmixJob(
            self.id, scene, self.endmembers, self.output, quality=self.quality, bands=self.bands,
            seed=self.seed, device=self.device, selection=self.selection, brightness=self.brightness,
        )  # fmt: skip

    @property
    def options(self) -> dict[str, Any]:
        """The settings that shape the results, as result.json keeps them."""
        return {
            "endmembers": self.endmembers,
            "quality": self.quality,
            "seed": self.seed,
            "device": self.device,
            "variant": DEFAULT,
            "bands": None if self.bands is None else list(self.bands),
            "selection": self.selection.document(),
            "models": self.models,
            "brightness": self.brightness,
        }

    @property
    def command(self) -> str:
        """The command line that does the same again."""
        place = [] if not self.run_on else ["--run-on", self.run_on]
        place += ["--cpu-workers"] if self.cpu_workers else []
        return shlex.join(
            ["auvae", "unmix", *self.scenes, "--endmembers", str(self.endmembers), "--models", self.models,
             "--quality", self.quality, *self.on(self.scenes[0]).part, "--seed", str(self.seed),
             "--device", self.device, "--brightness", self.brightness, *place, "--output", self.output]
        )  # fmt: skip


def folder_names(scenes: tuple[str, ...]) -> list[str]:
    """A folder's name for each scene: its file's without ending, and different from all others."""
    names: list[str] = []
    for scene in scenes:
        last = re.split(r'[\\/":]+', scene.rstrip('\\/":'))[-1]
        stem = re.sub(r"[^\w.\- ]+", "_", os.path.splitext(last)[0]).strip(" .") or "scene"
        name, number = stem, 2
        while name.lower() in {other.lower() for other in names}:
            name, number = f"{stem}_{number}", number + 1
        names.append(name)
    return names
