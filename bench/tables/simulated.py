"""Accuracy on the eight simulated scenes, which nobody tuned anything to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench import peers, scenes
from bench.render import Bench, cell, markdown
from bench.runs import OURS, judged

TITLE = "Simulated scenes"
SEEDS = 5
PEERS_SEEDS = 2
"""Of the other methods, which take as long together as ours."""
FIGURES = ("mSAD", "mRMSE", "scaled")
ABOUT = """\
Each cell is mSAD / mRMSE / scaled, mean ± standard deviation over seeds; of the others over two seeds, which
keeps the bench short. *plain*: 3 endmembers; *mixed*: 5, no pure pixels; *few
bands*: 4, 16 bands; *shadows*: 4, light varies by a factor of e^±0.5; *fan*: 5, every second reflection;
*outliers*: 6, one pixel in a hundred of nothing known; *noisy*: 7, 20 dB; *many*: 8, no pure pixels,
generalised bilinear mixing."""


def table(bench: Bench) -> str:
    """The rendered table: a row a scene, a column a method, then mean and worst."""
    seeds = {OURS: SEEDS} | dict.fromkeys(peers.NAMES, PEERS_SEEDS)
    errors = {
        (scene, method): [[run[figure] for figure in FIGURES] for run in judged(bench, method, scene, count)]
        for scene in scenes.EIGHT
        for method, count in seeds.items()
    }
    rows = [[scene, *(_cell(errors[scene, method]) for method in seeds)] for scene in scenes.EIGHT]
    for word, summary in (("**mean**", np.mean), ("**worst**", np.max)):
        # Of every seed the mean, or the worst, of all scenes.
        measured = ([runs for (_, of), runs in errors.items() if of == method and runs] for method in seeds)
        summed = ([summary(run, axis=0) for run in zip(*held, strict=True)] for held in measured)
        rows.append([word, *(_cell(runs) for runs in summed)])
    return "\n".join([markdown(("scene", *seeds), rows), *peers.MISSING])


def _cell(errors: Sequence[Sequence[float]]) -> str:
    """The errors of every seed, one cell for all kinds of error."""
    return " / ".join(cell(kind) for kind in zip(*errors, strict=True)) or "–"
