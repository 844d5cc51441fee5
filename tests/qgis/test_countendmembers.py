"""auvae:countendmembers, and auvae:unmix with an estimated number, in real QGIS with the real worker."""

from __future__ import annotations

import json
from pathlib import Path

import processing
import pytest
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingException

from .conftest import MATERIALS


@pytest.fixture
def count_options(scene):
    """Parameters of a count."""
    return {"INPUT": str(scene), "SEED": 0, "DEVICE": "cpu"}


def test_the_count_and_both_criteria_come_back_as_numbers_and_the_report_as_a_page(
    count_options, tmp_path, listen
):
    feedback = listen()
    report = tmp_path / "à lire" / "nombre.html"
    results = processing.run(
        "auvae:countendmembers", {**count_options, "REPORT": str(report)}, feedback=feedback
    )
    assert abs(results["COUNT"] - MATERIALS) <= 1
    assert results["HYSIME"] >= 1
    assert results["MATERIALS"] >= 2
    assert 2 <= results["WITHOUT_RARE"] <= results["WITH_RARE"] <= 20
    assert results["REPORT"] == str(report)
    assert "<svg" in report.read_text(encoding="utf-8")
    assert any("HySime finds" in line for line in feedback.lines)
    assert feedback.fractions == sorted(feedback.fractions)


def test_a_report_without_an_ending_gets_the_one_that_browsers_open(count_options, tmp_path):
    results = processing.run(
        "auvae:countendmembers", {**count_options, "BANDS": [1, 5, 9, 20], "REPORT": str(tmp_path / "nombre")}
    )
    assert results["REPORT"] == str(tmp_path / "nombre.html")
    assert Path(results["REPORT"]).is_file()


def test_unmixing_with_zero_endmembers_makes_as_many_maps_as_are_counted(options, project, listen, qgis_app):
    feedback = listen()
    results = processing.runAndLoadResults("auvae:unmix", {**options, "ENDMEMBERS": 0}, feedback=feedback)
    document = json.loads((Path(results["OUTPUT"]) / "result.json").read_text(encoding="utf-8"))
    number = document["count"]["count"]
    assert abs(number - MATERIALS) <= 1
    assert len(results["OUTPUT_LAYERS"]) == number
    assert any("HySime finds" in line for line in feedback.lines)
    names = [one["name"] for one in document["endmembers"]]
    assert {layer.name() for layer in project.mapLayers().values()} >= set(names)


def test_one_endmember_is_refused_before_the_run_in_a_sentence(options, qgis_app):
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("auvae:unmix")
    context = QgsProcessingContext()
    assert algorithm.checkParameterValues({**options, "ENDMEMBERS": 0}, context)[0]
    fine, sentence = algorithm.checkParameterValues({**options, "ENDMEMBERS": 1}, context)
    assert not fine
    assert sentence == "The number of endmembers must be from 2 to 30, or 0 to estimate it, not 1."


def test_a_cancelled_count_raises_and_writes_nothing(count_options, tmp_path, listen):
    class Impatient(listen):
        def pushInfo(self, _text):
            self.cancel()

    with pytest.raises(QgsProcessingException, match="cancelled; nothing was written"):
        processing.run(
            "auvae:countendmembers",
            {**count_options, "REPORT": str(tmp_path / "r.html")},
            feedback=Impatient(),
        )
    assert not list(tmp_path.glob("*r.html*"))


def test_a_missing_environment_is_named_before_the_run(count_options, monkeypatch, tmp_path):
    monkeypatch.setenv("AUVAE_PYTHON", str(tmp_path / "nowhere" / "python"))
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("auvae:countendmembers")
    possible, sentence = algorithm.canExecute()
    assert not possible
    assert sentence
    assert algorithm.checkParameterValues(count_options, QgsProcessingContext()) == (False, sentence)
