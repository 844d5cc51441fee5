"""Accuracy on the real scenes, beside the starting point and what else an analyst has."""

from __future__ import annotations

from bench import peers, scenes
from bench.render import Bench, cell, markdown
from bench.runs import OURS, judged

TITLE = "Accuracy on real scenes"
SEEDS = 5
TARGETS = {"samson": ("0.025", "0.042", "0.025"), "jasper": ("0.060", "0.055", "0.036")}
"""The most that mSAD, mRMSE and scaled may be."""
ABOUT = """\
mSAD in radians; mRMSE of abundances; *scaled*: mRMSE after the one factor per endmember that fits best,
free of the brightness convention; seconds on one thread, with another run beside it (whole runs: see
*Speed*). Mean ± standard deviation over seeds. *Starting point*: archetypes of the pixels as they are, NNLS
of each pixel, then sum to one; no network."""


def table(bench: Bench) -> str:
    """The rendered table."""
    rows = []
    for name in scenes.real():
        rows.append([name, "*target*", *(f"≤ {most}" for most in TARGETS[name]), "", ""])
        for method in (OURS, *peers.NAMES):
            runs = judged(bench, method, name, SEEDS)
            if runs:
                errors = (
                    cell([run[figure] for run in runs], ".4f") for figure in ("mSAD", "mRMSE", "scaled")
                )
                seconds = cell([run["seconds"] for run in runs], ".1f")
                rows.append([name, method, *errors, seconds, str(len(runs))])
    missing = [
        f"{name} is not in ../shared/data: left out." for name in scenes.REAL if name not in scenes.real()
    ]
    head = ("scene", "method", "mSAD", "mRMSE", "scaled", "seconds", "seeds")
    return "\n".join([markdown(head, rows), *missing, *peers.MISSING])
