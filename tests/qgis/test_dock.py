"""The dock by itself: what can be read, clicked, typed, copied and saved in it, and what it says."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backend_bases import MouseEvent
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QListWidget,
    QStyleOptionViewItem,
    QToolButton,
    QTreeWidget,
)

from .conftest import MATERIALS

SCENE_EVENT = {
    "event": "scene", "name": "live", "unit": "Reflectance",
    "bands": [1, 2, 3], "wavelengths_nm": [400, 500, 600],
    "endmembers": [{"name": "A", "color": "#0072B2"}, {"name": "B", "color": "#D55E00"}],
}  # fmt: skip
SIZES = ((400, 300), (300, 240), (900, 500), (420, 900))


@pytest.fixture
def result(finished, plugin_modules):
    return plugin_modules("auvae_qgis.results.result").Result.read(Path(finished.results["OUTPUT"]))


@pytest.fixture
def dock(plugin_modules, result):
    """The dock with a result in it, visible, as high as four tabs allow."""
    made = plugin_modules("auvae_qgis.gui.dock.dock").ResultDock()
    made.resize(700, 600)
    made.show_result(result, 0)
    made.show()
    settle()
    yield made
    made.close()
    made.deleteLater()


def settle():
    for _ in range(5):
        QgsApplication.processEvents()


def wait_for(condition):
    for _ in range(1000):
        if condition():
            return
        QTest.qWait(20)
    raise TimeoutError


def lines(axes):
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def entry(legend, row):
    return legend.visualItemRect(legend.item(row)).center()


def test_without_matplotlib_the_dock_says_so_and_names_the_table(result, plugin_modules, monkeypatch):
    module = plugin_modules("auvae_qgis.gui.dock.dock")
    monkeypatch.setattr(module, "CAN_PLOT", False)
    dock = module.ResultDock()
    dock.show_result(result, 0)
    dock.list_results([result])
    dock.hear("1", {"event": "ended"})
    assert "matplotlib" in dock._note.text()
    assert "endmembers.csv" in dock._note.text()


def test_the_legend_says_how_many_hectares_or_why_there_are_none(result, plugin_modules, tmp_path):
    dock = plugin_modules("auvae_qgis.gui.dock.dock").ResultDock()

    def seen(shown):
        dock.show_result(shown, None)
        option, legend = QStyleOptionViewItem(), dock.spectra.legend
        legend.itemDelegate().initStyleOption(option, legend.indexFromItem(legend.item(0)))
        return option.text, legend.item(0).text(), dock.spectra.areas.text()

    drawn, edited, line = seen(result)
    area = result.document["endmembers"][0]["hectares"]
    assert (drawn, edited) == (f"Endmember 1  {area:.1f} ha", "Endmember 1")
    assert line.startswith(f"{sum(result.hectares):.1f} ha in all")
    folder = tmp_path / "result"
    shutil.copytree(result.folder, folder)
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    for endmember in document["endmembers"]:
        endmember["hectares"] = None
    document["area"] = {"hectares": None, "reason": "reflectance", "text": ""}
    (folder / "result.json").write_text(json.dumps(document), encoding="utf-8")
    drawn, _, line = seen(plugin_modules("auvae_qgis.results.result").Result.read(folder))
    assert drawn == "Endmember 1"
    assert line == "No hectares: abundances are shares of reflectance, not of the area"


def test_a_new_name_reaches_plot_and_legend_without_drawing_anew(
    result, plugin_modules, monkeypatch, tmp_path
):
    folder = tmp_path / "result"
    shutil.copytree(result.folder, folder)
    read = plugin_modules("auvae_qgis.results.result").Result.read
    dock = plugin_modules("auvae_qgis.gui.dock.dock").ResultDock()
    dock.show_result(read(folder), 0)
    dock.show()
    QgsApplication.processEvents()
    dock.spectra.legend.toggle(1)
    monkeypatch.setattr(dock.spectra, "_draw", lambda: pytest.fail("drawn anew"))
    dock.show_result(plugin_modules("auvae_qgis.results.rename").rename(folder, 1, "Lake").result, 0)
    assert [dock.spectra.legend.item(row).text() for row in range(2)] == ["Endmember 1", "Lake"]
    assert dock.spectra.legend.shown() == [True, False, True]
    assert list(lines(dock.spectra.axes)) == ["Endmember 1", "Lake", "Endmember 3"]
    dock.close()


def test_a_library_is_plotted_alone_even_before_there_is_a_result(result, plugin_modules):
    library = plugin_modules("model.auvae.contract.library").read_library(result.folder / "endmembers.csv")
    dock = plugin_modules("auvae_qgis.gui.dock.dock").ResultDock()
    dock.show()
    dock.library.set_libraries([library])
    dock.show_library(library.path)
    QgsApplication.processEvents()
    assert dock.tabs.currentWidget() is dock.library
    assert dock.library.panel.isVisible()
    assert list(lines(dock.library.axes)) == [f"Endmember {number + 1}" for number in range(MATERIALS)]
    table = dock.library._table()
    assert table.names == tuple(lines(dock.library.axes))
    assert table.values.shape == (len(library.profiles[0].centres), MATERIALS)
    dock.close()


def test_a_damaged_result_is_told_in_the_dock(result, plugin_modules, tmp_path):
    folder = tmp_path / "result"
    shutil.copytree(result.folder, folder)
    (folder / "endmembers.csv").write_text("wavelength_nm,Endmember 1\n400,1\n", encoding="utf-8")
    dock = plugin_modules("auvae_qgis.gui.dock.dock").ResultDock()
    dock.show_result(plugin_modules("auvae_qgis.results.result").Result.read(folder), None)
    assert "unmix the scene again" in dock._note.text()


def test_a_click_hides_a_ctrl_click_singles_out_and_a_double_click_renames(dock):
    legend, tab = dock.spectra.legend, dock.spectra
    port, left = legend.viewport(), Qt.MouseButton.LeftButton
    QTest.mouseClick(port, left, pos=entry(legend, 1))
    assert legend.shown() == [True, False, True]
    assert [line.get_visible() for line in lines(tab.axes).values()] == [True, False, True]
    QTest.mouseClick(port, left, Qt.KeyboardModifier.ControlModifier, entry(legend, 1))
    assert legend.shown() == [False, True, False]
    QTest.mouseClick(port, left, Qt.KeyboardModifier.ControlModifier, entry(legend, 1))
    assert all(legend.shown())

    asked = []
    tab.rename_asked.connect(lambda index, name: asked.append((index, name)))
    QTest.mouseClick(port, left, pos=entry(legend, 2))
    QTest.mouseDClick(port, left, pos=entry(legend, 2))
    assert all(legend.shown())
    editor = QApplication.focusWidget() or legend.findChild(type(dock.library.filter))
    editor.selectAll()
    QTest.keyClicks(editor, "Water")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    settle()
    assert asked == [(2, "Water")]
    assert legend.item(2).text() == "Endmember 3"  # until the files have the new name


def test_the_keys_read_out_wavelength_and_value_and_home_shows_all_again(dock, result):
    canvas, axes = dock.spectra.panel.canvas, dock.spectra.axes
    said = []
    canvas.read_out.connect(said.append)
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    spectra = result.spectra()
    assert said[-1] == f"{spectra.x[1]:.6g} nm · {spectra.values[1, 0]:.4g} · Endmember 1"
    assert canvas.accessibleDescription() == said[-1]
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    assert said[-1].endswith("Endmember 2")
    before = axes.get_xlim()
    QTest.keyClick(canvas, Qt.Key.Key_Plus)
    QTest.keyClick(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert axes.get_xlim()[0] > before[0]
    QTest.keyClick(canvas, Qt.Key.Key_Home)
    assert axes.get_xlim() == pytest.approx(before)


def test_the_mouse_reads_out_the_nearest_line(dock, result):
    canvas, axes = dock.spectra.panel.canvas, dock.spectra.axes
    canvas.draw()
    spectra = result.spectra()
    x, y = axes.transData.transform((spectra.x[5], spectra.values[5, 1]))
    canvas.callbacks.process("motion_notify_event", MouseEvent("motion_notify_event", canvas, x, y + 3))
    assert canvas._sentence().startswith(f"{spectra.x[5]:.6g} nm")
    assert canvas._sentence().endswith("Endmember 2")


def test_left_out_bands_are_gaps_and_the_spread_is_a_band_around_the_line(dock, result):
    spectra = result.spectra()
    [*bands] = dock.spectra.axes.collections
    assert len(bands) == MATERIALS
    low, high = bands[0].get_datalim(dock.spectra.axes.transData).intervaly
    assert low == pytest.approx(np.nanmin(spectra.values[:, 0] - spectra.spread[:, 0]), rel=1e-3)
    assert high == pytest.approx(np.nanmax(spectra.values[:, 0] + spectra.spread[:, 0]), rel=1e-3)
    assert np.isnan(lines(dock.spectra.axes)["Endmember 1"].get_ydata()).sum() == 3
    dock.spectra.spread.setChecked(False)
    assert not dock.spectra.axes.collections


def test_the_plot_is_saved_as_picture_drawing_table_and_library(dock, tmp_path):
    panel = dock.spectra.panel
    dock.spectra.legend.toggle(0)
    problems = []
    panel.failed.connect(problems.append)
    for name in ("a.png", "a.svg", "a.csv", "a.sli"):
        panel.save(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "a.svg", "a.csv", "a.sli", "a.hdr"}
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    head = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[0]
    assert head == "wavelength_nm,Endmember 2,Endmember 3"
    panel.copy_values()
    assert QApplication.clipboard().text().startswith("wavelength_nm\tEndmember 2\tEndmember 3\n")
    assert not problems
    panel.save(tmp_path / "nowhere" / "a.csv")
    assert "could not be written" in problems[0]


@pytest.mark.parametrize("size", SIZES)
def test_every_tab_draws_without_a_complaint_however_small_the_dock(dock, result, plugin_modules, size):
    probe = plugin_modules("auvae_qgis.results.probe")
    area = [[565000 + 30 * col, 5340000 - 30 * row] for row, col in ((10, 7), (15, 12))]
    for x, y in area:
        dock.probe.add(probe.read_pixel(result, x + 1, y - 1))
    dock.resize(*size)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for tab in (dock.spectra, dock.probe, dock.library, dock.compare, dock.training):
            dock.tabs.setCurrentWidget(tab)
            settle()
            tab.panel.canvas.draw()


def test_the_picture_of_a_plot_covers_its_widget_at_every_width(dock):
    canvas = dock.spectra.panel.canvas
    for width in range(240, 300):
        canvas.resize(width, 300)
        assert int(canvas.get_renderer().width) == width


def test_no_title_is_cut_off_by_the_edge_of_a_narrow_plot(dock):
    dock.resize(260, 700)
    dock.tabs.setCurrentWidget(dock.library)
    settle()
    canvas, title = dock.library.panel.canvas, dock.library.axes.title
    for text in ("short", f"{10 * 'a good deal longer '}\nthan the plot is wide"):
        title.set_text(text)
        canvas.finish()
        canvas.draw()
        shown = title.get_window_extent()
        assert 0 <= shown.x0 < shown.x1 <= canvas.figure.bbox.width
        narrow = title.get_text()
    canvas.resize(canvas.width() + 60, canvas.height())
    canvas.draw()
    assert len(title.get_text()) > len(narrow)


def test_everything_that_can_be_reached_by_keyboard_has_a_name_for_screen_readers(dock):
    for kind in (QComboBox, QListWidget, QTreeWidget, QToolButton):
        for widget in dock.findChildren(kind):
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not widget.objectName().startswith("qt_"):
                assert widget.accessibleName() or widget.text() or widget.toolTip(), widget
    for tab in (dock.spectra, dock.probe, dock.library, dock.compare, dock.training):
        assert tab.panel.canvas.accessibleName()
        assert tab.panel.canvas.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_endmember_in_front_says_where_it_shows_purest_and_how_sure_it_is(dock, result):
    width = dock.minimumSizeHint().width()
    row = dock.spectra.evidence
    for index, one in enumerate(result.document["endmembers"]):
        dock.spectra.legend.setCurrentRow(index)
        purest, nearest = one["purest"], one["nearest"]
        place = f"row {purest['row'] + 1}, column {purest['col'] + 1}, {purest['abundance']:.0%}"
        assert row.button.text() == f"Purest pixel: {place}"
        said = row.words.text()
        assert said.startswith(f"{one['name']}: ")
        assert f"“{result.endmembers[nearest['endmember']].name}”, {nearest['angle']:.3f} rad apart" in said
        spread = result.document["search"]["endmembers"][index]["spread"]
        assert (spread is not None) == ("sure to" in said)
    assert dock.minimumSizeHint().width() == width
    dock.show_result(result, 1)
    assert row.words.text().startswith("Endmember 2: ")


def test_what_is_known_of_an_endmember_can_be_read_once_a_result_has_come(plugin_modules, result):
    dock = plugin_modules("auvae_qgis.gui.dock.dock").ResultDock()
    dock.resize(700, 900)
    dock.show()
    settle()
    dock.hear("1", SCENE_EVENT)  # the training is in front, the row hidden
    settle()
    dock.hear("1", {"event": "ended"})
    dock.pieces.start(dock.showing(result, 0))
    wait_for(lambda: not dock.pieces.busy)
    settle()
    row = dock.spectra.evidence
    for widget in (row.button, row.words):
        assert widget.isVisible()
        assert widget.height() >= widget.fontMetrics().height()
        picture = widget.grab().toImage()
        tones = {picture.pixel(x, y) for x in range(picture.width()) for y in range(picture.height())}
        assert len(tones) > 1, f"nothing is written on {widget}"
    dock.close()
    dock.deleteLater()


def test_no_report_and_no_result_to_keep_is_offered_before_there_is_one(plugin_modules, result):
    dock = plugin_modules("auvae_qgis.gui.dock.dock").ResultDock()
    dock.show()
    dock.hear("1", SCENE_EVENT)
    settle()
    assert dock.tabs.isVisible()
    assert not dock.report.isVisible()
    assert not dock.keep.isVisible()
    dock.show_result(result, 0)
    assert dock.report.isVisible()
    dock.close()
    dock.deleteLater()


def test_a_high_dock_lists_six_endmembers_without_scrolling(dock):
    legend = dock.spectra.legend
    legend.fill([(f"An endmember with a name, number {number}", "#123456") for number in range(6)])
    for height, scrolls in ((900, False), (500, True), (900, False)):
        dock.resize(380, height)
        settle()
        always = legend.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOn
        assert always == scrolls


def test_training_is_shown_live_and_the_selected_result_again_when_it_is_over(dock):
    tab = dock.training
    dock.tabs.setCurrentWidget(tab)
    dock.hear("1", SCENE_EVENT)
    for step in range(4):
        dock.hear(
            "1",
            {
                "event": "progress", "fraction": 0.2 + 0.1 * step, "stage": "training", "text": "Unmixing",
                "losses": {"reconstruction": 1.0 / (step + 1)}, "endmembers": [[1, 2, 3], [3, 2, 1 + step]],
            },
        )  # fmt: skip
    dock.hear("2", {"event": "progress", "fraction": 0.9, "text": "another job", "losses": {"angle": 1}})
    wait_for(lambda: "50%" in tab.note.text() and tab.panel.canvas.is_filled)
    axes = {one.get_label(): one for one in tab.panel.canvas.figure.axes}
    losses, moves = axes["reconstruction"], axes["spectra"]
    assert losses.lines[0].get_ydata().tolist() == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert lines(moves)["B"].get_ydata().tolist() == [3, 2, 4]
    assert lines(moves)["B"].get_color() == SCENE_EVENT["endmembers"][1]["color"]
    found_again = {
        "event": "progress", "fraction": 0.6, "stage": "training", "text": "Unmixing",
        "endmembers": [[1, 2, 3], [3, 2, 5]], "colors": ["#112233", "#009E73"],
    }  # fmt: skip
    dock.hear("1", found_again)
    wait_for(lambda: tab.panel.canvas.is_filled and lines(moves)["B"].get_color() == "#009E73")
    dock.hear("1", {"event": "ended"})
    wait_for(lambda: "scène 1" in tab.note.text())


def test_the_training_stays_in_view_until_its_result_takes_its_place(plugin_modules, result, monkeypatch):
    module = plugin_modules("auvae_qgis.gui.dock.dock")
    monkeypatch.setattr(module, "COMING", 200)
    made = module.ResultDock()
    for comes in (True, False):
        made.hear("1", SCENE_EVENT)
        made.hear("1", {"event": "ended"})
        assert made.tabs.isVisibleTo(made)
        if comes:
            made.show_result(result, 0)
        QTest.qWait(300)
        assert made.tabs.isVisibleTo(made) == comes
        made.forget()
    made.deleteLater()


def test_the_window_handles_what_is_waiting_while_a_plot_is_drawn(dock):
    canvas = dock.training.panel.canvas
    dock.tabs.setCurrentWidget(dock.training)
    settle()
    seen, beat = set(), QTimer()
    beat.timeout.connect(lambda: seen.add(len(canvas.figure.axes)))
    dock.hear("1", SCENE_EVENT)
    names = ("reconstruction", "posterior", "adversary", "discriminator")
    dock.hear("1", {"event": "progress", "fraction": 0.5, "losses": dict.fromkeys(names, 1.0)})
    beat.start(0)
    wait_for(lambda: len(names) in seen)
    late = {"event": "progress", "fraction": 0.6, "losses": {"angle": 1.0}}
    dock.hear("1", late)  # what comes while the plot is filled gets its place as well
    wait_for(lambda: len(names) + 2 in seen and canvas.is_filled)
    assert seen >= {len(names), len(names) + 1}


def test_a_training_that_goes_on_moves_its_lines_and_makes_no_axes_anew(dock):
    tab, canvas = dock.training, dock.training.panel.canvas
    dock.tabs.setCurrentWidget(tab)
    dock.hear("1", {**SCENE_EVENT, "name": "a name that is far longer than the dock is wide " * 4})
    width = dock.minimumSizeHint().width()
    for step in range(6):
        progress = {
            "event": "progress", "fraction": 0.2 + 0.1 * step, "stage": "training", "text": "Unmixing",
            "losses": {"reconstruction": 1.0 / (step + 1)}, "endmembers": [[1, 2, 3], [3, 2, 2 - step / 9]],
        }  # fmt: skip
        dock.hear("1", progress)
        tab.redraw()
        if step == 1:
            settle()
            axes, drawn = canvas.figure.axes, []
            canvas.mpl_connect("draw_event", drawn.append)
    assert canvas.figure.axes == axes
    settle()
    assert len(drawn) <= 1
    loss = next(one for one in axes if one.get_label() == "reconstruction")
    assert len(loss.lines[-1].get_xdata()) == 6
    assert dock.minimumSizeHint().width() == width
