"""A simulated scene is what it says it is, in both formats."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from auvae.contract.errors import JobError, OutputError
from auvae.scene.scene import Scene
from auvae.simulation.simulate import Recipe, simulate

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


def test_strong_brightness_lights_pixels_unevenly_and_leaves_their_shares(tmp_path):
    (even, shares), (uneven, same_shares) = (
        held(tmp_path / f"{brightness}.img", brightness=brightness) for brightness in (0, 0.5)
    )
    assert np.array_equal(shares, same_shares, equal_nan=True)
    inside = np.isfinite(shares[..., 0])
    ratio = np.log(uneven[inside, 20] / even[inside, 20])
    assert ratio.std() == pytest.approx(0.5, rel=0.2)


@pytest.mark.parametrize("mixing", ["fan", "gbm"])
def test_light_that_met_two_materials_only_adds(tmp_path, mixing):
    linear, _ = held(tmp_path / "linear.img", brightness=0)
    twice, shares = held(tmp_path / "twice.img", brightness=0, mixing=mixing)
    inside = np.isfinite(shares[..., 0])
    mixed = inside & (shares.max(axis=-1) < 0.6)
    pure = inside & (shares.max(axis=-1) > 0.97)
    added = np.median(twice - linear, axis=-1)
    assert np.median(added[mixed]) > 0.005
    assert abs(np.median(added[pure])) < 0.002


def test_outliers_show_something_else_and_have_no_truth(tmp_path):
    plain, shares = held(tmp_path / "plain.img", brightness=0)
    spoiled, known = held(tmp_path / "spoiled.img", brightness=0, outliers=0.1)
    outliers = np.isfinite(shares[..., 0]) & ~np.isfinite(known[..., 0])
    assert outliers.mean() == pytest.approx(0.1, abs=0.03)
    unit = [cube / np.linalg.norm(cube, axis=-1, keepdims=True).clip(1e-9) for cube in (plain, spoiled)]
    angles = np.arccos(np.clip((unit[0] * unit[1]).sum(axis=-1), -1, 1))
    assert np.median(angles[outliers]) > 0.2
    assert np.median(angles[np.isfinite(known[..., 0])]) < 0.05


def test_under_a_cap_no_pixel_is_pure_and_pixels_of_two_materials_remain(tmp_path):
    for arrangement in ("fields", "dirichlet"):
        _, shares = held(tmp_path / f"{arrangement}.img", cap=0.7, arrangement=arrangement)
        assert np.nanmax(shares) <= 0.7 + 1e-9
        assert np.nanmax(np.sort(shares, axis=-1)[..., -2:].sum(axis=-1)) > 0.98


def test_a_rare_material_shows_in_one_target_of_the_size_asked_for(tmp_path):
    _, shares = held(tmp_path / "rare.img", rare=2, target_pixels=6)
    common, whole, disc = shares[..., :2], shares[..., 2], shares[..., 3]
    assert np.nansum(whole) == 6
    assert np.nanmax(whole) == 1
    assert np.nansum(disc) == pytest.approx(6, abs=0.3)
    assert ((disc > 0) & (disc < 1)).any()
    assert (np.nansum(common, axis=(0, 1)) > 1000).all()


def test_materials_that_vary_differ_from_their_endmember_by_as_much_as_asked(tmp_path):
    still, shares = held(tmp_path / "still.img", brightness=0)
    varied, again = held(tmp_path / "varied.img", brightness=0, variability=0.1)
    known = np.isfinite(shares[..., 0]) & np.isfinite(again[..., 0])
    change = np.log(varied[known].clip(0.02) / still[known].clip(0.02))
    assert 0.03 < change.std() < 0.2


def held(path, **options):
    """A simulated scene's values in reflectance and its true abundances."""
    scene, truth = simulate(path, Recipe(rows=60, cols=60, bands=60, snr=60, seed=5, **options))
    with Scene.open(scene) as opened, np.load(truth) as known:
        return opened.read()[0] / 10000, known["abundances"]


def test_a_wrong_recipe_or_place_is_refused(tmp_path):
    with pytest.raises(JobError, match="Mixing is 'cubic'"):
        Recipe(mixing="cubic")
    with pytest.raises(JobError, match=r"Outliers is 0.9"):
        Recipe(outliers=0.9)
    with pytest.raises(JobError, match="Endmembers is 1"):
        Recipe(endmembers=1)
    with pytest.raises(JobError, match="No pixel can hold"):
        Recipe(endmembers=2, cap=0.5)
    with pytest.raises(JobError, match="no room"):
        simulate(tmp_path / "full.img", Recipe(rows=8, cols=8, rare=3, target_pixels=30))
    with pytest.raises(JobError, match="neither"):
        simulate(tmp_path / "scene.png", RECIPE)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        simulate(tmp_path / "file" / "scene.img", RECIPE)
