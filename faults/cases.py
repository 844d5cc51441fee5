"""Every fault: how it is brought about, and what the user must see of it. What must always hold: place.py."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .place import Place, Problem, Qgis, all_gone, is_clear

STAGES = ("reading", "start", "training", "mapping", "writing", "finishing", "moving")
SUCCEEDS = ""
ASLEEP = 4.0  # seconds a process is stopped for
LONG_PATH = 250
MEMORY, DISK = r"memory", r"disk is full"


@dataclass
class Outcome:
    """What came of a fault: what the user saw, what was left behind, and what must not be."""

    saw: str
    left: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """One fault at one time; ``quick`` ones are run in CI."""

    fault: str
    when: str
    happen: Callable[[Workshop], Outcome]
    quick: bool = False


class Workshop:
    """A scene, an older result, and a QGIS that most faults share, to show that it outlives them."""

    def __init__(self, older: Path, scene: Path) -> None:
        self.older, self.scene = older, scene
        self._folder = Path(tempfile.mkdtemp(prefix="auvae-faults-"))
        self._qgis: Qgis | None = None

    @property
    def qgis(self) -> Qgis:
        """The QGIS that is there, or a new one where a fault ended it."""
        if self._qgis is None or self._qgis.process.poll() is not None:
            self._qgis = Qgis(self._folder)
        return self._qgis

    @contextmanager
    def own_qgis(self, place: Place, **environment: str) -> Iterator[Qgis]:
        """A QGIS for one fault alone."""
        qgis = Qgis(place.root, **environment)
        try:
            yield qgis
        finally:
            qgis.end()

    @contextmanager
    def place(self, **options: Any) -> Iterator[Place]:
        """A place for one fault."""
        place = Place(self.older, self.scene, **options)
        try:
            yield place
        finally:
            place.remove()

    def close(self) -> None:
        """End QGIS and remove what was made."""
        if self._qgis is not None:
            self._qgis.end()
        shutil.rmtree(self._folder, ignore_errors=True)


def cases() -> list[Case]:
    """Every case, in the order of the table."""
    found = [
        Case("worker killed", stage, _worker("kill", MEMORY), quick=stage in ("training", "moving"))
        for stage in STAGES
    ]
    found = [Case(case.fault, case.when, _at(case.when, case.happen), case.quick) for case in found]
    found += [Case("QGIS killed", stage, _killed(stage), stage == "moving") for stage in STAGES]
    in_the_worker = [
        ("GPU out of memory", "gpu-memory", ("start", "training", "mapping"), MEMORY),
        ("GPU out of memory, once", "gpu-memory-once", ("training", "mapping"), SUCCEEDS),
        ("memory limit (CPU)", "cpu-memory", STAGES[:6], f"^$|{MEMORY}"),
        ("CUDA error", "cuda-error", ("start", "training", "mapping"), r"graphics card"),
        ("loss not a number", "not-a-number", ("training",), r"not numbers"),
        ("file size limit, as a quota", "disk-full", ("mapping", "writing", "finishing"), DISK),
        ("folder of the output removed", "folder-removed", STAGES[1:], r"^$|removed|cannot be written"),
        ("input truncated", "truncated", ("reading", "training", "mapping"), r"changed while|truncated"),
        ("input replaced", "replaced", ("reading", "training", "mapping"), r"changed while"),
        ("clock set back 40 years", "clock", ("training",), SUCCEEDS),
    ]
    quick = {("CUDA error", "training"), ("loss not a number", "training"), ("input truncated", "mapping")}
    quick |= {("memory limit (CPU)", "mapping"), ("folder of the output removed", "writing")}
    found += [
        Case(fault, stage, _at(stage, _worker(name, saw)), (fault, stage) in quick)
        for fault, name, stages, saw in in_the_worker
        for stage in stages
    ]
    found += [Case("disk full (tmpfs)", size, _small_disk(size)) for size in ("64k", "256k")]
    found += [Case("worker asleep", stage, _asleep(stage)) for stage in ("training", "writing")]
    meanwhile = (
        ("layer removed", "remove", SUCCEEDS),
        ("project closed", "close", SUCCEEDS),
        ("plugin reloaded", "reload", "cancelled|unloaded"),
        ("plugin disabled", "disable", "cancelled|unloaded"),
    )
    found += [
        Case(fault, stage, _meanwhile(order, saw, stage), quick=order == "reload" and stage == "training")
        for fault, order, saw in meanwhile
        for stage in ("training", "writing")
    ]
    found += [Case("QGIS quit", stage, _quit(stage)) for stage in ("training", "writing")]
    found += [
        Case("two runs into one folder", "at once", _two_runs, quick=True),
        Case("two QGIS, two folders", "at once", _two_qgis),
        Case("HOME cannot be written", "always", _environment(HOME="/dev/null", XDG_DATA_HOME="/dev/null")),
        Case("locale with decimal commas", "always", _comma),
        Case("clock before 1970", "always", _worker("clock", SUCCEEDS, "reading")),
    ]
    found += [
        Case(f"path: {what}", "always", _path(name))
        for what, name in (
            ("spaces and quotes", "my \"best\" 'scene' & more; $HOME %d {0}"),
            ("accents", "Été à l’œuvre, größer"),
            ("Chinese", "高光谱影像"),
            ("250 characters", "p" * LONG_PATH),
        )
    ]
    found += [
        Case("result's name of 250 characters", "always", _long_name),
        Case("leftovers of a crash", "before", _leftovers),
        Case("older result set aside by a crash", "before", _set_aside),
    ]
    return found


# ---- how a fault is brought about


def _worker(name: str, saw: str, stage: str = "") -> Callable[..., Outcome]:
    """A fault within the worker, at a stage."""

    def happen(shop: Workshop, at: str = stage) -> Outcome:
        with shop.place() as place:
            qgis = shop.qgis
            qgis.ask("run", options=place.options(), environment=place.environment(f"{name}@{at}"))
            answer = qgis.expect("done")
            outcome = _judged(place, answer, saw, removed=name == "folder-removed")
            return _after(qgis, place, outcome)

    return happen


def _at(stage: str, happen: Callable[..., Outcome]) -> Callable[[Workshop], Outcome]:
    return lambda shop: happen(shop, stage)


def _judged(place: Place, answer: dict[str, Any], saw: str, *, removed: bool = False) -> Outcome:
    """What the user saw, and whether it is what they should; "^$" among the words: success will do too."""
    sentence = answer["errors"][-1] if answer["errors"] else ""
    outcome = Outcome(sentence or ("the result" if answer["done"] else "nothing"))
    if answer["done"]:
        if saw != SUCCEEDS and not saw.startswith("^$"):
            outcome.problems.append("it went on as if nothing had been")
        if not place.is_new():
            outcome.problems.append("no result in its place")
        return outcome
    if saw == SUCCEEDS:
        outcome.problems.append("it failed")
    elif not any(word in sentence for word in saw.split("|") if word != "^$"):
        outcome.problems.append(f"the sentence does not say {saw!r}")
    if not is_clear(sentence):
        outcome.problems.append("no clear sentence")
    if not removed and not place.older_is_untouched():
        outcome.problems.append("the older result was changed")
    if removed and place.output.exists():
        outcome.problems.append("part of a result under its final name")
    return outcome


def _after(qgis: Qgis, place: Place, outcome: Outcome) -> Outcome:
    """Look at what is left, once QGIS has let go of its waiting worker."""
    qgis.ask("cool")
    qgis.expect("cool")
    qgis.ask("ping")
    qgis.expect("alive")
    orphans = all_gone(qgis)
    if orphans:
        outcome.problems.append(f"{len(orphans)} processes left")
    outcome.left += place.left()
    if outcome.left:
        outcome.problems.append("something was left")
    return outcome


def _killed(stage: str) -> Callable[[Workshop], Outcome]:
    def happen(shop: Workshop) -> Outcome:
        with shop.place() as place, shop.own_qgis(place) as qgis:
            qgis.ask("run", options=place.options(), environment=place.environment(f"pause@{stage}"))
            place.wait_for_mark()
            qgis.kill()
            orphans = all_gone(qgis)
            outcome = Outcome("QGIS is gone", [name for name in place.left() if "tmp/" not in name])
            if orphans:
                outcome.problems.append(f"{len(orphans)} processes left")
            if not place.older_is_untouched() and not place.is_new():
                outcome.problems.append("neither the older result nor a whole new one")
            if outcome.left:
                outcome.problems.append("something was left")
            return outcome

    return happen


def _asleep(stage: str) -> Callable[[Workshop], Outcome]:
    def happen(shop: Workshop) -> Outcome:
        with shop.place() as place:
            qgis = shop.qgis
            qgis.ask("run", options=place.options(), environment=place.environment(f"pause@{stage}"))
            place.wait_for_mark()
            sleepers = [qgis.process.pid, *qgis.relatives()]
            for order in (signal.SIGSTOP, signal.SIGCONT):
                for pid in sleepers:
                    os.kill(pid, order)
                time.sleep(ASLEEP if order == signal.SIGSTOP else 0)
            return _after(qgis, place, _judged(place, qgis.expect("done"), SUCCEEDS))

    return happen


def _meanwhile(order: str, saw: str, stage: str) -> Callable[[Workshop], Outcome]:
    def happen(shop: Workshop) -> Outcome:
        with shop.place() as place, shop.own_qgis(place) as qgis:
            qgis.ask("add", path=str(place.scene))
            qgis.expect("added")
            qgis.ask("run", options=place.options(), environment=place.environment(f"pause@{stage}"))
            place.wait_for_mark()
            qgis.ask(order)
            outcome = _judged(place, qgis.expect("done"), saw)
            if order != "disable":
                return _after(qgis, place, outcome)
            qgis.ask("ping")
            qgis.expect("alive")
            outcome.left = place.left()
            if all_gone(qgis) or outcome.left:
                outcome.problems.append("something was left")
            return outcome

    return happen


def _quit(stage: str) -> Callable[[Workshop], Outcome]:
    def happen(shop: Workshop) -> Outcome:
        with shop.place() as place, shop.own_qgis(place) as qgis:
            qgis.ask("run", options=place.options(), environment=place.environment(f"pause@{stage}"))
            place.wait_for_mark()
            qgis.ask("quit")
            try:
                status = qgis.process.wait(20)
            except subprocess.TimeoutExpired:
                raise Problem("QGIS does not quit") from None
            outcome = Outcome(f"QGIS closed with status {status}")
            if status:
                outcome.problems.append("QGIS crashed while leaving")
            if all_gone(qgis):
                outcome.problems.append("processes left")
            outcome.left = [name for name in place.left() if "tmp/" not in name]
            if outcome.left:
                outcome.problems.append("something was left")
            if not place.older_is_untouched() and not place.is_new():
                outcome.problems.append("neither the older result nor a whole new one")
            return outcome

    return happen


def _two_runs(shop: Workshop) -> Outcome:
    """One is told that the other is at work, or comes after it; never a mixture."""
    with shop.place() as place:
        qgis = shop.qgis
        for number in (1, 2):
            qgis.ask(
                "run",
                options=place.options(SEED=number),
                environment=place.environment("pause@training"),
                number=number,
            )
        answers = [qgis.expect("done"), qgis.expect("done")]
        refused = [answer["errors"][-1] for answer in answers if not answer["done"]]
        outcome = Outcome(refused[0] if refused else "two results, one after the other")
        if len(refused) != 1 or "Another run" not in refused[0]:
            outcome.problems.append(f"{len(refused)} of 2 runs were refused")
        if not place.is_new():
            outcome.problems.append("no result in its place")
        return _after(qgis, place, outcome)


def _two_qgis(shop: Workshop) -> Outcome:
    with shop.place() as place, shop.place() as other, shop.own_qgis(place) as first:
        second = shop.qgis
        for qgis, where in ((first, place), (second, other)):
            qgis.ask("run", options=where.options(), environment=where.environment("none@training"))
        outcome = _judged(place, first.expect("done"), SUCCEEDS)
        outcome.problems += _judged(other, second.expect("done"), SUCCEEDS).problems
        outcome = _after(first, place, outcome)
        return _after(second, other, outcome)


def _small_disk(size: str) -> Callable[[Workshop], Outcome]:
    def happen(shop: Workshop) -> Outcome:
        with shop.place() as place:
            disk = place.root / "disk"
            disk.mkdir()
            mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(disk)]
            if subprocess.run(mount, capture_output=True, check=False).returncode:
                return Outcome("not tried: only root may mount a small disk")
            try:
                qgis = shop.qgis
                options = place.options(OUTPUT=str(disk / "result"))
                qgis.ask("run", options=options, environment=place.environment("none@training"))
                outcome = _judged(place, qgis.expect("done"), DISK)
                outcome.left = [path.name for path in disk.iterdir()]
                return _after(qgis, place, outcome)
            finally:
                subprocess.run(["umount", str(disk)], check=True)

    return happen


def _environment(**variables: str) -> Callable[[Workshop], Outcome]:
    def happen(shop: Workshop) -> Outcome:
        with shop.place() as place, shop.own_qgis(place, **variables) as qgis:
            qgis.ask("run", options=place.options(), environment=place.environment("none@training"))
            return _after(qgis, place, _judged(place, qgis.expect("done"), SUCCEEDS))

    return happen


def _comma(shop: Workshop) -> Outcome:
    """German decimal commas for C, Python, Qt and GDAL; where the system has none, they are made."""
    with tempfile.TemporaryDirectory() as folder:
        made = ["localedef", "-i", "de_DE", "-f", "UTF-8", f"{folder}/de_DE.UTF-8"]
        if shutil.which("localedef"):
            subprocess.run(made, capture_output=True, check=False)
        return _environment(LC_ALL="de_DE.UTF-8", LANG="de_DE.UTF-8", LOCPATH=folder)(shop)


def _path(name: str) -> Callable[[Workshop], Outcome]:
    def happen(shop: Workshop) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="auvae-") as folder:
            root = Path(folder, name)
            if len(name) >= LONG_PATH:  # of the result's raster with the longest name
                root = Path(folder, *["p" * 40] * 8)
                longest = len("/results/result/abundance_Endmember_1.tif")
                root = Path(str(root)[: LONG_PATH - longest].rstrip("/"))
            with shop.place(root=root) as place:
                qgis = shop.qgis
                qgis.ask("run", options=place.options(), environment=place.environment("none@training"))
                return _after(qgis, place, _judged(place, qgis.expect("done"), SUCCEEDS))

    return happen


def _long_name(shop: Workshop) -> Outcome:
    """There is no room for the name of the staging folder: said before the training."""
    with shop.place(name="r" * LONG_PATH) as place:
        qgis = shop.qgis
        qgis.ask("run", options=place.options(), environment=place.environment("none@training"))
        outcome = _judged(place, qgis.expect("done"), "shorter name")
        if place.mark.exists():
            outcome.problems.append("said only after the training had begun")
        return _after(qgis, place, outcome)


def _leftovers(shop: Workshop) -> Outcome:
    """Half a result of a run that the system ended: neither shown nor kept."""
    with shop.place() as place:
        half = place.results / f".{place.output.name}.partial-{'0' * 32}"
        shutil.copytree(shop.older, half)
        (half / "lock").touch()
        qgis = shop.qgis
        qgis.ask("run", options=place.options(), environment=place.environment("none@training"))
        return _after(qgis, place, _judged(place, qgis.expect("done"), SUCCEEDS))


def _set_aside(shop: Workshop) -> Outcome:
    """The power went between the two renames; the next run fails: the older result is there all the same."""
    with shop.place() as place:
        place.output.rename(place.results / f".{place.output.name}.previous-{'0' * 32}")
        qgis = shop.qgis
        qgis.ask("run", options=place.options(), environment=place.environment("cuda-error@training"))
        return _after(qgis, place, _judged(place, qgis.expect("done"), "graphics card"))
