"""Brightness: what it costs to read it otherwise than the scene shows, with the very same endmembers."""

from __future__ import annotations

from bench import scenes
from bench.render import Bench, cell, markdown
from bench.runs import OURS, judged

TITLE = "Brightness"
SEEDS = 5
ABOUT = """\
mRMSE of abundances with the same endmembers, mean ± standard deviation over seeds. *Automatic*: the scene
decides (the default). *Areas*, *fixed*, *shapes*: as `BRIGHTNESS` can be chosen. *FCLS*, *NNLS*: least
squares of each pixel alone, as measured; NNLS then divided by its sum."""

READINGS = {"automatic": "mRMSE"} | {name: name for name in ("areas", "fixed", "shapes", "FCLS", "NNLS")}
"""Columns, and the figures of `judge` in them."""


def table(bench: Bench) -> str:
    """The rendered table: a row a scene, a column a reading."""
    others = [name for name in scenes.PUBLIC if scenes.real_path(name).exists()]
    rows = []
    for scene in (*others, *scenes.EIGHT):
        runs = judged(bench, OURS, scene, SEEDS)
        if runs:
            rows.append([scene, *(cell([run[figure] for run in runs]) for figure in READINGS.values())])
    return markdown(("scene", *READINGS), rows)
