"""A model used again, known spectra, extraction and purity in real QGIS, as an analyst runs them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import QgsProcessingContext, QgsProcessingException, QgsRasterLayer

from .conftest import MATERIALS, NO_DATA, write_scene


def values_of(path):
    return gdal.Open(str(path)).ReadAsArray()


def test_a_model_maps_other_scenes_alike_and_their_layers_are_styled(
    finished, scene_values, listen, project, tmp_path
):
    darker = np.where(scene_values == NO_DATA, NO_DATA, scene_values // 2).astype(np.int16)
    scene = write_scene(tmp_path / "später.img", darker)
    feedback, context = listen(), QgsProcessingContext()
    context.setProject(project)
    options = {"INPUT": str(scene), "MODEL": finished.results["MODEL"], "OUTPUT": str(tmp_path / "applied")}
    results = processing.run("auvae:apply", options, feedback=feedback, context=context)
    first = values_of(Path(finished.results["OUTPUT"]) / "abundances.tif")
    assert np.abs(values_of(tmp_path / "applied" / "abundances.tif") - first).max() < 0.02
    assert [Path(path).is_file() for path in results["OUTPUT_LAYERS"]] == [True] * MATERIALS
    document = json.loads((tmp_path / "applied" / "result.json").read_text())
    assert document["applied"]["model"] == finished.results["MODEL"]
    offered = context.layersToLoadOnCompletion()
    file, details = next(item for item in offered.items() if item[0].endswith("composite.tif"))
    layer = project.addMapLayer(QgsRasterLayer(file, "map", "gdal"))
    details.postProcessor().postProcessLayer(layer, context, feedback)
    assert layer.customProperty("auvae/kind") == "composite"


def test_a_file_that_is_no_model_is_refused_in_words(scene, tmp_path):
    bad = tmp_path / "model.auvae"
    bad.write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(QgsProcessingException, match="no usable model"):
        processing.run(
            "auvae:apply", {"INPUT": str(scene), "MODEL": str(bad), "OUTPUT": str(tmp_path / "result")}
        )
    assert not (tmp_path / "result").exists()
