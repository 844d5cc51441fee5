"""`make bench-card`: all that is to be seen on a graphics card, in one go of eight minutes, to bench/CARD.md.

What matters most comes first, and what was measured is written after every part: a run that is cut off leaves
all it has. Needs torch, numpy, scipy and pytest; what needs rasterio is skipped where that is missing, and
said to be. `--rehearse` runs all of it in small on the processor, to find faults of these scripts; it writes
nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.card_parts import CHECKOUT, PARTS, Part, Scene, Setting

OUTPUT = CHECKOUT / "bench" / "CARD.md"
SCENES = {"samson": 3, "jasper": 4}


def main() -> int:
    """Measure, print and write; 1 where something failed or was not reached, 0 else."""
    parser = argparse.ArgumentParser(prog="bench/card.py", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=CHECKOUT.parent / "shared" / "data", help="scenes with truth"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--minutes", type=float, default=8.0, help="when to stop (default 8)")
    parser.add_argument("--parts", default="", help="only parts whose titles begin so, such as Times,Tests")
    parser.add_argument("--rehearse", action="store_true", help="in small, on the processor; writes nothing")
    given = parser.parse_args()
    if not given.rehearse and not torch.cuda.is_available():
        print("There is no graphics card that torch can use here: nothing was measured.")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        setting, missing = _setting(given, Path(folder))
        head = f"# On a graphics card\n\n{_machine(setting.device)}, `python bench/card.py`.\n{missing}"
        if given.rehearse:
            head = f"A rehearsal on the processor: no figure of it says anything.\n\n{head}"
        print(head, flush=True)
        parts = [part for part in PARTS if part[0].startswith(tuple(given.parts.split(",")))]
        return _measure(parts, setting, head, None if given.rehearse else given.output)


def _measure(
    parts: list[tuple[str, Part, float, bool]], setting: Setting, text: str, output: Path | None
) -> int:
    """One part after the other; what each printed is written as soon as it is over."""
    failed = False
    for title, part, limit, by_command in parts:
        if by_command and not setting.scenes:
            continue
        begun = time.monotonic()
        print(f"\n## {title}\n", flush=True)
        lines: list[str] = []
        own = setting if setting.rehearsed else replace(setting, end=min(setting.end, begun + limit))
        try:
            if begun >= setting.end:
                raise TimeoutError("no time was left")
            for line in part(own):
                print(line, flush=True)
                lines.append(line)
        # A part may fail in any way, and the others are to be seen all the same.
        except Exception as error:  # noqa: BLE001
            failed = True
            heard = getattr(error, "stdout", None) or ""
            heard = heard.decode(errors="replace") if isinstance(heard, bytes) else heard
            said = f"{error} {heard}".strip()[-6000:]
            lines.append(f"\n**Failed** ({type(error).__name__}): {said}")
            print(lines[-1], flush=True)
        failed = failed or any("**" in line for line in lines)
        lines.append(f"\n({time.monotonic() - begun:.0f} s.)")
        print(lines[-1], flush=True)
        text += f"\n## {title}\n\n" + "\n".join(lines) + "\n"
        if output is not None:
            output.write_text(text, "utf-8")
    return int(failed)


def _setting(given: argparse.Namespace, folder: Path) -> tuple[Setting, str]:
    """What all parts share, and what is missing here."""
    device, quality = ("cpu", "draft") if given.rehearse else ("cuda", "standard")
    end = time.monotonic() + 60 * given.minutes
    setting = Setting((), folder, device, quality, end, given.rehearse)
    if importlib.util.find_spec("rasterio") is None:
        return setting, "\nWhat goes through the command line was skipped: rasterio is missing.\n"
    if given.rehearse:
        image = folder / "scene.img"
        setting.run(
            "-m", "auvae", "simulate", image, "--rows", 24, "--cols", 24, "--bands", 20, "--endmembers", 3
        )
        return replace(setting, scenes=(Scene("scene", image, image.with_name("scene_truth.npz"), 3),)), ""
    data = given.data.absolute()
    if not data.is_dir():
        return setting, "\nWhat goes through the command line was skipped: scenes with truth are missing.\n"
    scenes = [
        Scene(name, data / name / f"{name}.img", data / name / "truth.npz", count)
        for name, count in SCENES.items()
    ]
    return replace(setting, scenes=tuple(scenes)), ""


def _machine(device: str) -> str:
    name = torch.cuda.get_device_name() if device == "cuda" else "the processor"
    return (
        f"{datetime.now(timezone.utc):%Y-%m-%d}, {name}, torch {torch.__version__}, "
        f"numpy {np.__version__}, Python {sys.version.split()[0]}"
    )


if __name__ == "__main__":
    sys.exit(main())
