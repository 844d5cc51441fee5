"""Which known spectra the analyst chose. Reads none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import JobError
from .document import is_number, wrong


@dataclass(frozen=True)
class KnownChoice:
    """Spectra of materials that are known: a library, places in the scene, or both.

    Attributes:
        library: a file with spectra, None for none.
        names: which of them, in this order; empty for all.
        places: a GeoJSON file with points or polygons in which a material is pure, None for none.
        freedom: how far the scene may pull them away, from 0 (not at all) to 1 (they are only a start).
    """

    library: str | None = None
    names: tuple[str, ...] = ()
    places: str | None = None
    freedom: float = 0.0

    def __post_init__(self) -> None:
        for name in ("library", "places"):
            path = getattr(self, name)
            if path is not None and not (isinstance(path, str) and path.strip()):
                raise wrong(f"known {name}", path, "the path of a file, or null")
        if self.library is None and self.places is None:
            raise JobError(
                "Known spectra were asked for, but neither a library nor places.", "Give a file of either."
            )
        if not all(isinstance(name, str) and name.strip() for name in self.names):
            raise wrong("names", list(self.names), "a list of names of spectra, or an empty one")
        if not is_number(self.freedom) or not 0 <= self.freedom <= 1:
            raise wrong("freedom", self.freedom, "a number from 0 to 1")

    @classmethod
    def parse(cls, document: object) -> KnownChoice | None:
        """The known spectra that a job's document names, None for null; raises JobError."""
        if document is None:
            return None
        keys = {"library", "names", "places", "freedom"}
        if not isinstance(document, dict) or set(document) != keys or not isinstance(document["names"], list):
            raise JobError(
                f"Known is {document!r}.", "Give null, or library, names (a list), places and freedom."
            )
        return cls(**{**document, "names": tuple(document["names"])})

    def document(self) -> dict[str, Any]:
        """The same as a job's document has it."""
        return {
            "library": self.library, "names": list(self.names), "places": self.places,
            "freedom": self.freedom,
        }  # fmt: skip

    def arguments(self) -> list[str]:
        """The command-line arguments that mean the same."""
        given = [] if self.library is None else ["--known", self.library]
        for name in self.names:
            given += ["--known-name", name]
        given += [] if self.places is None else ["--known-places", self.places]
        return given + (["--freedom", f"{self.freedom:g}"] if self.freedom else [])
