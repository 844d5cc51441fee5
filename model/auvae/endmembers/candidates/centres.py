"""Archetypes of cluster centres: what most pixels have in common, blind to what only a few show."""

from __future__ import annotations

from torch import Tensor

from ..archetypes import archetypes
from ..search_space import SearchSpace

NAME = "archetypes of cluster centres"


def obstacle(_space: SearchSpace) -> str:
    """None: every scene has cluster centres."""
    return ""


def propose(space: SearchSpace) -> Tensor:
    """The archetypes of every random start: ``(starts, K, d)``."""
    weights = space.sizes.sqrt()
    return archetypes(
        space.centres, weights, space.count, space.starts, space.rounds, space.generator, space.known
    )
