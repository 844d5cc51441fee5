"""`make faults`: lets every fault happen to real runs in real QGIS and prints what came of it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .cases import Case, Outcome, Workshop, cases
from .place import WORKER, Problem

SCENE = ("--endmembers", "3", "--rows", "70", "--cols", "70", "--bands", "30", "--seed", "1")


def main() -> int:
    """Run the cases asked for; returns 1 when something is as it must not be."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the few that CI runs")
    parser.add_argument("--only", default="", help="only cases with this in their name or time")
    given = parser.parse_args()
    chosen = [case for case in cases() if (case.quick or not given.quick) and given.only in _name(case)]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="auvae-faults-") as folder:
        scene, older = Path(folder) / "scene.tif", Path(folder) / "older"
        _auvae("simulate", str(scene), *SCENE)
        _auvae("unmix", str(scene), "--endmembers", "3", "--quality", "draft", "--output", str(older))
        shop = Workshop(older, scene)
        try:
            outcomes = [_told(case, shop) for case in chosen]
        finally:
            shop.close()
    bad = sum(bool(outcome.problems) for outcome in outcomes)
    missing = sum(not outcome.tried for outcome in outcomes)
    print(
        f"\n{len(chosen)} faults, {bad} with something wrong, {missing} not tried; "
        f"{time.monotonic() - begun:.0f} s, load of the machine {os.getloadavg()[0]:.1f}"
    )
    return 1 if bad else 0


def _told(case: Case, shop: Workshop) -> Outcome:
    """Let a fault happen, and print what came of it."""
    try:
        outcome = case.happen(shop)
    except Problem as problem:
        outcome = Outcome("", problems=[str(problem)])
    verdict = "; ".join(outcome.problems)
    word = "NOT OK" if verdict else "ok" if outcome.tried else "-"
    print(f"{word:7}{case.fault:40}{case.when:10}{outcome.saw}")
    if outcome.tried:
        print(f"{'':57}left: {', '.join(outcome.left) or 'nothing'}{f'   ** {verdict}' if verdict else ''}")
    sys.stdout.flush()
    return outcome


def _name(case: Case) -> str:
    return f"{case.fault} @ {case.when}"


def _auvae(*words: str) -> None:
    subprocess.run([str(WORKER), "-m", "auvae", *words], check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
