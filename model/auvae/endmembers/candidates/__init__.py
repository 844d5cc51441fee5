"""Kinds of candidates for a scene's endmembers, one a file. They propose; `judge` and `adversary` decide.

To add a kind: write a module here with ``NAME``, as the report calls it, ``obstacle`` and ``propose``; list
it in `PROPOSERS` where the angle that it leaves tells how good it is, or in `EXTRAPOLATORS`.
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
    def obstacle(space: SearchSpace) -> str:
        """Why this kind cannot be asked of the scene, a part of a sentence for the report; "" if it can."""

    @staticmethod
    def propose(space: SearchSpace) -> Tensor:
        """Sets of endmembers in the coordinates of ``space.points``: ``(M, K, d)``."""


PROPOSERS: tuple[Proposer, ...] = (centres, corners)  # type: ignore[assignment]  # modules keep the protocol
"""All kinds; the first is what the others have to beat, and no scene is an obstacle to it."""


class Extrapolator(Protocol):
    """A kind of candidates that lie beyond all pixels, so that no angle tells how good they are."""

    NAME: str

    @staticmethod
    def obstacle(space: SearchSpace) -> str:
        """Why such endmembers cannot be told from the scene's; "" if they can. Asked first, takes no time."""

    @staticmethod
    def propose(space: SearchSpace, so_far: Tensor) -> tuple[Tensor, str]:
        """Sets ``(M, K, d)``, best first, from those so far ``(K, d)``; why there are none, if M is 0."""


EXTRAPOLATORS: tuple[Extrapolator, ...] = (likelihood,)  # type: ignore[assignment]  # modules keep the protocol
