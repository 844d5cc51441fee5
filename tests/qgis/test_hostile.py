"""Damaged and hostile files that the plugin reads within QGIS: refused with a sentence, QGIS lives."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[1] / "corpus"
KINDS = ("library .csv", "library .sli", "library .geojson", "event lines", "result.json", "batch cells")
FILES = [path for path in sorted(CORPUS.iterdir()) if path.name.split("~")[0] in KINDS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_damaged_file_is_read_or_refused_in_words(path, tmp_path, qgis_app):
    target = importlib.import_module("fuzz.plugin_targets").TARGETS[path.name.split("~")[0]]
    said = "read"
    try:
        target.feed(tmp_path, path.read_bytes())
    except target.errors as error:
        said = str(error)
    assert said
    assert "Traceback" not in said
