"""The set-up window: shows the Python that unmixing runs in, installs one, or takes one that is there.

environment/ finds, builds and checks it; this file puts that on the screen, in background tasks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsTask
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QT_VERSION_STR, Qt, pyqtSignal
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from .. import settings
from ..environment import install
from ..environment.check import PythonReport, check_python
from ..environment.diagnostics import diagnostics
from ..environment.find import find_worker_python, own_folder
from ..environment.gpu import Gpu, detect_gpu, expected_gib, torch_build
from ..environment.setup_errors import SetupError
from ..paths import PLUGIN
from ..translation import tr
from ..worker.run import end_idle_worker


class EnvironmentDialog(QDialog):
    """Sets up the Python environment. Nothing is downloaded before Install is pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Set up AUVAE Unmixing"))
        self.resize(640, 520)
        self._task: _BackgroundTask | None = None
        self._gpu: Gpu | None = None
        self._report: PythonReport | None = None

        self.state = QLabel()
        self.state.setTextFormat(Qt.TextFormat.PlainText)
        self.state.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.state)
        layout.addWidget(self._install_box())
        layout.addWidget(self._own_python_box())
        self.early = QCheckBox(tr("Load PyTorch ahead, when an image or a dialog of the plugin is opened"))
        self.early.setToolTip(
            tr("Run then begins at once. It takes some 300 MB of memory for three minutes.")
        )
        self.early.setChecked(settings.start_early())
        self.early.toggled.connect(settings.set_start_early)
        layout.addWidget(self.early)
        self._log = QPlainTextEdit()
        self._log.setReadOnly(True)
        self._log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._log.setMaximumBlockCount(2000)
        layout.addWidget(self._log, 1)
        self._bar = QProgressBar()
        self._bar.hide()
        layout.addWidget(self._bar)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        copy = buttons.addButton(tr("Copy diagnostics"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.setToolTip(tr("Versions, paths, graphics card and the last lines, without passwords"))
        copy.clicked.connect(self._copy_diagnostics)
        layout.addWidget(buttons)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Enter in the field of the path must not install anything

        self._show_state()
        self._run(tr("Looking for a graphics card"), lambda _task: detect_gpu(), self._show_plan)

    def _install_box(self) -> QGroupBox:
        box = QGroupBox(tr("Install"))
        self._plan = QLabel(tr("Looking for a graphics card…"))
        self._plan.setTextFormat(Qt.TextFormat.PlainText)
        self._plan.setWordWrap(True)
        self._install = QPushButton(tr("Install"))
        self._install.clicked.connect(self._start_install)
        self._remove = QPushButton(tr("Remove"))
        self._remove.setToolTip(tr("Delete the plugin's own environment; results stay"))
        self._remove.clicked.connect(self._start_remove)
        self._cancel = QPushButton(tr("Cancel"))
        self._cancel.setEnabled(False)
        self._cancel.clicked.connect(self._cancel_task)
        row = QHBoxLayout()
        for button in (self._install, self._remove, self._cancel):
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout()
        column.addWidget(self._plan)
        column.addLayout(row)
        box.setLayout(column)
        return box

    def _own_python_box(self) -> QGroupBox:
        box = QGroupBox(tr("Or use a Python you already have"))
        self._chosen = QgsFileWidget()
        self._chosen.setDialogTitle(
            tr("A Python that has torch, rasterio, scipy, h5py, defusedxml and safetensors")
        )
        self._chosen.setFilePath(settings.worker_python() or "")
        self._use = QPushButton(tr("Check and use"))
        self._use.clicked.connect(self._start_check)
        self._chosen.lineEdit().returnPressed.connect(self._start_check)
        row = QHBoxLayout()
        row.addWidget(self._chosen, 1)
        row.addWidget(self._use)
        box.setLayout(row)
        return box

    def _show_state(self) -> None:
        found = find_worker_python(settings.worker_python())
        ready = tr("Ready. Unmixing runs in {}").format(found.path)
        self.state.setText(found.problem_in_set_up or found.problem or ready)
        there = (own_folder() / "pyvenv.cfg").is_file()
        self._install.setText(tr("Repair") if there else tr("Install"))
        self._remove.setEnabled(there and self._task is None)

    def _show_plan(self, gpu: Gpu | None) -> None:
        self._gpu = gpu
        build = torch_build(gpu)
        download, disk = expected_gib(gpu)
        card = (
            tr("Graphics card: {} ({} GiB), driver {}.").format(gpu.name, gpu.memory_gib, gpu.driver)
            if gpu
            else tr("No NVIDIA graphics card was found: unmixing will run on the processor.")
        )
        if gpu and build == "CPU":
            card += " " + tr("Its driver is too old for PyTorch's CUDA: install NVIDIA's current one first.")
        size = tr(
            "PyTorch (build for {}), NumPy, SciPy, Rasterio, Safetensors: {:.1f} GiB to download, "
            "{:.1f} GiB on disk."
        ).format(build, download, disk)
        place = tr("Place, apart from the Python of QGIS: {}").format(own_folder())
        self._plan.setText(f"{card}\n{size}\n{place}")

    def _start_install(self) -> None:
        def build(task: _BackgroundTask) -> None:
            end_idle_worker()  # its files are in use, which Windows minds
            install.build(own_folder(), task.tell, task.isCanceled)

        self._run(tr("Installing the environment of AUVAE Unmixing"), build, self._installed)

    def _start_remove(self) -> None:
        def remove(_task: _BackgroundTask) -> None:
            end_idle_worker()
            install.remove(own_folder())

        self._run(tr("Removing the environment"), remove, lambda _nothing: None)

    def _copy_diagnostics(self) -> None:
        metadata = ConfigParser(interpolation=None)
        metadata.read(PLUGIN / "metadata.txt", encoding="utf-8")
        versions = {
            "AUVAE Unmixing": metadata.get("general", "version", fallback="?"),
            "QGIS": Qgis.QGIS_VERSION,
            "Qt": QT_VERSION_STR,
            "Python of QGIS": sys.version.split()[0],
        }
        said = self._log.toPlainText().splitlines()
        text = diagnostics(versions, settings.worker_python(), self._gpu, self._report, said)
        QApplication.clipboard().setText(text)
        self._log.appendPlainText(tr("The diagnostics are in the clipboard."))

    def _installed(self, _nothing: None) -> None:
        settings.set_worker_python(None)  # the new environment counts, not a Python named earlier
        self._chosen.setFilePath("")

    def _start_check(self) -> None:
        path = self._chosen.filePath().strip()
        if not path:
            settings.set_worker_python(None)
            self._show_state()
            return
        self._run(
            tr("Checking {}").format(path),
            lambda task: check_python(path, task.isCanceled),
            lambda report: self._checked(path, report),
        )

    def _checked(self, path: str, report: PythonReport) -> None:
        self._report = report
        if report.problem:
            self._log.appendPlainText(report.problem)
            return
        settings.set_worker_python(str(Path(path)))
        versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
        device = report.gpu or tr("no CUDA graphics card")
        done = tr("a tiny scene unmixed in {} s").format(f"{report.seconds:.1f}")
        self._log.appendPlainText(f"Python {report.python}, {versions}; {device}; {done}")
        if report.gpu_problem:
            self._log.appendPlainText(report.gpu_problem)

    def _run(self, title: str, work: Callable[[_BackgroundTask], Any], done: Callable[[Any], None]) -> None:
        """Do ``work`` in a background task, then ``done`` with what it returned, on the main thread."""
        task = _BackgroundTask(title, work)
        task.said.connect(self._show_progress)
        task.ended.connect(lambda: self._finish(task, done))
        self._task = task
        self._busy(True)
        self._log.appendPlainText(f"{title}…")
        QgsApplication.taskManager().addTask(task)

    def _finish(self, task: _BackgroundTask, done: Callable[[Any], None]) -> None:
        self._task = None
        self._busy(False)
        if task.problem:
            self._log.appendPlainText(task.problem)
        else:
            done(task.answer)
        self._show_state()

    def _show_progress(self, fraction: float, text: str) -> None:
        self._bar.setRange(0, 100)
        self._bar.setValue(round(100 * fraction))
        if text:
            self._log.appendPlainText(text)
            self._log.verticalScrollBar().setValue(self._log.verticalScrollBar().maximum())

    def _busy(self, busy: bool) -> None:
        self._bar.setRange(0, 0)  # moves without a number until there is one
        self._bar.setVisible(busy)
        self._install.setEnabled(not busy)
        self._remove.setEnabled(not busy)
        self._use.setEnabled(not busy)
        self._cancel.setEnabled(busy)

    def _cancel_task(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def reject(self) -> None:
        """Close the window, as Escape and its close button do too; what it was doing stops."""
        if self._task is not None:
            self._task.said.disconnect()
            self._task.ended.disconnect()
            self._task.cancel()
            self._task = None
        super().reject()


class _BackgroundTask(QgsTask):
    """Runs one function of environment/ off the main thread; its signals arrive on it."""

    said = pyqtSignal(float, str)
    ended = pyqtSignal()

    def __init__(self, title: str, work: Callable[[_BackgroundTask], Any]) -> None:
        super().__init__(title, QgsTask.CanCancel)
        self._work = work
        self.answer: Any = None
        self.problem = ""

    def tell(self, fraction: float, text: str) -> None:
        """Report progress from the background thread."""
        self.setProgress(100 * fraction)
        self.said.emit(fraction, text)

    def run(self) -> bool:
        """Do the work; called by QGIS in a background thread."""
        try:
            self.answer = self._work(self)
        except SetupError as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001 (an exception here would take QGIS down)
            self.problem = f"{type(error).__name__}: {error}"
        return not self.problem or self.isCanceled()  # what was asked for has not failed

    def finished(self, _succeeded: bool) -> None:
        """Say so, on the main thread."""
        self.ended.emit()
