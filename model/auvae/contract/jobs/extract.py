"""The job of the task `extract`: a scene whose purest spectra are to be found, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from ..choices import FEWEST_ENDMEMBERS, METHODS, MOST_ENDMEMBERS
from ..selection import Selection
from .document import SceneDocument, check_library, wrong


@dataclass(frozen=True)
class ExtractJob(SceneDocument):
    """A scene whose purest spectra are to be found, and nothing more: the fields of the worker protocol.

    Attributes:
        endmembers: how many.
        library: the file to write them to.
        method: one of choices.METHODS.
    """

    task: ClassVar[str] = "extract"

    id: str
    scene: str
    endmembers: int
    library: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)
    method: str = "vca"

    def __post_init__(self) -> None:
        self.check(texts=("library", "method"), numbers=("endmembers",))
        if self.method not in METHODS:
            raise wrong("method", self.method, f"one of {', '.join(METHODS)}")
        if not FEWEST_ENDMEMBERS <= self.endmembers <= MOST_ENDMEMBERS:
            wanted = f"a number from {FEWEST_ENDMEMBERS} to {MOST_ENDMEMBERS}"
            raise wrong("endmembers", self.endmembers, wanted)
        check_library(self.library)
