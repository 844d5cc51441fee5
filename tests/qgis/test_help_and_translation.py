"""Help pages, icons and the Chinese translation: what the toolbox shows beside the algorithms themselves."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsProcessingParameterDefinition
from qgis.PyQt.QtCore import QLocale, QTranslator, QUrl
from qgis.PyQt.QtGui import QIcon

from .conftest import CHECKOUT, NAME

QGIS_PROCESS = shutil.which("qgis_process.bin") or shutil.which("qgis_process")


def tool(name):
    """A script of tools/ as a module."""
    location = importlib.util.spec_from_file_location(name, CHECKOUT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(location)
    location.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def algorithms(qgis_app):
    return QgsApplication.processingRegistry().providerById("auvae").algorithms()


def test_every_string_the_user_reads_is_translated_into_chinese():
    translations = tool("translations")
    [file] = translations.FILES.glob("*.ts")
    assert translations.faults(translations.source_strings(CHECKOUT), translations.read_ts(file)) == []


def test_every_stage_of_a_run_is_translated():
    spoken = set()
    for file in (CHECKOUT / "model" / "auvae").rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("reach", "tell"):
                texts = [one.value for one in call.args[2:3] if isinstance(one, ast.Constant)]
                spoken.update(text for text in texts if isinstance(text, str))
    assert "Mapping the scene" in spoken
    assert spoken <= set(tool("translations").source_strings(CHECKOUT))


@pytest.mark.skipif(not shutil.which("lrelease"), reason="needs Qt's lrelease")
@pytest.mark.parametrize(
    "language", ["zh-Hans", "zh_CN"]
)  # as QGIS calls it in its settings, and as systems do
def test_a_qgis_in_chinese_speaks_chinese_and_keeps_the_ids(tmp_path, plugin_folder, language):
    translations = tool("translations")
    for file in translations.FILES.glob("*.ts"):
        translations.build(file)
    settings = tmp_path / "profiles" / "default" / "QGIS" / "QGIS3.ini"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        f"[locale]\noverrideFlag=true\nuserLocale={language}\n\n[PythonPlugins]\n{NAME}=true\n",
        encoding="utf-8",
    )
    environment = {
        **os.environ,
        "QGIS_PLUGINPATH": str(plugin_folder.parent),
        "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path),
    }
    command = [QGIS_PROCESS, "help", "auvae:unmix"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "解混 (AUVAE-Net)" in said
    assert "端元数" in said
    assert re.search(r"^ENDMEMBERS:", said, re.MULTILINE)


def test_no_other_language_is_taken_for_chinese(plugin_modules):
    translation = plugin_modules("auvae_qgis.translation")
    for language in ("de", "zh-Hant", "zh_TW", "en_US"):
        assert not QTranslator().load(QLocale(language), "auvae", "_", str(translation.TRANSLATIONS))


def test_the_help_button_of_every_algorithm_opens_a_page_that_needs_no_network(algorithms):
    for algorithm in algorithms:
        page = Path(QUrl(algorithm.helpUrl()).toLocalFile())
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(src|href)=.?https?:", text)
        for linked in re.findall(r'(?:src|href)="([^"]+)"', text):
            assert (page.parent / linked).is_file(), f"{page.name}: {linked}"
        for parameter in algorithm.parameterDefinitions():
            assert f"<code>{parameter.name()}</code>" in text


def test_the_help_pages_say_what_the_algorithms_say(algorithms, tmp_path):
    for written in tool("help_pages").write_pages(tmp_path, "en"):
        kept = CHECKOUT / "resources" / "help" / "en" / written.name
        assert written.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8"), "run make help-pages"


def test_every_algorithm_has_an_icon_of_its_own_and_every_parameter_its_help(algorithms):
    icons = [algorithm.svgIconPath() for algorithm in algorithms]
    assert len(set(icons)) == len(icons)
    assert all(not QIcon(icon).pixmap(24, 24).isNull() for icon in icons)
    for algorithm in algorithms:
        for parameter in algorithm.parameterDefinitions():
            hidden = parameter.flags() & QgsProcessingParameterDefinition.FlagHidden
            assert hidden or parameter.help(), f"{algorithm.id()}: {parameter.name()}"
