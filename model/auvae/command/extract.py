"""`auvae extract`: the purest spectra of a scene as a library."""

from __future__ import annotations

import argparse
import os

from ..contract.choices import METHODS
from ..contract.jobs import ExtractJob
from . import arguments
from .run import run_task

HELP = "write the purest spectra of a scene as a library"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("scene", metavar="SCENE", help="a raster that GDAL reads")
    parser.add_argument("--endmembers", type=int, required=True, metavar="K", help="how many (2 to 30)")
    parser.add_argument(
        "--method", default="vca", choices=METHODS,
        help="vertex component analysis (default), N-FINDR, or archetypes (mixtures that stand noise)",
    )  # fmt: skip
    parser.add_argument(
        "--library", required=True, metavar="FILE",
        help="FILE.csv, FILE.sli (ENVI) or FILE.gpkg (profiles of the EnMAP-Box, points at their pixels)",
    )  # fmt: skip
    arguments.add_bands(parser)
    arguments.add_seed(parser)
    arguments.add_json(parser)
    arguments.add_selection(parser)


def run(given: argparse.Namespace) -> int:
    """Extract."""
    return run_task(_job, given)


def _job(given: argparse.Namespace) -> ExtractJob:
    return ExtractJob(
        arguments.new_id(),
        arguments.scene(given.scene),
        given.endmembers,
        os.path.abspath(given.library),
        bands=arguments.bands(given),
        seed=given.seed,
        device="cpu",
        selection=arguments.selection(given),
        method=given.method,
    )
