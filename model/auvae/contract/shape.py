"""Whether a value that was read from JSON has the form that a TypedDict declares."""

from __future__ import annotations

from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def fits(value: object, kind: Any) -> bool:
    """Whether a value is of a type made of TypedDicts, lists, dicts with text as keys, and plain types.

    Args:
        value: from JSON.
        kind: the type, in the notation of Python 3.9 (Optional, Union). Keys beyond a TypedDict's are let be.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin is Literal:
        return value in parts
    if origin is Union:
        return any(fits(value, part) for part in parts)
    if origin is list:
        return isinstance(value, list) and all(fits(one, parts[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(one, parts[1]) for one in value.values())
    if hasattr(kind, "__required_keys__"):
        return (
            isinstance(value, dict)
            and kind.__required_keys__ <= value.keys()
            and all(fits(value[key], part) for key, part in get_type_hints(kind).items() if key in value)
        )
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)
