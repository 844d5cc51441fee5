"""A saved model and a scene brought together: bands, unit and scale, or the reason why not. Maps nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..contract.errors import ModelError
from ..endmembers.sampling import sample_patches
from ..scene.scene import Band, Scene
from ..spectra.bands import BandSet, filled, resampling

if TYPE_CHECKING:
    from ..network.model_file import SavedModel

MOST_FORETOLD = 0.2
"""The share of its bands that a model may do without: the others foretell them."""

FARTHEST_BRIGHTNESS = 30.0
"""Pixels that are so many times brighter or darker than the endmembers are in another unit."""

WORSE_ANGLE, FURTHER_ANGLE = 1.5, 0.01
"""A mean angle above so many times that of the training, and so many radians more, is no good fit."""


def fit_scene(scene: Scene, saved: SavedModel) -> list[str]:
    """Let a scene give its pixels in a model's bands and unit; returns what was done, in sentences.

    The scene is to be opened with its bands of water vapour kept: which of them are good was decided when the
    model was trained. Raises ModelError where the two do not fit each other.
    """
    said: list[str] = []
    numbers, matrix = _bands(scene, saved, said)
    factor = _factor(scene, saved, said)
    if factor != 1:
        matrix = factor * (np.eye(len(numbers)) if matrix is None else matrix)
    bands = [
        Band(
            number,
            None if saved.wavelengths is None else float(saved.wavelengths[index]),
            None if np.isnan(saved.widths[index]) else float(saved.widths[index]),
            kept=True,
            reason="",
        )
        for index, number in enumerate(saved.bands)
    ]
    check_unit = scene.reflectance_scale is None or saved.reflectance_scale is None
    scene.see_as(bands, numbers, matrix, saved.unit, saved.reflectance_scale)
    if check_unit:
        _check_brightness(scene, saved)
    return said


def does_not_fit(angle: float, saved: SavedModel) -> str:
    """A sentence where the mean angle (radians) says that a model does not fit; empty where it does."""
    usual = saved.mean_angle
    if usual is None or angle <= WORSE_ANGLE * usual + FURTHER_ANGLE:
        return ""
    return (
        f"The model does not fit this scene well: the mean angle between pixels and mixtures is {angle:.4f} "
        f"radians, {usual:.4f} where it was trained. There may be other materials, another atmosphere or "
        "another calibration: look at error.tif, and fine-tune the model on this scene or unmix it anew."
    )


def _bands(scene: Scene, saved: SavedModel, said: list[str]) -> tuple[list[int], np.ndarray | None]:
    """Which bands of the scene are read, and how they become the model's."""
    given = [band for band in scene.kept if band.wavelength is not None]
    if saved.wavelengths is None or not given:
        return _by_number(scene, saved, said), None
    centres = np.array([band.wavelength for band in given], float)
    source = BandSet.of(centres.tolist(), [band.fwhm for band in given])
    matrix, covered = resampling(source, BandSet(saved.wavelengths, saved.widths))
    missing = saved.wavelengths[~covered]
    if len(missing) > MOST_FORETOLD * len(covered):
        raise ModelError(
            f"The model needs {len(covered)} bands from {saved.wavelengths.min():.0f} to "
            f"{saved.wavelengths.max():.0f} nm; the usable bands of {scene.name}, from {centres.min():.0f} "
            f"to {centres.max():.0f} nm, do not cover {len(missing)} of them, such as {missing[0]:.0f} nm.",
            "Choose a model that was trained on bands which this scene has, or train one on it.",
        )
    if len(missing):
        said.append(
            f"{len(missing)} of the model's {len(covered)} bands are missing in this scene (the first at "
            f"{missing[0]:.0f} nm): they are foretold from the others."
        )
        matrix = filled(matrix, covered, saved.model.endmembers)
    used = np.flatnonzero(matrix.any(axis=1))
    matrix, numbers = matrix[used], [given[index].number for index in used]
    if matrix.shape[0] == matrix.shape[1] and np.array_equal(matrix, np.eye(len(matrix))):
        return numbers, None
    if not ((matrix == 1).sum(axis=0) == 1).all():
        said.append(
            f"The scene's bands were resampled to the model's {len(covered)}, by wavelength"
            f"{' and width' if np.isfinite(saved.widths).any() and np.isfinite(source.widths).any() else ''}."
        )
    return numbers, matrix


def _by_number(scene: Scene, saved: SavedModel, said: list[str]) -> list[int]:
    """The same band numbers, where wavelengths are not known on both sides."""
    who = "The scene" if saved.wavelengths is not None else "The model"
    if saved.band_count != len(scene.bands):
        raise ModelError(
            f"{who} knows no wavelengths, and the scene has {len(scene.bands)} bands where the model was "
            f"trained on a scene of {saved.band_count or 'an unknown number of'}.",
            "Choose a scene with wavelengths, or one with the same bands.",
        )
    said.append(f"{who} knows no wavelengths: bands were matched by their numbers.")
    return list(saved.bands)


def _factor(scene: Scene, saved: SavedModel, said: list[str]) -> float:
    """What the scene's values are multiplied by to be in the model's unit."""
    if scene.reflectance_scale is not None and saved.reflectance_scale is not None:
        factor = saved.reflectance_scale / scene.reflectance_scale
        if factor != 1:
            said.append(f"The scene's values were multiplied by {factor:g}: the model knows {saved.unit}.")
        return factor
    units = {scene.unit, saved.unit} - {"Value"}
    if len(units) > 1:
        raise ModelError(
            f"The scene's values are in {scene.unit}, the model's in {saved.unit}.",
            "Bring the scene into the model's unit first, or train a model on it.",
        )
    return 1.0


def _check_brightness(scene: Scene, saved: SavedModel) -> None:
    """Refuse values that cannot be in the model's unit, where one of the two does not say its own."""
    lengths = [np.linalg.norm(cube[valid], axis=1) for cube, valid in sample_patches(scene, 0)]
    if not lengths:
        return  # no data: said elsewhere
    usual = float(np.median(np.linalg.norm(saved.model.endmembers, axis=1)))
    ratio = float(np.median(np.concatenate(lengths))) / max(usual, 1e-30)
    if not 1 / FARTHEST_BRIGHTNESS <= ratio <= FARTHEST_BRIGHTNESS:
        raise ModelError(
            f"The scene's values are about {ratio:.2g} times the model's, so they are in another unit, and "
            "one of the two does not say which.",
            "Say it in the scene's header (reflectance scale factor), or bring it into the model's unit.",
        )
