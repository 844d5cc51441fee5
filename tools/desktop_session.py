"""Uses the plugin inside the real QGIS desktop as a person would: scene, dialog, dock, picture of the window.

``qgis --code`` runs this file for tools/screenshot.py; the desktop test imports its steps. It is told what to
do through AUVAE_SCENE, AUVAE_ENDMEMBERS, AUVAE_OUTPUT and AUVAE_SCREENSHOT.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import processing
from qgis.core import (
    QgsApplication,
    QgsContrastEnhancement,
    QgsMultiBandColorRenderer,
    QgsProject,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
)
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QSize, Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDockWidget
from qgis.utils import iface

TRUE_COLOUR = (640.0, 550.0, 460.0)  # nm
WINDOW = QSize(1600, 1000)
LARGEST = 300_000  # bytes of a picture in the README


def wait(condition: Callable[[], object], seconds: float) -> None:
    """Let the desktop go on until ``condition()`` holds; raises TimeoutError when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds} s in vain for {condition.__name__}")
        QApplication.processEvents()
        time.sleep(0.02)


def pause(seconds: float) -> None:
    """Let the desktop go on for a while."""
    until = time.monotonic() + seconds
    wait(lambda: time.monotonic() > until, seconds + 1)


def open_scene(path: str) -> QgsRasterLayer:
    """Load a scene and look at all of it."""
    layer = iface.addRasterLayer(path, Path(path).stem)
    if layer is None or not layer.isValid():
        raise OSError(f"QGIS cannot open {path}")
    iface.setActiveLayer(layer)
    iface.mapCanvas().zoomToFullExtent()
    return layer


def run_from_toolbox(
    parameters: dict[str, object], seconds: float, algorithm: str = "auvae:unmix"
) -> dict[str, object]:
    """Fill in the algorithm's dialog, press Run, wait for the end, close the dialog."""
    dialog = processing.createAlgorithmDialog(algorithm, parameters)
    ended: list[tuple[bool, dict[str, object]]] = []
    dialog.algorithmFinished.connect(lambda succeeded, results: ended.append((succeeded, results)))
    dialog.show()
    dialog.runButton().click()
    wait(lambda: ended, seconds)
    succeeded, results = ended[0]
    dialog.close()
    if not succeeded:
        raise RuntimeError("The algorithm failed; its log is above.")
    return results


def dock() -> QgsDockWidget:
    """Return the dock with the spectra."""
    return iface.mainWindow().findChild(QDockWidget, "AuvaeSpectrumDock")


def show_true_colour(layer: QgsRasterLayer, wavelengths: list[float | None]) -> None:
    """Draw the scene in the bands nearest to red, green and blue; ``wavelengths`` in nm, one a band."""
    known = [(number, nm) for number, nm in enumerate(wavelengths, 1) if nm]
    if len(known) < len(TRUE_COLOUR):
        return
    bands = [min(known, key=lambda band: abs(band[1] - wanted))[0] for wanted in TRUE_COLOUR]
    layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), *bands))
    layer.setContrastEnhancement(
        QgsContrastEnhancement.StretchToMinimumMaximum, QgsRasterMinMaxOrigin.CumulativeCut
    )


def arrange() -> None:
    """Give the window its size, the map and the dock their room."""
    window = iface.mainWindow()
    window.showNormal()
    window.setGeometry(0, 0, WINDOW.width(), WINDOW.height())
    for other in window.findChildren(QDockWidget):
        if other.objectName() not in ("Layers", "AuvaeSpectrumDock"):
            other.hide()
    window.resizeDocks(
        [window.findChild(QDockWidget, "Layers"), dock()], [300, 560], Qt.Orientation.Horizontal
    )
    iface.messageBar().clearWidgets()
    iface.mapCanvas().zoomToFullExtent()
    pause(1.0)
    wait(lambda: not iface.mapCanvas().isDrawing(), 30)
    pause(0.5)


def take_picture(path: Path) -> None:
    """Save the window as PNG, in 256 colours where that is needed to stay small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = iface.mainWindow().grab().toImage()
    picture.save(str(path))
    if path.stat().st_size > LARGEST:
        few_colours = picture.Format.Format_Indexed8
        picture.convertToFormat(few_colours, Qt.ImageConversionFlag.DiffuseDither).save(str(path))


def session() -> None:
    """Unmix a scene and take the picture."""
    scene = open_scene(os.environ["AUVAE_SCENE"])
    results = run_from_toolbox(
        {
            "INPUT": scene.id(),
            "ENDMEMBERS": int(os.environ["AUVAE_ENDMEMBERS"]),
            "OUTPUT": os.environ["AUVAE_OUTPUT"],
        },
        540,
    )
    document = json.loads((Path(str(results["OUTPUT"])) / "result.json").read_text(encoding="utf-8"))
    show_true_colour(scene, [band["wavelength_nm"] for band in document["bands"]])
    arrange()
    take_picture(Path(os.environ["AUVAE_SCREENSHOT"]))


def leave(status: int) -> None:
    """End QGIS without questions; layers go first, it crashes otherwise."""
    QgsProject.instance().clear()
    QgsApplication.instance().processEvents()
    os._exit(status)


def run(steps: Callable[[], None]) -> None:
    """Run ``steps`` once the desktop is up and end QGIS, with status 1 when something went wrong."""

    def start() -> None:
        status = 1
        try:
            steps()
            status = 0
        except Exception:  # noqa: BLE001 (QGIS would stay open)
            traceback.print_exc()
        sys.stderr.flush()
        leave(status)

    QTimer.singleShot(500, start)


if os.environ.get("AUVAE_SCREENSHOT"):
    run(session)
