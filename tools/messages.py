"""Writes the lists of docs/messages.md, what can go wrong and what to do, from the messages in the code.

Every error for people is raised with two sentences, what is wrong and what to do; they are read from the
sources, as is the table of what installers say. `--check` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from auvae_qgis.environment.find import SET_UP  # noqa: E402 (found only now)
from auvae_qgis.environment.setup_errors import SUPPORTED  # noqa: E402

# What a run always fills in alike.
KNOWN = {"SET_UP": SET_UP, "SUPPORTED": SUPPORTED}
PAGE = CHECKOUT / "docs" / "messages.md"
CORE = CHECKOUT / "model" / "auvae"
BEGIN, END = "<!-- messages: made by `make messages` -->", "<!-- end of messages -->"
# By the class of the error. A job's own errors name the setting and what it may be: nothing to look up.
GROUPS = {
    "SetupError": "Installing the environment",
    "WorkerEnvironmentError": "Starting a run",
    "SceneError": "Opening an image",
    "DeviceError": "Memory and graphics card",
    "OutputError": "Writing the result",
    "ClusterError": "Unmixing several images, or on a cluster",
    "ModelError": "Using a trained model",
    "LibraryError": "Giving known spectra",
    "AuvaeError": "Anything else",
}
# By what the user was doing, where the sources know it better than the class. None: no command of an analyst.
PRODUCT = "Opening a product of a sensor, or an archive"
PART = "Choosing a part of the image: mask, extent, places"
PLACES = {
    "sensors": PRODUCT,
    "mask.py": PART,
    "grid.py": PART,
    "scenes": GROUPS["ClusterError"],
    "score.py": None,
}
# In the order in which an analyst meets them.
ORDER = (
    GROUPS["SetupError"], GROUPS["WorkerEnvironmentError"], GROUPS["SceneError"], PRODUCT,
    PART, GROUPS["LibraryError"], GROUPS["ModelError"], GROUPS["DeviceError"],
    GROUPS["OutputError"], GROUPS["ClusterError"], GROUPS["AuvaeError"],
)  # fmt: skip


def messages() -> dict[str, list[tuple[str, str]]]:
    """Return what is wrong and what to do, by group."""
    found: dict[str, list[tuple[str, str]]] = {title: [] for title in ORDER}
    for path in sorted(CORE.rglob("*.py")):
        places = path.relative_to(CORE).parts
        for kind, text, remedy in _raised(ast.parse(path.read_text(encoding="utf-8"))):
            title = next((PLACES[place] for place in reversed(places) if place in PLACES), GROUPS[kind])
            if title is not None:
                found[title].append((text, remedy))
    found[GROUPS["SetupError"]] += _causes(CHECKOUT / "auvae_qgis" / "environment" / "setup_errors.py")
    for path in sorted((CHECKOUT / "auvae_qgis" / "worker").glob("*.py")):
        for sentence in _of_worker(ast.parse(path.read_text(encoding="utf-8"))):
            what, _, remedy = sentence.partition(". " if ". " in sentence else ": ")
            found[GROUPS["WorkerEnvironmentError"]].append(
                (f"{what.rstrip('.')}.", f"{remedy[:1].upper()}{remedy[1:]}")
            )
    return {title: list(dict.fromkeys(rows)) for title, rows in found.items() if rows}


def _raised(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    """Yield every error of these classes that is made with both of its sentences."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GROUPS:
            texts = [_text(argument) for argument in node.args]
            if len(texts) == 2 and all(texts):  # noqa: PLR2004 (what is wrong, what to do)
                yield node.func.id, texts[0], texts[1]


def _causes(path: Path) -> list[tuple[str, str]]:
    """Return the causes of failed installations, and what to do."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == "_causes":
            rows = [row.elts for row in ast.walk(node) if isinstance(row, ast.Tuple)]
            return [(_text(row[1]), _text(row[2])) for row in rows if len(row) == 3 and _text(row[1])]  # noqa: PLR2004
    return []


def _of_worker(tree: ast.AST) -> Iterator[str]:
    """Yield what the plugin says when a worker gives no answer: sentences in tr(...), remedy included."""
    for node in ast.walk(tree):
        text = _translated(node)
        if "{" not in text and re.search(r"[.:] \w", text):
            yield text


def _text(node: ast.AST) -> str:
    """Return the words of a string in the sources, with … where a run fills something in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\{[^}]*\}", "…", node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [
            _filled(one.value) if isinstance(one, ast.FormattedValue) else _text(one) for one in node.values
        ]
        return re.sub(r"…(?:\W*…)+", "…", "".join(parts))
    if isinstance(node, ast.IfExp):
        return _text(node.body)
    return _translated(node)


def _translated(node: ast.AST) -> str:
    """Return the words of tr("...") or tr("...").format(...); of anything else an empty string."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Name) and node.func.id == "tr" and isinstance(node.args[0], ast.Constant):
        return str(node.args[0].value)
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "format":
        return ""
    text = _translated(node.func.value)
    for argument in node.args:
        text = text.replace("{}", _filled(argument), 1)
    return text


def _filled(node: ast.AST) -> str:
    """Return what a run fills in for an expression: the same in every run, or …."""
    return KNOWN.get(node.id, "…") if isinstance(node, ast.Name) else "…"


def section() -> str:
    """Return the lists as the page has them."""
    lines = []
    for title, rows in messages().items():
        lines += [
            "<details>",
            f"<summary>{title} ({len(rows)})</summary>",
            "",
            "| message | what to do |",
            "|---|---|",
        ]
        lines += [f"| {_cell(text)} | {_cell(remedy)} |" for text, remedy in rows]
        lines += ["", "</details>"]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def main() -> int:
    """Rewrite the lists; with --check return 1 when they are not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    given = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    current = f"{before}{BEGIN}\n{section()}\n{END}{after}"
    if given.check:
        return int(current != page)
    PAGE.write_text(current, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
