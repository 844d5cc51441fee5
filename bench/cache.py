"""Figures kept in build/bench as JSON, so an interrupted bench goes on; what is missing is measured together.

A table asks for figures and gets those that are kept; the rest is noted. `Cache.measure` measures what was
noted, and the table is asked again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

Figures = dict[str, Any]
Measure = Callable[[], Figures]

METHOD = ("numerics", "endmembers", "network")
"""The folders of the core that decide what our method finds: figures of older versions are not used."""


class Cache:
    """Figures by table and by what they are of; one JSON file a table.

    any_version: figures count whichever version of the code they were measured with. again: those of earlier
    runs do not count.

    Attributes:
        kept, measured: what was asked for and there, and what this run measured.
    """

    def __init__(self, folder: Path, *, any_version: bool = False, again: bool = False) -> None:
        self.folder, self.any_version, self.again = folder, any_version, again
        self.kept: set[tuple[str, str]] = set()
        self.measured: set[tuple[str, str]] = set()
        self.wanted: dict[tuple[str, str], tuple[str, Measure]] = {}
        self._held: dict[str, dict[str, Figures]] = {}

    def figures(self, table: str, version: str, of: str, measure: Measure) -> Figures | None:
        """The figures that are kept of something, or None: then it is noted that they are wanted.

        version: of the code that they hang on. measure: can be pickled.
        """
        known = self._load(table).get(of)
        counts = (table, of) in self.measured or not self.again
        if known is not None and counts and (self.any_version or known["version"] == version):
            self.kept.add((table, of))
            return known["figures"]
        self.wanted[table, of] = version, measure
        return None

    def measure(self, processes: int) -> None:
        """Measure what is wanted: in so many processes of one thread each, or here with all threads."""
        wanted, self.wanted = self.wanted, {}
        begun = time.monotonic()
        for number, ((table, of), figures) in enumerate(_measured(wanted, processes), start=1):
            self._load(table)[of] = {"version": wanted[table, of][0], "figures": figures}
            self._write(table)
            self.measured.add((table, of))
            spent = time.monotonic() - begun
            print(f"  {number} of {len(wanted)}, {spent:.0f} s: {table}: {of}", flush=True)

    def _load(self, table: str) -> dict[str, Figures]:
        if table not in self._held:
            file = self.folder / f"{table}.json"
            self._held[table] = json.loads(file.read_text("utf-8")) if file.exists() else {}
        return self._held[table]

    def _write(self, table: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f"{table}.json.partial"
        partial.write_text(json.dumps(self._held[table], indent=1), "utf-8")
        partial.replace(self.folder / f"{table}.json")


def _measured(
    wanted: dict[tuple[str, str], tuple[str, Measure]], processes: int
) -> Iterator[tuple[tuple[str, str], Figures]]:
    """Each key of what is wanted with its figures, as they come."""
    if processes == 1 or len(wanted) < 2:
        for key, (_, measure) in wanted.items():
            yield key, measure()
        return
    # Two networks side by side, a thread each, take less time than one after the other with two threads.
    pool = ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    )
    try:
        futures = {pool.submit(measure): key for key, (_, measure) in wanted.items()}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


@cache
def version(*files: Path) -> str:
    """A fingerprint of the text of files, as it was when it was first asked for."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
