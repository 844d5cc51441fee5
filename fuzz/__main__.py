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
PATHS = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "model")])


def main() -> int:
    """Feed the targets asked for; returns 1 when one of them did not take it well."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10000, help="for each target (default 10000)")
    parser.add_argument("--only", default="", help="only targets with this in their name")
    given = parser.parse_args()
    bad = 0
    environment = {**os.environ, "PYTHONPATH": PATHS, "OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}
    with tempfile.TemporaryDirectory(prefix="auvae-fuzz-") as folder:
        for side, python in PYTHONS.items():
            command = [str(python), "-m", "fuzz.feed", side]
            listed = subprocess.run(
                command, env=environment, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True
            )
            for name in listed.stdout.splitlines():
                if given.only not in name:
                    continue
                begun = time.monotonic()
                last = Path(folder, "last")
                done = subprocess.run(
                    [*command, name, str(given.inputs), str(last)],
                    env=environment, cwd=CHECKOUT, capture_output=True, encoding="utf-8", errors="replace",
                    check=False,
                )  # fmt: skip
                said = (done.stdout.splitlines() or [""])[-1]
                seconds = time.monotonic() - begun
                if "Timeout (" in done.stderr and "h5py" in done.stderr:
                    said, done.returncode = "libhdf5 went round for ever on one; a run ends it in a minute", 0
                print(
                    f"{'ok' if done.returncode == 0 else 'NOT OK':7}{name:22}{said}, {seconds:.0f} s",
                    flush=True,
                )
                if done.returncode:
                    bad += 1
                    kept = CHECKOUT / "build" / "fuzz" / f"{name}.input"
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    kept.write_bytes(last.read_bytes() if last.exists() else b"")
                    print(f"       exit status {done.returncode}; the input is {kept}")
                    said = [line[:WIDE] for line in done.stderr.splitlines() if "content=" not in line]
                    end = next((at for at, line in enumerate(said) if "Failing test" in line), len(said))
                    print("\n".join(said[max(0, end - 9) : end]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
