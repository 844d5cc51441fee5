"""`auvae unmix`: one scene or several, on this computer or on a cluster."""

from __future__ import annotations

import argparse
import os

from ..contract.choices import MODELS, QUALITIES, VARIANTS
from ..contract.errors import JobError
from ..contract.jobs import ScenesJob, UnmixJob
from ..contract.variants import DEFAULT
from . import arguments
from .run import run_task

HELP = "unmix scenes into endmembers and abundance maps"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "scenes", nargs="+", metavar="SCENE",
        help="a raster that GDAL reads, or a product of a sensor; several get the same endmembers",
    )  # fmt: skip
    parser.add_argument(
        "--endmembers", type=int, required=True, metavar="K",
        help="how many endmembers (2 to 30); 0 estimates the number, rare materials included",
    )  # fmt: skip
    parser.add_argument(
        "--output", required=True, metavar="DIR",
        help="the result folder, of several scenes a folder of result folders; an earlier result is replaced",
    )  # fmt: skip
    parser.add_argument("--quality", default="standard", choices=QUALITIES, help="how long it trains")
    arguments.add_bands(parser)
    arguments.add_seed(parser)
    arguments.add_device(parser, several=True)
    parser.add_argument(
        "--models", default="one", choices=MODELS,
        help="of several scenes: one model trained on samples of all, or one for each (default one)",
    )  # fmt: skip
    parser.add_argument(
        "--run-on", default="", metavar="ADDRESS",
        help="a Dask scheduler, such as tcp://host:8786, see docs/cluster.md (default: this computer)",
    )  # fmt: skip
    parser.add_argument(
        "--cpu-workers", action="store_true",
        help="on a cluster: workers without a GPU take part although others have one",
    )  # fmt: skip
    parser.add_argument(
        "--variant", default=DEFAULT, choices=VARIANTS,
        help="the network; all but the default are published ones, for comparison (default auvae-net)",
    )  # fmt: skip
    arguments.add_brightness(parser)
    arguments.add_colors(parser)
    arguments.add_json(parser)
    arguments.add_known(parser)
    parser.add_argument(
        "--freedom", type=float, default=0.0, metavar="0-1",
        help="how far the scene may pull the known spectra away: 0 not at all (default), 1 they only start",
    )  # fmt: skip
    parser.add_argument(
        "--from", dest="model", metavar="MODEL",
        help="fine-tune: start from this model.auvae; the same endmembers in the same order",
    )  # fmt: skip
    arguments.add_selection(parser)


def run(given: argparse.Namespace) -> int:
    """Unmix."""
    return run_task(_scenes_job if len(given.scenes) > 1 or given.run_on else job, given)


def job(given: argparse.Namespace) -> UnmixJob:
    """The job on one scene."""
    return UnmixJob(
        arguments.new_id(),
        arguments.scene(given.scenes[0]),
        given.endmembers,
        os.path.abspath(given.output),
        bands=arguments.bands(given),
        seed=given.seed,
        device=given.device,
        selection=arguments.selection(given),
        quality=given.quality,
        variant=given.variant,
        brightness=given.brightness,
        known=arguments.known(given, given.freedom),
        model=arguments.optional_file(given.model),
        colors_of=arguments.colors_of(given),
    )


def _scenes_job(given: argparse.Namespace) -> ScenesJob:
    if given.variant != DEFAULT:
        raise JobError(
            "Several scenes, and scenes on a cluster, are unmixed by AUVAE-Net only.", "Leave --variant out."
        )
    return ScenesJob(
        arguments.new_id(),
        tuple(arguments.existing(scene) for scene in given.scenes),
        given.endmembers,
        os.path.abspath(given.output),
        models=given.models,
        bands=arguments.bands(given),
        quality=given.quality,
        seed=given.seed,
        device=given.device,
        selection=arguments.selection(given),
        brightness=given.brightness,
        run_on=given.run_on,
        cpu_workers=given.cpu_workers,
    )
