"""Accuracy on the eight simulated scenes, which nobody tuned anything to."""

from __future__ import annotations

import numpy as np

from bench import peers, scenes
from bench.render import Bench, cell, markdown
from bench.runs import OURS, judged

TITLE = "Simulated scenes"
SEEDS = 5
FIGURES = ("mSAD", "mRMSE", "scaled")
ABOUT = """\
Each cell is mSAD / mRMSE / scaled, mean over seeds. *plain*: 3 endmembers; *mixed*: 5, no pure pixels; *few
bands*: 4, 16 bands; *shadows*: 4, light varies by a factor of e^±0.5; *fan*: 5, every second reflection;
*outliers*: 6, one pixel in a hundred of nothing known; *noisy*: 7, 20 dB; *many*: 8, no pure pixels,
generalised bilinear mixing."""


def table(bench: Bench) -> str:
    """The rendered table: a row a scene, a column a method, then mean and worst."""
    methods = (OURS, *peers.NAMES)
    found = {
        (scene, method): [np.mean([run[figure] for run in runs]) for figure in FIGURES]
        for scene in scenes.EIGHT
        for method in methods
        if (runs := judged(bench, method, scene, SEEDS))
    }
    rows = [[scene, *(_cell(found.get((scene, method))) for method in methods)] for scene in scenes.EIGHT]
    for word, summary in (("**mean**", np.mean), ("**worst**", np.max)):
        columns = ([held for (_, of), held in found.items() if of == method] for method in methods)
        rows.append([word, *(_cell(summary(column, axis=0) if column else None) for column in columns)])
    return "\n".join([markdown(("scene", *methods), rows), *peers.MISSING])


def _cell(figures: list[float] | None) -> str:
    return "–" if figures is None else " / ".join(cell([figure]) for figure in figures)
