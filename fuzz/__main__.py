"""`make fuzz`: feeds every reader with damaged files, each in a process with a limit, and prints a table."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PYTHONS = {
    "core": CHECKOUT / "build" / "worker" / "bin" / "python",
    "plugin": CHECKOUT / "build" / "qgis" / "bin" / "python",
}
WIDE = 160  # characters of a line that are shown
SHOWN = 9  # lines
PATHS = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "model"), str(CHECKOUT / "build" / "plugin")])
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": PATHS,
    "OMP_NUM_THREADS": "1",
    "QT_QPA_PLATFORM": "offscreen",
    "CPL_LOG": os.devnull,
}


def main() -> int:
    """Feed the targets asked for; returns 1 when one of them did not take it well."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10000, help="for each target (default 10000)")
    parser.add_argument("--only", default="", help="only targets with this in their name")
    given = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory(prefix="auvae-fuzz-") as folder:
        for side in PYTHONS:
            for line in _start(side).stdout.splitlines():
                name, patient = line.split("\t")
                if given.only in name:
                    bad += not _target(side, name, given.inputs, Path(folder, "last"), patient == "patient")
    return 1 if bad else 0


def _start(side: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PYTHONS[side]), "-m", "fuzz.feed", side, *words],
        env=ENVIRONMENT, cwd=CHECKOUT, capture_output=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip


def _target(side: str, name: str, inputs: int, last: Path, patient: bool) -> bool:  # noqa: FBT001
    """Feed one target, with a new process after each file that a library does not come to an end with."""
    begun, fed, endless = time.monotonic(), 0, []
    while True:
        done = _start(side, name, str(inputs - fed), str(fed), str(last))
        if done.returncode == 0 or not (patient and "Timeout (" in done.stderr):
            break
        fed += int(last.with_suffix(".count").read_text(encoding="ascii"))
        endless.append(_kept(f"{name}.endless-{len(endless)}", last))
        if fed >= inputs:
            done.returncode, done.stdout = 0, ""
            break
    said = (done.stdout.splitlines() or [""])[-1]
    said = f"{fed} and then {said}" if endless else said
    if endless:
        said += f"; its library went round for ever with {len(endless)}, ended by the watchdog"
    print(f"{'ok' if done.returncode == 0 else 'NOT OK':7}{name:26}{said}, {time.monotonic() - begun:.0f} s")
    if done.returncode:
        print(f"       exit status {done.returncode}; the input is {_kept(f'{name}.input', last)}")
        lines = [line[:WIDE] for line in done.stderr.splitlines() if "content=" not in line]
        end = next((at for at, line in enumerate(lines) if "Failing test" in line), len(lines))
        print("\n".join(lines[max(0, end - SHOWN) : end]))
    sys.stdout.flush()
    return done.returncode == 0


def _kept(name: str, last: Path) -> Path:
    kept = CHECKOUT / "build" / "fuzz" / name
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(last.read_bytes() if last.exists() else b"")
    return kept


if __name__ == "__main__":
    sys.exit(main())
