"""`auvae cluster`: who works for a Dask scheduler, and what does not fit."""

from __future__ import annotations

import argparse

from ..contract.jobs import ClusterJob
from . import arguments
from .run import run_task

HELP = "list the workers of a Dask scheduler, and what does not fit"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run_on", metavar="ADDRESS", help="tcp://HOST:PORT or tls://HOST:PORT")
    arguments.add_json(parser)


def run(given: argparse.Namespace) -> int:
    """Ask the scheduler."""
    return run_task(lambda given: ClusterJob(arguments.new_id(), given.run_on), given)
