"""The job of the task `inspect`: a scene whose bands are to be listed as unmixing would use them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from ..selection import Selection
from .document import SceneDocument


@dataclass(frozen=True)
class InspectJob(SceneDocument):
    """A scene to be read as unmixing would read it: the fields of the worker protocol.

    Attributes:
        report: a page (.html) with the bands and the mean spectrum to write, None for none.
        table: a table (.csv) of the bands to write, None for none.
    """

    task: ClassVar[str] = "inspect"

    id: str
    scene: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)
    report: str | None = None
    table: str | None = None

    def __post_init__(self) -> None:
        self.check(files=("report", "table"))
