"""`auvae apply`: scenes mapped with a model that was trained on another."""

from __future__ import annotations

import argparse
import os
from functools import partial

from ..contract.jobs import ApplyJob
from ..worker.cancel import EXIT_CANCELLED
from . import arguments
from .run import run_task

HELP = "map scenes with a model that was trained on another"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", metavar="MODEL", help="the model.auvae of a result")
    parser.add_argument("scenes", metavar="SCENE", nargs="+", help="rasters that GDAL reads")
    parser.add_argument(
        "--output", required=True, metavar="DIR",
        help="the result folder; of several scenes, the folder of their result folders, named after them",
    )  # fmt: skip
    arguments.add_device(parser)
    arguments.add_brightness(parser)
    arguments.add_json(parser)
    arguments.add_selection(parser)


def run(given: argparse.Namespace) -> int:
    """Map one scene after the other; an error in one does not end the others."""
    output = os.path.abspath(given.output)
    folders = [output] if len(given.scenes) == 1 else _folders(output, given.scenes)
    failed = 0
    for scene, folder in zip(given.scenes, folders, strict=True):
        status = run_task(partial(_job, scene=scene, folder=folder), given)
        if status == EXIT_CANCELLED:
            return status
        failed = failed or status
    return failed


def _job(given: argparse.Namespace, scene: str, folder: str) -> ApplyJob:
    return ApplyJob(
        arguments.new_id(),
        arguments.scene(scene),
        os.path.abspath(given.model),
        folder,
        device=given.device,
        selection=arguments.selection(given),
        brightness=given.brightness,
    )


def _folders(parent: str, scenes: list[str]) -> list[str]:
    """A folder for the result of each scene, named after it."""
    folders: list[str] = []
    for scene in scenes:
        stem = os.path.splitext(os.path.basename(os.path.normpath(scene)))[0] or "scene"
        folder, number = os.path.join(parent, stem), 2
        while folder in folders:
            folder, number = os.path.join(parent, f"{stem}_{number}"), number + 1
        folders.append(folder)
    return folders
