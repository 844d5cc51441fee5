"""Which folder a result goes to: named after its scene on request, never over another scene's."""

from __future__ import annotations

import os
import re
from itertools import count
from pathlib import Path

from ..results.result import Result, ResultError
from ..translation import tr

SCENE = "{scene}"  # in the name of a folder: here stands the scene's name


class OutputFolderError(ValueError):
    """The result would take the place of something else; the text says of what and what to do."""


def result_folder(wanted: str, scene: str) -> Path:
    """Return the folder for a result of ``scene``, as GDAL names it, from what the user ``wanted``.

    With ``{scene}`` in it, scenes of one name in a batch get folders of their own: ``name``, ``name_2``, ….

    :raises OutputFolderError: without it, where the folder holds the result of another scene.
    """
    if SCENE in wanted:
        name = scene_name(scene)
        for number in count(1):
            filled = wanted.replace(SCENE, name if number == 1 else f"{name}_{number}")
            folder = Path(filled).absolute()
            if _scene_in(folder) in ("", _normal(scene)):
                return folder
    folder = Path(wanted).absolute()
    there = _scene_in(folder)
    if there not in ("", _normal(scene)) and scene_name(there) != scene_name(scene):
        raise OutputFolderError(
            tr(
                "The folder {} holds the result of another scene, {}. Choose another folder, or one with {} "
                "in its name: there the name of each scene will stand."
            ).format(folder, there, SCENE)
        )
    return folder


def scene_name(scene: str) -> str:
    """Return what a scene is called: its file without ending, in characters that any folder may have."""
    last = re.split(r'[\\/":]+', scene.rstrip('\\/":'))[-1]
    return re.sub(r"[^\w.\- ]+", "_", Path(last).stem).strip(" .") or "scene"


def _scene_in(folder: Path) -> str:
    """Return the scene of the result in ``folder``; empty where there is none."""
    try:
        return _normal(str(Result.read(folder).document["scene"]["path"]))
    except (ResultError, KeyError):
        return ""


def _normal(scene: str) -> str:
    return os.path.normcase(os.path.realpath(scene)) if os.path.exists(scene) else scene  # noqa: PTH110 (any text)
