"""What can be fed with damaged files. Knows none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
        seeds: makes files of this kind that are well.
        feed: reads such a file, handed an empty folder and the content; raises only ``errors``.
        text: whether its words and numbers can be exchanged.
        errors: what people can read.
        patience: seconds after which its library is known to go round for ever with some files, and a run to
            be ended by its watchdog: such files are counted, and the rest is fed to a new process. 0: never.
    """

    seeds: Callable[[], list[bytes]]
    feed: Callable[[Path, bytes], object]
    text: bool
    errors: tuple[type[Exception], ...]
    patience: float = 0.0
