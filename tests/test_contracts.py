"""What later versions owe to earlier ones, and one run to the next: docs/contracts.md."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import rasterio
from auvae.contract.errors import ModelError
from auvae.contract.result_document import is_result
from auvae.network.model_file import read_model
from auvae.result import folder as result_folder
from auvae.scene.scene import Scene

FIXTURES = Path(__file__).parent / "fixtures"
RELEASES = sorted(folder for folder in FIXTURES.iterdir() if folder.is_dir())
# What differs between two runs that are the same: when and how long.
_OF_THE_MOMENT = ("created", "seconds", "command")


@pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)
def test_a_model_of_every_release_still_gives_the_maps_it_gave_then(release):
    model = read_model(str(release / "result" / "model.auvae")).model
    with Scene.open(release / "scene.tif") as scene:
        maps = model.predict(*scene.read())
    with rasterio.open(release / "result" / "abundances.tif") as raster:
        written = np.moveaxis(raster.read(), 0, -1)
    given = written != -9999
    assert given.mean() > 0.5
    assert np.abs(maps.abundances - written)[given].max() < 1e-3


@pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)
def test_a_result_of_every_release_is_still_a_result(release):
    assert is_result(release / "result")


def test_the_same_job_gives_the_same_bytes_on_the_processor(unmix, simulated, tmp_path):
    folders = [tmp_path / "first" / "result", tmp_path / "second" / "result"]
    for number, folder in enumerate(folders):
        unmix(simulated, output=str(folder), id=f"{number}abc")
    first, second = folders
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    different = [name for name in names if (first / name).read_bytes() != (second / name).read_bytes()]
    assert set(different) <= {"result.json", "report.html"}
    documents = [json.loads((folder / "result.json").read_text(encoding="utf-8")) for folder in folders]
    for document in documents:
        for name in _OF_THE_MOMENT:
            del document[name]
    assert documents[0] == documents[1]


def rewritten(path: Path, **changes: str) -> Path:
    """The model with other texts in its head."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    head = json.loads(content[8 : 8 + length])
    head["__metadata__"].update(changes)
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": "2"}, "later version"),
        (
            {"settings": '{"shape": {"bands": 1000000000, "endmembers": 2, "dimensions": 6}, "offset": 1}'},
            "1000000000 bands",
        ),
        ({"settings": "[" * 5000}, "damaged"),
        ({"format": "pickle"}, "does not say"),
    ],
)
def test_a_model_that_lies_about_itself_is_refused_before_a_network_is_made(tmp_path, changes, words):
    path = tmp_path / "model.auvae"
    path.write_bytes(rewritten(RELEASES[-1] / "result" / "model.auvae", **changes))
    with pytest.raises(ModelError, match=words):
        read_model(str(path))


def test_every_file_is_on_the_disk_before_the_result_has_its_name(unmix, simulated, tmp_path, monkeypatch):
    """A power cut after the last rename must leave the result, not empty files in its place."""
    on_disk, before = set(), []
    fsync, rename = os.fsync, result_folder.rename

    def kept(number):
        on_disk.add(os.fstat(number).st_ino)
        fsync(number)

    def moved(source, target):
        before.append({path.name for path in source.iterdir() if path.stat().st_ino not in on_disk})
        rename(source, target)

    monkeypatch.setattr(os, "fsync", kept)
    monkeypatch.setattr(result_folder, "rename", moved)
    unmix(simulated, output=str(tmp_path / "result"))
    assert before == [{"lock"}]
    assert tmp_path.stat().st_ino in on_disk
