"""A scene of a run: what is known of it and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Block:
    """Rows of a scene.

    Attributes:
        first: first row.
        last: the row behind it.
        done: whether its tile is there.
        missing: why it could not be mapped; empty where nothing speaks against it.
    """

    first: int
    last: int
    done: bool = False
    missing: str = ""


@dataclass
class SceneState:
    """A scene on its way.

    Attributes:
        number: among the scenes of the run.
        path: of the scene.
        name: of its result folder.
        seen: the answer of the task `look`, empty before.
        blocks: the parts that are mapped each by itself.
        warnings: for its report.
        sampled: whether its training patches are kept.
        trained: whether its model is.
        failed: why it cannot be unmixed; empty where it can.
        finished: whether its result is in its place.
    """

    number: int
    path: str
    name: str
    seen: dict[str, Any] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sampled: bool = False
    trained: bool = False
    failed: str = ""
    finished: bool = False

    @property
    def pixels(self) -> float:
        """How many it has."""
        return float(self.seen["rows"] * self.seen["cols"])

    def pixels_of(self, block: Block) -> float:
        """How many a block has."""
        return float((block.last - block.first) * self.seen["cols"])
