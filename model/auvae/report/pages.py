"""Pages from the templates beside this file; what they show is computed in the modules named after them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..contract.areas import in_hectares


def rendered(template: str, **values: Any) -> str:
    """A page.

    Args:
        template: such as "result.html.j2".
        values: what it shows; only `Markup` is taken as HTML, all else is escaped.
    """
    return _environment.get_template(template).render(values)


def svg(drawing: str) -> Markup:
    """A drawing of ours, which escapes names itself, as part of a page."""
    return Markup(drawing)  # noqa: S704


def ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 7 as "1-3, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _escaped(value: object) -> object:
    # Renaming in QGIS looks for names as html.escape writes them, in pages of every version.
    return value if hasattr(value, "__html__") else Markup(escape(str(value)))  # noqa: S704


def _shown(value: object, key: str) -> str:
    """The value of a setting in words."""
    if value is None:
        return "all good ones" if key == "bands" else "none"
    if isinstance(value, dict):
        return "; ".join(f"{name.replace('_', ' ')} {_shown(part, name)}" for name, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _digits(value: float | None, count: int) -> str:
    return "" if value is None else f"{value:.{count}g}"


def _by_reason(bands: Iterable[dict[str, Any]]) -> list[tuple[str, list[int]]]:
    numbers: dict[str, list[int]] = {}
    for band in bands:
        numbers.setdefault(band["reason"], []).append(band["number"])
    return list(numbers.items())


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_escaped,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "shown": _shown,
    "ranges": ranges,
    "by_reason": _by_reason,
    "digits": _digits,
    "hectares": in_hectares,
    "percent": lambda share: f"{share:.1%}",
    "zip": lambda one, other: list(zip(one, other, strict=True)),
}
