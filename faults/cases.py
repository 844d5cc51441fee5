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
PAGE = 4096  # bytes that the smallest file takes on a disk
ASLEEP = 4.0  # seconds a process is stopped for
LONG_PATH = 250
MEMORY, DISK = r"memory", r"disk is full"


@dataclass
class Outcome:
    """What came of a fault: what the user saw, what was left behind, and what must not be."""

    saw: str
    left: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    tried: bool = True


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
        ("file size limit", "disk-full", ("mapping", "writing", "finishing"), DISK),
        ("quota (injected)", "quota", ("writing", "finishing"), DISK),
        ("folder of the output removed", "folder-removed", STAGES[1:], r"^$|removed|cannot be written"),
        ("older result removed", "result-removed", ("training", "finishing"), SUCCEEDS),
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
    found += [Case("disk full (tmpfs)", f"at {room}k", _small_disk(room)) for room in (64, 256, 360)]
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
    found += [
        Case(fault, "queued", _queued(order, saw))
        for fault, order, saw in (*meanwhile[:2], *((*one[:2], "unloaded") for one in meanwhile[2:]))
    ]
    found += [Case("QGIS quit", stage, _quit(stage)) for stage in ("training", "writing")]
    found += [
        Case("QGIS killed", "after it", _killed_idle),
        Case("GPU memory returned", "after it", _no_gpu),
        Case("two runs into one folder", "at once", _two_runs, quick=True),
        Case("two QGIS, two folders", "at once", _two_qgis),
        Case("two QGIS into one folder", "at once", _two_qgis_one_folder),
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
        Case("large scene, worker killed, again", "mapping", _taken_up),
    ]
    found += [
        Case(f"several scenes, {fault}, again", stage, _several(fault, stage))
        for fault in ("worker killed", "QGIS killed", "cancelled")
        for stage in ("reading", "training", "mapping", "joining", "moving")
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


def _after(qgis: Qgis, place: Place, outcome: Outcome, *, loaded: bool = True) -> Outcome:
    """Look at what is left, once QGIS has let go of its waiting worker; an unloaded plugin has none."""
    if loaded:
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


def _killed_idle(shop: Workshop) -> Outcome:
    """The worker waits for another job, with all that it has loaded."""
    with shop.place() as place, shop.own_qgis(place) as qgis:
        qgis.ask("run", options=place.options(), environment=place.environment("none@training"))
        outcome = _judged(place, qgis.expect("done"), SUCCEEDS)
        waiting = qgis.relatives()
        qgis.kill()
        if not waiting or all_gone(qgis):
            outcome.problems.append("no worker waited" if not waiting else "the waiting worker lives on")
        return outcome


def _no_gpu(_shop: Workshop) -> Outcome:
    return Outcome(
        "not tried: needs a CUDA card; the worker's process holds its memory, and ends", tried=False
    )


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
            options = place.options(INPUT=_layer(qgis, place))
            qgis.ask("run", options=options, environment=place.environment(f"pause@{stage}"))
            place.wait_for_mark()
            qgis.ask(order)
            outcome = _judged(place, qgis.expect("done"), saw)
            return _after(qgis, place, outcome, loaded=order != "disable")

    return happen


def _layer(qgis: Qgis, place: Place) -> str:
    """Open the scene in the project; returns the layer's id."""
    qgis.ask("add", path=str(place.scene))
    return str(qgis.expect("added")["added"])


def _queued(order: str, saw: str) -> Callable[[Workshop], Outcome]:
    """The same while the run waits for others to end."""

    def happen(shop: Workshop) -> Outcome:
        with shop.place() as place, shop.own_qgis(place) as qgis:
            options = place.options(INPUT=_layer(qgis, place))
            qgis.ask("run", options=options, environment=place.environment("none@training"), wait=True)
            qgis.expect("queued")
            qgis.ask(order)
            qgis.ask("go")
            outcome = _judged(place, qgis.expect("done"), saw)
            return _after(qgis, place, outcome, loaded=order != "disable")

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


def _two_qgis_one_folder(shop: Workshop) -> Outcome:
    with shop.place() as place, shop.own_qgis(place) as first:
        second = shop.qgis
        first.ask("run", options=place.options(), environment=place.environment("pause@training"))
        place.wait_for_mark()
        second.ask("run", options=place.options(SEED=8), environment=place.environment("none@training"))
        answer = second.expect("done")
        outcome = Outcome((answer["errors"] or ["the result"])[-1])
        if answer["done"] or "Another run" not in outcome.saw:
            outcome.problems.append("the second run was not refused")
        outcome.problems += _judged(place, first.expect("done"), SUCCEEDS).problems
        outcome = _after(second, place, outcome)
        return _after(first, place, outcome)


def _small_disk(room: int) -> Callable[[Workshop], Outcome]:
    """A disk with an older result on it and so many kibibytes more."""

    def happen(shop: Workshop) -> Outcome:
        with shop.place() as place:
            disk = place.root / "disk"
            disk.mkdir()
            pages = sum(-(-path.stat().st_size // PAGE) for path in place.output.iterdir())
            mount = ["mount", "-t", "tmpfs", "-o", f"size={pages * PAGE // 1024 + room}k", "none", str(disk)]
            if subprocess.run(mount, capture_output=True, check=False).returncode:
                return Outcome("not tried: only root may mount a small disk", tried=False)
            try:
                qgis = shop.qgis
                place.move(disk)
                qgis.ask("run", options=place.options(), environment=place.environment("none@training"))
                return _after(qgis, place, _judged(place, qgis.expect("done"), DISK))
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
        german = {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "LOCPATH": folder}
        with shop.place() as place, shop.own_qgis(place, **german) as qgis:
            qgis.ask("decimal")
            if qgis.expect("decimal")["decimal"] != ",":
                return Outcome("not tried: this system has no German locale", tried=False)
        return _environment(**german)(shop)


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


def _taken_up(shop: Workshop) -> Outcome:
    """What was mapped of a large scene waits beside the older result, and the same run goes on from there."""
    with shop.place() as place:
        qgis = shop.qgis
        qgis.ask("run", options=place.options(), environment=place.environment("kill@large: mapping"))
        outcome = _judged(place, qgis.expect("done"), MEMORY)
        [half] = place.left() or [""]
        if ".partial-" not in half:
            outcome.problems.append("nothing to go on from")
        qgis.ask("run", options=place.options(), environment=place.environment("none@large: mapping"))
        outcome.problems += _judged(place, qgis.expect("done"), SUCCEEDS).problems
        return _after(qgis, place, outcome)


def _several(fault: str, stage: str) -> Callable[[Workshop], Outcome]:
    """A run over two scenes is stopped; what is finished stays, and the same run goes on from there."""

    def happen(shop: Workshop) -> Outcome:
        with shop.place(name="several") as place, shop.own_qgis(place) as qgis:
            shutil.rmtree(place.output)
            other = shutil.copy(place.scene, place.scene.with_name("other.tif"))
            options = place.options(INPUTS=[str(place.scene), str(other)])
            del options["INPUT"]
            order = "kill" if fault == "worker killed" else "pause"
            begun = {"options": options, "algorithm": "auvae:unmixscenes"}
            qgis.ask("run", **begun, environment=place.environment(f"{order}@scenes: {stage}"))
            place.wait_for_mark()
            if fault == "QGIS killed":
                qgis.kill()
                outcome = Outcome("QGIS is gone")
            else:
                if fault == "cancelled":
                    qgis.ask("cancel")
                answer = qgis.expect("done")
                outcome = Outcome((answer["errors"] or ["nothing"])[-1])
                if answer["done"] or not is_clear(outcome.saw):
                    outcome.problems.append("no clear sentence")
            if fault == "QGIS killed" and all_gone(qgis):
                outcome.problems.append("processes left")
            finished = place.whole_results()
            if len(finished) < (stage == "moving"):
                outcome.problems.append("a finished scene was lost")
            with shop.own_qgis(place) as again:
                again.ask("run", **begun, environment=place.environment("none@scenes: mapping"))
                answer = again.expect("done")
                if not answer["done"]:
                    outcome.problems.append(f"it does not go on: {answer['errors']}")
                outcome = _after(again, place, outcome)
            names = {path.name for path in place.output.iterdir()}
            if names != {place.scene.stem, "other", "summary.csv", "summary.html", "summary.json"}:
                outcome.problems.append(f"there is {', '.join(sorted(names))}")
            if not finished.items() <= place.whole_results().items():
                outcome.problems.append("a finished scene was unmixed again")
            return outcome

    return happen
