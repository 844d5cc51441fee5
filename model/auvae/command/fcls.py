"""`auvae fcls`: a scene unmixed into known spectra alone, by least squares."""

from __future__ import annotations

import argparse
import os

from ..contract.choices import FIXED
from ..contract.errors import JobError
from ..contract.jobs import FclsJob
from . import arguments
from .run import run_task

HELP = "unmix a scene into known spectra alone, by least squares"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("scene", metavar="SCENE", help="a raster that GDAL reads")
    parser.add_argument("--output", required=True, metavar="DIR", help="the result folder")
    arguments.add_bands(parser)
    parser.add_argument(
        "--no-sum-to-one", action="store_true", help="amounts that need not sum to one (NNLS instead of FCLS)"
    )
    arguments.add_known(parser)
    arguments.add_brightness(parser, FIXED)
    arguments.add_colors(parser)
    arguments.add_json(parser)
    arguments.add_selection(parser)


def run(given: argparse.Namespace) -> int:
    """Unmix."""
    return run_task(_job, given)


def _job(given: argparse.Namespace) -> FclsJob:
    known = arguments.known(given, 0.0)
    if known is None:
        raise JobError("No known spectra were given.", "Give --known, --known-places or both.")
    return FclsJob(
        arguments.new_id(),
        arguments.scene(given.scene),
        known,
        os.path.abspath(given.output),
        bands=arguments.bands(given),
        device="cpu",
        selection=arguments.selection(given),
        sum_to_one=not given.no_sum_to_one,
        brightness=given.brightness,
        colors_of=arguments.colors_of(given),
    )
