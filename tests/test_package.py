"""The zip for the plugin repository. `make package` also unpacks it into a fresh profile and runs QGIS."""

from __future__ import annotations

import configparser
import importlib.util
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_spec = importlib.util.spec_from_file_location("package", ROOT / "tools" / "package.py")
package = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(package)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    path = tmp_path_factory.mktemp("package") / "plugin.zip"
    package.write_package(ROOT, path)
    package.check_package(path)
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


@pytest.fixture
def plugin(tmp_path):
    """A small checkout that can be packaged."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "metadata.txt").write_bytes((ROOT / "metadata.txt").read_bytes())
    for name in ("__init__.py", "LICENSE", "resources/icon.svg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def packaged(checkout: Path) -> Path:
    path = checkout / "build" / "plugin.zip"
    package.write_package(checkout, path)
    return path


def test_the_zip_holds_one_folder_with_plugin_core_metadata_and_license(names):
    assert {name.split("/")[0] for name in names} == {"auvae_unmixing"}
    wanted = {"metadata.txt", "LICENSE", "__init__.py", "auvae_qgis/plugin.py", "model/auvae/__main__.py"}
    wanted |= {"model/requirements.txt", "model/pyproject.toml"}
    assert {f"auvae_unmixing/{name}" for name in wanted} <= set(names)


def test_nothing_generated_and_nothing_of_the_workshop_is_in_the_zip(names):
    assert not [
        name for name in names if name.split("/")[1] in {"tests", "tools", "docs", ".ci", "build", "Makefile"}
    ]
    assert not [name for name in names if name.endswith((".pyc", ".zip", ".so")) or "__pycache__" in name]


def test_the_plugin_repository_is_told_every_external_dependency():
    lines = (ROOT / "model" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    needed = {line.split("==")[0] for line in lines if re.match(r"\w", line)}
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    words = set(re.findall(r"\w+", metadata["general"]["about"].lower()))
    assert needed - words == set()


def test_what_git_ignores_stays_out(plugin):
    (plugin / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    (plugin / "auvae_qgis" / "__pycache__").mkdir(parents=True)
    (plugin / "auvae_qgis" / "__pycache__" / "plugin.pyc").touch()
    (plugin / "auvae_qgis" / "plugin.py").touch()
    names = [path.as_posix() for path in package.shipped_files(plugin)]
    assert "auvae_qgis/plugin.py" in names
    assert not [name for name in names if "__pycache__" in name]


def test_the_same_sources_give_the_same_zip(plugin):
    first = packaged(plugin).read_bytes()
    (plugin / "__init__.py").touch()
    assert packaged(plugin).read_bytes() == first


def test_a_complete_plugin_passes_the_repositorys_check(plugin):
    package.check_package(packaged(plugin))


def test_a_missing_license_is_refused(plugin):
    (plugin / "LICENSE").unlink()
    with pytest.raises(package.PackageError, match="LICENSE is missing"):
        package.check_package(packaged(plugin))


def test_a_binary_is_refused(plugin):
    (plugin / "resources" / "fast.so").touch()
    with pytest.raises(package.PackageError, match=r"fast\.so"):
        package.check_package(packaged(plugin))


@pytest.mark.parametrize(
    ("entry", "value", "said"),
    [("tracker", "", "tracker"), ("version", "1.0-beta", "not numeric"), ("icon", "none.svg", r"none\.svg")],
)
def test_metadata_that_the_repository_refuses_is_refused_here(plugin, entry, value, said):
    metadata = configparser.ConfigParser(interpolation=None)
    metadata.optionxform = str
    metadata.read(plugin / "metadata.txt", encoding="utf-8")
    metadata["general"][entry] = value
    with (plugin / "metadata.txt").open("w", encoding="utf-8") as file:
        metadata.write(file)
    with pytest.raises(package.PackageError, match=said):
        package.check_package(packaged(plugin))
