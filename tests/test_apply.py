"""A saved model on other scenes: the maps it should give, and the reason where it cannot."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import rasterio
import safetensors.numpy
from auvae.contract.errors import JobError, ModelError, OutputError
from auvae.contract.jobs import ApplyJob, UnmixJob
from auvae.contract.result_document import is_result
from auvae.network.model_file import LARGEST_HEADER, read_model
from auvae.scene.scene import Scene
from auvae.worker import dispatch as job_module

JASPER = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "jasper" / "jasper.img"


@pytest.fixture(scope="module")
def jasper(tmp_path_factory):
    """The folder of a model trained shortly on Jasper Ridge, and the scene's cube and wavelengths."""
    if not JASPER.exists():
        pytest.skip("needs ../shared/data/jasper")
    output = tmp_path_factory.mktemp("jasper") / "result"
    given = UnmixJob(
        id="a", scene=str(JASPER), endmembers=4, output=str(output), quality="draft", device="cpu"
    )
    job_module.run(given, lambda event: None, lambda: False)
    with Scene.open(JASPER) as scene:
        cube, _ = scene.read()
        return output, cube, scene.wavelengths


@pytest.fixture
def apply(tmp_path):
    """Apply the model of a result to a scene; returns the maps (rows, cols, K) and the messages."""

    def call(folder, scene, output="applied"):
        events = []
        given = ApplyJob(
            id="b", scene=str(scene), model=str(folder / "model.auvae"), output=str(tmp_path / output),
            device="cpu",
        )  # fmt: skip
        job_module.run(given, events.append, lambda: False)
        with rasterio.open(tmp_path / output / "abundances.tif") as raster:
            maps = np.moveaxis(raster.read(), 0, -1)
        return maps, [event["text"] for event in events if event["event"] == "message"]

    return call


def maps_of(folder):
    with rasterio.open(folder / "abundances.tif") as raster:
        return np.moveaxis(raster.read(), 0, -1)


def in_header(wavelengths, widths=None, **other):
    """Dataset tags as an ENVI header gives them."""
    tags = {"wavelength": "{" + ", ".join(f"{one:.3f}" for one in wavelengths) + "}",
            "wavelength_units": "Nanometers", **other}  # fmt: skip
    if widths is not None:
        tags["fwhm"] = "{" + ", ".join(f"{one:.3f}" for one in widths) + "}"
    return {"ENVI": tags}


@pytest.mark.slow
def test_a_model_gives_the_same_maps_of_halves_of_its_scene_of_a_resampled_and_of_a_darker_copy(
    jasper, apply, write_raster
):
    folder, cube, wavelengths = jasper
    whole = maps_of(folder)
    left = write_raster(cube[:, :48].astype("uint16"), "left.tif", tags=in_header(wavelengths))
    maps, said = apply(folder, left, "left-maps")
    assert np.abs(maps[:, :32] - whole[:, :32]).max() < 1e-5  # what the cut's neighbourhood does not reach
    assert np.abs(maps - whole[:, :48]).mean() < 2e-3
    assert not [text for text in said if "does not fit" in text]
    # other centres, 3.7 nm away, other bounds, reflectance instead of times 10000
    centres = np.arange(wavelengths[0] + 3.7, wavelengths[-1], 8.3)
    cut = np.stack([np.interp(centres, wavelengths, line) for line in cube.reshape(-1, len(wavelengths))])
    scaled = (cut / 10000).reshape(100, 100, -1).astype("float32")
    resampled = write_raster(scaled, "fine.tif", tags=in_header(centres, reflectance_scale_factor="1"))
    maps, said = apply(folder, resampled, "resampled-maps")
    assert np.sqrt(((maps - whole) ** 2).mean()) < 0.01
    assert any("resampled" in text for text in said)
    darker = write_raster((0.5 * cube).astype("uint16"), "dark.tif", tags=in_header(wavelengths))
    maps, said = apply(folder, darker, "darker-maps")
    assert any("0.5 times as bright" in text for text in said)
    assert np.sqrt(((maps - whole) ** 2).mean()) < 0.01


@pytest.mark.slow
def test_a_scene_of_other_materials_is_flagged_and_applied_all_the_same(jasper, apply, write_raster):
    folder, cube, wavelengths = jasper
    other = cube * (1 + 0.5 * np.sin(wavelengths / 150))
    maps, said = apply(folder, write_raster(other.astype("float32"), tags=in_header(wavelengths)))
    assert [text for text in said if "does not fit this scene well" in text]
    assert maps.sum(axis=-1) == pytest.approx(1, abs=1e-3)


@pytest.mark.slow
def test_a_fine_tuned_model_fits_the_new_scene_better_and_keeps_its_endmembers_in_order(
    jasper, apply, write_raster, tmp_path
):
    folder, cube, wavelengths = jasper
    bend = 1 + 0.25 * np.sin(wavelengths / 250)
    scene = write_raster((cube * bend).astype("float32"), tags=in_header(wavelengths))
    apply(folder, scene)
    tuned = tmp_path / "tuned"
    given = UnmixJob(
        id="c", scene=str(scene), endmembers=0, output=str(tuned), quality="draft", device="cpu",
        model=str(folder / "model.auvae"),
    )  # fmt: skip
    job_module.run(given, lambda event: None, lambda: False)
    before, after = (
        json.loads((path / "result.json").read_text())["metrics"]["mean_angle"]
        for path in (tmp_path / "applied", tuned)
    )
    assert after < 0.7 * before
    first, second = (
        np.loadtxt(path / "endmembers.csv", delimiter=",", skiprows=1) for path in (folder, tuned)
    )
    wanted, found = first[:, 1:] * bend[:, None], second[:, 1:]
    cosine = wanted.T @ found / np.linalg.norm(wanted, axis=0)[:, None] / np.linalg.norm(found, axis=0)
    assert cosine.argmax(axis=1).tolist() == [0, 1, 2, 3]


@pytest.fixture(scope="module")
def trained(simulated, tmp_path_factory):
    """The folder of a result of the simulated scene: 3 endmembers, 40 bands."""
    output = tmp_path_factory.mktemp("trained") / "result"
    given = UnmixJob(
        id="a", scene=str(simulated), endmembers=3, output=str(output), quality="draft", device="cpu"
    )
    job_module.run(given, lambda event: None, lambda: False)
    return output


def test_the_result_of_a_model_says_whose_it_is_and_keeps_names_colours_and_spectra(
    trained, simulated, apply, tmp_path
):
    maps, _ = apply(trained, simulated)
    assert np.array_equal(maps, maps_of(trained))
    first, second = (
        json.loads((folder / "result.json").read_text()) for folder in (trained, tmp_path / "applied")
    )
    assert second["applied"]["model"] == str(trained / "model.auvae")
    assert len(second["applied"]["sha256"]) == 64
    assert [(one["name"], one["color"]) for one in second["endmembers"]] == [
        (one["name"], one["color"]) for one in first["endmembers"]
    ]
    assert second["command"].startswith("auvae apply ")
    assert (tmp_path / "applied" / "endmembers.csv").read_text() == (trained / "endmembers.csv").read_text()
    again, _ = apply(tmp_path / "applied", simulated, "again")
    assert np.array_equal(again, maps)


def test_a_few_missing_bands_are_foretold_and_too_many_refused(trained, simulated, apply, write_raster):
    with Scene.open(simulated) as scene:
        cube, valid = scene.read()
        wavelengths = scene.wavelengths
    cube[~valid] = -9999
    kept = np.delete(np.arange(len(wavelengths)), [10, 11, 12])
    few = write_raster(cube[..., kept], "few.tif", tags=in_header(wavelengths[kept]), nodata=-9999)
    maps, said = apply(trained, few)
    assert any("foretold" in text for text in said)
    whole = maps_of(trained)
    assert np.abs(maps - whole)[valid].mean() < 0.02
    visible = write_raster(cube[..., :15], "visible.tif", tags=in_header(wavelengths[:15]), nodata=-9999)
    with pytest.raises(ModelError, match="do not cover"):
        apply(trained, visible, "no")
    scaled = np.where(cube == -9999, -9999, cube / 10000).astype("float32")
    unsaid = write_raster(scaled, "unsaid.tif", tags=in_header(wavelengths), nodata=-9999)
    maps, said = apply(trained, unsaid, "reflectance")  # the only unit that such values can be in
    assert np.abs(maps - whole)[valid].max() < 1e-3
    assert any("multiplied by 10000" in text for text in said)
    counts = np.where(cube == -9999, -9999, cube / 100).astype("float32")
    unsaid = write_raster(counts, "counts.tif", tags=in_header(wavelengths), nodata=-9999)
    with pytest.raises(ModelError, match="another unit"):
        apply(trained, unsaid, "no")


def test_a_model_does_not_replace_the_result_that_it_lies_in(trained, simulated):
    given = ApplyJob(
        id="b", scene=str(simulated), model=str(trained / "model.auvae"), output=str(trained), device="cpu"
    )
    with pytest.raises(OutputError, match="would be replaced"):
        job_module.run(given, lambda event: None, lambda: False)
    assert is_result(trained)


def test_several_scenes_get_a_folder_each(trained, simulated, auvae, tmp_path):
    done = auvae(
        "apply",
        trained / "model.auvae",
        simulated,
        simulated,
        "--device",
        "cpu",
        "--output",
        tmp_path / "all",
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["scene", "scene_2"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda raw: raw[:-1000], "damaged"),
        (lambda raw: b"PK\x03\x04" + raw, "sizes make no sense"),
        (lambda raw: struct.pack("<Q", LARGEST_HEADER + 1) + raw[8:], "sizes make no sense"),
        (lambda raw: struct.pack("<Q", 60000) + b"[" * 60000, "damaged"),
        (lambda raw: raw.replace(b"auvae-model", b"other-model"), "does not say"),
    ],
    ids=["cut", "zip", "long header", "deep header", "other format"],
)
def test_a_damaged_or_hostile_model_is_refused_with_the_reason(trained, tmp_path, damage, reason):
    raw = (trained / "model.auvae").read_bytes()
    path = tmp_path / "model.auvae"
    path.write_bytes(damage(raw))
    with pytest.raises(ModelError, match=reason):
        read_model(str(path))


def test_a_model_whose_words_do_not_fit_its_numbers_is_refused(trained, tmp_path):
    raw = (trained / "model.auvae").read_bytes()
    state, header = safetensors.numpy.load(raw), json.loads(raw[8 : 8 + struct.unpack("<Q", raw[:8])[0]])
    described = header["__metadata__"]
    settings = json.loads(described["settings"])
    other = {**settings, "shape": {**settings["shape"], "bands": 39}}
    huge = {**settings, "shape": {**settings["shape"], "channels": 10**9}}
    hostile = [
        ({"settings": json.dumps(huge)}, {}),
        ({"settings": json.dumps(other)}, {}),
        ({"settings": json.dumps({**settings, "variant": "evil"})}, {}),
        ({"settings": json.dumps({**settings, "offset": float("nan")})}, {}),
        ({"names": json.dumps(["one"])}, {}),
        ({"wavelengths_nm": json.dumps([1.0] * 10**4)}, {}),
        ({"bands": json.dumps([-1] * 40)}, {}),
        ({}, {"decoder.log_spectra": np.full_like(state["decoder.log_spectra"], np.nan)}),
        ({}, {"decoder.log_spectra": state["decoder.log_spectra"].astype(np.float64)}),
        ({}, {"extra": np.zeros(3, np.float32)}),
        ({}, {"brightness.weights": np.zeros_like(state["brightness.weights"])}),
    ]
    for words, tensors in hostile:
        path = tmp_path / "model.auvae"
        path.write_bytes(safetensors.numpy.save({**state, **tensors}, metadata={**described, **words}))
        with pytest.raises(ModelError):
            read_model(str(path))


def test_an_apply_job_names_no_bands(trained):
    with pytest.raises(JobError, match="model says"):
        ApplyJob(id="b", scene="a", model="m", output="o", bands=(1, 2))
