"""The job of the task `export`: a result whose endmembers are to be written as a library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .document import Document, check_id, check_library, wrong


@dataclass(frozen=True)
class ExportJob(Document):
    """A result whose endmembers are to be written as a library: the fields of the worker protocol.

    Attributes:
        result: the folder of a result.
        library: the file to write.
    """

    task: ClassVar[str] = "export"
    device: ClassVar[str] = "cpu"

    id: str
    result: str
    library: str

    def __post_init__(self) -> None:
        for name in ("result", "library"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name).strip():
                raise wrong(name, getattr(self, name), "text")
        check_id(self.id)
        check_library(self.library)
