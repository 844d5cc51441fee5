"""`auvae export`: the endmembers of a result as a library."""

from __future__ import annotations

import argparse
import os

from ..contract.jobs import ExportJob
from . import arguments
from .run import run_task

HELP = "write the endmembers of a result as a library"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("result", metavar="RESULT_DIR")
    parser.add_argument("library", metavar="FILE", help="FILE.csv, FILE.sli (ENVI) or FILE.gpkg (EnMAP-Box)")
    arguments.add_json(parser)


def run(given: argparse.Namespace) -> int:
    """Write the library."""
    return run_task(_job, given)


def _job(given: argparse.Namespace) -> ExportJob:
    return ExportJob(arguments.new_id(), os.path.abspath(given.result), os.path.abspath(given.library))
