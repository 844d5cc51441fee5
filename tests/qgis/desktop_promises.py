"""Goes through the plugin in the real desktop and writes down what it saw; test_desktop.py judges that."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import processing
from desktop_session import arrange, dock, open_scene, pause, run, run_from_toolbox, take_picture, wait
from qgis import utils
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QCoreApplication, QEvent
from qgis.PyQt.QtWidgets import QDockWidget, QTextEdit
from qgis.utils import iface

NAME = "auvae_unmixing"
FOLDER = Path(os.environ["AUVAE_FOLDER"])
SCENE = os.environ["AUVAE_SCENE"]
ENDMEMBERS = int(os.environ["AUVAE_ENDMEMBERS"])


def menu_entries() -> list[str]:
    """Return what the plugin's menu offers."""
    menus = [action.menu() for action in iface.pluginMenu().actions() if action.text() == "AUVAE Unmixing"]
    return [entry.text() for menu in menus for entry in menu.actions()]


def seen_in_dock() -> dict[str, object]:
    """Return what the dock shows."""
    plot = dock().plot
    lines = [line for line in plot.axes.lines if line.get_label().startswith("Endmember")]
    return {
        "visible": dock().isVisible(),
        "plotted": plot.isVisible(),
        "title": plot.axes.get_title(),
        "x": plot.axes.get_xlabel(),
        "y": plot.axes.get_ylabel(),
        "colors": [line.get_color().lower() for line in lines],
        "in front": [line.get_label() for line in lines if line.get_linewidth() > 2],
        "gaps": [int(np.isnan(line.get_ydata()).sum()) for line in lines],
        "range": [float(lines[0].get_xdata().min()), float(lines[0].get_xdata().max())] if lines else [],
    }


def layers_in_group() -> list[dict[str, str]]:
    """Return the maps in the scene's group, from top to bottom."""
    group = QgsProject.instance().layerTreeRoot().findGroup(Path(SCENE).stem)
    layers = [node.layer() for node in group.findLayers() if node.layer().name().startswith("Endmember")]
    shaders = [layer.renderer().shader().rasterShaderFunction() for layer in layers]
    colors = [shader.colorRampItemList()[-1].color.name() for shader in shaders]
    return [{"name": layer.name(), "color": color} for layer, color in zip(layers, colors, strict=True)]


def cancel_in_the_dialog(parameters: dict[str, object]) -> dict[str, object]:
    """Press Cancel in the algorithm's dialog while it trains."""
    before = set(Path(parameters["OUTPUT"]).parent.iterdir())
    dialog = processing.createAlgorithmDialog("auvae:unmix", parameters)
    ended: list[bool] = []
    dialog.algorithmFinished.connect(lambda succeeded, _results: ended.append(succeeded))
    dialog.show()
    dialog.runButton().click()
    wait(lambda: any(" of " in log.toPlainText() for log in dialog.findChildren(QTextEdit)), 60)
    pressed = time.monotonic()
    dialog.cancelButton().click()
    wait(lambda: ended or dialog.runButton().isEnabled(), 10)
    seconds = time.monotonic() - pressed
    pause(0.3)
    dialog.close()
    return {"seconds": seconds, "left": len(set(Path(parameters["OUTPUT"]).parent.iterdir()) - before)}


def promises() -> None:
    """Do what a user does, in one sitting."""
    facts: dict[str, object] = {"menu": menu_entries(), "dock at start": dock().isVisible()}
    scene = open_scene(SCENE)
    parameters = {
        "INPUT": scene.id(),
        "ENDMEMBERS": ENDMEMBERS,
        "QUALITY": 0,
        "OUTPUT": str(FOLDER / "result"),
    }
    run_from_toolbox(parameters, 240)
    wait(lambda: dock().isVisible(), 5)
    facts["layers"] = layers_in_group()
    facts["active"] = iface.activeLayer().name()
    facts["after the run"] = seen_in_dock()
    arrange()
    take_picture(FOLDER / "desktop.png")

    project = str(FOLDER / "project.qgz")
    QgsProject.instance().write(project)
    iface.newProject()
    pause(0.2)
    facts["plotted in an empty project"] = dock().plot.isVisible()
    iface.addProject(project)
    pause(0.5)
    facts["after reopening"] = seen_in_dock()
    second = QgsProject.instance().mapLayersByName("Endmember 2")[0]
    iface.setActiveLayer(second)
    pause(0.2)
    facts["after picking the second map"] = seen_in_dock()

    [set_up] = [
        action for action in utils.plugins[NAME].window._actions if action.text().startswith("Set up")
    ]
    set_up.trigger()
    dialog = utils.plugins[NAME].window._set_up
    wait(lambda: dialog._task is None, 30)
    facts["set-up says"] = dialog.state.text()
    dialog.grab().save(str(FOLDER / "setup.png"))
    dialog.close()

    facts["cancel"] = cancel_in_the_dialog({**parameters, "QUALITY": 2, "OUTPUT": str(FOLDER / "cancelled")})

    QgsApplication.setUITheme("Night Mapping")
    pause(0.5)
    facts["paper in a dark theme"] = [round(255 * part) for part in dock().plot.figure.get_facecolor()[:3]]
    facts["ink in a dark theme"] = dock().plot.axes.xaxis.label.get_color()
    take_picture(FOLDER / "dark.png")

    QgsProject.instance().clear()
    utils.unloadPlugin(NAME)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    pause(0.2)
    facts["after unloading"] = {
        "menu": menu_entries(),
        "dock": iface.mainWindow().findChild(QDockWidget, "AuvaeSpectrumDock") is not None,
        "algorithm": QgsApplication.processingRegistry().algorithmById("auvae:unmix") is not None,
    }
    (FOLDER / "facts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


run(promises)
