"""The adversary as judge, by taking it away: generators trained by it, by a distance, and not at all."""

from __future__ import annotations

from functools import partial

from auvae.endmembers.adversary import CONVINCING

from bench.generated import TRAININGS, weigh
from bench.render import Bench, markdown

TITLE = "The adversary as judge"
SEEDS = 1
SCENES = ("capped 3", "capped 4", "capped 6", "plain", "fan")
ABOUT = f"""\
Endmembers so far against the most likely simplex, whatever the gates before the judge say: their mSAD, and
how far a fresh critic finds the scene from pixels generated with the simplex, over those so far. Generators
learn against critics (the default), to a small energy distance (no adversary), or stay as they begin.
**Bold**: the smaller distance has the smaller mSAD. The product takes the simplex up to {CONVINCING}, where
the gates before the judge let it. *Seconds*: of the generators and the fresh critics, on one thread."""


def table(bench: Bench) -> str:
    """The rendered table, and how often each training prefers rightly."""
    rows, right, seconds = [], dict.fromkeys(TRAININGS, 0), dict.fromkeys(TRAININGS, 0.0)
    count = 0
    for scene in SCENES:
        for number, run in enumerate(bench.over_seeds("adversary", scene, SEEDS, partial(weigh, scene))):
            count += 1
            row = [f"{scene}, seed {number}", f"{run['so far']:.3f}", f"{run['simplex']:.3f}"]
            for training in TRAININGS:
                correct = (run[training] < 1) == (run["simplex"] < run["so far"])
                right[training] += correct
                seconds[training] += run[f"{training}, seconds"]
                row.append(f"**{run[training]:.2f}**" if correct else f"{run[training]:.2f}")
            rows.append(row)
    if count:
        rows.append(["right", "", "", *(f"{right[training]} of {count}" for training in TRAININGS)])
        rows.append(["seconds", "", "", *(f"{seconds[training] / count:.1f}" for training in TRAININGS)])
    return markdown(("scene", "so far", "simplex", *TRAININGS), rows)
