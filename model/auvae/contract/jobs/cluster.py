"""The job of the task `cluster`: a Dask scheduler to be asked who works for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from ..errors import JobError
from .document import Document, check_id

_ADDRESS = re.compile(r"(tcp|tls)://[^\s/]+:\d{1,5}/?")


@dataclass(frozen=True)
class ClusterJob(Document):
    """A Dask scheduler to be asked who works for it: the fields of the worker protocol.

    Attributes:
        run_on: its address.
    """

    task: ClassVar[str] = "cluster"
    device: ClassVar[str] = "cpu"

    id: str
    run_on: str

    def __post_init__(self) -> None:
        check_id(self.id)
        if not self.run_on:
            raise JobError("No scheduler was named.", "Give its address, such as tcp://host:8786.")
        check_address(self.run_on)


def check_address(address: object) -> None:
    """Raise JobError unless it is a scheduler's address, or empty."""
    if not isinstance(address, str) or (address and not _ADDRESS.fullmatch(address)):
        raise JobError(
            f"{address!r} is no address of a Dask scheduler.",
            "Give tcp://HOST:PORT, or tls://HOST:PORT for a scheduler that encrypts.",
        )
