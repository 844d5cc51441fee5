"""Loads PyTorch without what its compiler alone needs: a third of what `import torch` takes.

Torch offers no way to ask for that. So it is done with those versions alone that it was tried with, and
nothing is lost: what was left out is loaded when something asks for it, such as `torch.compile`.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import MetaPathFinder
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

_TRIED = "2.13."
"""Versions of torch begin with it, and those for a processor alone end as `_PROCESSOR` says."""

_PROCESSOR = "+cpu"

_POSTPONED = ("torch._meta_registrations", "torch.export")
"""How operators act on tensors without values, and the export of networks; the first is loaded first."""

_COMPILER = ("torch._dynamo", "torch._inductor")
"""What rests on them: whoever asks for one of these gets what was postponed before it."""


def load_torch() -> None:
    """Import torch; what it loads for its compiler alone is loaded when something asks for it.

    For processes of our own. Does nothing where torch is loaded already.

    Raises:
        ImportError, OSError: torch cannot be loaded.
    """
    if "torch" in sys.modules:
        return
    try:
        number = version("torch")
    except PackageNotFoundError:
        number = ""
    if not (number.startswith(_TRIED) and number.endswith(_PROCESSOR)):
        importlib.import_module("torch")
        return
    stand_ins = [_StandIn(name) for name in _POSTPONED]
    sys.modules.update((module.__name__, module) for module in stand_ins)
    try:
        torch: Any = importlib.import_module("torch")
    finally:
        for module in stand_ins:
            module.give_way()
    # Torch does this for its random numbers in one of the modules that were left out.
    torch._C._set_generator_metaclass(torch._opaque_base.OpaqueBaseMeta)  # noqa: SLF001
    sys.meta_path.insert(0, _LoadPostponed())


class _StandIn(ModuleType):
    """Stands for a module until something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system's own questions
            raise AttributeError(name)
        self.give_way()
        return getattr(importlib.import_module(self.__name__), name)

    def give_way(self) -> None:
        """Let whoever imports the module from now on get the real one."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]


class _LoadPostponed(MetaPathFinder):
    """Loads what was postponed before the first module that rests on it. Finds nothing itself."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Look at the name of a module that is to be imported."""
        if name.startswith(_COMPILER):
            sys.meta_path.remove(self)
            for postponed in _POSTPONED:
                importlib.import_module(postponed)
