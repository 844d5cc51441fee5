"""Kinds of candidates for a scene's endmembers, one a file. They propose; `judge` and `adversary` decide.

To add a kind: write a module here with ``NAME``, as the report calls it, and ``propose``; list it in
`PROPOSERS` where the angle that it leaves tells how good it is, or in `EXTRAPOLATORS`.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from ..search_space import SearchSpace
from . import centres, corners, likelihood


class Proposer(Protocol):
    """A kind of candidates: a module of this folder."""

    NAME: str

    @staticmethod
    def propose(space: SearchSpace) -> Tensor:
        """Sets of endmembers in the coordinates of ``space.points``: ``(M, K, d)``, M may be 0."""


PROPOSERS: tuple[Proposer, ...] = (centres, corners)  # type: ignore[assignment]  # modules keep the protocol
"""All kinds; the first is what the others have to beat."""


class Extrapolator(Protocol):
    """A kind of candidates that lie beyond all pixels, so that no angle tells how good they are."""

    NAME: str

    @staticmethod
    def applies(space: SearchSpace) -> bool:
        """Whether such endmembers can be told from the scene's; asked before the search takes time."""

    @staticmethod
    def propose(space: SearchSpace, so_far: Tensor) -> Tensor:
        """Sets ``(M, K, d)``, best first, M may be 0, from the endmembers so far ``(K, d)``."""


EXTRAPOLATORS: tuple[Extrapolator, ...] = (likelihood,)  # type: ignore[assignment]  # modules keep the protocol
