"""What may be asked of the core: a job a task, one in each file, and which task a document asks for."""

from __future__ import annotations

from typing import Union

from ... import __version__
from ..errors import JobError
from .apply import ApplyJob
from .cluster import ClusterJob
from .count import CountJob
from .document import SAME_VERSION
from .export import ExportJob
from .extract import ExtractJob
from .fcls import FclsJob
from .inspect import InspectJob
from .known_choice import KnownChoice
from .purity import PurityJob
from .unmix import UnmixJob
from .unmixscenes import ScenesJob, folder_names

__all__ = [
    "ApplyJob", "ClusterJob", "CountJob", "ExportJob", "ExtractJob", "FclsJob", "InspectJob", "KnownChoice",
    "PurityJob", "ScenesJob", "UnmixJob", "folder_names", "parse",
]  # fmt: skip

SceneJob = Union[UnmixJob, CountJob, InspectJob, ApplyJob, FclsJob, ExtractJob, PurityJob]
AnyJob = Union[SceneJob, ExportJob, ScenesJob, ClusterJob]

_TASKS: dict[str, type[AnyJob]] = {
    job.task: job
    for job in (
        UnmixJob, CountJob, InspectJob, ApplyJob, FclsJob, ExtractJob, PurityJob, ExportJob, ScenesJob,
        ClusterJob,
    )
}  # fmt: skip


def parse(document: object) -> AnyJob:
    """The job of any task that a document describes, `unmix` where it names none.

    Raises:
        JobError: it describes no job of this version.
    """
    task = document.get("task", UnmixJob.task) if isinstance(document, dict) else UnmixJob.task
    job = _TASKS.get(task) if isinstance(task, str) else None
    if job is None:
        raise JobError(
            f"No task is called {task!r}; AUVAE {__version__} does {', '.join(_TASKS)}.", SAME_VERSION
        )
    return job.parse(document)
