"""A simulated scene is what it says it is, in both formats."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from auvae.errors import JobError, OutputError
from auvae.scene import Scene
from auvae.simulate import Recipe, simulate

RECIPE = Recipe(endmembers=5, rows=40, cols=56, bands=60, snr=35, seed=3)


@pytest.mark.parametrize("name", ["scene.img", "scene.tif"])
def test_a_simulated_scene_reads_back_as_its_truth(tmp_path, name):
    path, truth_path = simulate(tmp_path / name, RECIPE)
    truth = np.load(truth_path)
    shares, endmembers = truth["abundances"], truth["endmembers"]
    with Scene.open(path) as scene:
        values, valid = scene.read()
        assert endmembers.shape == (5, len(scene.kept))
        assert len(scene.kept) < 60
        assert scene.unit == "Reflectance × 10000"
        assert scene.wavelengths[0] > 400
        assert scene.wavelengths[-1] == 2450
        assert scene.crs.to_epsg() == 32632
    assert np.array_equal(np.isfinite(shares).all(axis=-1), valid)
    assert not valid[0, 0]
    assert shares[valid].min() >= 0
    assert shares[valid].sum(axis=-1) == pytest.approx(1)
    # Light varies by some 15 %, noise is 35 dB down: spectra point where their mixtures point.
    expected, found = shares[valid] @ endmembers, values[valid] / 10000
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    assert np.median(np.arccos((expected * found).sum(axis=1) / lengths)) < 0.05


def test_the_same_seed_gives_the_same_scene(tmp_path):
    first, again = (simulate(tmp_path / name, RECIPE)[0].read_bytes() for name in ("a.img", "b.img"))
    assert first == again


def test_without_pure_pixels_every_pixel_is_mixed(tmp_path):
    recipe = Recipe(endmembers=4, rows=40, cols=40, bands=40, pure_pixels=False)
    pure, mixed = (
        np.nanmax(np.load(simulate(tmp_path / name, option)[1])["abundances"])
        for name, option in (("a.img", Recipe(endmembers=4, rows=40, cols=40, bands=40)), ("b.img", recipe))
    )
    assert pure > 0.95
    assert mixed < 0.85


def test_thirty_endmembers_are_thirty_different_spectra(tmp_path):
    _, truth = simulate(tmp_path / "many.img", Recipe(endmembers=30, rows=20, cols=20, bands=100))
    held = np.load(truth)
    assert len(set(held["names"])) == 30
    unit = held["endmembers"] / np.linalg.norm(held["endmembers"], axis=1, keepdims=True)
    angles = np.arccos(np.clip(unit @ unit.T, -1, 1)) + 10 * np.eye(30)
    assert angles.min() > 0.02


def test_the_noise_is_as_strong_as_asked(tmp_path):
    quiet, loud = (
        rasterio.open(simulate(tmp_path / f"{snr}.img", Recipe(rows=60, cols=60, bands=80, snr=snr))[0]).read(
            30
        )
        for snr in (80, 20)
    )
    noise = (loud.astype(float) - quiet)[quiet > -9999].std() / 10000
    assert 0.01 < noise < 0.06


def test_a_wrong_recipe_or_place_is_refused(tmp_path):
    with pytest.raises(JobError, match="Endmembers is 1"):
        Recipe(endmembers=1)
    with pytest.raises(JobError, match="neither"):
        simulate(tmp_path / "scene.png", RECIPE)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        simulate(tmp_path / "file" / "scene.img", RECIPE)
