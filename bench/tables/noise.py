"""Noise: what the network gains over unmixing each pixel by itself with the very same endmembers."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np
from auvae.network.model import Model
from numpy.typing import NDArray

from bench import ours, scenes
from bench.cache import Figures
from bench.judge import matched
from bench.render import Bench, cell, markdown
from bench.scenes import Known

TITLE = "Noise"
SEEDS = 1
HEAD = (
    "scene", "noise",
    "mRMSE", "per pixel", "change", "per pixel", "less by",
    "fixed: mRMSE", "per pixel", "change", "per pixel", "less by",
)  # fmt: skip
ABOUT = """\
*Per pixel* is NNLS of each pixel with the endmembers of the network beside it, then sum to one. *Change* is
the RMS difference from the maps of the clean scene, each method against its own. The first five columns:
endmembers as trained on the noisy scene; *fixed*: endmembers of the clean scene, held while the rest trains
on the noisy one. Target: mRMSE never above per pixel's, change at least 40 % less at 10 dB."""

Maps = NDArray[np.floating[Any]]


def table(bench: Bench) -> str:
    """The rendered table."""
    rows = []
    for name in scenes.real():
        for noise in scenes.NOISES:
            spoiled = f"{name}, {noise}"
            runs = bench.over_seeds("noise", spoiled, SEEDS, partial(measure, spoiled))
            if runs:
                rows.append([name, noise, *_cells(runs, "trained"), *_cells(runs, "fixed")])
    return markdown(HEAD, rows)


def _cells(runs: list[Figures], kind: str) -> list[str]:
    ours_error, theirs_error, ours_change, theirs_change = (
        [run[kind][figure] for run in runs]
        for figure in ("mRMSE", "mRMSE per pixel", "change", "change per pixel")
    )
    less = 1 - np.mean(ours_change) / np.mean(theirs_change)
    return [*(cell(v) for v in (ours_error, theirs_error, ours_change, theirs_change)), f"{less:.0%}"]


def measure(name: str, seed: int) -> Figures:
    """Train on the clean scene, on the noisy one, and on the noisy one with the clean one's endmembers."""
    spoiled = scenes.known(name)
    clean = scenes.known(name.partition(", ")[0])
    quiet = _trained(clean.name, seed)
    known = quiet.endmembers
    calm = quiet.predict(clean.cube, clean.valid).abundances, ours.per_pixel(quiet, clean)
    figures = {}
    for kind, variation in (("trained", ours.Variation()), ("fixed", ours.with_endmembers(known))):
        model = ours.train(spoiled, seed, variation)
        order = matched(known, model.endmembers)
        network, alone = (
            maps[..., order]
            for maps in (
                model.predict(spoiled.cube, spoiled.valid).abundances,
                ours.per_pixel(model, spoiled),
            )
        )
        figures[kind] = {
            "mRMSE": _error(clean, known, network),
            "mRMSE per pixel": _error(clean, known, alone),
            "change": _difference(network, calm[0]),
            "change per pixel": _difference(alone, calm[1]),
        }
    return figures


@cache
def _trained(name: str, seed: int) -> Model:
    """Our model of a clean scene, trained once for all its noises."""
    return ours.train(scenes.known(name), seed)


def _error(scene: Known, endmembers: Maps, maps: Maps) -> float:
    """The mRMSE of maps ``(rows, cols, K)`` in the order of these endmembers ``(K, B)``."""
    return _difference(maps[..., matched(scene.spectra, endmembers)], scene.abundances)


def _difference(maps: Maps, others: Maps) -> float:
    """RMS difference of each map, mean over maps, over pixels that both have."""
    return round(float(np.sqrt(np.nanmean((maps - others) ** 2, axis=(0, 1))).mean()), 4)
