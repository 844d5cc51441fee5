"""How many endmembers: the estimate beside the truth."""

from __future__ import annotations

from functools import partial

from bench import scenes
from bench.cache import Figures
from bench.render import Bench, markdown

TITLE = "Number of endmembers"
SEEDS = 1
MODULES = ("count", "numerics", "endmembers")
ABOUT = """\
The estimate, and what HySime and the count of materials say each (target: within one of the truth on 8 of
10)."""


def table(bench: Bench) -> str:
    """The rendered table and how often the estimate is within one."""
    rows, near = [], 0
    for name in (*scenes.real(), *scenes.EIGHT):
        runs = bench.over_seeds("count", name, SEEDS, partial(measure, name), MODULES)
        if runs:
            truth, found = runs[0]["truth"], runs[0]["number"]
            near += abs(found - truth) <= 1
            rows.append(
                [name, *(_seeds(figure, runs) for figure in ("truth", "number", "hysime", "materials"))]
            )
    summary = f"Within one on {near} of {len(rows)} scenes (seed 0)."
    return "\n".join([markdown(("scene", "truth", "estimate", "HySime", "materials"), rows), summary])


def measure(name: str, seed: int) -> Figures:
    """Estimate on one scene."""
    from auvae.endmembers.count import count_endmembers

    scene = scenes.known(name)
    found = count_endmembers(scene.pixels, seed)
    return {
        "truth": scene.count,
        "number": found.number,
        "hysime": found.hysime,
        "materials": found.materials,
    }


def _seeds(figure: str, runs: list[Figures]) -> str:
    """A figure of every seed, said once where all agree."""
    return ", ".join(map(str, sorted({run[figure] for run in runs})))
