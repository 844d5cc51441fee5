"""Kinds of candidates for a scene's endmembers, one a file. They propose; `judge` decides.

To add a kind: write a module here with ``NAME``, as the report calls it, and ``propose(space)``; list it in
`PROPOSERS`.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from ..search_space import SearchSpace
from . import centres, corners


class Proposer(Protocol):
    """A kind of candidates: a module of this folder."""

    NAME: str

    @staticmethod
    def propose(space: SearchSpace) -> Tensor:
        """Sets of endmembers in the coordinates of ``space.points``: ``(M, K, d)``, M may be 0."""


PROPOSERS: tuple[Proposer, ...] = (centres, corners)  # type: ignore[assignment]  # modules keep the protocol
"""All kinds; the first is what the others have to beat."""
