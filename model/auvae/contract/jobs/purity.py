"""The job of the task `purity`: a scene whose pixels are to be judged by how often they are extreme."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from ..choices import FEWEST_PROJECTIONS, MOST_PROJECTIONS
from ..selection import Selection
from .document import SceneDocument, is_number, wrong


@dataclass(frozen=True)
class PurityJob(SceneDocument):
    """A scene whose pixels are to be judged by how often they are extreme: fields of the worker protocol.

    Attributes:
        map: the GeoTIFF to write.
        projections: how many random directions.
        threshold: deviations of the noise within which a pixel counts as extreme.
    """

    task: ClassVar[str] = "purity"

    id: str
    scene: str
    map: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)
    projections: int = 1000
    threshold: float = 2.5

    def __post_init__(self) -> None:
        self.check(texts=("map",), numbers=("projections",))
        if not FEWEST_PROJECTIONS <= self.projections <= MOST_PROJECTIONS:
            wanted = f"a number from {FEWEST_PROJECTIONS} to {MOST_PROJECTIONS}"
            raise wrong("projections", self.projections, wanted)
        if not is_number(self.threshold) or self.threshold < 0:
            raise wrong("threshold", self.threshold, "a number of noise deviations, 0 or more")
        if not self.map.lower().endswith((".tif", ".tiff")):
            raise wrong("map", self.map, "the path of a .tif to write")
