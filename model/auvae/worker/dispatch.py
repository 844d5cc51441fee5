"""Which module does which task. Knows no pipe and no terminal; loads torch for tasks that need it alone."""

from __future__ import annotations

import gc
import platform
import sys
from importlib import import_module
from importlib.metadata import version
from types import ModuleType

from .. import __version__
from ..contract.events import HelloEvent
from ..contract.jobs import AnyJob, ClusterJob, ExportJob, InspectJob, ScenesJob
from ..tasks.progress import Emit, IsCancelled, JobProgress
from .quick_torch import load_torch

_MODULES = {
    "unmix": "..tasks.unmix",
    "apply": "..tasks.apply",
    "fcls": "..tasks.fcls",
    "extract": "..tasks.extract",
    "purity": "..tasks.purity",
    "export": "..tasks.export",
    "count": "..tasks.count",
    "inspect": "..tasks.inspect",
    "unmixscenes": "..scenes.run",
    "cluster": "..scenes.survey",
}
"""Where the function `run(job, progress)` of each task lies."""

_WITHOUT_TORCH = ("inspect", "export")


def load(job: AnyJob) -> ModuleType:
    """The module that does a job, with all that it needs.

    Raises:
        ImportError, OSError: a package of the environment cannot be loaded.
    """
    return _module(job.task)


def load_ahead() -> None:
    """Load what the task needs that is asked for most."""
    _module("unmix")


def _module(task: str) -> ModuleType:
    if task in _WITHOUT_TORCH or "torch" in sys.modules:
        return import_module(_MODULES[task], __package__)
    # What imports leave stays: to look through it again and again for garbage takes a tenth of a draft.
    gc.disable()
    try:
        load_torch()
        return import_module(_MODULES[task], __package__)
    finally:
        gc.freeze()
        gc.enable()


def hello(job: AnyJob) -> HelloEvent:
    """The event that names versions and the device this job will use; raises DeviceError."""
    device, name = _device(job)
    return {
        "event": "hello",
        "auvae": __version__,
        "python": platform.python_version(),
        "torch": version("torch"),
        "device": device,
        "device_name": name,
    }


def run(job: AnyJob, emit: Emit, cancelled: IsCancelled) -> None:
    """Do a job.

    Args:
        job: of any task.
        emit: takes its events; the last one is `result`.
        cancelled: asked many times a second whether to stop; what was begun is removed then.

    Raises:
        Cancelled: it was to stop.
        AuvaeError: it cannot be done, and why.
    """
    progress = JobProgress(emit, cancelled)
    module = load(job)
    if job.task not in _WITHOUT_TORCH and _device(job)[0] != "cluster":
        from ..numerics.threads import chosen_threads

        progress.message("info", chosen_threads().sentence())
        if not isinstance(job, ScenesJob):  # whose trainings say it, for the results that they are of
            from ..tasks.devices import name_unusable_card

            name_unusable_card(job.device, progress)
    module.run(job, progress)


def _device(job: AnyJob) -> tuple[str, str]:
    """The kind of device that a job computes on, and its name."""
    if isinstance(job, (ClusterJob, ScenesJob)) and job.run_on:
        return "cluster", job.run_on
    if isinstance(job, (InspectJob, ExportJob)):  # no torch is needed to read a scene or a table
        return "cpu", platform.processor() or platform.machine()
    from ..tasks.devices import device_of

    return device_of(job.device)
