"""Draws docs/architecture.svg, the floors of plugin and core, from the imports themselves.

A box for each folder, with the first line of its __init__.py. It stands one floor above the highest folder
that it imports, and a line leads to each folder that it imports and that no other import brings along.
`--check` only says whether the picture is current.
"""

from __future__ import annotations

import argparse
import ast
import sys
import textwrap
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PICTURE = CHECKOUT / "docs" / "architecture.svg"
PLUGIN, CORE = "auvae_qgis", "model/auvae"
CONTRACT = f"{CORE}/contract"
WIDTH, HEIGHT, ACROSS, DOWN, MARGIN, TITLE = 226, 76, 14, 34, 20, 34  # pixels
LETTERS = 35  # in a line of a box
FONT = 'font-family="sans-serif" font-size="11"'

Imports = dict[str, set[str]]


def imports() -> Imports:
    """Return which folders each folder of plugin and core imports, for every folder that has modules.

    Modules that lie in no folder are taken together: those that start everything (they import folders) and
    those that everything may use.
    """
    of_file: Imports = {}
    for root in (PLUGIN, CORE):
        for file in sorted((CHECKOUT / root).rglob("*.py")):
            name = file.relative_to(CHECKOUT).with_suffix("").as_posix()
            if name not in {f"{PLUGIN}/__init__", f"{CORE}/__init__"}:
                of_file[name] = set(_imports(file)) - {name}
    folders = {name: _folder(name, of_file) for name in of_file}
    found: Imports = {folder: set() for folder in folders.values()}
    for name, targets in of_file.items():
        found[folders[name]] |= {folders[target] for target in targets if target in folders}
    return {folder: targets - {folder} for folder, targets in found.items()}


def _imports(file: Path) -> Iterator[str]:
    """Yield the modules of plugin and core that a file imports, as paths without ending."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for name in node.names:
                inside = base / name.name
                module = inside if inside.with_suffix(".py").is_file() else base
                module = module / "__init__" if module.is_dir() else module
                yield module.relative_to(CHECKOUT).as_posix()


def _folder(name: str, of_file: Imports) -> str:
    """Return the folder a module belongs to; one beside the folders is named after what it is for."""
    root = CORE if name.startswith(CORE) else PLUGIN
    folder, _, inside = name.removeprefix(f"{root}/").partition("/")
    if inside:
        return f"{root}/{folder}"
    return f"{root}/*" if _reaches_folder(name, root, of_file) else f"{root}/"


def _reaches_folder(name: str, root: str, of_file: Imports) -> bool:
    targets = {target for target in of_file.get(name, ()) if target.startswith(root)}
    return any(
        "/" in target.removeprefix(f"{root}/") or _reaches_folder(target, root, of_file) for target in targets
    )


def floors(imported: Imports) -> dict[str, int]:
    """Return the floor of each folder, 0 for one that imports none; folders in a circle share theirs."""
    below = {folder: _all_below(folder, imported) for folder in imported}
    floor: dict[str, int] = {}
    for folder in sorted(imported, key=lambda one: (len(below[one]), one)):
        others = [other for other in below[folder] if folder not in below[other]]
        floor[folder] = max((floor[other] + 1 for other in others), default=0)
    return floor


def _all_below(folder: str, imported: Imports) -> set[str]:
    """Return the folders that a folder imports, and those that these import, and so on."""
    found: set[str] = set()
    waiting = set(imported[folder])
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting |= imported[one] - found
    return found


def lines(imported: Imports) -> Iterator[tuple[str, str]]:
    """Yield (folder, imported folder) where no other import of that folder brings the latter along."""
    for folder, targets in imported.items():
        for target in sorted(targets):
            below = [_all_below(other, imported) for other in targets - {target}]
            if not any(target in one and folder not in one for one in below):
                yield folder, target


def places(floor: dict[str, int]) -> dict[str, tuple[float, float]]:
    """Return the upper left corner of each box: the plugin on the left, the core on the right."""
    highest = max(floor.values())
    found: dict[str, tuple[float, float]] = {}
    left = float(MARGIN)
    for root in (PLUGIN, CORE):
        rows: dict[int, list[str]] = {}
        for folder in sorted(floor):
            if folder.startswith(root):
                rows.setdefault(floor[folder], []).append(folder)
        width = max(len(row) for row in rows.values()) * (WIDTH + ACROSS)
        for number, row in rows.items():
            indent = (width - len(row) * (WIDTH + ACROSS)) / 2
            for place, folder in enumerate(row):
                top = MARGIN + TITLE + (highest - number) * (HEIGHT + DOWN)
                found[folder] = (left + indent + place * (WIDTH + ACROSS), top)
        left += width + 3 * ACROSS
    return found


def title(folder: str) -> str:
    """Return what a box is called."""
    root, _, name = folder.rpartition("/")
    return f"{name}/" if name not in {"", "*"} else f"files of {root}/"


def about(folder: str) -> str:
    """Return the first line of a folder's __init__.py; for files beside the folders, their names."""
    root, _, name = folder.rpartition("/")
    if name in {"", "*"}:
        starts = name == "*"
        of_file = {
            file.relative_to(CHECKOUT).with_suffix("").as_posix(): set(_imports(file))
            for file in (CHECKOUT / root).glob("*.py")
        }
        files = [one for one in sorted(of_file) if _reaches_folder(one, root, of_file) == starts]
        return ", ".join(Path(one).name for one in files if not one.endswith("__init__"))
    text = ast.get_docstring(ast.parse((CHECKOUT / folder / "__init__.py").read_text(encoding="utf-8")))
    return (text or "").split("\n")[0]


def picture() -> str:
    """Return the picture as SVG."""
    imported = imports()
    floor = floors(imported)
    place = places(floor)
    width = max(x for x, _ in place.values()) + WIDTH + MARGIN
    height = max(y for _, y in place.values()) + HEIGHT + MARGIN
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" {FONT}>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>',
    ]
    for root, text in ((PLUGIN, "the plugin, in QGIS"), (CORE, "the core, in a process of its own")):
        left = min(x for folder, (x, _) in place.items() if folder.startswith(root))
        drawn.append(f'<text x="{left:.0f}" y="{MARGIN + 8}" font-size="15">{root}/: {text}</text>')
    for upper, lower in lines(imported):
        (x, y), (to_x, to_y) = place[upper], place[lower]
        color = "#d55e00" if floor[lower] >= floor[upper] else "#999"
        drawn.append(
            f'<path d="M{x + WIDTH / 2:.0f} {y + HEIGHT} L{to_x + WIDTH / 2:.0f} {to_y}" '
            f'stroke="{color}" fill="none"/>'
        )
    drawn += [line for folder in sorted(place) for line in _box(folder, *place[folder])]
    return "\n".join([*drawn, "</svg>\n"])


def _box(folder: str, x: float, y: float) -> Iterable[str]:
    fill = "#fff3c4" if folder == CONTRACT else "#eef4fb"
    yield f'<rect x="{x:.0f}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5" fill="{fill}" stroke="#888"/>'
    yield f'<text x="{x + 8:.0f}" y="{y + 17}" font-size="13" font-weight="bold">{title(folder)}</text>'
    text = textwrap.shorten(about(folder), 3 * LETTERS, placeholder=" …")
    for number, line in enumerate(textwrap.wrap(text, LETTERS)[:3]):
        yield f'<text x="{x + 8:.0f}" y="{y + 33 + 14 * number}">{escape(line)}</text>'


def main() -> int:
    """Draw the picture; with --check return 1 when the one that is kept is another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing")
    if parser.parse_args().check:
        return int(not PICTURE.is_file() or PICTURE.read_text(encoding="utf-8") != picture())
    PICTURE.write_text(picture(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
