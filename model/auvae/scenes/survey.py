"""The task `cluster`: who works for a Dask scheduler, and what does not fit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .cluster import ANSWER_S, WorkerRoster, connected

if TYPE_CHECKING:
    from ..contract.jobs import ClusterJob
    from ..tasks.progress import JobProgress


def run(job: ClusterJob, progress: JobProgress) -> None:
    """Send who works for the scheduler.

    Raises:
        ClusterError: none answers.
    """
    with connected(job.run_on) as client:
        roster = WorkerRoster(client, None)
        until = time.monotonic() + ANSWER_S
        while time.monotonic() < until and not progress.cancelled:
            roster.look(client.scheduler_info(n_workers=-1)["workers"])
            if roster.settled:
                break
            time.sleep(0.2)
        versions: Any = client.get_versions()
        scheduler, here = (versions[who]["packages"].get("distributed") for who in ("scheduler", "client"))
        workers = [worker.document() for worker in roster.workers.values()]
        for worker in workers:
            if worker["auvae"] is None and not worker["problem"]:
                worker["problem"] = "it does not answer"
    warnings = []
    if scheduler != here:
        warnings.append(f"The scheduler has Dask {scheduler}, this Python {here}.")
    if not workers:
        warnings.append("The scheduler has no worker at present.")
    progress.send(
        {
            "event": "result",
            "scheduler": job.run_on,
            "distributed": scheduler,
            "workers": workers,
            "warnings": warnings,
        }
    )
