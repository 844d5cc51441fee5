"""A job's scene, opened and fitted to the model that the job names."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ..contract.errors import OutputError
from ..mapping.fit_scene import fit_scene
from ..network.model_file import SavedModel, read_model
from .open_scene import opened_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..contract.jobs import ApplyJob, UnmixJob
    from ..scene.scene import Scene
    from .progress import JobProgress


@contextmanager
def fitted_scene(
    job: UnmixJob | ApplyJob, model: str, progress: JobProgress
) -> Iterator[tuple[Scene, SavedModel]]:
    """The scene of a job in the bands and unit of a model, and the model, in the processor's memory.

    Args:
        job: that names the scene.
        model: the path of a model.auvae.
        progress: of the job.

    Raises:
        ModelError: the model cannot be read, or does not fit the scene.
        OutputError: the model would be replaced by the result.
        SceneError: the scene cannot be read, or cannot be unmixed.
    """
    progress.reach(0.0, "reading", "Reading the scene")
    output = os.path.realpath(job.output)
    if os.path.dirname(os.path.realpath(model)) == output:
        raise OutputError(
            f"The model lies in the output folder {output}, which would be replaced.",
            "Choose another output folder.",
        )
    saved = read_model(model)
    # Which bands of water vapour are good was decided when the model was trained.
    selection = replace(job.selection, water_bands="keep")
    endmembers = getattr(job, "endmembers", 0)
    with opened_scene(job, progress, endmembers=endmembers, selection=selection) as scene:
        for text in fit_scene(scene, saved):
            progress.message("info", text)
        yield scene, saved
