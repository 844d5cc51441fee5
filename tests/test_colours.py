"""A material keeps its colour from one result of a scene to the next, in every file that shows it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from auvae.contract.errors import JobError
from auvae.contract.jobs import ApplyJob, FclsJob, KnownChoice, UnmixJob
from auvae.contract.materials import Materials, colors_by_material
from auvae.contract.palette import COLORS, by_place
from auvae.scene.scene import Scene
from auvae.worker.dispatch import run


@pytest.fixture(scope="module")
def materials(simulated):
    """Names, wavelengths (40,) and spectra (40, 3) of the simulated scene."""
    truth = np.load(simulated.with_name("scene_truth.npz"))
    with Scene.open(simulated) as scene:
        return [f"material {n}" for n in range(3)], scene.wavelengths, truth["endmembers"].T


@pytest.fixture
def unmix_into(simulated, materials, tmp_path):
    """Unmix by least squares into the materials, in an order; returns the result folder."""

    def unmix(folder, order, **changes):
        names, nm, spectra = materials
        head = ",".join(["wavelength", *(names[index] for index in order)])
        rows = [",".join(map(str, [x, *row])) for x, row in zip(nm, spectra[:, order].tolist(), strict=True)]
        table = tmp_path / f"{folder}.csv"
        table.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        output = tmp_path / folder
        job = FclsJob("1", str(simulated), KnownChoice(str(table)), str(output), **changes)
        run(job, lambda _event: None, lambda: False)
        return output

    return unmix


def colors_of(folder):
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return {one["name"]: one["color"] for one in document["endmembers"]}


def test_a_material_that_is_found_again_keeps_its_colour_in_maps_spectra_model_and_report(
    unmix_into, simulated, tmp_path
):
    first = unmix_into("first", [0, 1, 2])
    second = unmix_into("second", [2, 0, 1], colors_of=(str(first),))
    colors = colors_of(second)
    assert colors == colors_of(first)
    assert list(colors.values()) == [COLORS[2], COLORS[0], COLORS[1]]
    with rasterio.open(second / "abundances.tif") as raster:
        assert [raster.tags(band)["COLOR"] for band in (1, 2, 3)] == list(colors.values())
        shares = np.moveaxis(raster.read(), 0, -1)
    mixing = np.array([[int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in colors.values()])
    with rasterio.open(second / "composite.tif") as raster:
        picture = np.moveaxis(raster.read([1, 2, 3]), 0, -1)
    valid = shares[..., 0] >= 0
    assert np.abs(picture - shares @ mixing)[valid].max() <= 0.51
    with rasterio.open(second / "dominant.tif") as raster:
        assert raster.colormap(1)[1][:3] == tuple(mixing[0])
    page = (second / "report.html").read_text(encoding="utf-8")
    assert f'background:{COLORS[2]}"></span><span class="endmember">material 2<' in page
    command = json.loads((second / "result.json").read_text(encoding="utf-8"))["command"]
    assert f"--colors-of {first}" in command
    third = tmp_path / "third"
    job = ApplyJob("3", str(simulated), str(second / "model.auvae"), str(third))
    run(job, lambda _event: None, lambda: False)
    assert colors_of(third) == colors


def test_while_a_network_trains_its_endmembers_have_the_colours_that_they_will_have_in_the_result(
    unmix_into, job, simulated
):
    first = unmix_into("first", [2, 0, 1])
    document = (first / "result.json").read_text(encoding="utf-8")
    (first / "result.json").write_text(document.replace(by_place(3)[0], "#123456"), encoding="utf-8")
    events = []
    asked = UnmixJob.parse(job(simulated, colors_of=[str(first)]))
    run(asked, events.append, lambda: False)
    moves = [event for event in events if "colors" in event]
    result = events[-1]
    assert [len(event["colors"]) for event in moves] == [3] * len(moves) != []
    assert moves[-1]["colors"] == [one["color"] for one in result["endmembers"]]
    assert "#123456" in moves[-1]["colors"]
    page = (Path(result["output"]) / "report.html").read_text(encoding="utf-8")
    assert "The colours here are those of earlier results" in page


def test_a_material_that_is_new_gets_a_colour_that_no_other_result_has(materials):
    _, nm, spectra = materials
    earlier = Materials.of(nm, range(40), spectra.T[:2], (COLORS[0], "#123456"))
    new = Materials.of(nm, range(40), spectra.T[[2, 1, 0]], by_place(3))
    assert colors_by_material(new, [earlier]) == [COLORS[1], "#123456", COLORS[0]]
    assert colors_by_material(new, []) == by_place(3)


def test_colours_of_a_folder_without_a_result_are_refused(job, simulated, tmp_path):
    asked = UnmixJob.parse(job(simulated, colors_of=[str(tmp_path / "nothing")]))
    with pytest.raises(JobError, match="Colours cannot be taken from"):
        run(asked, lambda _event: None, lambda: False)
    with pytest.raises(JobError, match="a list of paths"):
        UnmixJob.parse(job(simulated, colors_of=[""]))
