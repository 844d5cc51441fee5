"""The house keeps its floors: a folder imports only those below it; files and functions stay short."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
CORE = CHECKOUT / "model" / "auvae"

FLOORS = (
    "contract",
    "scene",
    "numerics",
    "endmembers",
    "spectra",
    "network",
    "mapping",
    "report",
    "result",
    "tasks",
    "scenes",
    "worker",
    "simulation",
    "command",
)
"""From the ground up; docs/architecture.md says what lives on each."""


PLUGIN_UNDER_WAY = {("auvae_qgis/inputs", "auvae_qgis/results"), ("auvae_qgis/results", "auvae_qgis/inputs")}
LONGEST_FILE, LONGEST_FUNCTION = 400, 60  # lines
EXCUSED = "longer than other"  # in the docstring, with the reason

_spec = importlib.util.spec_from_file_location("architecture", CHECKOUT / "tools" / "architecture.py")
architecture = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(architecture)


def modules():
    return sorted(CORE.rglob("*.py"))


def dotted(path):
    parts = path.relative_to(CORE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path):
    """Yield (module, names) of every import of the core in a file, wherever in the file it stands."""
    package = dotted(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, []
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [alias.name for alias in node.names]
            inside = CORE.parent / Path(*module.split("."))
            for name in names:
                is_module = (inside / f"{name}.py").is_file() or (inside / name / "__init__.py").is_file()
                yield (f"{module}.{name}", []) if is_module else (module, [name])


def floor(module):
    parts = module.split(".")
    return parts[1] if parts[0] == "auvae" and len(parts) > 1 and parts[1] in FLOORS else None


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_a_folder_imports_only_folders_below_it(path):
    own = floor(dotted(path))
    if own is None:
        return
    for module, _ in imports(path):
        other = floor(module)
        assert other is None or FLOORS.index(other) <= FLOORS.index(own), f"{dotted(path)} imports {module}"


def test_every_folder_of_the_core_has_a_floor():
    folders = {path.parent.relative_to(CORE).parts[0] for path in modules() if path.parent != CORE}
    assert folders == set(FLOORS)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_nothing_private_is_taken_from_another_module(path):
    for module, names in imports(path):
        if module.split(".")[0] != "auvae":
            continue
        private = [n for n in names if n.startswith("_") and n != "__version__"]
        assert not private, f"{dotted(path)} takes {private} from {module}"


def test_modules_import_each_other_in_no_circle():
    edges = {dotted(path): set() for path in modules()}
    for path in modules():
        own = dotted(path)
        edges[own] |= {module for module, _ in imports(path) if module in edges and module != own}
    waiting, done = set(edges), set()
    while waiting:
        free = {module for module in waiting if not (edges[module] & waiting)}
        assert free, f"in a circle, or above one: {sorted(waiting)}"
        waiting -= free
        done |= free


def test_the_help_of_the_command_comes_without_torch_numpy_and_rasterio(environment):
    program = (
        "import sys\nfrom auvae.command.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n"
        "    print([name for name in ('torch', 'numpy', 'rasterio') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_contract_needs_the_standard_library_and_numpy_alone():
    for path in (CORE / "contract").rglob("*.py"):
        for module, _ in imports(path):
            top = module.split(".")[0]
            allowed = top in sys.stdlib_module_names or top == "numpy"
            assert allowed or module == "auvae" or floor(module) == "contract", f"{dotted(path)}: {module}"


@pytest.mark.parametrize("path", sorted((CORE / "contract").rglob("*.py")), ids=dotted)
def test_the_contract_is_in_the_syntax_of_the_oldest_python_of_qgis(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


def test_folders_of_the_plugin_import_each_other_in_no_circle():
    found = architecture.imports()
    floor = architecture.floors(found)
    level = {
        (folder, target)
        for folder, targets in found.items()
        for target in targets
        if floor[folder] <= floor[target]
    }
    assert level <= PLUGIN_UNDER_WAY, sorted(level)


@pytest.mark.parametrize("folder", ["model/auvae", "auvae_qgis", "tools"])
def test_no_file_and_no_function_is_too_long_to_read(folder):
    for path in (CHECKOUT / folder).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        assert text.count("\n") <= LONGEST_FILE or EXCUSED in (ast.get_docstring(tree) or ""), path
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                excused = EXCUSED in (ast.get_docstring(node) or "")
                assert lines <= LONGEST_FUNCTION or excused, f"{path}: {node.name} has {lines} lines"
