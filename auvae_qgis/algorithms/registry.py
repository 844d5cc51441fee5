"""Which algorithms there are: every class in this folder that gives itself a name. A new file is enough."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from .algorithm import Algorithm


def algorithms() -> list[Algorithm]:
    """Make one of every algorithm in this folder, in the order of their files.

    What algorithms share (algorithm.py, scene_algorithm.py, result_algorithm.py) has no ``name()`` of its own
    and so is left out.
    """
    found = []
    for file in pkgutil.iter_modules([str(Path(__file__).parent)]):
        module = importlib.import_module(f".{file.name}", __package__)
        found += [
            kind()
            for kind in vars(module).values()
            if isinstance(kind, type)
            and issubclass(kind, Algorithm)
            and kind.__module__ == module.__name__
            and "name" in vars(kind)
        ]
    return found
