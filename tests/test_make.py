"""What the Makefile promises whoever works in a checkout."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Stands in for a Python that makes an environment as `venv --clear` does: it empties the folder first.
PYTHON = """#!/bin/sh
[ "$1 $2" = "-m venv" ] || exit 0
for folder; do :; done
rm -rf "$folder"/*
mkdir -p "$folder/bin"
cp "$0" "$folder/bin/python"
"""


@pytest.mark.skipif(not shutil.which("qgis_process"), reason="needs QGIS: make would install it")
def test_an_environment_that_is_a_link_is_made_anew_and_what_it_points_to_is_left_alone(tmp_path):
    checkout, elsewhere = tmp_path / "checkout", tmp_path / "elsewhere"
    (checkout / "tools").mkdir(parents=True)
    (checkout / "build").mkdir()
    for name in ("Makefile", "tools/setup_qgis.sh", "tools/requirements-qgis.txt"):
        shutil.copy(ROOT / name, checkout / name)
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    (checkout / "build" / "qgis").symlink_to(elsewhere)
    python = tmp_path / "python"
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)
    command = ["make", "build/qgis/complete", f"QGIS_PYTHON={python}"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "precious").is_file()
    assert (checkout / "build" / "qgis" / "complete").is_file()
    assert not (checkout / "build" / "qgis").is_symlink()
