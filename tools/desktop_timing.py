"""Measures one run at the real desktop, from Run to the map on the screen, for tools/bench_desktop.py.

It is told what to do through AUVAE_SCENE, AUVAE_ENDMEMBERS, AUVAE_QUALITY, AUVAE_OUTPUT, AUVAE_WARM (seconds
that the dialog stays open before Run) and AUVAE_OPENED (not empty: the plugin opens the image); what it
measured goes to AUVAE_FACTS. AUVAE_STACKS names a file for the stacks of what held the window up.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path

import processing
from desktop_session import arrange, dock, open_scene, pause, run, wait
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.utils import iface, plugins

PLUGIN = "auvae_unmixing"
TICK = 0.05  # seconds
LONG = 0.15  # seconds: a gap that a person notices
SAMPLE = 0.01  # seconds between two looks at what the window's thread does


class Pulse:
    """Counts the seconds in which the window did nothing, by a timer that should come every 50 ms."""

    def __init__(self) -> None:
        self.gaps: list[float] = []  # seconds
        self.worked: list[float] = []  # seconds of them in which the window's thread had the processor
        self._before, self._had = time.monotonic(), time.thread_time()
        self._stacks: list[tuple[float, str]] = []
        self._timer = QTimer()
        self._timer.setInterval(int(1000 * TICK))
        self._timer.timeout.connect(self._beat)
        self._timer.start()
        self.stacks: Counter[str] = Counter()
        if os.environ.get("AUVAE_STACKS"):
            threading.Thread(target=self._watch, args=(threading.get_ident(),), daemon=True).start()

    def _beat(self) -> None:
        now = time.monotonic()
        gap = now - self._before
        self.gaps.append(gap)
        had = time.thread_time()
        self.worked.append(had - self._had)
        self._had = had
        if gap > LONG:
            seen = [stack for moment, stack in self._stacks if self._before <= moment <= now]
            title = f"gap of {1000 * gap:.0f} ms ({1000 * self.worked[-1]:.0f} of work) at {self._before:.2f}"
            self.stacks.update(f"{title}\n{stack}" for stack in seen)
        self._stacks.clear()
        self._before = now

    def _watch(self, window: int) -> None:
        while True:
            time.sleep(SAMPLE)
            frame = sys._current_frames().get(window)  # noqa: SLF001 (there is no other way to look at a thread)
            lines = traceback.format_stack(frame)[-14:]
            self._stacks.append((time.monotonic(), "".join(lines)))

    def largest(self) -> float:
        """Return the longest time between two beats, in milliseconds."""
        return 1000 * max(self.gaps)


def note_composite(times: list[float]) -> None:
    """Note the time, now that the map is drawn, if it shows the composite of a result."""
    if "Composite" in {layer.name() for layer in iface.mapCanvas().layers()}:
        times.append(time.monotonic())


def memory() -> int:
    """Return the most memory that QGIS took so far, in MiB; macOS counts in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (2**20 if sys.platform == "darwin" else 2**10))


def measure() -> None:
    """Open a scene and the dialog, press Run, wait for the map; the Training tab is open all the time."""
    path = os.environ["AUVAE_SCENE"]
    session = plugins[PLUGIN].window.session
    scene = session.open_image(Path(path)) if os.environ["AUVAE_OPENED"] else open_scene(path)
    window = dock()
    window.setUserVisible(True)
    arrange()
    before = memory()
    parameters = {
        "INPUT": scene.id(),
        "ENDMEMBERS": int(os.environ["AUVAE_ENDMEMBERS"]),
        "QUALITY": int(os.environ["AUVAE_QUALITY"]),
        "OUTPUT": os.environ["AUVAE_OUTPUT"],
    }
    dialog = processing.createAlgorithmDialog("auvae:unmix", parameters)
    ended: list[bool] = []
    dialog.algorithmFinished.connect(lambda succeeded, _results: ended.append(succeeded))
    dialog.show()
    pause(float(os.environ["AUVAE_WARM"]))
    draws: list[float] = []
    for tab in (window.spectra, window.probe, window.library, window.training):
        tab.panel.canvas.mpl_connect("draw_event", lambda _event: draws.append(time.monotonic()))
    loaded: list[float] = []
    QgsProject.instance().layersAdded.connect(lambda _layers: loaded.append(time.monotonic()))
    drawn: list[float] = []  # QGIS may still be loading further layers then

    iface.mapCanvas().mapCanvasRefreshed.connect(lambda: note_composite(drawn))
    heard: dict[str, float] = {}  # the first event of every kind
    provider = QgsApplication.processingRegistry().providerById("auvae")
    provider.worker_event.connect(lambda _job, event: heard.setdefault(event["event"], time.monotonic()))
    pulse = Pulse()
    started = time.monotonic()
    dialog.runButton().click()
    window.tabs.setCurrentWidget(window.training)
    wait(lambda: drawn, 540)
    seconds = drawn[0] - started
    wait(lambda: ended, 60)
    pause(1.5)  # what follows the loading counts as well
    dialog.close()
    facts = {
        "seconds": round(seconds, 2),
        "scene_read_s": round(heard["scene"] - started, 2),
        "result_written_s": round(heard["ended"] - started, 2),
        "layers_come_s": round(loaded[0] - started, 2),
        "largest_gap_ms": round(pulse.largest()),
        "largest_work_ms": round(1000 * max(pulse.worked)),
        "gaps_over_150_ms": sum(gap > LONG for gap in pulse.gaps),
        "dock_redraws": sum(moment >= loaded[0] for moment in draws),
        "redraws_while_training": sum(moment < loaded[0] for moment in draws),
        "memory_mib": memory() - before,
    }
    if not ended[0]:
        raise RuntimeError("The run failed; its log is above.")
    Path(os.environ["AUVAE_FACTS"]).write_text(json.dumps(facts), encoding="utf-8")
    if os.environ.get("AUVAE_STACKS"):
        text = "\n".join(f"{count} samples, {stack}" for stack, count in pulse.stacks.most_common(60))
        Path(os.environ["AUVAE_STACKS"]).write_text(text, encoding="utf-8")
    QgsProject.instance().removeAllMapLayers()


run(measure)
