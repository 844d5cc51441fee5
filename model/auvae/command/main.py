"""The command `auvae`: which tasks there are, and the exit status. A task's arguments lie in its file."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Protocol

from .. import __version__
from ..contract.errors import AuvaeError
from ..worker.cancel import EXIT_CANCELLED
from . import (
    apply,
    cluster,
    count,
    export,
    extract,
    fcls,
    inspect,
    purity,
    score,
    simulate,
    unmix,
    worker,
)

EXIT_PIPE = 141
"""What shells say of a command whose reader left early."""


class Task(Protocol):
    """A task of the command; each is a module of this folder.

    Attributes:
        HELP: what it does, in the list of tasks.
    """

    HELP: str

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Declare its arguments."""

    def run(self, given: argparse.Namespace) -> int:
        """Do it; returns the exit status."""


TASKS: dict[str, Task] = {
    "unmix": unmix,
    "apply": apply,
    "fcls": fcls,
    "extract": extract,
    "purity": purity,
    "export": export,
    "count": count,
    "inspect": inspect,
    "simulate": simulate,
    "score": score,
    "cluster": cluster,
    "worker": worker,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns 0, 1 for an error, 2 for a wrong argument, 130 when cancelled."""
    given = parser().parse_args(arguments)
    # Before torch is loaded: its threads must not spin while they wait, QGIS needs the processor too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        code = TASKS[given.task].run(given)
        sys.stdout.flush()
    except AuvaeError as error:
        print(f"auvae: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return EXIT_CANCELLED
    except BrokenPipeError:
        # Whoever read the output has enough, as `head` has. Python would fail once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    return code


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    whole = argparse.ArgumentParser(
        prog="auvae", description="Blind unmixing of hyperspectral scenes (AUVAE-Net)."
    )
    whole.add_argument("--version", action="version", version=f"auvae {__version__}")
    tasks = whole.add_subparsers(required=True, metavar="TASK", dest="task")
    for name, task in TASKS.items():
        task.declare(tasks.add_parser(name, help=task.HELP))
    return whole
