"""A simulation of many workers on one file server, from what one and two workers took; its page and plot."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from pathlib import Path

SCENES, ROWS, COLS, BANDS, ENDMEMBERS = 1000, 1000, 1000, 224, 4
WORKERS = (1, 2, 5, 10, 20, 40, 60, 80, 100, 120, 150, 200)
SERVER = 1.25e9  # bytes a second: a file server on 10 Gbit/s Ethernet
DISPATCH = 1.0e-3  # seconds of the scheduler for each task, from Dask's own documentation
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 340, 70, 20, 16, 44


@dataclass(frozen=True)
class Measured:
    """What was measured on one machine, in seconds.

    Attributes:
        scenes: how many; size: of each; pixels, bands: of each.
        loop: the command once for each scene; one, two: all of them on so many workers.
        load: of the machine before and after; processors: how many it has.
        training: of one model; block: of mapping a block of block_pixels.
        moving: reading the block's pixels and writing its tile; moved_bytes: how many bytes that are.
        overhead: of a block's task beyond its work; empty: of a task that does nothing.
    """

    scenes: int
    size: str
    pixels: int
    bands: int
    loop: float
    one: float
    two: float
    load: tuple[float, float]
    processors: int
    training: float
    block_pixels: int
    block: float
    moving: float
    moved_bytes: float
    overhead: float
    empty: float


def simulate_run(measured: Measured, workers: int, scenes: int = SCENES, pixels: int = ROWS * COLS) -> float:
    """Seconds that a run of one model takes, tasks being given out in order to whoever is free.

    A block takes the measured seconds a pixel without those of moving bytes; its bytes queue at the file
    server, which gives all of its rate to one block after the other; so do those of joining.
    """
    work = (measured.block - measured.moving) / measured.block_pixels
    blocks = -(-pixels // 262_144)
    size = pixels / blocks
    read = size * BANDS * 2
    tile = size * (2 * ENDMEMBERS + 1) * 4
    own = measured.moved_bytes / max(measured.moving, 1e-9)  # what a worker alone moves in a second
    server = scheduler = measured.training
    free = [measured.training] * workers
    heapq.heapify(free)

    def task(seconds: float, moved: float) -> None:
        nonlocal server, scheduler
        scheduler = max(scheduler + DISPATCH, min(free) if free else 0.0)
        start = max(heapq.heappop(free), scheduler)
        server = max(server, start) + moved / SERVER
        heapq.heappush(free, max(server, start + moved / own) + seconds + measured.overhead)

    for _ in range(scenes):
        for _ in range(blocks):
            task(size * work, read + tile)
        # Joining reads the tiles and writes rasters: about as long as a third of its blocks.
        task(blocks * size * work * 0.3, 2 * blocks * tile)
    return max(free)


def write_page(measured: Measured, folder: Path) -> None:
    """Write scaling.md and scaling.svg."""
    hours = {workers: simulate_run(measured, workers) / 3600 for workers in WORKERS}
    speed = {workers: hours[1] / value for workers, value in hours.items()}
    limit = next((workers for workers in WORKERS if speed[workers] < 0.9 * workers), None)
    m = measured
    check = simulate_run(m, 2, m.scenes, m.pixels) / simulate_run(m, 1, m.scenes, m.pixels)
    rate = 3600 * m.scenes
    lines = [
        "# How it scales",
        "",
        (
            "Made by `make bench-cluster`. The machine was shared while it ran: load "
            f"{m.load[0]:.1f} before and {m.load[1]:.1f} after, on {m.processors} processors. "
            "With a load above "
            "the number of processors, two workers cannot be twice as fast as one: see the figures as "
            "what they "
            "are, and run it again on a machine of your own."
        ),
        "",
        "## Measured",
        "",
        f"{m.scenes} scenes of {m.size}, draft quality, a model each, on the processor, a thread a process.",
        "",
        "| | seconds | scenes an hour |",
        "|---|---|---|",
        f"| the command in a loop | {m.loop:.1f} | {rate / m.loop:.0f} |",
        f"| 1 worker | {m.one:.1f} | {rate / m.one:.0f} |",
        f"| 2 workers | {m.two:.1f} | {rate / m.two:.0f} |",
        "",
        (
            f"Two workers against one: {m.one / m.two:.2f} times as fast, {m.one / m.two / 2:.2f} of linear "
            "(target: 0.9, on processors of their own)."
        ),
        "",
        (
            f"A block of {m.block_pixels} pixels takes {m.block:.2f} s to map. Its task takes "
            f"{m.overhead * 1000:.0f} "
            f"ms more, {m.overhead / m.block:.1%} of it (target: 3 %); a task that does nothing takes "
            f"{m.empty * 1000:.0f} ms. Moving its bytes (reading its pixels, "
            f"{m.moved_bytes / 1e6:.0f} MB with its "
            f"tile, here from the page cache) takes {m.moving:.2f} s, {m.moving / m.block:.0%} of it."
        ),
        "",
        "## Simulated",
        "",
        (
            f"{SCENES} scenes of {ROWS} x {COLS} x {BANDS}, 16 bit, {ENDMEMBERS} endmembers, one model, on "
            "workers "
            f"as fast as the one above and one file server of {SERVER / 1e9:.2f} GB/s (10 Gbit/s). "
            f"Tasks go to whoever "
            f"is free, {DISPATCH * 1000:.0f} ms of the scheduler each; bytes of all workers queue at the "
            "server."
        ),
        "",
        (
            f"For the measured scenes the simulation says {1 / check:.2f} times as fast with two workers, "
            f"{m.one / m.two:.2f} was measured."
        ),
        "",
        "| workers | hours | times as fast as 1 | of linear |",
        "|---|---|---|---|",
        *(
            f"| {workers} | {hours[workers]:.2f} | {speed[workers]:.1f} | {speed[workers] / workers:.2f} |"
            for workers in WORKERS
        ),
        "",
        "![Speed by number of workers](scaling.svg)",
        "",
        _why(m, limit),
    ]
    (folder / "scaling.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "scaling.svg").write_text(_plot(speed), encoding="utf-8")


def _why(m: Measured, limit: int | None) -> str:
    """Where it stops scaling, and what is in the way there."""
    blocks = -(-ROWS * COLS // 262_144)
    tile = ROWS * COLS * (2 * ENDMEMBERS + 1) * 4
    moved = ROWS * COLS * BANDS * 2 + 3 * tile
    floor = SCENES * moved / SERVER
    seconds = (m.block - m.moving) / m.block_pixels * ROWS * COLS * 1.3
    full = seconds / (moved / SERVER)
    where = (
        "It stays above 0.9 of linear up to 200 workers."
        if limit is None
        else (f"It falls below 0.9 of linear at {limit} workers.")
    )
    return (
        f"{where} A scene moves {moved / 1e6:.0f} MB and takes {seconds:.0f} s of computing, so that the "
        "file "
        f"server is busy all the time with about {full:.0f} workers of this speed: "
        f"{floor / 60:.0f} minutes are the "
        f"floor, however many there are. Before that the training counts, {m.training:.0f} s in which all "
        "others "
        f"wait. The scheduler's {SCENES * (blocks + 1)} tasks take it "
        f"{SCENES * (blocks + 1) * DISPATCH:.0f} s in all. Faster workers (GPUs) reach the "
        "server's limit with fewer of "
        "them: there faster storage is the way, not more workers."
    )


def _plot(speed: dict[int, float]) -> str:
    """Speed against workers as SVG, with the line of linear scaling."""
    most = max(speed)

    def place(workers: float, value: float) -> str:
        x = _LEFT + workers / most * (_WIDTH - _LEFT - _RIGHT)
        y = _HEIGHT - _BOTTOM - value / most * (_HEIGHT - _TOP - _BOTTOM)
        return f"{x:.1f},{y:.1f}"

    drawn = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" '
            'font-size="12"><rect width="100%" height="100%" fill="#fff"/>'
        )
    ]
    for tick in range(0, most + 1, 50):
        x, y = place(tick, tick).split(",")
        lines = f"M{_LEFT} {y}H{_WIDTH - _RIGHT}M{x} {_TOP}V{_HEIGHT - _BOTTOM}"
        drawn.append(f'<path d="{lines}" stroke="#e5e5e5"/>')
        drawn.append(f'<text x="{_LEFT - 8}" y="{float(y) + 4}" text-anchor="end">{tick}</text>')
        drawn.append(f'<text x="{x}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{tick}</text>')
    points = " ".join(place(workers, value) for workers, value in speed.items())
    drawn += [
        f'<polyline points="{place(0, 0)} {place(most, most)}" stroke="#999" fill="none"/>',
        f'<polyline points="{points}" stroke="#1f6f8b" stroke-width="2" fill="none"/>',
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">Workers</text>',
        f'<text transform="translate(18 {_HEIGHT / 2}) rotate(-90)" text-anchor="middle">Speed-up</text>',
        "</svg>",
    ]
    return "".join(drawn) + "\n"
