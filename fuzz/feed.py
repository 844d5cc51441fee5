"""Feeds one reader with damaged files, in a process of its own: it may crash, hang or eat memory."""

from __future__ import annotations

import faulthandler
import importlib
import resource
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from .damage import damaged
from .target import Target

LIMIT = 6 * 2**30  # bytes of address space; torch alone reserves two gibibytes
GROWTH = 700 * 2**20  # bytes that one file may take, resident
SLOW = 20.0  # seconds for one file, on a busy machine


def peak() -> int:
    """The most memory that this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def feed(target: Target, inputs: int, dice: int, last: Path) -> str:
    """Feed ``inputs`` files made with these dice, and say how it went.

    The file at work is always in ``last``, and how many were begun in the file beside it.
    """
    begun_files, refused, slowest = 0, 0, 0.0
    seeds = target.seeds()
    for content in seeds[:1]:
        with tempfile.TemporaryDirectory(prefix="auvae-fuzz-") as place:
            target.feed(Path(place), content)
    before = peak()

    @seed(dice)
    @settings(
        max_examples=inputs, phases=[Phase.generate], deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(damaged(seeds, text=target.text))
    def one(content: bytes) -> None:
        nonlocal begun_files, refused, slowest
        begun_files += 1
        last.write_bytes(content)
        last.with_suffix(".count").write_text(str(begun_files), encoding="ascii")
        faulthandler.dump_traceback_later(target.patience or SLOW, exit=True)
        begun, held = time.monotonic(), peak()
        with tempfile.TemporaryDirectory(prefix="auvae-fuzz-") as place:
            try:
                target.feed(Path(place), content)
            except target.errors as error:
                refused += 1
                if not str(error).strip() or "Traceback" in str(error):
                    raise AssertionError(f"no sentence: {error!r}") from error
        faulthandler.cancel_dump_traceback_later()
        slowest = max(slowest, time.monotonic() - begun)
        if peak() - held > GROWTH:
            raise AssertionError(f"{(peak() - held) / 2**20:.0f} MiB for a file of {len(content)} bytes")

    one()
    grown = (peak() - before) / 2**20
    return f"{begun_files} files, {refused} refused with a sentence, slowest {slowest:.1f} s, {grown:.0f} MiB more"


if __name__ == "__main__":
    targets: dict[str, Target] = importlib.import_module(f"fuzz.{sys.argv[1]}_targets").TARGETS
    if len(sys.argv) == 2:  # noqa: PLR2004 (asked for the names)
        for name, target in targets.items():
            print(f"{name}\t{'patient' if target.patience else ''}")
    else:
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
        name, number, die, place = sys.argv[2:]
        print(feed(targets[name], int(number), int(die), Path(place)))
