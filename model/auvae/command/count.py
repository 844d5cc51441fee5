"""`auvae count`: how many endmembers a scene has."""

from __future__ import annotations

import argparse

from ..contract.jobs import CountJob
from . import arguments
from .run import run_task

HELP = "estimate how many endmembers a scene has"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("scene", metavar="SCENE", help="a raster that GDAL reads")
    arguments.add_bands(parser)
    arguments.add_seed(parser)
    arguments.add_device(parser)
    parser.add_argument("--report", metavar="FILE.html", help="write the evidence there, with plots")
    arguments.add_json(parser)
    arguments.add_selection(parser)


def run(given: argparse.Namespace) -> int:
    """Count."""
    return run_task(job, given)


def job(given: argparse.Namespace) -> CountJob:
    """The job that the arguments ask for."""
    return CountJob(
        arguments.new_id(),
        arguments.scene(given.scene),
        bands=arguments.bands(given),
        seed=given.seed,
        device=given.device,
        selection=arguments.selection(given),
        report=arguments.optional_file(given.report),
    )
