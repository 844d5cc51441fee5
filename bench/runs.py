"""Runs of methods on scenes, judged against the truth: the tables share them, and each is made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from . import ours, peers
from .cache import METHOD, Figures
from .judge import judge
from .ours import Found
from .render import Bench
from .scenes import Known, known

OURS = "AUVAE-Net"

Method = Callable[[Known, int], Found]

METHODS: dict[str, tuple[Method, tuple[str, ...]]] = {
    OURS: (ours.unmix, METHOD),
    "starting point": (peers.starting_point, ("numerics", "endmembers")),
    "VCA + FCLS": (peers.vca_fcls, ("numerics", "endmembers")),
    **({"OTB UCLS": (peers.otb_ucls, ()), "OTB ISRA": (peers.otb_isra, ())} if peers.OTB else {}),
    **{
        f"without {part}": (partial(ours.unmix, variation=variation), METHOD)
        for part, variation in ours.WITHOUT.items()
    },
    "with an adversary": (ours.unmix_with_adversary, METHOD),
}
"""Ways of unmixing a scene by name, and the folders of the core that each hangs on."""


def judged(bench: Bench, method: str, scene: str, seeds: int) -> list[Figures]:
    """What `judge` says of a method on a scene, for each seed."""
    _, folders = METHODS[method]
    return bench.over_seeds("runs", f"{method}, {scene}", seeds, partial(_judge, method, scene), folders)


def _judge(method: str, scene: str, seed: int) -> Figures:
    unmix, _ = METHODS[method]
    return judge(known(scene), unmix(known(scene), seed))
