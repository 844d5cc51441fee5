"""From figures to Markdown: what a table asks for, kept or measured, and how a cell is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import auvae
import numpy as np

from .cache import METHOD, Cache, Figures, Measure, version

PACKAGE = Path(auvae.__file__).parent
"""The core's folders."""


@dataclass(frozen=True)
class Bench:
    """One run of the bench: its figures, and how many seeds (None: as many as the table has)."""

    cache: Cache
    seeds: int | None = None

    def figures(
        self, table: str, of: str, measure: Measure, folders: Sequence[str] = METHOD
    ) -> Figures | None:
        """Figures of something that hang on these folders of the core; see `Cache.figures`."""
        files = [file for name in (*folders, "simulation") for file in sorted((PACKAGE / name).rglob("*.py"))]
        return self.cache.figures(table, version(*files), of, measure)

    def over_seeds(
        self,
        table: str,
        of: str,
        seeds: int,
        measure: Callable[[int], Figures],
        folders: Sequence[str] = METHOD,
    ) -> list[Figures]:
        """Figures of each seed, of those that are kept; `measure` takes the seed and can be pickled."""
        kept = [
            self.figures(table, f"{of}, seed {seed}", partial(measure, seed), folders)
            for seed in range(self.seeds or seeds)
        ]
        return [figures for figures in kept if figures is not None]


def cell(values: Sequence[float], form: str = ".3f") -> str:
    """Mean ± spread (standard deviation) over seeds; the spread only where there is more than one seed."""
    if len(values) < 2:
        return format(values[0], form) if values else "–"
    return f"{np.mean(values):{form}} ± {np.std(values, ddof=1):{form}}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
