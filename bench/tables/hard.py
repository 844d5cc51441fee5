"""Endmembers where they are hard to find: no pure pixels, rare materials, and scenes of other authors."""

from __future__ import annotations

import numpy as np

from bench import peers, scenes
from bench.render import Bench, cell, markdown
from bench.runs import OURS, judged

TITLE = "No pure pixels, rare materials, scenes of others"
SEEDS = 1
ABOUT = """\
Each cell is the mSAD, in radians. *Capped*: no pixel holds more than 0.75 (or 0.6, 0.8) of one material, but
pixels of two materials remain. *Rare*: two to four materials fill 1 to 20 pixels each. *Varied*: spectra
vary by 5 %. *Purest*: of each material the true mixture in the pixel that holds most of it, the best that a
method can do which takes pixels for endmembers. OTB ISRA takes the endmembers of OTB UCLS: left out."""


def table(bench: Bench) -> str:
    """The rendered table: a row a scene, a column a method."""
    others = [name for name in scenes.PUBLIC if scenes.real_path(name).exists()]
    methods = (OURS, *(name for name in peers.NAMES if name != "OTB ISRA"))
    rows = []
    for scene in (*scenes.FAIR, *scenes.RARE, *others):
        runs = {method: judged(bench, method, scene, SEEDS) for method in methods}
        cells = [cell([run["mSAD"] for run in found]) for found in runs.values()]
        if any(runs.values()):
            rows.append([scene, f"{purest(scenes.known(scene)):.3f}", *cells])
    return "\n".join([markdown(("scene", "purest", *methods), rows), *peers.MISSING])


def purest(scene: scenes.Known) -> float:
    """Mean angle between endmembers and the true mixtures in the pixels that hold most of them."""
    shares = scene.abundances.reshape(-1, scene.count)
    shares = shares[np.isfinite(shares).all(axis=1)]
    mixtures = shares[shares.argmax(axis=0)] @ scene.spectra
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (scene.spectra, mixtures)]
    return float(np.arccos(np.clip((unit[0] * unit[1]).sum(axis=1), -1, 1)).mean())
