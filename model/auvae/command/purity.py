"""`auvae purity`: the map of how often each pixel is extreme in random projections."""

from __future__ import annotations

import argparse
import os

from ..contract.jobs import PurityJob
from . import arguments
from .run import run_task

HELP = "map how often each pixel is extreme in random projections (pixel purity index)"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("scene", metavar="SCENE", help="a raster that GDAL reads")
    parser.add_argument("--map", required=True, metavar="FILE.tif", help="the map to write")
    parser.add_argument("--projections", type=int, default=1000, metavar="N", help="how many (default 1000)")
    parser.add_argument(
        "--threshold", type=float, default=2.5, metavar="N",
        help="a pixel counts within so many deviations of the noise from the end (default 2.5)",
    )  # fmt: skip
    arguments.add_bands(parser)
    arguments.add_seed(parser)
    arguments.add_json(parser)
    arguments.add_selection(parser)


def run(given: argparse.Namespace) -> int:
    """Write the map."""
    return run_task(_job, given)


def _job(given: argparse.Namespace) -> PurityJob:
    return PurityJob(
        arguments.new_id(),
        arguments.scene(given.scene),
        os.path.abspath(given.map),
        bands=arguments.bands(given),
        seed=given.seed,
        device="cpu",
        selection=arguments.selection(given),
        projections=given.projections,
        threshold=given.threshold,
    )
