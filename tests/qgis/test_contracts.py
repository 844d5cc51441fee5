"""Results of earlier versions and of strangers, opened by the plugin: docs/contracts.md."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

RELEASES = sorted((Path(__file__).parents[1] / "fixtures").iterdir())


@pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)
def test_a_result_of_every_release_opens_with_spectra_training_and_layers(release, plugin_modules, add_layer):
    result = plugin_modules("auvae_qgis.results.result").Result.read(release / "result")
    layers = plugin_modules("auvae_qgis.results.layers")
    assert result.spectra().values.shape[1] == len(result.endmembers) == 2
    assert result.moves()
    files = [file for file, _ in layers.layers_of(result)]
    assert len(files) == len(result.endmembers) + 4
    layer = add_layer(result.folder / result.endmembers[0].file)
    assert layers.result_of(layer)[1] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda document: document.update(schema=2), "later version"),
        (lambda document: document["endmembers"][0].update(file="../../secret.tif"), "not its own"),
        (lambda document: document["files"].update(training="/etc/passwd"), "not its own"),
        (lambda document: document["files"].update(training=".."), "not its own"),
        (lambda document: document["files"].update(report="report.bat"), "no page"),
        (lambda document: document.update(bands=[]), "not described"),
    ],
    ids=["later schema", "a file elsewhere", "of the system", "the folder above", "a program", "no bands"],
)
def test_a_result_that_cannot_be_trusted_is_refused_in_words(tmp_path, plugin_modules, change, words):
    results = plugin_modules("auvae_qgis.results.result")
    folder = tmp_path / "result"
    shutil.copytree(RELEASES[-1] / "result", folder)
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    change(document)
    (folder / "result.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(results.ResultError, match=words):
        results.Result.read(folder)
