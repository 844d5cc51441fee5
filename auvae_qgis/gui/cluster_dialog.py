"""The window for the address of a Dask scheduler: keeps it, and shows who works there. Starts no cluster."""

from __future__ import annotations

import uuid
from typing import Any

from qgis.core import QgsProcessingFeedback
from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from .. import settings
from ..environment.find import find_worker_python
from ..help_pages import help_url
from ..plain_text import as_plain
from ..translation import tr
from ..worker.errors import WorkerCancelled
from ..worker.run import run_job
from .background import Background

GIB = 1024**3


class ClusterDialog(QDialog):
    """Takes the address of a scheduler, and tests it on request."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Cluster of AUVAE Unmixing"))
        self.resize(720, 360)
        self._background = Background(self)
        self._feedback: QgsProcessingFeedback | None = None
        self.address = QLineEdit(settings.cluster_address())
        self.address.setPlaceholderText("tcp://host:8786")
        self.test = QPushButton(tr("Test"))
        self.test.clicked.connect(self.start_test)
        row = QHBoxLayout()
        row.addWidget(QLabel(tr("Dask scheduler:")))
        row.addWidget(self.address, 1)
        row.addWidget(self.test)
        titles = [tr("Worker"), tr("Threads"), tr("Memory"), tr("GPUs"), tr("AUVAE"), tr("State")]
        self.table = QTableWidget(0, len(titles))
        self.table.setHorizontalHeaderLabels(titles)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.state = QLabel(
            tr(
                "Unmix several scenes runs there when its RUN_ON is “cluster”. Leave the address empty for "
                "none. Help tells how to start a scheduler and workers."
            )
        )
        self.state.setWordWrap(True)
        self.state.setTextFormat(Qt.TextFormat.PlainText)  # a scheduler's words
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.Help
        )
        buttons.helpRequested.connect(lambda: QDesktopServices.openUrl(QUrl(help_url("cluster"))))
        buttons.accepted.connect(self._save)
        buttons.rejected.connect(self.reject)
        self.test.setAutoDefault(False)
        column = QVBoxLayout(self)
        column.addLayout(row)
        column.addWidget(self.table, 1)
        column.addWidget(self.state)
        column.addWidget(buttons)

    def start_test(self) -> None:
        """Ask the scheduler for its workers, on another thread."""
        python = find_worker_python(settings.worker_python())
        if python.problem:
            self.state.setText(python.problem)
            return
        job = {"schema": 1, "task": "cluster", "id": uuid.uuid4().hex, "run_on": self.address.text().strip()}
        self._feedback = feedback = QgsProcessingFeedback()
        self.test.setEnabled(False)
        self.table.setRowCount(0)
        self.state.setText(tr("Asking {}…").format(job["run_on"]))
        self._background.start(lambda: run_job(python.path, job, feedback), self._show, self._failed)

    def _show(self, result: dict[str, Any]) -> None:
        self.test.setEnabled(True)
        workers = result["workers"]
        self.table.setRowCount(len(workers))
        for row, worker in enumerate(workers):
            memory = tr("{:.1f} GiB").format(worker["memory"] / GIB) if worker["memory"] else tr("no limit")
            cells = (
                worker["name"],
                str(worker["threads"]),
                memory,
                ", ".join(worker["gpus"]) or tr("none"),
                worker["auvae"] or "?",
                tr("takes no part: {}").format(worker["problem"]) if worker["problem"] else tr("ready"),
            )
            versions = tr("Python {}, torch {}").format(worker["python"] or "?", worker["torch"] or "?")
            tips = {0: worker["address"], 4: versions}
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(as_plain(tips.get(column, text)))
                self.table.setItem(row, column, item)
        ready = sum(not worker["problem"] for worker in workers)
        said = [tr("{} of {} workers are ready. Dask {}.").format(ready, len(workers), result["distributed"])]
        self.state.setText(" ".join([*said, *map(str, result["warnings"])]))

    def _failed(self, error: Exception) -> None:
        self.test.setEnabled(True)
        if not isinstance(error, WorkerCancelled):
            self.state.setText(str(error))

    def _save(self) -> None:
        settings.set_cluster_address(self.address.text().strip())
        self.accept()

    def done(self, result: int) -> None:
        """Close the window; a test that still runs is stopped."""
        if self._feedback is not None:
            self._feedback.cancel()
        self._background.stop()
        super().done(result)
