"""Tasks on a Dask cluster: which workers take part, what they are given, and what they answer.

Everything that is particular to Dask is here and in remote.py. The client connects and listens nowhere.
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..contract.errors import AuvaeError, ClusterError, DeviceError, WorkerEnvironmentError
from ..contract.events import ClusterWorker
from .engine import Key, TaskMessage, TaskOutcome

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as DaskFuture

    Future = DaskFuture[dict[str, Any]]

    from .tasks import Order

_CONNECT_S = 5
_LOOK_EVERY_S = 1.0
# A worker that has not answered yet is waited for so long from the start: it may be importing torch.
ANSWER_S = 20.0
# Where all that are there were refused, others are waited for so long.
_OTHERS_S = 10.0
# Tasks that each thread of a worker is given: one to do, one to go on with.
_AHEAD = 2
_URGENT = 1000


@dataclass
class Worker:
    """A worker of the cluster.

    Attributes:
        address: where the scheduler reaches it.
        threads: how many tasks it does at a time.
        memory: bytes it may use, 0 for no limit.
        facts: versions and GPUs, None until it answers: see `remote.who`.
        problem: why it takes no part; empty where nothing speaks against it.
    """

    address: str
    name: str
    threads: int
    memory: int
    facts: dict[str, Any] | None = None
    problem: str = ""

    def document(self) -> ClusterWorker:
        """The same for the worker protocol."""
        facts = self.facts or {}
        return {
            "address": self.address,
            "name": self.name,
            "threads": self.threads,
            "memory": self.memory,
            "gpus": facts.get("gpus", []),
            "auvae": facts.get("auvae"),
            "python": facts.get("python"),
            "torch": facts.get("torch"),
            "problem": self.problem,
        }


@dataclass
class _Task:
    order: Order
    future: Future | None = None
    workers: set[str] = field(default_factory=set)


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of a scheduler.

    Raises:
        ClusterError: none answers there, or it cannot be understood.
        WorkerEnvironmentError: there is no Dask in this Python.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise WorkerEnvironmentError(
            "This Python has no Dask, which clusters need.",
            "Press Install in Plugins > AUVAE Unmixing > Set up, or install distributed there.",
        ) from error

    class Closing(Client):
        """A client that does not stay behind when it cannot connect: the next one would wait for its end."""

        def start(self, **options: Any) -> None:
            try:
                super().start(**options)
            except BaseException:
                self.close(timeout=1)
                raise

    try:
        client = Closing(address, timeout=_CONNECT_S, set_as_default=False, name="auvae")
    except TypeError as error:  # what Dask says without certificates
        raise ClusterError(
            f"{address} encrypts, and Dask has no certificates for it here.",
            "Name them in Dask's settings: Plugins > AUVAE Unmixing > Cluster > Help tells how.",
        ) from error
    except RuntimeError as error:
        if "encryption required" not in str(error):
            raise
        raise ClusterError(
            f"{address} does not encrypt, and Dask's settings here require it.",
            "Give the scheduler's tls:// address, or change require-encryption in Dask's settings.",
        ) from error
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"No Dask scheduler answers at {address}.",
            "See that it is running, that the address is right, and that no firewall is between.",
        ) from error
    try:
        yield client
    finally:
        client.close(timeout=1)


class WorkerRoster:
    """The workers of a cluster: asked for their versions as they come, sorted by whether they can help."""

    def __init__(self, client: Client, visible: str | None) -> None:
        self._client, self._visible = client, visible
        self._asked: dict[str, Future] = {}
        self._begun, self._found = time.monotonic(), False
        self._wanted: Future | None = None
        self.workers: dict[str, Worker] = {}

    def look(self, seen: dict[str, dict[str, Any]]) -> list[Worker]:
        """Take note of who is there; returns those who answered since the last look."""
        from . import remote

        if not seen and self._wanted is None:
            # A cluster that starts workers when there is something to do has to see something.
            self._wanted = self._client.submit(remote.who, None, pure=False)
        elif seen:
            self._wanted = None
        for address in self.workers.keys() - seen.keys():
            del self.workers[address]
            self._asked.pop(address, None)
        for address in seen.keys() - self.workers.keys():
            here = seen[address]
            name = str(here.get("name", address))
            self.workers[address] = Worker(address, name, here["nthreads"], here.get("memory_limit") or 0)
            self._asked[address] = self._client.submit(
                remote.who, self._visible, workers=[address], allow_other_workers=False, pure=False,
                priority=_URGENT,
            )  # fmt: skip
        answered = [address for address, future in self._asked.items() if future.done()]
        for address in answered:
            self._hear(self.workers[address], self._asked.pop(address))
        return [self.workers[address] for address in answered]

    def _hear(self, worker: Worker, future: Future) -> None:
        if future.status != "finished":
            worker.problem = f"it cannot load AUVAE {__version__} with torch and rasterio ({_why(future)})"
            return
        try:
            facts = worker.facts = future.result(timeout=_CONNECT_S)
        except asyncio.TimeoutError:  # Dask looks for it on a worker that is no longer there
            worker.problem = "it went away before its answer came"
            return
        if facts["auvae"] != __version__:
            worker.problem = (
                f"it has AUVAE {facts['auvae']}, and this is {__version__}: install the same there"
            )
        elif not facts["sees"]:
            worker.problem = f"it does not see {self._visible}: the output folder must be shared with it"

    @property
    def settled(self) -> bool:
        """Whether all have answered, or had the time for it."""
        return bool(self.workers) and (not self._asked or time.monotonic() - self._begun > ANSWER_S)

    def fit(self, device: str, *, cpu_workers: bool) -> list[Worker]:
        """The workers that can help a run on this device.

        Raises:
            ClusterError: all there are were refused, and why, and none came since.
            DeviceError: CUDA is asked for and none of them has it.
        """
        good = [worker for worker in self.workers.values() if worker.facts and not worker.problem]
        self._found = self._found or bool(good)
        late = time.monotonic() - self._begun > _OTHERS_S
        if not self._found and self.workers and not self._asked and late:
            worst = next(iter(self.workers.values()))
            raise ClusterError(
                f"No worker of the cluster can help; {worst.name} because {worst.problem}.",
                "What workers need is told in Plugins > AUVAE Unmixing > Cluster > Help.",
            )
        with_gpu = [worker for worker in good if worker.facts and worker.facts["gpus"]]
        if device in ("cuda", "all-gpus") and good and not with_gpu and self.settled:
            raise DeviceError(
                "CUDA was asked for, and no worker of the cluster has a usable GPU.",
                "Choose DEVICE automatic or CPU, or start workers where the GPUs are.",
            )
        if device == "cpu" or (device == "auto" and (cpu_workers or not with_gpu)):
            return good
        return good if cpu_workers and device == "auto" else with_gpu


class Cluster:
    """Hands tasks to the workers of a Dask scheduler; see `engine.Engine`.

    Args:
        client: of the scheduler at this address.
        device, cpu_workers: as in the job.
        visible: a file that workers must see.
        report: called with a level and a sentence, on workers that come in or are refused.
    """

    def __init__(
        self,
        client: Client,
        address: str,
        device: str,
        visible: str,
        report: Callable[[str, str], None],
        *,
        cpu_workers: bool,
    ) -> None:
        self._client, self._device, self._cpu_workers, self._report = client, device, cpu_workers, report
        self._roster = WorkerRoster(client, visible)
        self._good: list[Worker] = []
        self._tasks: dict[Key, _Task] = {}
        self._names: dict[str, Key] = {}
        self._inbox: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._topic, self._address = f"auvae-{client.id}", address
        self._numbers = itertools.count()
        self._over = threading.Event()
        client.subscribe_topic(self._topic, lambda event: self._inbox.put(("message", event[1])))
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def room(self) -> int:
        """How many more tasks it takes now."""
        return _AHEAD * sum(worker.threads for worker in self._good) - len(self._tasks)

    @property
    def state(self) -> str:
        """What it waits for: workers."""
        if not self._roster.workers:
            return "The cluster has no worker: waiting for one"
        return "" if self._good else "Asking the workers of the cluster for their versions"

    def start(self, key: Key, order: Order) -> None:
        """Take a task on."""
        self._tasks[key] = _Task(order)
        self._submit(key)

    def next(self, seconds: float) -> TaskMessage | TaskOutcome | None:
        """The next message or outcome, None where none comes for so long; raises ClusterError."""
        try:
            kind, content = self._inbox.get(timeout=seconds)
        except queue.Empty:
            self._check_scheduler()
            return None
        if kind == "seen":
            self._see(content)
        elif kind == "message" and content["task"] in self._names:
            return TaskMessage(self._names[content["task"]], content["event"])
        elif kind == "done":
            return self._end(*content)
        return None

    def close(self) -> None:
        """Have all tasks stopped: workers notice at their next report."""
        self._over.set()
        futures = [task.future for task in self._tasks.values() if task.future is not None]
        if futures and self._client.status == "running":
            self._client.cancel(futures, force=True)
        self._tasks = {}

    def _submit(self, key: Key) -> None:
        from . import remote

        task = self._tasks[key]
        task.workers = {worker.address for worker in self._good}
        if not task.workers:
            task.future = None
            return
        name = f"auvae-{'-'.join(map(str, key))}-{self._client.id}-{next(self._numbers)}"
        self._names[name] = key
        future = task.future = self._client.submit(
            remote.work, key[0], task.order, self._topic, __version__,
            key=name, workers=sorted(task.workers), allow_other_workers=False, pure=False,
        )  # fmt: skip
        future.add_done_callback(lambda done: self._inbox.put(("done", (key, done))))

    def _end(self, key: Key, future: Future) -> TaskOutcome | None:
        task = self._tasks.get(key)
        if task is None or task.future is not future:
            return None  # it was given to somebody else meanwhile
        if future.status == "cancelled":
            raise self._gone()
        if future.status == "finished":
            del self._tasks[key]
            try:
                return TaskOutcome(key, future.result(timeout=_CONNECT_S))
            except asyncio.TimeoutError:
                error = ClusterError(
                    "The worker that had done it went away with the answer.", "Run it again."
                )
                return TaskOutcome(key, error=error)
        error = future.exception(timeout=_CONNECT_S)
        del self._tasks[key]
        died = type(error).__name__ == "KilledWorker"
        if died:
            error = ClusterError(
                "Every worker that tried it died.", "Look into the workers' logs; memory may have run out."
            )
        return TaskOutcome(key, error=error, hopeless=died)

    def _see(self, seen: dict[str, dict[str, Any]]) -> None:
        """Take note of who is there, and give tasks of those who went for good to others."""
        for worker in self._roster.look(seen):
            if worker.problem:
                self._report("warning", f"The worker {worker.name} takes no part: {worker.problem}.")
        if self._roster.settled or self._good:
            self._good = self._roster.fit(self._device, cpu_workers=self._cpu_workers)
        alive = {worker.address for worker in self._good}
        for key, task in self._tasks.items():
            if self._good and not task.workers & alive:
                if task.future is not None:
                    task.future.cancel()
                self._submit(key)

    def _watch(self) -> None:
        """Ask the scheduler now and then who works for it; on a thread, because it may not answer."""
        while not self._over.wait(_LOOK_EVERY_S if self._good else _LOOK_EVERY_S / 5):
            try:
                seen = self._client.scheduler_info(n_workers=-1)["workers"]
            except Exception:  # noqa: BLE001, S112 (what is wrong, if anything is, the client's state tells)
                continue
            self._inbox.put(("seen", seen))

    def _check_scheduler(self) -> None:
        if self._client.status != "running":
            raise self._gone()

    def _gone(self) -> AuvaeError:
        return ClusterError(
            f"The scheduler of the cluster at {self._address} is gone.",
            "What is finished is kept: the same run, started again, goes on from there.",
        )


def _why(future: Future) -> str:
    error = future.exception(timeout=_CONNECT_S) if future.status == "error" else None
    return str(error).splitlines()[0] if error is not None and str(error) else "it does not answer"
