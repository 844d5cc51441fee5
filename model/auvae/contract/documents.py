"""What the documents of all tasks have in common: their keys, and how a wrong value is refused."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar

from .. import __version__
from .errors import JobError
from .selection import Selection

if TYPE_CHECKING:
    from typing_extensions import Self

SCHEMA = 1
SAME_VERSION = "Use a plugin and a core of the same version."
_ID = r"[A-Za-z0-9]{1,64}"
_LISTS = ("scenes", "bands")


class Document:
    """A task's fields as a JSON object with exactly these keys, and `schema` and `task`."""

    task: ClassVar[str]

    @classmethod
    def parse(cls, document: object) -> Self:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        if not isinstance(document, dict):
            raise JobError("The job is not a JSON object.", "Send one JSON object on one line.")
        names = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]  # all are dataclasses
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


def wrong(name: str, value: object, wanted: str) -> JobError:
    """The error about a field that is not what it may be."""
    return JobError(f"{name.capitalize()} is {value!r}.", f"Give {wanted}.")


def check_id(value: object) -> None:
    """Raise JobError unless it may be a part of a file's name."""
    if not isinstance(value, str):
        raise wrong("id", value, "text")
    if not re.fullmatch(_ID, value):
        raise wrong("id", value, "a word of letters and digits")


def is_integer(value: object) -> bool:
    """Whether it is a whole number, and not true or false."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether it is a finite number, and not true or false."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
