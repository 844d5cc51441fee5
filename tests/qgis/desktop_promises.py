"""Goes through the plugin in the real desktop and writes down what it saw; test_desktop.py judges that."""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import processing
from desktop_session import arrange, dock, open_scene, pause, run, run_from_toolbox, take_picture, wait
from qgis import utils
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDialog, QDockWidget, QPushButton, QTextEdit, QToolButton, QWidget
from qgis.utils import iface

NAME = "auvae_unmixing"
FOLDER = Path(os.environ["AUVAE_FOLDER"])
SCENE = os.environ["AUVAE_SCENE"]
ENDMEMBERS = int(os.environ["AUVAE_ENDMEMBERS"])


def menu_entries() -> list[str]:
    """Return what the plugin's menu offers."""
    menus = [action.menu() for action in iface.pluginMenu().actions() if action.text() == "AUVAE Unmixing"]
    return [entry.text() for menu in menus for entry in menu.actions()]


def our_buttons() -> list[str]:
    """Return which buttons the plugin has in the tool bar of plugins."""
    shown = [action.text() for action in iface.pluginToolBar().actions()]
    return [
        text for text in shown if text in ("Open hyperspectral image…", "Unmix (AUVAE-Net)…", "Probe pixels")
    ]


def seen_in_dock() -> dict[str, object]:
    """Return what the dock shows."""
    plot = dock().spectra
    lines = [line for line in plot.axes.lines if line.get_label().startswith("Endmember")]
    return {
        "visible": dock().isVisible(),
        "plotted": plot.panel.isVisible(),
        "title": plot.axes.get_title(),
        "x": plot.axes.get_xlabel(),
        "y": plot.axes.get_ylabel(),
        "colors": [line.get_color().lower() for line in lines],
        "in front": [line.get_label() for line in lines if line.get_linewidth() > 2],
        "gaps": [int(np.isnan(line.get_ydata()).sum()) for line in lines],
        "range": [float(lines[0].get_xdata().min()), float(lines[0].get_xdata().max())] if lines else [],
    }


def draws_of_the_dock() -> Callable[[], list[str]]:
    """List the plots of the dock that are drawn from the first layer on that comes into the project."""
    moments: list[tuple[str, float]] = []
    loaded: list[float] = []
    for tab in (dock().spectra, dock().probe, dock().library, dock().training):
        name = type(tab).__name__
        tab.panel.canvas.mpl_connect(
            "draw_event", lambda _event, name=name: moments.append((name, time.monotonic()))
        )
    QgsProject.instance().layersAdded.connect(lambda _layers: loaded.append(time.monotonic()))
    return lambda: [name for name, moment in moments if loaded and moment > loaded[0]]


def image_in_a_dialog() -> str:
    """Open the dialog as the toolbox does; return the image that is chosen in it."""
    dialog = processing.createAlgorithmDialog("auvae:unmix", {})
    dialog.show()
    pause(0.2)
    chosen = QgsProject.instance().mapLayer(dialog.mainWidget().wrappers["INPUT"].parameterValue())
    dialog.grab().save(str(FOLDER / "dialog.png"))
    dialog.close()
    return chosen.name()


def cluster_windows() -> list[QDialog]:
    """Return the windows for a cluster's address that there are."""
    windows = iface.mainWindow().findChildren(QDialog)
    return [window for window in windows if type(window).__name__ == "ClusterDialog"]


def layers_in_group() -> list[dict[str, str]]:
    """Return the maps in the scene's group, from top to bottom."""
    group = QgsProject.instance().layerTreeRoot().findGroup(f"{Path(SCENE).stem}, {ENDMEMBERS} endmembers")
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


def click_in_the_map(scene: QgsRasterLayer) -> dict[str, object]:
    """Probe two pixels, in a map of another CRS than the scene's, and a place beside the scene."""
    canvas = iface.mapCanvas()
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    [probe] = [action for action in utils.plugins[NAME].window._actions if action.text() == "Probe pixels"]
    probe.trigger()
    to_map = QgsCoordinateTransform(scene.crs(), canvas.mapSettings().destinationCrs(), QgsProject.instance())
    canvas.setExtent(to_map.transformBoundingBox(scene.extent().buffered(200)))
    canvas.refresh()
    pause(0.5)
    tab = dock().probe

    def click(row: float, col: float) -> None:
        area = scene.extent()
        place = QgsPointXY(
            area.xMinimum() + (col + 0.5) * scene.rasterUnitsPerPixelX(),
            area.yMaximum() - (row + 0.5) * scene.rasterUnitsPerPixelY(),
        )
        point = canvas.getCoordinateTransform().transform(to_map.transform(place)).toQPointF().toPoint()
        QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=point)

    click(10, 7)
    wait(lambda: len(tab.trail) == 1, 5)
    click(15, 12)
    wait(lambda: len(tab.trail) == 2, 5)
    found = {
        "pixels": [[step.pixel.row, step.pixel.col] for step in tab.trail],
        "sums": [float(step.pixel.abundances.sum()) for step in tab.trail],
        "with spectrum": all(step.pixel.spectrum is not None for step in tab.trail),
        "marks": len(utils.plugins[NAME].window.control.probe._marks),
    }
    take_picture(FOLDER / "probe.png")
    tab.name.setText("salt")
    tab.known.click()
    click(-3, 5)
    wait(lambda: "outside" in tab.note.text(), 5)
    click(0, 0)
    wait(lambda: "No data" in tab.note.text(), 5)
    return found


def unmix_again() -> dict[str, object]:
    """Ask for another run with what is known; return what the dialog is filled in with."""
    session = utils.plugins[NAME].window.session
    asked: list[dict[str, object]] = []
    shown, session.open_unmix = session.open_unmix, asked.append
    dock().probe.again.click()
    session.open_unmix = shown
    [parameters] = asked
    places = QgsProject.instance().mapLayer(parameters["KNOWN_PLACES"])
    names = [feature["name"] for feature in places.getFeatures()]
    QgsProject.instance().removeMapLayer(places.id())
    image = QgsProject.instance().mapLayer(parameters["INPUT"]).name()
    return {"image": image, "places": names, "endmembers": parameters["ENDMEMBERS"]}


def name_by_a_library() -> dict[str, object]:
    """Load the result's own library with other names, and take over the name of the best match."""
    folder = FOLDER / "result"
    header = (folder / "endmember_spectra.hdr").read_text(encoding="utf-8").replace("Endmember", "Mineral")
    (FOLDER / "own.hdr").write_text(header, encoding="utf-8")
    (FOLDER / "own.sli").write_bytes((folder / "endmember_spectra.sli").read_bytes())
    tab, first = dock().library, QgsProject.instance().mapLayersByName("Endmember 1")[0]
    color = first.renderer().shader().rasterShaderFunction().colorRampItemList()[-1].color.name()
    dock().tabs.setCurrentWidget(tab)
    tab.load_asked.emit([FOLDER / "own.sli"])
    wait(lambda: tab._matches, 10)
    best = [matches[0].profile.name for matches in tab._matches]
    angles = [matches[0].angle for matches in tab._matches]
    item = tab.tree.topLevelItem(0).child(0)
    tab.tree.setCurrentItem(item)
    tab.use_name.click()
    wait(lambda: dock().result.endmembers[0].name == "Mineral 1", 10)
    take_picture(FOLDER / "library.png")
    layer = QgsProject.instance().mapLayer(first.id())
    shader = layer.renderer().shader().rasterShaderFunction()
    return {
        "best": best,
        "angles": angles,
        "layer": layer.name(),
        "source": Path(layer.source()).name,
        "valid": layer.isValid(),
        "in all layers": names_in_layers(),
        "color kept": shader.colorRampItemList()[-1].color.name() == color,
        "old file": (folder / "abundance_Endmember_1.tif").exists(),
        "legend": dock().spectra.legend.item(0).text(),
        "twice refused": name_twice(tab),
    }


def rename_in_the_tree() -> str:
    """Rename a layer as a user does and take up the offer; return what the dock calls the endmember then."""
    iface.messageBar().clearWidgets()
    layer = QgsProject.instance().mapLayersByName("Endmember 2")[0]
    layer.setName("Lake")
    iface.messageBar().currentItem().findChild(QPushButton, "").click()
    wait(lambda: dock().result.endmembers[1].name == "Lake", 10)
    return dock().spectra.legend.item(1).text()


def names_in_layers() -> list[str]:
    """Return the first endmember's name in the legend of classes and among the styles of the uncertainty."""
    [classes] = QgsProject.instance().mapLayersByName("Dominant material")
    [uncertainty] = QgsProject.instance().mapLayersByName("Uncertainty")
    named = [style for style in uncertainty.styleManager().styles() if style.endswith(" 1")]
    return [classes.renderer().classes()[0].label, *named]


def name_twice(tab: QWidget) -> str:
    """Ask for a name that another endmember has; return what the analyst reads."""
    iface.messageBar().clearWidgets()
    tab.name_chosen.emit(1, "Mineral 1")
    return iface.messageBar().currentItem().text()


def extract_endmembers() -> dict[str, object]:
    """Extract endmembers in the dialog; return what the dock shows then."""
    dock().tabs.setCurrentWidget(dock().spectra)
    parameters = {"INPUT": SCENE, "ENDMEMBERS": ENDMEMBERS, "LIBRARY": "TEMPORARY_OUTPUT"}
    run_from_toolbox(parameters, 60, "auvae:extractendmembers")
    tab = dock().library
    wait(lambda: dock().tabs.currentWidget() is tab, 10)
    pause(0.5)
    take_picture(FOLDER / "extracted.png")
    lines = [line for line in tab.axes.lines if not line.get_label().startswith("_")]
    return {"lines": len(lines), "title": tab.axes.get_title()}


def seen_of_training() -> dict[str, object]:
    """Return what the training tab shows of a result that is finished."""
    tab = dock().training
    dock().tabs.setCurrentWidget(tab)
    pause(0.3)
    axes = tab.panel.canvas.figure.axes
    moves = next(one for one in axes if one.get_label() == "spectra")
    return {
        "losses": [one.get_title() for one in axes if one is not moves],
        "moves": len([line for line in moves.lines if not line.get_label().startswith("_")]),
        "earlier": sum(len(lines.get_segments()) for lines in moves.collections),
    }


def promises() -> None:
    """Do what a user does, in one sitting."""
    facts: dict[str, object] = {
        "menu": menu_entries(),
        "tool bar": our_buttons(),
        "dock at start": dock().isVisible(),
    }
    scene = open_scene(SCENE)
    parameters = {
        "INPUT": scene.id(),
        "ENDMEMBERS": ENDMEMBERS,
        "QUALITY": 0,
        "OUTPUT": str(FOLDER / "result"),
    }
    heard: list[dict[str, object]] = []
    utils.plugins[NAME].provider.worker_event.connect(lambda _job, event: heard.append(event))
    dock().setUserVisible(True)
    drawn = draws_of_the_dock()
    run_from_toolbox(parameters, 240)
    wait(lambda: bool(drawn()), 10)
    pause(1.0)  # in which nothing is drawn a second time
    facts["draws of the dock for a result"] = drawn()
    facts["garbage"] = {"gone through": len(gc.get_objects()), "passed over": gc.get_freeze_count()}
    facts["heard"] = {kind: sum(event["event"] == kind for event in heard) for kind in ("scene", "ended")}
    facts["moving"] = sum("endmembers" in event for event in heard if event["event"] == "progress")
    wait(lambda: dock().isVisible(), 5)
    facts["layers"] = layers_in_group()
    offered = iface.messageBar().currentItem().findChildren(QToolButton)
    facts["offered above the map"] = [button.text() for button in offered if button.text()]
    facts["active"] = iface.activeLayer().name()
    facts["image in the next dialog"] = image_in_a_dialog()
    arrange()  # a low dock leaves the title out
    facts["after the run"] = seen_in_dock()
    take_picture(FOLDER / "desktop.png")

    project = str(FOLDER / "project.qgz")
    QgsProject.instance().write(project)
    iface.newProject()
    pause(0.2)
    facts["plotted in an empty project"] = dock().spectra.isVisible()
    iface.addProject(project)
    pause(0.5)
    facts["after reopening"] = seen_in_dock()
    second = QgsProject.instance().mapLayersByName("Endmember 2")[0]
    iface.setActiveLayer(second)
    wait(lambda: "Endmember 2" in seen_in_dock()["in front"], 5)
    facts["after picking the second map"] = seen_in_dock()

    facts["probe"] = click_in_the_map(second)
    facts["again"] = unmix_again()
    facts["library"] = name_by_a_library()
    facts["renamed in the tree"] = rename_in_the_tree()
    facts["results"] = [dock().results.itemText(row) for row in range(dock().results.count())]
    facts["training kept"] = seen_of_training()

    facts["extracted"] = extract_endmembers()

    actions = {action.text(): action for action in utils.plugins[NAME].window._actions}
    actions["Set up…"].trigger()
    [dialog] = utils.plugins[NAME].window._windows.values()
    wait(lambda: dialog._task is None, 30)
    facts["set-up says"] = dialog.state.text()
    dialog.grab().save(str(FOLDER / "setup.png"))
    dialog.close()

    facts["cancel"] = cancel_in_the_dialog({**parameters, "QUALITY": 2, "OUTPUT": str(FOLDER / "cancelled")})

    QgsApplication.setUITheme("Night Mapping")
    pause(0.5)
    facts["paper in a dark theme"] = [
        round(255 * part) for part in dock().spectra.panel.canvas.figure.get_facecolor()[:3]
    ]
    facts["ink in a dark theme"] = dock().spectra.axes.xaxis.label.get_color()
    take_picture(FOLDER / "dark.png")

    for _ in range(2):
        actions["Cluster…"].trigger()
    pause(0.2)
    [cluster] = cluster_windows()
    cluster.grab().save(str(FOLDER / "cluster.png"))

    QgsProject.instance().clear()
    utils.unloadPlugin(NAME)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    pause(0.2)
    facts["after unloading"] = {
        "menu": menu_entries(),
        "tool bar": our_buttons(),
        "dock": iface.mainWindow().findChild(QDockWidget, "AuvaeSpectrumDock") is not None,
        "windows": len(cluster_windows()),
        "garbage passed over": gc.get_freeze_count(),
        "algorithm": QgsApplication.processingRegistry().algorithmById("auvae:unmix") is not None,
    }
    (FOLDER / "facts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


run(promises)
