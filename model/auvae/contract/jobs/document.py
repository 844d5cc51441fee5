"""What the jobs of all tasks have in common: their keys as JSON, and how a wrong value is refused."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from ... import __version__
from ..choices import DEVICES, LARGEST_SEED, LIBRARIES
from ..errors import JobError
from ..selection import Selection

SCHEMA = 1
SAME_VERSION = "Use a plugin and a core of the same version."
_ID = r"[A-Za-z0-9]{1,64}"
_LISTS = ("scenes", "bands", "colors_of")

Parsed = TypeVar("Parsed", bound="Document")


@dataclass(frozen=True)
class Document:
    """A task's fields as a JSON object with exactly these keys, and `schema` and `task`."""

    task: ClassVar[str]

    @classmethod
    def parse(cls: type[Parsed], document: object) -> Parsed:
        """The job that a document describes.

        Raises:
            JobError: a key is missing, unknown, of a wrong type or out of its range.
        """
        if not isinstance(document, dict):
            raise JobError("The job is not a JSON object.", "Send one JSON object on one line.")
        names = {field.name for field in fields(cls)}
        wanted = {"schema", "task", *names}
        for problem, keys in (("lacks", wanted - set(document)), ("has an unknown", set(document) - wanted)):
            if keys:
                raise JobError(f"The job {problem} key {min(keys)!r}.", SAME_VERSION)
        if document["schema"] != SCHEMA:
            raise JobError(
                f"The job is of schema {document['schema']!r}; this is AUVAE {__version__}, which knows "
                f"schema {SCHEMA}.",
                SAME_VERSION,
            )
        values: dict[str, Any] = {name: document[name] for name in names}
        for name in _LISTS:
            if isinstance(values.get(name), list):
                values[name] = tuple(values[name])
            elif values.get(name) is not None:
                raise wrong(name, values[name], "a list, or null")
        if "selection" in values:
            values["selection"] = Selection.parse(values["selection"])
        return cls(**cls.read(values))

    @classmethod
    def read(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The values, where a task has some that are documents themselves."""
        return values

    def document(self) -> dict[str, Any]:
        """The same as JSON has it; `parse` reads it back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"schema": SCHEMA, "task": self.task, **{name: _json(value) for name, value in values.items()}}


class SceneDocument(Document):
    """What the jobs on one scene have in common.

    Attributes:
        id: a word of letters and digits, unlike that of any other job.
        scene: what GDAL opens, or a product of a sensor.
        bands: numbers of the bands to use, counted from 1; None for every good one.
        seed: where random numbers start.
        device: one of choices.DEVICES.
        selection: which part of the scene.
    """

    id: str
    scene: str
    bands: tuple[int, ...] | None
    seed: int
    device: str
    selection: Selection

    @property
    def part(self) -> list[str]:
        """The command-line arguments that say which bands and pixels of the scene."""
        bands = [] if self.bands is None else ["--bands", ",".join(map(str, self.bands))]
        return bands + self.selection.arguments()

    def check(
        self, texts: tuple[str, ...] = (), numbers: tuple[str, ...] = (), files: tuple[str, ...] = ()
    ) -> None:
        """Refuse fields of a wrong type, and what all tasks share out of its range.

        Args:
            texts: names of fields that are text, beside those that all tasks have.
            numbers: names of fields that are whole numbers.
            files: names of fields that are the path of a file, or None.

        Raises:
            JobError: one of them is something else.
        """
        for name in files:
            path = getattr(self, name)
            if path is not None and not (isinstance(path, str) and path.strip()):
                raise wrong(name, path, "the path of a file, or null")
        check_id(self.id)
        for name in ("scene", "device", *texts):
            if not isinstance(getattr(self, name), str):
                raise wrong(name, getattr(self, name), "text")
        for name in (*numbers, "seed"):
            if not is_integer(getattr(self, name)):
                raise wrong(name, getattr(self, name), "a whole number")
        if self.bands is not None and not (self.bands and all(is_integer(band) for band in self.bands)):
            raise wrong("bands", self.bands, "a list of band numbers, or null")
        if self.device not in DEVICES:
            raise wrong("device", self.device, f"one of {', '.join(DEVICES)}")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise wrong("seed", self.seed, f"a number from 0 to {LARGEST_SEED}")
        if not self.scene.strip():
            raise wrong("scene", self.scene, "a path")


def wrong(name: str, value: object, wanted: str) -> JobError:
    """The error about a field that is not what it may be."""
    return JobError(f"{name.capitalize()} is {value!r}.", f"Give {wanted}.")


def check_id(value: object) -> None:
    """Raise JobError unless it may be a part of a file's name."""
    if not isinstance(value, str):
        raise wrong("id", value, "text")
    if not re.fullmatch(_ID, value):
        raise wrong("id", value, "a word of letters and digits")


def check_library(path: str) -> None:
    """Raise JobError unless a spectral library can be written under this name."""
    if not path.lower().endswith(LIBRARIES):
        raise wrong("library", path, f"a file name that ends with {', '.join(LIBRARIES)}")


def check_folders(name: str, value: object) -> None:
    """Raise JobError unless it is a list of folders, which may be empty."""
    if not isinstance(value, tuple) or not all(isinstance(one, str) and one.strip() for one in value):
        raise wrong(name, list(value) if isinstance(value, tuple) else value, "a list of paths")


def check_output(output: str) -> None:
    """Raise JobError unless it names a folder."""
    if not output.strip():
        raise wrong("output", output, "a path")


def is_integer(value: object) -> bool:
    """Whether it is a whole number, and not true or false."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether it is a finite number, and not true or false."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.document() if hasattr(value, "document") else value
