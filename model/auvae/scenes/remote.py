"""What a worker of a Dask cluster runs: who it is, and a task. Nothing here is seen by the client's side."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

from distributed import Status, get_worker

from .. import __version__
from ..contract.errors import AuvaeError, ClusterError
from ..contract.events import Event

_SECONDS_BETWEEN_EVENTS = 0.5


def who(visible: str | None) -> dict[str, Any]:
    """What this worker is: versions, GPUs, processors; and whether it sees a file that the client wrote."""
    import torch

    cuda = torch.cuda.is_available()
    return {
        "auvae": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "gpus": [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
        if cuda
        else [],
        "processors": os.cpu_count(),
        "sees": visible is None or os.path.exists(visible),
    }


def work(kind: str, order: dict[str, Any], topic: str, version: str) -> dict[str, Any]:
    """Do a task, tell the client how it goes, and stop when the client does not want it any more.

    Raises:
        AuvaeError: the task cannot be done, by a worker with another version of AUVAE none.
    """
    if version != __version__:
        raise ClusterError(
            f"A worker has AUVAE {__version__}, and the run is of {version}.",
            "Install the same version there.",
        )
    from .tasks import perform

    worker = get_worker()
    name = worker.get_current_task()
    sent = -_SECONDS_BETWEEN_EVENTS

    def emit(event: Event) -> None:
        nonlocal sent
        now = time.monotonic()
        if event["event"] != "progress" or now - sent >= _SECONDS_BETWEEN_EVENTS:
            sent = now
            worker.log_event(topic, {"task": name, "event": event})

    def unwanted() -> bool:
        # The scheduler has taken the task back (it was cancelled, or the client is gone), or is gone itself.
        held = worker.state.tasks.get(name)
        ending = worker.status in (Status.closing, Status.closed, Status.failed)
        return ending or held is None or held.state in ("cancelled", "resumed")

    try:
        return perform(kind, order, emit, unwanted)
    except AuvaeError:
        raise
    except Exception as error:  # noqa: BLE001 (see below)
        # Exceptions of other packages may not be known, or not of the same form, where they arrive.
        raise RuntimeError(f"{type(error).__name__}: {error}") from None
