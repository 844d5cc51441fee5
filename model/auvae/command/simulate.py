"""`auvae simulate`: a georeferenced scene with known truth."""

from __future__ import annotations

import argparse

from ..contract.choices import MIXINGS

HELP = "make a georeferenced scene with known truth"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "scene", metavar="OUT", help="OUT.img (ENVI) or OUT.tif; OUT_truth.npz is written beside it"
    )
    parser.add_argument("--endmembers", type=int, default=4, metavar="K")
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--cols", type=int, default=120)
    parser.add_argument("--bands", type=int, default=150)
    parser.add_argument("--snr", type=float, default=30.0, help="signal to noise in dB (default 30)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-pure-pixels", action="store_true", help="mix every pixel, as coarse pixels are")
    parser.add_argument(
        "--brightness", type=float, default=0.15, metavar="SD",
        help="how unevenly it is lit: deviation of the logarithm (default 0.15)",
    )  # fmt: skip
    parser.add_argument(
        "--mixing", default="linear", choices=MIXINGS,
        help="light met one material, or two on its way (default linear)",
    )  # fmt: skip
    parser.add_argument(
        "--outliers", type=float, default=0.0, metavar="SHARE",
        help="share of pixels that show nothing known (default 0)",
    )  # fmt: skip
    parser.add_argument(
        "--arrangement", default="fields", choices=("fields", "dirichlet"),
        help="materials in patches, or every pixel drawn alone (default fields)",
    )  # fmt: skip
    parser.add_argument(
        "--cap", type=float, default=1.0, metavar="SHARE",
        help="no pixel holds more than this of one material; the rest goes to its second (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--variability", type=float, default=0.0, metavar="SD",
        help="how a material's spectrum varies: deviation of the logarithm (default 0)",
    )  # fmt: skip
    parser.add_argument(
        "--rare", type=int, default=0, metavar="N",
        help="so many of the endmembers show in one small target each (default 0)",
    )  # fmt: skip
    parser.add_argument(
        "--target-pixels", type=int, default=0, metavar="N",
        help="pixels that a target covers (default: each its own number, 1 to 20)",
    )  # fmt: skip


def run(given: argparse.Namespace) -> int:
    """Simulate."""
    from ..simulation import simulate

    scene, truth = simulate.simulate(
        given.scene,
        simulate.Recipe(
            endmembers=given.endmembers,
            rows=given.rows,
            cols=given.cols,
            bands=given.bands,
            snr=given.snr,
            seed=given.seed,
            pure_pixels=not given.no_pure_pixels,
            brightness=given.brightness,
            mixing=given.mixing,
            outliers=given.outliers,
            arrangement=given.arrangement,
            cap=given.cap,
            variability=given.variability,
            rare=given.rare,
            target_pixels=given.target_pixels,
        ),
    )
    print(f"Scene: {scene}\nTruth: {truth}")
    return 0
