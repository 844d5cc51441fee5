"""`auvae inspect`: the bands of a scene as unmixing would use them."""

from __future__ import annotations

import argparse

from ..contract.jobs import InspectJob
from . import arguments
from .run import run_task

HELP = "list the bands used and left out, and why; nothing is unmixed"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("scene", metavar="SCENE", help="a raster that GDAL reads, or a product of a sensor")
    arguments.add_bands(parser)
    parser.add_argument("--report", metavar="FILE.html", help="write a page with the mean spectrum there")
    parser.add_argument("--table", metavar="FILE.csv", help="write the table of the bands there")
    arguments.add_json(parser)
    arguments.add_selection(parser)


def run(given: argparse.Namespace) -> int:
    """Inspect."""
    return run_task(_job, given)


def _job(given: argparse.Namespace) -> InspectJob:
    return InspectJob(
        arguments.new_id(),
        arguments.scene(given.scene),
        bands=arguments.bands(given),
        device="cpu",
        selection=arguments.selection(given),
        report=arguments.optional_file(given.report),
        table=arguments.optional_file(given.table),
    )
