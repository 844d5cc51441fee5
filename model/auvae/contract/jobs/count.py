"""The job of the task `count`: a scene whose endmembers are to be counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from ..selection import Selection
from .document import SceneDocument


@dataclass(frozen=True)
class CountJob(SceneDocument):
    """A scene whose endmembers are to be counted: the fields of the worker protocol.

    Attributes:
        report: a page (.html) with the evidence to write, None for none.
    """

    task: ClassVar[str] = "count"

    id: str
    scene: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)
    report: str | None = None

    def __post_init__(self) -> None:
        self.check(files=("report",))
