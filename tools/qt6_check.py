"""Looks for names of Qt that PyQt6 does not have: imports every module of the plugin, follows every name.

qgis.PyQt is PyQt6 here, and the rest of qgis a stand-in whose classes hold anything. In each file every chain
that begins with a class of Qt (Qt.ItemDataRole.UserRole, QEvent.Type.PaletteChange ...) must exist in PyQt6.
"""

from __future__ import annotations

import ast
import importlib
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path

from PyQt6 import QtCore, QtGui, QtNetwork, QtSvg, QtWidgets, QtXml, sip

CHECKOUT = Path(__file__).resolve().parent.parent
SIDES = {
    "QtCore": QtCore,
    "QtGui": QtGui,
    "QtNetwork": QtNetwork,
    "QtSvg": QtSvg,
    "QtWidgets": QtWidgets,
    "QtXml": QtXml,
    "sip": sip,
}
# QGIS's own qgis.PyQt adds to PyQt6 what code for Qt 5 looks for elsewhere.
MOVED = {
    "QtWidgets": {"QAction": QtGui.QAction, "QActionGroup": QtGui.QActionGroup, "QShortcut": QtGui.QShortcut}
}
WIDGETS = ("QgsDockWidget", "QgsCollapsibleGroupBox", "QgsFileWidget", "QgsFilterLineEdit", "QgsMessageBar")


class Anything(type):
    """Of a stand-in class every attribute is another stand-in."""

    def __getattr__(cls, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(name)


def stand_in(name: str) -> type:
    """Return a class that can be called, subclassed and asked for anything; widgets are Qt's."""
    if name in WIDGETS:
        return type(name, (QtWidgets.QDockWidget if "Dock" in name else QtWidgets.QWidget,), {})
    if name == "QgsProcessingProvider" or name.endswith("Task") or name == "QgsMapTool":
        return type(name, (QtCore.QObject,), {})
    return Anything(name, (), {"__init__": lambda self, *given, **named: None})


class StandIn(types.ModuleType):
    """A module of QGIS: whatever is asked of it is a stand-in."""

    __path__: list[str] = []  # noqa: RUF012  nothing is looked for in it

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        setattr(self, name, stand_in(name))
        return self.__dict__[name]


def put_stand_ins() -> None:
    """Let `import qgis`, its parts and what comes with QGIS be found."""
    for name in (
        "qgis",
        "qgis.core",
        "qgis.gui",
        "qgis.utils",
        "processing",
        "processing.gui",
        "processing.gui.wrappers",
        "osgeo",
        "osgeo.gdal",
        "osgeo.osr",
    ):
        sys.modules[name] = StandIn(name)
    sys.modules["osgeo.gdal"].__dict__["UseExceptions"] = lambda: None
    pyqt = types.ModuleType("qgis.PyQt")
    pyqt.__path__ = []
    for name, module in SIDES.items():
        side = types.ModuleType(f"qgis.PyQt.{name}")
        side.__dict__.update({**module.__dict__, **MOVED.get(name, {}), "__name__": side.__name__})
        sys.modules[side.__name__] = side
        setattr(pyqt, name, side)
    sys.modules["qgis.PyQt"] = pyqt


def chains(tree: ast.AST) -> Iterator[tuple[int, list[str]]]:
    """Yield line and parts of every dotted name, the longest of each."""
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            parts: list[str] = []
            at: ast.expr = node
            while isinstance(at, ast.Attribute):
                parts.append(at.attr)
                at = at.value
            if isinstance(at, ast.Name):
                yield node.lineno, [at.id, *reversed(parts)]


def unknown_names(file: Path) -> Iterator[str]:
    """Yield what a file asks of Qt and PyQt6 does not have."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("qgis.PyQt."):
            module = sys.modules[node.module]
            for alias in node.names:
                if hasattr(module, alias.name):
                    names[alias.asname or alias.name] = getattr(module, alias.name)
                else:
                    yield f"{file}:{node.lineno}: {node.module} has no {alias.name}"
    for line, (first, *rest) in chains(tree):
        at = names.get(first)
        for part in rest if first in names else ():
            if not hasattr(at, part):
                yield f"{file}:{line}: {'.'.join([first, *rest])} does not exist"
                break
            at = getattr(at, part)


def main() -> int:
    """Import and follow; returns 1 when something is missing."""
    put_stand_ins()
    application = QtWidgets.QApplication([])
    plugins = tempfile.TemporaryDirectory(prefix="auvae-plugins-")
    plugin = Path(plugins.name) / "auvae_unmixing"  # what QGIS loads the checkout as
    plugin.symlink_to(CHECKOUT, target_is_directory=True)
    sys.path.insert(0, plugins.name)
    wrong: list[str] = []
    files = sorted((plugin / "auvae_qgis").rglob("*.py"))
    for file in files:
        name = ".".join(file.relative_to(plugin.parent).with_suffix("").parts).removesuffix(".__init__")
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001  whatever an import raises is a finding
            wrong.append(f"{file}: cannot be imported: {type(error).__name__}: {error}")
        wrong += unknown_names(file)
    for line in wrong:
        print(line, file=sys.stderr)
    del application
    plugins.cleanup()
    versions = f"PyQt {QtCore.PYQT_VERSION_STR}, Qt {QtCore.QT_VERSION_STR}"
    print(f"{versions}: {len(files)} modules, {len(wrong)} to mend")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
