"""Damaged and hostile files that were once a trouble, or are the classics: refused with a sentence.

More of them by the thousand: `make fuzz`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from auvae.scene import Scene

from fuzz.core_targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
FILES = [path for path in sorted(CORPUS.iterdir()) if path.name.split("~")[0] in TARGETS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_damaged_file_is_opened_or_refused_in_words(path, tmp_path):
    target = TARGETS[path.name.split("~")[0]]
    said = "Opened."
    try:
        target.feed(tmp_path, path.read_bytes())
    except target.errors as error:
        said = str(error)
    assert "Traceback" not in said
    assert said.endswith(".")


def test_no_name_from_a_file_becomes_html_a_formula_or_another_folder(unmix, write_raster, mixed, tmp_path):
    scene = write_raster(mixed(), name="=cmd()<script>alert(1)<.tif")
    unmix(scene)
    page = (tmp_path / "result" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert not (tmp_path / "result" / "endmembers.csv").read_text(encoding="utf-8").startswith("=")
    assert {path.name for path in tmp_path.iterdir()} == {"result", scene.name}


def test_a_scene_that_is_changed_while_it_is_unmixed_gives_no_result(unmix, write_raster, mixed, tmp_path):
    scene = write_raster(mixed())
    opened = Scene.read

    def change(self, window=None):
        scene.write_bytes(scene.read_bytes() + b"more")
        return opened(self, window)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scene, "read", change)
        with pytest.raises(Exception, match="was changed while it was read"):
            unmix(scene)
    assert not (tmp_path / "result").exists()
