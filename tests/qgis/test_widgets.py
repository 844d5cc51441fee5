"""The set-up window by itself, in the states that a healthy desktop does not show."""

from __future__ import annotations

import time

import pytest
from qgis.core import QgsApplication, QgsSettings
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtWidgets import QPushButton


@pytest.fixture
def until(qgis_app):
    """Let QGIS go on until something holds."""

    def wait(condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            QgsApplication.processEvents()
            time.sleep(0.01)

    return wait


@pytest.fixture
def dialog(plugin_modules, until):
    window = plugin_modules("auvae_qgis.gui.environment_dialog").EnvironmentDialog()
    window.show()
    until(lambda: window._task is None)
    yield window
    window.reject()
    QgsSettings().remove("auvae/python")


def test_set_up_names_place_and_size_before_anything_is_installed(dialog):
    text = dialog._plan.text()
    assert "GiB to download" in text
    assert "Place" in text


def test_a_python_without_torch_is_refused_and_not_kept(dialog, until):
    dialog._chosen.setFilePath("/usr/bin/python3")
    dialog._use.click()
    until(lambda: dialog._task is None)
    assert "rasterio" in dialog._log.toPlainText()
    assert QgsSettings().value("auvae/python") is None


def test_installing_shows_progress_and_cancel_stops_it(dialog, until, plugin_modules, monkeypatch):
    install = plugin_modules("auvae_qgis.environment.install")
    setup_errors = plugin_modules("auvae_qgis.environment.setup_errors")

    def build(_folder, report, cancelled):
        report(0.4, "Downloading torch")
        while not cancelled():
            time.sleep(0.01)
        raise setup_errors.SetupCancelled

    monkeypatch.setattr(install, "build", build)
    dialog._install.click()
    until(lambda: "Downloading torch" in dialog._log.toPlainText())
    assert dialog._bar.value() == 40
    assert not dialog._install.isEnabled()
    dialog._cancel.click()
    until(lambda: dialog._task is None)
    assert "cancelled" in dialog._log.toPlainText()
    assert dialog._install.isEnabled()


def test_without_an_environment_one_message_with_one_button_opens_set_up(plugin_modules, monkeypatch):
    first_use = plugin_modules("auvae_qgis.gui.first_use")
    bar, opened = QgsMessageBar(), []
    assert first_use.invite_to_set_up(bar, lambda: opened.append(True)) is None
    monkeypatch.setenv("AUVAE_PYTHON", "/nowhere/python")
    item = first_use.invite_to_set_up(bar, lambda: opened.append(True))
    [button] = [one for one in item.findChildren(QPushButton) if one.text() == "Set up…"]
    button.click()
    assert opened == [True]
    assert bar.currentItem() is None


def test_diagnostics_go_to_the_clipboard_and_the_build_of_torch_is_named(dialog):
    assert "build for C" in dialog._plan.text()
    [copy] = [one for one in dialog.findChildren(QPushButton) if one.text() == "Copy diagnostics"]
    copy.click()
    text = QgsApplication.clipboard().text()
    for word in ("QGIS: 3.", "AUVAE Unmixing: ", "Python of the worker: ", "Graphics card: "):
        assert word in text
