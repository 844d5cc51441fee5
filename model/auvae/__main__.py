"""The command `auvae`, as `python -m auvae`."""

import sys

from .command.main import main

if __name__ == "__main__":
    sys.exit(main())
