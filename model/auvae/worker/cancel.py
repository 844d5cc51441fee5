"""Cancel: asked for kindly first, then enforced. Knows the staging folder, not what goes on in it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_CANCELLED = 130
# QGIS promises its user two seconds; what is left after this covers removing the folder and the process's
# end.
_PATIENCE_S = 1.2


class Cancel:
    """A request to stop, from any thread; if the work does not heed it, the process ends.

    last_words is called, once, just before a process that did not stop in time ends: it removes what lies
    about.

    Attributes:
        unwanted: whether somebody asked to stop and throw away what is done, not only the process that asked
            for the work went away, as when its computer shuts down.
    """

    def __init__(self, last_words: Callable[[], None]) -> None:
        self._asked = threading.Event()
        self._over = threading.Event()
        self._last_words = last_words
        self.unwanted = False

    @property
    def requested(self) -> bool:
        """Whether the work is to stop."""
        return self._asked.is_set()

    def request(self, *, unwanted: bool) -> None:
        """Ask the work to stop; end the process with EXIT_CANCELLED when it has not stopped in time."""
        self.unwanted = self.unwanted or unwanted
        if not self._asked.is_set():
            self._asked.set()
            threading.Thread(target=self._enforce, daemon=True).start()

    def over(self) -> None:
        """The work has ended by itself: its process may take its time to leave."""
        self._over.set()

    def _enforce(self) -> None:
        if not self._over.wait(_PATIENCE_S):
            try:
                self._last_words()
            finally:
                os._exit(EXIT_CANCELLED)
