"""`make bench-large`: a scene of so many megapixels, unmixed to the end. Prints time, memory and disk."""

from __future__ import annotations

import argparse
import math
import sys

from .scenes import BUILD
from .tables.speed import sized


def main() -> int:
    """Unmix Jasper repeated to the size asked for; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("--megapixels", type=int, default=100, help="a square number (default: 100)")
    given = parser.parse_args()
    times = 10 * math.isqrt(given.megapixels)
    if times**2 != 100 * given.megapixels:
        parser.error("--megapixels must be a square number: the scene is square, of whole megapixels")
    BUILD.mkdir(parents=True, exist_ok=True)
    run = sized(times)
    each = (run["mapping"] + run["packing"]) / given.megapixels
    print(
        f"{given.megapixels} megapixels of 198 bands, draft: {run['seconds']:.0f} s, of which mapping "
        f"{run['mapping']:.0f} s and packing {run['packing']:.0f} s ({each:.2f} s a megapixel); peak memory "
        f"{run['mebibytes']} MiB; written to the disk {run['written']} MiB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
