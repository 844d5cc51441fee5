"""Many scenes from real QGIS, and the window for a cluster's address."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import processing
import pytest
from qgis.core import QgsProcessingException

from .conftest import MATERIALS, write_scene


@pytest.fixture
def many(tmp_path, scene_values, add_layer):
    """Two dates of a scene, one a layer, and the parameters of a short run."""
    files = [write_scene(tmp_path / f"field 2024-0{month}-03.img", scene_values) for month in (5, 6)]
    return {
        "INPUTS": [add_layer(files[0]), str(files[1])],
        "ENDMEMBERS": MATERIALS,
        "QUALITY": "draft",
        "DEVICE": "cpu",
        "OUTPUT": str(tmp_path / "results"),
    }


def test_several_images_become_results_with_a_table_and_a_report(qgis_app, many, listen):
    feedback = listen()
    results = processing.run("auvae:unmixscenes", many, feedback=feedback)
    assert (results["FINISHED"], results["FAILED"]) == (2, 0)
    assert len(results["OUTPUT_LAYERS"]) == 2 * MATERIALS
    assert all(Path(file).is_file() for file in results["OUTPUT_LAYERS"])
    with Path(results["SUMMARY"]).open(encoding="utf-8") as file:
        assert {row["date"] for row in csv.DictReader(file)} == {"2024-05-03", "2024-06-03"}
    assert "Over time" in Path(results["REPORT"]).read_text(encoding="utf-8")
    assert feedback.fractions == sorted(feedback.fractions)


@pytest.mark.parametrize("models", ["one", "each"])
def test_a_new_name_holds_in_all_scenes_that_have_the_same_endmember(qgis_app, many, plugin_modules, models):
    renaming = plugin_modules("auvae_qgis.results.rename_scenes")
    results = processing.run("auvae:unmixscenes", {**many, "MODELS": models})
    output = Path(results["OUTPUT"])
    first, second = sorted(path.parent for path in output.glob("*/result.json"))
    done = renaming.rename_in_scenes(second, 1, "=<Öl & Co>")
    told = 2 if models == "one" else 1
    assert [one.result.folder for one in done] == [second, first][:told]

    def names(folder):
        document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return [endmember["name"] for endmember in document["endmembers"]]

    assert names(second)[1] == "=<Öl & Co>"
    assert names(first)[1] == ("=<Öl & Co>" if models == "one" else "Endmember 2")
    with Path(results["SUMMARY"]).open(encoding="utf-8") as file:
        table = [row["material"] for row in csv.DictReader(file)]
    assert table.count("'=<Öl & Co>") == told
    assert table.count("Endmember 2") == 2 - told
    summary = json.loads((output / "summary.json").read_text(encoding="utf-8"))
    assert [row["material"] for row in summary["rows"]].count("=<Öl & Co>") == told
    page = Path(results["REPORT"]).read_text(encoding="utf-8")
    assert (">=&lt;Öl &amp; Co&gt;<" in page, ">Endmember 2<" in page) == (True, models == "each")
    assert not list(output.glob(".rename-*"))

    (output / "summary.csv").write_text("no table of ours", encoding="utf-8")
    before = {path: path.read_bytes() for path in output.rglob("*.*") if path.suffix not in {".tif", ".xml"}}
    with pytest.raises(ValueError, match="nothing was changed"):
        renaming.rename_in_scenes(second, 1, "Water")
    assert {path: path.read_bytes() for path in before if path.is_file()} == before
    assert not list(output.glob("*/abundance_Water.tif"))


def test_a_cluster_that_is_not_set_or_no_address_is_refused_in_words(qgis_app, many):
    with pytest.raises(QgsProcessingException, match="No cluster is set"):
        processing.run("auvae:unmixscenes", {**many, "RUN_ON": "cluster"})
    with pytest.raises(QgsProcessingException, match="no address of a Dask scheduler"):
        processing.run("auvae:unmixscenes", {**many, "RUN_ON": "host"})


def test_the_cluster_window_shows_workers_and_what_does_not_fit(qgis_app, stand_in, plugin_modules):
    worker = {
        "address": "tcp://h:2", "name": "one", "threads": 4, "memory": 8 * 1024**3, "gpus": ["Card"],
        "auvae": "0.0.9", "python": "3.11.2", "torch": "2.13.0", "problem": "it is old",
    }  # fmt: skip
    answer = {"event": "result", "distributed": "1", "workers": [worker], "warnings": []}
    stand_in(f"read job; echo '{json.dumps(answer)}'; cat > /dev/null")
    dialog = plugin_modules("auvae_qgis.gui.cluster_dialog").ClusterDialog()
    dialog.address.setText("tcp://h:1")
    dialog.test.click()
    end = time.monotonic() + 10
    while not dialog.test.isEnabled() and time.monotonic() < end:
        qgis_app.processEvents()
        time.sleep(0.02)
    shown = [dialog.table.item(0, column).text() for column in range(6)]
    assert shown == ["one", "4", "8.0 GiB", "Card", "0.0.9", "takes no part: it is old"]
    assert dialog.table.item(0, 4).toolTip() == "Python 3.11.2, torch 2.13.0"
    assert "0 of 1 workers are ready" in dialog.state.text()
    dialog.close()
