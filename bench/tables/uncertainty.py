"""Uncertainty: whether the reported standard deviation knows where the error is, and how large."""

from __future__ import annotations

from bench import scenes
from bench.render import Bench, cell, markdown
from bench.runs import OURS, judged

TITLE = "Uncertainty"
SEEDS = 5
ABOUT = """\
*Rank*: Spearman correlation of |error| and reported standard deviation over all pixels and endmembers
(target ≥ 0.5). *Coverage*: share of truths inside mean ± 1.645 standard deviations, cut off at 0 and 1 (90
% intervals; target 80 to 97 % on simulated scenes)."""


def table(bench: Bench) -> str:
    """The rendered table."""
    rows = []
    for scene in (*scenes.real(), *scenes.EIGHT):
        runs = judged(bench, OURS, scene, SEEDS)
        if runs:
            rank, coverage = ([run[figure] for run in runs] for figure in ("rank", "coverage"))
            rows.append([scene, cell(rank, ".2f"), cell(coverage, ".1%")])
    return markdown(("scene", "rank", "coverage"), rows)
