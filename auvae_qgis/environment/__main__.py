"""Builds an environment from the command line, as the Makefile does: python3 -m auvae_qgis.environment."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .install import build
from .setup_errors import SetupError


def main() -> int:
    """Build an environment from the command line, as the Makefile does."""
    parser = argparse.ArgumentParser(
        description="Build the Python environment that AUVAE Unmixing computes in."
    )
    parser.add_argument("folder", type=Path, help="where to build it")
    parser.add_argument(
        "--development", action="store_true", help="also the command auvae and what the tests need"
    )
    arguments = parser.parse_args()
    try:
        build(
            arguments.folder,
            lambda fraction, text: print(f"[{fraction:4.0%}] {text}", flush=True) if text else None,
            development=arguments.development,
        )
    except SetupError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Cancelled; nothing was left behind.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
