"""`auvae score`: a result compared with a scene's truth."""

from __future__ import annotations

import argparse
import json

HELP = "compare a result with a scene's truth"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("truth", metavar="TRUTH.npz")
    parser.add_argument("result", metavar="RESULT_DIR")


def run(given: argparse.Namespace) -> int:
    """Compare."""
    from ..simulation.score import score

    print(json.dumps(score(given.truth, given.result)))
    return 0
