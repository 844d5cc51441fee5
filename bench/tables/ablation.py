"""Ablation: what each part of the network is worth, by taking it away, or adding what was left out."""

from __future__ import annotations

from bench import ours, scenes
from bench.render import Bench, cell, markdown
from bench.runs import OURS, judged

TITLE = "Ablation"
SEEDS = 1
SIMULATED = ("mixed",)
FIGURES = ("mSAD", "mRMSE", "scaled", "rank", "coverage")
ABOUT = """\
The default; with one part taken away; and with the adversary of the published network, which the default
leaves out. *Rank*: Spearman correlation of error and reported deviation; *coverage*: share of truths inside
90 % intervals. *Without start*: random pixels are the first endmembers. *Without masking*: the network sees
all bands and is judged by all of them."""


def table(bench: Bench) -> str:
    """The rendered table."""
    real = scenes.real()
    rows = []
    for scene in (*real, *SIMULATED):
        for variation in (OURS, *(f"without {part}" for part in ours.WITHOUT), "with an adversary"):
            runs = judged(bench, variation, scene, SEEDS)
            if runs:
                rows.append([scene, variation, *(cell([run[figure] for run in runs]) for figure in FIGURES)])
    return markdown(("scene", "variation", *FIGURES), rows)
