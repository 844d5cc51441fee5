"""How many endmembers: what is counted, on what evidence, and through which doors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auvae.contract.errors import JobError, SceneError
from auvae.contract.jobs import CountJob, UnmixJob, parse
from auvae.endmembers import count
from auvae.endmembers.count import NEEDED, count_endmembers, hysime_powers
from auvae.endmembers.sampling import sample_patches
from auvae.network import options
from auvae.scene.scene import Scene
from auvae.simulation.simulate import Recipe, simulate

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pixels_of(path):
    with Scene.open(path) as scene:
        return np.concatenate([cube[valid] for cube, valid in sample_patches(scene, 0)])


def simulated_pixels(folder, **recipe):
    path = folder / "scene.img"
    simulate(path, Recipe(**{"rows": 50, "cols": 60, "bands": 80, **recipe}))
    return pixels_of(path)


@pytest.fixture
def count_job():
    """The document of a job that counts."""

    def make(scene, **changes):
        document = {
            "schema": 1,
            "task": "count",
            "id": "0123456789abcdef",
            "scene": str(scene),
            "bands": None,
            "seed": 0,
            "device": "cpu",
            "report": None,
            "selection": {"water_bands": "auto", "mask": None, "extent": None},
        }
        return {**document, **changes}

    return make


@pytest.fixture
def briefly(monkeypatch):
    """Count with few starts: for what does not depend on how good they are."""
    monkeypatch.setattr(count, "_STARTS", 2)
    monkeypatch.setattr(count, "_ROUNDS", 20)


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """The count of a linear scene of four materials; tests read it and never change it."""
    return count_endmembers(simulated_pixels(tmp_path_factory.mktemp("four"), endmembers=4, seed=3), 0)


def test_the_number_of_materials_of_a_linear_scene_is_found_by_both_criteria(counted):
    assert (counted.number, counted.hysime, counted.materials) == (4, 4, 4)


@pytest.mark.parametrize(
    "recipe",
    [
        {"endmembers": 5, "pure_pixels": False},
        {"endmembers": 6, "mixing": "fan"},
        {"endmembers": 8, "bands": 150},
    ],
    ids=["no pure pixels", "nonlinear", "many"],
)
def test_the_estimate_is_within_one_of_the_truth(tmp_path, recipe):
    found = count_endmembers(simulated_pixels(tmp_path, seed=11, **recipe), 0)
    assert abs(found.number - recipe["endmembers"]) <= 1


@pytest.mark.parametrize(("name", "truth"), [("samson", 3), ("jasper", 4)])
def test_real_scenes_are_counted_within_one_where_hysime_counts_far_too_many(name, truth):
    path = SHARED / name / f"{name}.img"
    if not path.exists():
        pytest.skip("needs ../shared/data")
    found = count_endmembers(pixels_of(path), 0)
    assert abs(found.number - truth) <= 1
    assert found.hysime > 3 * truth


def test_a_few_pixels_of_nothing_known_are_not_counted(tmp_path):
    found = count_endmembers(simulated_pixels(tmp_path, endmembers=4, outliers=0.01, seed=5), 0)
    assert abs(found.number - 4) <= 1


def test_the_same_seed_gives_the_same_count_and_evidence(briefly, simulated):
    pixels = pixels_of(simulated)
    assert count_endmembers(pixels, 7) == count_endmembers(pixels, 7)


def test_the_unit_of_the_raster_does_not_matter(briefly, simulated):
    pixels = pixels_of(simulated)
    assert count_endmembers(pixels / 10000, 0).number == count_endmembers(pixels, 0).number


def test_the_evidence_speaks_for_the_number(counted):
    worth = {row.endmembers: row.worth for row in counted.evidence if row.worth is not None}
    assert worth[4] >= NEEDED > max(value for number, value in worth.items() if number > 4)
    stronger = [row.endmembers for row in counted.evidence if row.signal > row.noise]
    assert stronger == [1, 2, 3, 4]


def test_hysime_measures_the_noise_that_was_added():
    draws = np.random.default_rng(0)
    import torch

    clean = draws.dirichlet(np.ones(3), 4000) @ draws.random((3, 50))
    noisy = torch.from_numpy((clean + draws.normal(0, 0.01, clean.shape)).astype(np.float32))
    signal, noise = hysime_powers(noisy)
    assert int((signal > noise).sum()) == 3
    assert noise.mean().sqrt().item() == pytest.approx(0.01, rel=0.05)


def test_two_bands_and_few_pixels_are_counted_without_failing(briefly):
    draws = np.random.default_rng(0)
    for pixels, bands in ((400, 2), (5, 40)):
        found = count_endmembers(draws.random((pixels, bands)).astype(np.float32) + 0.1, 0)
        assert 2 <= found.number <= bands


def test_the_command_prints_the_number_and_writes_the_evidence(auvae, simulated, tmp_path):
    report = tmp_path / "évidence.html"
    done = auvae("count", simulated, "--report", report, "--device", "cpu")
    assert done.returncode == 0
    assert "Endmembers: 3" in done.stdout
    page = report.read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "HySime" in page
    assert "http" not in page


def test_a_count_ends_with_a_result_that_holds_both_criteria_and_the_evidence(auvae, simulated):
    done = auvae("count", simulated, "--json", "--bands", "1-30", "--device", "cpu")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["event"] == "hello"
    last = events[-1]
    assert last["event"] == "result"
    assert {"count", "hysime", "materials", "sentence", "evidence"} <= set(last)
    assert set(last["evidence"][1]) == {"endmembers", "signal", "noise", "angle", "worth"}
    fractions = [event["fraction"] for event in events if event["event"] == "progress"]
    assert fractions == sorted(fractions)


def test_with_zero_endmembers_the_scene_is_unmixed_into_as_many_as_are_counted(unmix, simulated, tmp_path):
    events = unmix(simulated, endmembers=0)
    assert any("endmembers: HySime finds" in event.get("text", "") for event in events)
    assert [item["name"] for item in events[-1]["endmembers"]] == [f"Endmember {k}" for k in (1, 2, 3)]
    document = json.loads((tmp_path / "result" / "result.json").read_text(encoding="utf-8"))
    assert document["options"]["endmembers"] == 0
    assert "--endmembers 0" in document["command"]
    assert document["count"]["count"] == len(document["endmembers"]) == 3
    page = (tmp_path / "result" / "report.html").read_text(encoding="utf-8")
    assert "How many endmembers" in page
    assert page.count("<svg") == 4


def test_with_zero_endmembers_materials_of_a_few_pixels_are_among_those_unmixed(unmix, monkeypatch, tmp_path):
    searched = replace(options.EFFORTS["draft"], starts=8, rounds=100)  # what is found is what is looked at
    monkeypatch.setitem(options.EFFORTS, "draft", searched)
    path = tmp_path / "rare.img"
    simulate(
        path,
        Recipe(endmembers=7, rare=3, target_pixels=16, rows=80, cols=80, bands=80, snr=35, seed=11),
    )
    events = unmix(path, endmembers=0)
    document = json.loads((tmp_path / "result" / "result.json").read_text(encoding="utf-8"))
    assert len(document["endmembers"]) == 7
    assert sum(one["target_pixels"] > 0 for one in document["search"]["endmembers"]) == 3
    told = " ".join(event.get("text", "") for event in events)
    assert "and 3 more that show in a few pixels only" in told
    assert "Without the rare ones, for a map of what covers the land: 4." in told


def test_a_number_that_was_given_is_not_questioned(unmix, simulated, tmp_path):
    unmix(simulated, endmembers=2)
    document = json.loads((tmp_path / "result" / "result.json").read_text(encoding="utf-8"))
    assert document["count"] is None
    assert "How many endmembers" not in (tmp_path / "result" / "report.html").read_text(encoding="utf-8")


def test_one_endmember_is_refused_in_a_sentence(job):
    with pytest.raises(JobError, match="from 2 to 30, or 0"):
        UnmixJob.parse(job("scene.img", endmembers=1))


@pytest.mark.parametrize(("rare", "added"), [(3, 3), (0, 0)])
def test_materials_of_a_few_pixels_make_a_second_number(count_job, tmp_path, rare, added):
    from auvae.worker.dispatch import run

    path, report, events = tmp_path / "scene.img", tmp_path / "report.html", []
    recipe = Recipe(
        endmembers=4 + rare,
        rare=rare,
        target_pixels=16 * (rare > 0),
        rows=80,
        cols=80,
        bands=80,
        snr=35,
        seed=11,
    )
    simulate(path, recipe)
    run(CountJob.parse(count_job(path, report=str(report))), events.append, lambda: False)
    counted = events[-1]
    assert counted["without_rare"] == 4
    assert counted["count"] == counted["with_rare"] == 4 + added
    assert len(counted["rare"]) == added
    page = report.read_text(encoding="utf-8")
    assert f"With rare materials</th><td>{4 + added}" in page
    assert ("that show in a few pixels only" in page) == (rare > 0)


@pytest.mark.parametrize(
    "changes",
    [{"report": 3}, {"report": " "}, {"endmembers": 4}, {"seed": -1}, {"device": "tpu"}, {"bands": []}],
)
def test_a_count_job_that_is_wrong_is_refused(count_job, changes):
    with pytest.raises(JobError):
        parse(count_job("scene.img", **changes))


def test_a_scene_that_is_constant_is_refused_as_when_unmixing(count_job, write_raster):
    from auvae.worker.dispatch import run

    path = write_raster(np.full((20, 20, 10), 7, np.int16))
    with pytest.raises(SceneError, match="constant"):
        run(CountJob.parse(count_job(path)), lambda _event: None, lambda: False)


def test_a_report_that_cannot_be_written_is_an_error_and_leaves_nothing(
    auvae, simulated, tmp_path, left_behind
):
    (tmp_path / "file").write_text("not a folder")
    done = auvae("count", simulated, "--report", tmp_path / "file" / "report.html", "--device", "cpu")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert left_behind(tmp_path) == ["file"]


def test_cancel_while_counting_stops_and_writes_no_report(
    start_worker, count_job, simulated, tmp_path, left_behind
):
    worker = start_worker(count_job(simulated, report=str(tmp_path / "report.html")))
    for line in worker.stdout:
        if json.loads(line).get("stage") == "start":
            break
    worker.stdin.close()
    assert worker.wait(3) == 130
    assert left_behind(tmp_path) == []
