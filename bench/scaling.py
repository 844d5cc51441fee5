"""A simulation of many workers on one file server, checked against one and two real ones; its page and plot.

The run's own code (`auvae.scenes.run`) decides what is done when; only the engine that does it is simulated.
"""

from __future__ import annotations

import heapq
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auvae.contract.jobs import ScenesJob, folder_names
from auvae.scenes.engine import Key, TaskOutcome
from auvae.scenes.run_folder import RunFolder
from auvae.scenes.schedule import Schedule
from auvae.scenes.tasks import FEWEST
from auvae.tasks.progress import JobProgress

SCENES, SIDE, BANDS, ENDMEMBERS = 1000, 1000, 224, 4
WORKERS = (1, 2, 5, 10, 20, 40, 60, 80, 100, 120, 150, 200)
SERVER = 1.25e9  # bytes a second: a file server on 10 Gbit/s Ethernet
FAST = 10  # times as fast as the measured worker: what a graphics card may be
LINEAR = 0.9
SAMPLES = 2 * FEWEST  # pixels read of each of so many scenes
_AHEAD = 2  # tasks a worker has, as in auvae.scenes.cluster
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 340, 70, 20, 16, 44


@dataclass(frozen=True)
class Measured:
    """What was measured on one machine, in seconds.

    Attributes:
        scenes: how many; side: rows and columns of each; bands: of each.
        loop: the command once for each scene; both: two such loops at once, half of the scenes each.
        one, two: all scenes on so many workers.
        load: of the machine before and after; processors: how many it has.
        look, sample, train, join: such a task on one scene; map: on a block of block_rows.
        moving: reading the block's pixels and writing its tile; moved_bytes: how many bytes that are.
        overhead: of a block's task beyond its work, one at a time.
        dispatch: between two tasks that do nothing, when many wait.
    """

    scenes: int
    side: int
    bands: int
    loop: float
    both: float
    one: float
    two: float
    load: tuple[float, float]
    processors: int
    look: float
    sample: float
    train: float
    map: float
    join: float
    block_rows: int
    moving: float
    moved_bytes: float
    overhead: float
    dispatch: float

    @property
    def slower(self) -> float:
        """What a task takes beside a second process, as a multiple: they share caches and clock."""
        return 2 * self.both / self.loop


@dataclass(frozen=True)
class Plan:
    """What is simulated.

    Attributes:
        scenes, side: how many, of side x side pixels.
        models: "one" or "each".
        workers: how many; speed: of each, the measured one being 1.
        server: bytes a second that all of them share.
    """

    scenes: int
    side: int
    models: str
    workers: int
    speed: float = 1.0
    server: float = SERVER


class Simulated:
    """An engine whose tasks take no time but that of its own clock; see `engine.Engine`.

    A task goes to the worker that is free first. It ends when it is computed and its bytes have come through
    the file server, which serves one task after the other.
    """

    state = ""

    def __init__(self, measured: Measured, plan: Plan) -> None:
        self._m, self._plan = measured, plan
        self._free = [0.0] * plan.workers
        self._ends: list[tuple[float, Key]] = []
        self._server = self._scheduler = 0.0
        self.now = 0.0
        self.tasks = 0

    @property
    def room(self) -> int:
        """Each worker has a task and one to go on with."""
        return _AHEAD * self._plan.workers - len(self._ends)

    def start(self, key: Key, order: dict[str, Any]) -> None:
        """Give a task to the worker that is free first."""
        self.tasks += 1
        self._scheduler = max(self._scheduler, self.now) + self._m.dispatch
        seconds, moved = self._takes(key[0], order)
        begin = max(heapq.heappop(self._free), self._scheduler)
        self._server = max(self._server, begin) + moved / self._plan.server
        end = max(begin + seconds / self._plan.speed + self._m.overhead, self._server)
        heapq.heappush(self._free, end)
        heapq.heappush(self._ends, (end, key))

    def next(self, _seconds: float) -> TaskOutcome | None:
        """The task that ends next."""
        if not self._ends:
            return None
        self.now, key = heapq.heappop(self._ends)
        return TaskOutcome(key, self._seen() if key[0] == "look" else {})

    def close(self) -> None:
        """Nothing is left running."""

    def _takes(self, kind: str, order: dict[str, Any]) -> tuple[float, float]:
        """Seconds of computing, on the measured worker, and bytes through the file server."""
        m, side = self._m, self._plan.side
        share = side**2 / m.side**2
        tile = (2 * ENDMEMBERS + 1) * 4
        if kind == "look":
            return m.look, 0.0
        if kind == "sample":
            return m.sample, SAMPLES * m.bands * 2
        if kind == "train":
            return m.train, len(order["samples"]) * SAMPLES * m.bands * 4
        if kind == "join":
            return m.join * share, 2 * side**2 * tile
        pixels = (order["last"] - order["first"]) * side
        return m.map * pixels / (m.block_rows * m.side), pixels * (m.bands * 2 + tile)

    def _seen(self) -> dict[str, Any]:
        """What a look at a scene finds."""
        side = self._plan.side
        rows = max(1, round(self._m.block_rows * self._m.side / side))
        numbers = list(range(1, self._m.bands + 1))
        return {
            "name": "scene", "rows": side, "cols": side, "block_rows": rows, "bands": numbers,
            "band_count": self._m.bands, "wavelengths": None, "unit": "", "date": None, "pixel_area": None,
            "warnings": [], "notes": [],
        }  # fmt: skip


@dataclass(frozen=True)
class Came:
    """What came of a simulation: its seconds, tasks, and the seconds the run's own code took for real."""

    seconds: float
    tasks: int
    client: float


def simulate_run(measured: Measured, plan: Plan) -> Came:
    """Let the run's code work through a plan with simulated workers."""
    scenes = tuple(f"/scenes/{number}.tif" for number in range(plan.scenes))
    with tempfile.TemporaryDirectory() as folder:
        job = ScenesJob("simulated", scenes, ENDMEMBERS, folder, models=plan.models, quality="draft")
        with RunFolder(job, folder_names(scenes)) as place:
            engine = Simulated(measured, plan)
            begun = time.monotonic()
            Schedule(job, place, JobProgress(lambda _event: None, lambda: False)).work(engine)
            return Came(engine.now, engine.tasks, time.monotonic() - begun)


def predicted(measured: Measured) -> tuple[float, float]:
    """What the simulation says of the measured scenes on one and two workers, from first task to last.

    Two workers on one machine slow each other down as two processes without Dask do.
    """
    here = Plan(measured.scenes, measured.side, "each", 1, server=1e12)
    one = simulate_run(measured, here).seconds
    two = simulate_run(
        measured, Plan(here.scenes, here.side, "each", 2, speed=1 / measured.slower, server=1e12)
    )
    return one, two.seconds


def write_page(m: Measured, folder: Path) -> None:
    """Write scaling.md and scaling.svg."""
    came = {
        speed: {n: simulate_run(m, Plan(SCENES, SIDE, "one", n, speed)) for n in WORKERS}
        for speed in (1, FAST)
    }
    faster = {
        speed: {n: one[1].seconds / value.seconds for n, value in one.items()} for speed, one in came.items()
    }
    one, two = predicted(m)
    rate = 3600 * m.scenes
    linear = m.one / m.two / 2
    text = f"""# How it scales

Made by `make bench-cluster`; the machine has {m.processors} processors, its load was {m.load[0]:.1f} \
before and {m.load[1]:.1f} after.

## Measured

{m.scenes} scenes of {m.side} x {m.side} x {m.bands}, draft quality, a model each, on the processor, a thread
a process.

| | seconds | scenes an hour |
|---|---|---|
| the command in a loop | {m.loop:.1f} | {rate / m.loop:.0f} |
| two such loops at once, half of the scenes each | {m.both:.1f} | {rate / m.both:.0f} |
| 1 worker | {m.one:.1f} | {rate / m.one:.0f} |
| 2 workers | {m.two:.1f} | {rate / m.two:.0f} |

Two workers against one: {m.one / m.two:.2f} times as fast, {linear:.2f} of linear. The two processors share
caches and clock: two loops without Dask are {m.loop / m.both:.2f} times as fast as one. Corrected for that:
**{linear * m.slower:.2f} of linear** (target: 0.9).

A block of {m.block_rows} x {m.side} pixels takes {m.map:.2f} s to map. Its task takes \
{m.overhead * 1000:.0f} ms more, {m.overhead / m.map:.1%} of it
(target: 3 %). When many tasks wait, scheduler and client pass {1 / m.dispatch:.0f} a second on. Moving the
block's bytes ({m.moved_bytes / 1e6:.0f} MB with its tile, here from the page cache) takes \
{m.moving:.2f} s, {m.moving / m.map:.0%} of the block's time;
reading goes on while the block before is computed.

Other tasks: look at a scene {m.look:.2f} s, its samples {m.sample:.2f} s, training {m.train:.1f} s, joining
{m.join:.2f} s.

## Simulated

The run's own code gives out the tasks; workers, scheduler and file server are simulated with the figures
above. Checked with the scenes above: for one worker it says {one:.1f} s, {m.one:.1f} s were measured \
({one / m.one - 1:+.0%}); for two
workers {two:.1f} s, and {m.two:.1f} s were measured ({two / m.two - 1:+.0%}).

{SCENES} scenes of {SIDE} x {SIDE} x {m.bands}, 16 bit, {ENDMEMBERS} endmembers, one model, on workers as \
fast as the one above,
and on workers {FAST} times as fast (as a graphics card may be), with one file server of \
{SERVER / 1e9:.2f} GB/s (10 Gbit/s).

| workers | hours | times as fast as 1 | of linear | hours, workers {FAST} times as fast | of linear |
|---|---|---|---|---|---|
"""
    for n in WORKERS:
        slow, fast = (came[speed][n].seconds / 3600 for speed in (1, FAST))
        text += f"| {n} | {slow:.2f} | {faster[1][n]:.1f} | {faster[1][n] / n:.2f} "
        text += f"| {fast:.3f} | {faster[FAST][n] / n:.2f} |\n"
    text += f"\n![Speed by number of workers](scaling.svg)\n\n{_why(m, came[1], faster[1])}\n"
    (folder / "scaling.md").write_text(text, encoding="utf-8")
    (folder / "scaling.svg").write_text(_plot(faster), encoding="utf-8")


def _why(m: Measured, came: dict[int, Came], faster: dict[int, float]) -> str:
    """Where it stops scaling, and what is in the way there."""
    most = max(came)
    tile = SIDE**2 * (2 * ENDMEMBERS + 1) * 4
    moved = SIDE**2 * m.bands * 2 + 3 * tile
    floor = SCENES * moved / SERVER
    limit = next((n for n in came if faster[n] < LINEAR * n), None)
    where = f"It stays above {LINEAR} of linear up to {most} workers."
    if limit is not None:
        where = f"It falls below {LINEAR} of linear at {limit} workers."
    return f"""{where} What is in the way, of the {came[most].seconds:.0f} s that {most} workers take:

- the file server: a scene moves {moved / 1e6:.0f} MB, which keeps it busy for {floor:.0f} s in all,
- the training of the one model, in which all others wait: {m.train:.0f} s,
- scheduler and client: {came[most].tasks} tasks of {m.dispatch * 1000:.1f} ms, \
{came[most].tasks * m.dispatch:.0f} s. The run's own code took {came[most].client:.1f} s of them for real.

Faster workers reach the server's limit with fewer of them: there faster storage is the way."""


def _plot(lines: dict[int, dict[int, float]]) -> str:
    """Speed against workers as SVG, with the line of linear scaling."""
    most = max(WORKERS)

    def place(workers: float, value: float) -> str:
        x = _LEFT + workers / most * (_WIDTH - _LEFT - _RIGHT)
        y = _HEIGHT - _BOTTOM - value / most * (_HEIGHT - _TOP - _BOTTOM)
        return f"{x:.1f},{y:.1f}"

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-size="12"',
        ' font-family="sans-serif"><rect width="100%" height="100%" fill="#fff"/>',
    ]
    for tick in range(0, most + 1, 50):
        x, y = place(tick, tick).split(",")
        grid = f"M{_LEFT} {y}H{_WIDTH - _RIGHT}M{x} {_TOP}V{_HEIGHT - _BOTTOM}"
        drawn.append(f'<path d="{grid}" stroke="#e5e5e5"/>')
        drawn.append(f'<text x="{_LEFT - 8}" y="{float(y) + 4}" text-anchor="end">{tick}</text>')
        drawn.append(f'<text x="{x}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{tick}</text>')
    drawn.append(f'<polyline points="{place(0, 0)} {place(most, most)}" stroke="#999" fill="none"/>')
    names = {1: "as measured", FAST: f"{FAST} times as fast"}
    for (speed, line), color in zip(lines.items(), ("#1f6f8b", "#c4572e"), strict=True):
        points = " ".join(place(workers, value) for workers, value in line.items())
        drawn.append(f'<polyline points="{points}" stroke="{color}" stroke-width="2" fill="none"/>')
        x, y = place(most, line[most]).split(",")
        name = f"workers {names[speed]}"
        drawn.append(f'<text x="{x}" y="{float(y) - 6:.1f}" text-anchor="end" fill="{color}">{name}</text>')
    drawn += [
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">Workers</text>',
        f'<text transform="translate(18 {_HEIGHT / 2}) rotate(-90)" text-anchor="middle">Speed-up</text>',
        "</svg>",
    ]
    return "".join(drawn) + "\n"
