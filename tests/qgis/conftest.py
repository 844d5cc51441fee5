"""What the QGIS tests share: a QGIS with the plugin loaded as QGIS does it, scenes, stand-in workers."""

from __future__ import annotations

import os
import re
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PROFILE = tempfile.TemporaryDirectory(prefix="auvae-profile-")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QGIS_CUSTOM_CONFIG_PATH"] = PROFILE.name  # never the settings of whoever runs the tests

from osgeo import gdal, osr  # noqa: E402
from qgis.core import QgsApplication, QgsProcessingFeedback, QgsProject, QgsRasterLayer  # noqa: E402

gdal.UseExceptions()
QgsApplication.setPrefixPath(os.environ.get("QGIS_PREFIX_PATH", "/usr"), True)
sys.path.insert(0, str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))  # where processing lies

NAME = "auvae_unmixing"
TRAINING = re.compile(r"(epoch|step) \d+ of \d+ · ")  # where it is, then the losses
NO_DATA = -9999
ROWS, COLS, BANDS, MATERIALS = 24, 20, 30, 3
BAD_BANDS = (14, 15, 16)  # 1-based
TRANSFORM = (565000.1234567, 30.000000001, 0.0, 5340000.7654321, 0.0, -29.999999999)


@pytest.fixture(scope="session")
def plugin_folder():
    """The checkout under the name it is deployed as."""
    with tempfile.TemporaryDirectory(prefix="auvae-plugins-") as folder:
        link = Path(folder) / NAME
        link.symlink_to(CHECKOUT, target_is_directory=True)
        yield link


@pytest.fixture(scope="session")
def qgis_app(plugin_folder):
    """A QGIS without a window, with Processing and the plugin in it."""
    app = QgsApplication([], True)
    app.initQgis()
    sys.path.insert(0, str(plugin_folder.parent))
    from processing.core.Processing import Processing
    from qgis import utils

    Processing.initialize()
    utils.plugin_paths = [str(plugin_folder.parent)]
    utils.updateAvailablePlugins()
    assert utils.loadPlugin(NAME)
    assert utils.startProcessingPlugin(NAME)
    yield app
    QgsProject.instance().clear()
    utils.unloadPlugin(NAME)
    app.processEvents()
    app.exitQgis()


@pytest.fixture(autouse=True)
def project(qgis_app):
    """The project, empty before and after each test: QGIS crashes on leaving with a layer alive."""
    QgsProject.instance().clear()
    yield QgsProject.instance()
    QgsProject.instance().clear()


@pytest.fixture(scope="session")
def scene_values():
    """(bands, rows, cols) reflectance x 10000 of three smooth materials, a corner without data, as int16."""
    random = np.random.default_rng(3)
    nm = np.linspace(400, 2400, BANDS)
    spectra = np.stack([2500 + 2000 * np.sin(nm / 300 + phase) + 400 * phase for phase in (0.0, 2.1, 4.2)])
    abundances = random.dirichlet([0.35] * MATERIALS, (ROWS, COLS))
    values = np.einsum("rck,kb->brc", abundances, spectra) + random.normal(0, 20, (BANDS, ROWS, COLS))
    values = values.clip(1).astype(np.int16)
    values[:, :3, :4] = NO_DATA
    return values


def write_scene(path: Path, values: np.ndarray) -> Path:
    """Write an ENVI scene with wavelengths, a bad-band list, no-data and a georeference with many digits."""
    bands, rows, cols = values.shape
    path.parent.mkdir(parents=True, exist_ok=True)
    raster = gdal.GetDriverByName("ENVI").Create(str(path), cols, rows, bands, gdal.GDT_Int16)
    system = osr.SpatialReference()
    system.ImportFromEPSG(32632)
    raster.SetGeoTransform(TRANSFORM)
    raster.SetProjection(system.ExportToWkt())
    raster.WriteArray(values)
    raster = None
    nm = ", ".join(f"{one:.3f}" for one in np.linspace(400, 2400, bands))
    good = ", ".join("0" if number in BAD_BANDS else "1" for number in range(1, bands + 1))
    with path.with_suffix(".hdr").open("a", encoding="utf-8") as header:
        header.write(
            f"wavelength units = Nanometers\nwavelength = {{{nm}}}\nbbl = {{{good}}}\n"
            f"data ignore value = {NO_DATA}\nreflectance scale factor = 10000\n"
        )
    path.with_name(path.name + ".aux.xml").unlink(missing_ok=True)
    return path


@pytest.fixture
def scene(tmp_path, scene_values):
    """A scene in a folder that has a space and accents in its name."""
    return write_scene(tmp_path / "Données d'été" / "scène 1.img", scene_values)


@pytest.fixture
def options(scene, tmp_path):
    """Parameters of a short run."""
    return {
        "INPUT": str(scene),
        "ENDMEMBERS": MATERIALS,
        "QUALITY": "draft",
        "DEVICE": "cpu",
        "SEED": 0,
        "OUTPUT": str(tmp_path / "résultat 1"),
    }


class Listener(QgsProcessingFeedback):
    """Keeps what the user would read, and calls ``when_training`` once, at the first loss."""

    def __init__(self, when_training=None):
        super().__init__(False)
        self.lines = []
        self.fractions = []
        self.when_training = when_training
        self.progressChanged.connect(self.fractions.append)

    def setProgressText(self, text):
        self.lines.append(text)
        if TRAINING.search(text) and self.when_training:
            act, self.when_training = self.when_training, None
            act(self)

    def pushInfo(self, text):
        self.lines.append(text)

    def pushWarning(self, text):
        self.lines.append(text)


@pytest.fixture(scope="session")
def listen():
    """Make a feedback that keeps what the user would read."""
    return Listener


@dataclass(frozen=True)
class Run:
    """One run from Python: its scene, what it returned, what the user could read meanwhile."""

    scene: Path
    results: dict
    feedback: Listener


@pytest.fixture(scope="session")
def finished(qgis_app, scene_values, tmp_path_factory):
    """A run that many tests look at; none changes it."""
    import processing

    folder = tmp_path_factory.mktemp("finished")
    scene = write_scene(folder / "Données d'été" / "scène 1.img", scene_values)
    feedback = Listener()
    options = {
        "INPUT": str(scene),
        "ENDMEMBERS": MATERIALS,
        "QUALITY": 0,
        "OUTPUT": str(folder / "résultat 1"),
    }
    return Run(scene, processing.run("auvae:unmix", options, feedback=feedback), feedback)


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Make the plugin start a shell script in the place of Python: for workers that misbehave."""

    def install(script: str) -> Path:
        path = tmp_path / "stand-in" / "python"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("AUVAE_PYTHON", str(path))
        return path

    return install


@pytest.fixture
def add_layer(project):
    """Add a raster file to the project."""

    def add(path) -> QgsRasterLayer:
        layer = QgsRasterLayer(str(path), Path(path).stem, "gdal")
        assert layer.isValid()
        return project.addMapLayer(layer)

    return add


@pytest.fixture
def plugin_modules(qgis_app):
    """Import a module of the plugin under the name QGIS gave it, such as "auvae_qgis.results.result"."""
    import importlib

    return lambda name: importlib.import_module(f"{NAME}.{name}")
