"""`make bench-card`: all that is to be seen on a graphics card, in one go of a few minutes, to bench/CARD.md.

Times and how busy the card is (bench/gpu.py), the tests marked `card`, accuracy through the command line,
one seed twice, a card that another program has nearly filled, a worker killed in training. Needs torch,
numpy, scipy and pytest; what needs rasterio too is skipped where that is missing, and said to be.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch

CHECKOUT = Path(__file__).resolve().parent.parent
OUTPUT = CHECKOUT / "bench" / "CARD.md"
SCENES = {"samson": 3, "jasper": 4}
SEEDS = 3
SHORT_OF, ENOUGH = 0.3, 1.5
"""GiB of the card that are left free: too little for any training, and enough for it."""

_PATHS = [str(CHECKOUT / "model"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, _PATHS))}
FILL = """
import sys, time, torch
free, _ = torch.cuda.mem_get_info()
held = torch.empty(max(1, int(free - float(sys.argv[1]) * 2**30)), dtype=torch.uint8, device="cuda")
print("held", flush=True)
sys.stdin.read()
"""


def main() -> int:
    """Measure, print and write; 1 where something failed, 0 else."""
    parser = argparse.ArgumentParser(prog="bench/card.py", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=CHECKOUT.parent / "shared" / "data", help="scenes with truth"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    given.data = given.data.absolute()
    if not torch.cuda.is_available():
        print("There is no graphics card that torch can use here: nothing was measured.")
        return 1
    parts: list[tuple[str, Callable[[Path], str]]] = [
        ("Times, from arrays in memory", lambda _: _run("bench/gpu.py").rpartition("\n{")[0]),
        ("Tests", lambda _: _run("-m", "pytest", "-q", "-m", "card", "tests", "--ignore=tests/qgis").strip()),
    ]
    if importlib.util.find_spec("rasterio") and given.data.is_dir():
        parts += [
            ("Accuracy, through the command line", lambda _: accuracy(given.data)),
            ("A card that another program has nearly filled", lambda _: filled(given.data)),
            ("A worker killed in training", lambda _: killed(given.data)),
        ]
    text = f"# On a graphics card\n\n{_machine()}, `python bench/card.py`.\n"
    failed = False
    for title, part in parts:
        begun = time.monotonic()
        try:
            said = part(given.data)
        except (subprocess.CalledProcessError, OSError, ValueError, AssertionError) as error:
            said, failed = f"**Failed**: {error} {getattr(error, 'stdout', '') or ''}"[-3000:], True
        text += f"\n## {title}\n\n{said}\n\n({time.monotonic() - begun:.0f} s.)\n"
        print(text.rpartition("\n## ")[2], flush=True)
    if len(parts) == 2:
        text += (
            "\nWhat goes through the command line was skipped: rasterio, or scenes with truth, are missing.\n"
        )
    given.output.write_text(text, "utf-8")
    return int(failed)


def accuracy(data: Path) -> str:
    """Scores and seconds of standard runs, and whether one seed gives the same bytes twice."""
    rows = ["| scene | seed | mSAD | mRMSE | scaled | seconds |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for name, count in SCENES.items():
            of_seed_0 = []
            for seed in (*range(SEEDS), 0):
                output = Path(folder) / f"{name}-{len(rows)}"
                begun = time.monotonic()
                _auvae("unmix", data / name / f"{name}.img", "--endmembers", count, "--seed", seed,
                       "--device", "cuda", "--output", output)  # fmt: skip
                seconds = time.monotonic() - begun
                found = json.loads(_auvae("score", data / name / "truth.npz", output))
                figures = " | ".join(f"{found[key]:.4f}" for key in ("mSAD", "mRMSE", "mRMSE_scaled"))
                rows.append(f"| {name} | {seed} | {figures} | {seconds:.1f} |")
                if seed == 0:
                    of_seed_0.append((output / "abundances.tif").read_bytes())
            same = "the same" if of_seed_0[0] == of_seed_0[1] else "**not the same**"
            rows.append(f"| {name} | 0 twice | {same} bytes of abundances.tif | | | |")
    return "\n".join(rows)


def filled(data: Path) -> str:
    """What a run does while another program leaves little of the card."""
    lines = []
    for left in (ENOUGH, SHORT_OF):
        other = subprocess.Popen(
            [sys.executable, "-c", FILL, str(left)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if other.stdout is not None:
            other.stdout.readline()
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "result"
            try:
                _auvae("unmix", data / "samson" / "samson.img", "--endmembers", 3, "--quality", "draft",
                       "--output", output)  # fmt: skip
                document = json.loads((output / "result.json").read_text("utf-8"))
                warned = [text for text in document["warnings"] if "graphics card" in text]
                lines.append(f"- {left} GiB free: done on {document['device']}. {' '.join(warned)}")
            finally:
                other.kill()
                other.wait()
    return "\n".join(lines)


def killed(data: Path) -> str:
    """Whether the card's memory comes back and nothing lies under the final name."""
    with tempfile.TemporaryDirectory() as folder:
        output, before = Path(folder) / "result", torch.cuda.mem_get_info()[0]
        worker = subprocess.Popen(
            [sys.executable, "-m", "auvae", "unmix", str(data / "samson" / "samson.img"), "--endmembers", "3",
             "--quality", "high", "--output", str(output)],
            env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        held = 0
        while worker.poll() is None and held < 2**28:
            time.sleep(0.05)
            held = before - torch.cuda.mem_get_info()[0]
        time.sleep(1)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        time.sleep(1)
        left = before - torch.cuda.mem_get_info()[0]
        there = "nothing" if not output.exists() else "**something**"
    return (
        f"It held {held / 2**20:.0f} MiB; after SIGKILL {left / 2**20:.0f} MiB, and {there} lay under the "
        "final name."
    )


def _auvae(*words: object) -> str:
    return _run("-m", "auvae", *map(str, words))


def _run(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=CHECKOUT, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, words, done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout


def _machine() -> str:
    return (
        f"{datetime.now(timezone.utc):%Y-%m-%d}, {torch.cuda.get_device_name()}, torch {torch.__version__}, "
        f"numpy {np.__version__}, Python {sys.version.split()[0]}"
    )


if __name__ == "__main__":
    sys.exit(main())
