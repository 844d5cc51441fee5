"""A QGIS without a window that does what lines on its stdin ask, and says what its user would see.

Each line is one JSON object with "do"; answers are JSON lines too. Runs go through a task, as the toolbox
has it, so that the main thread stays free for whatever happens to the project meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import locale
import os
import sys
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QTimer

LOOK = 50  # milliseconds between two looks at stdin


class Seen(QgsProcessingFeedback):
    """What the user reads."""

    def __init__(self) -> None:
        super().__init__(False)
        self.errors: list[str] = []

    def reportError(self, error: str, fatalError: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Keep an error."""
        self.errors.append(error)


class Host:
    """QGIS with the plugin in it."""

    def __init__(self, folder: str, name: str) -> None:
        """Load the plugin ``name`` that lies in ``folder``."""
        self.name = name
        self.app = QgsApplication([], True)
        self.app.initQgis()
        sys.path[:0] = [folder, str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins")]
        from processing.core.Processing import Processing
        from qgis import utils

        self.utils = utils
        Processing.initialize()
        utils.plugin_paths = [folder]
        self.load()
        self.lines: SimpleQueue[str] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.timer = QTimer()
        self.timer.timeout.connect(self._look)
        self.timer.start(LOOK)
        self.running: dict[int, Any] = {}
        self.say(ready=True)

    def load(self) -> None:
        """Load the plugin as QGIS does."""
        self.utils.updateAvailablePlugins()
        assert self.utils.loadPlugin(self.name)  # noqa: S101 (nothing can be tried without it)
        assert self.utils.startProcessingPlugin(self.name)  # noqa: S101

    def say(self, **answer: Any) -> None:
        """Send a line."""
        print(json.dumps(answer), flush=True)

    def _listen(self) -> None:
        for line in sys.stdin:
            self.lines.put(line)
        self.lines.put('{"do": "quit"}')

    def _look(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                order = json.loads(self.lines.get_nowait())
                getattr(self, f"do_{order.pop('do')}")(**order)

    def do_run(
        self,
        options: dict[str, Any],
        environment: dict[str, str],
        number: int = 0,
        algorithm: str = "auvae:unmix",
        wait: bool = False,  # noqa: FBT001, FBT002 (a line's)
    ) -> None:
        """Start an unmixing, or let it wait in the queue; ``environment`` is what its worker finds."""
        os.environ.update(environment)
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(algorithm)
        if algorithm is None:
            self.say(done=False, number=number, errors=["The algorithm is not there."])
            return
        context, feedback = QgsProcessingContext(), Seen()
        context.setProject(QgsProject.instance())
        context.setFeedback(feedback)
        possible, problem = algorithm.checkParameterValues(options, context)
        if not possible:
            self.say(done=False, number=number, errors=[problem])
            return
        task = QgsProcessingAlgRunnerTask(algorithm, options, context, feedback)

        def executed(successful: bool, _results: dict[str, Any]) -> None:  # noqa: FBT001 (a signal's)
            self.say(done=bool(successful), number=number, errors=feedback.errors)
            self.running.pop(number, None)

        task.executed.connect(executed)
        self.running[number] = (task, context, feedback, algorithm)
        if wait:
            task.hold()
        QgsApplication.taskManager().addTask(task)
        self.say(queued=True)

    def do_go(self) -> None:
        """Let the run that waits in the queue begin."""
        self.running[0][0].unhold()

    def do_cancel(self) -> None:
        """Press Cancel."""
        self.running[0][2].cancel()

    def do_decimal(self) -> None:
        """Say what C writes between whole and fraction."""
        self.say(decimal=locale.localeconv()["decimal_point"])

    def do_cool(self) -> None:
        """End the worker that waits for the next job: its fault was another."""
        sys.modules[f"{self.name}.auvae_qgis.worker.run"].end_idle_worker()
        self.say(cool=True)

    def do_add(self, path: str) -> None:
        """Add a layer to the project."""
        layer = QgsRasterLayer(path, "scene", "gdal")
        QgsProject.instance().addMapLayer(layer)
        self.say(added=layer.id() if layer.isValid() else "")

    def do_remove(self) -> None:
        """Remove all layers from the project."""
        QgsProject.instance().removeAllMapLayers()
        self.say(removed=True)

    def do_close(self) -> None:
        """Close the project."""
        QgsProject.instance().clear()
        self.say(closed=True)

    def do_reload(self) -> None:
        """Reload the plugin, as the Plugin Reloader does."""
        self.utils.unloadPlugin(self.name)
        self.load()
        self.say(reloaded=True)

    def do_disable(self) -> None:
        """Disable the plugin."""
        self.utils.unloadPlugin(self.name)
        self.say(disabled=True)

    def do_ping(self) -> None:
        """Say that QGIS lives."""
        self.say(alive=True)

    def do_measure(self) -> None:
        """Say what this process holds."""
        status = Path("/proc/self/status").read_text(encoding="ascii")
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        self.say(
            kilobytes=int(resident.split()[1]),
            handles=len(list(Path("/proc/self/fd").iterdir())),
            threads=len(list(Path("/proc/self/task").iterdir())),
        )

    def do_quit(self) -> None:
        """Leave, as QGIS does when its window is closed."""
        self.timer.stop()
        QgsProject.instance().clear()
        self.app.quit()


if __name__ == "__main__":
    host = Host(*sys.argv[1:3])
    host.app.exec()
    host.app.exitQgis()
