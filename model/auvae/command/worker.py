"""`auvae worker`: the process that QGIS starts."""

from __future__ import annotations

import argparse
import os
import sys

HELP = "run a job from stdin, as QGIS does (see docs/worker-protocol.md)"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--keep", action="store_true", help="wait for another job after each result")


def run(given: argparse.Namespace) -> int:
    """Run jobs until stdin ends; does not return."""
    from ..worker import process

    status = process.main(keep=given.keep)
    sys.stderr.flush()
    # Unloading torch may take a second, and whoever pressed Cancel waits for this process to be gone.
    os._exit(status)
