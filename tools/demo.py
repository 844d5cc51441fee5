"""Unmixes a scene through real QGIS, without a window: demo.py SCENE ENDMEMBERS FOLDER.

Runs auvae:unmix with qgis_process, draws maps and spectra into FOLDER/quicklook.png, and scores the result
where the scene's truth lies beside it. How the environments are made stands in the Makefile.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from osgeo import gdal

mpl.use("Agg")
from matplotlib import pyplot as plt

CHECKOUT = Path(__file__).resolve().parent.parent
AUVAE = CHECKOUT / "build" / "worker" / "bin" / "auvae"
NAME = "auvae_unmixing"


def unmix_in_qgis(scene: Path, endmembers: int, folder: Path) -> int:
    """Run auvae:unmix with qgis_process and pass on what it says; returns its exit status."""
    program = shutil.which("qgis_process.bin") or shutil.which("qgis_process")
    if program is None:
        print("qgis_process is missing: install QGIS (Debian: apt install qgis).", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="auvae-demo-") as place:
        plugins = Path(place) / "plugins"
        plugins.mkdir()
        (plugins / NAME).symlink_to(CHECKOUT, target_is_directory=True)
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QGIS_PLUGINPATH": str(plugins),
            "QGIS_CUSTOM_CONFIG_PATH": place,
        }
        subprocess.run(
            [program, "plugins", "enable", NAME], env=environment, capture_output=True, check=False
        )
        options = [f"INPUT={scene}", f"ENDMEMBERS={endmembers}", "SEED=0", f"OUTPUT={folder}"]
        return subprocess.run(
            [program, "run", "auvae:unmix", "--", *options], env=environment, check=False
        ).returncode


def draw(folder: Path, picture: Path) -> None:
    """Draw each abundance map in its colour, and below them the spectra."""
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    endmembers = document["endmembers"]
    columns = min(len(endmembers), 4)
    rows = -(-len(endmembers) // columns)
    figure = plt.figure(figsize=(3.2 * columns + 0.8, 3.2 * rows + 3.6), layout="constrained")
    maps, plot = figure.subfigures(2, 1, height_ratios=[3.2 * rows, 3.6])
    axes = maps.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, endmember in zip(axes, endmembers):
        raster = gdal.Open(str(folder / endmember["file"]))  # GDAL's bands do not outlive their raster
        fractions = raster.ReadAsArray()
        fractions[fractions == raster.GetRasterBand(1).GetNoDataValue()] = np.nan
        shades = LinearSegmentedColormap.from_list("abundance", ["#ffffff", endmember["color"]])
        image = axis.imshow(fractions, cmap=shades, vmin=0, vmax=1, interpolation="nearest")
        axis.set_title(endmember["name"], fontsize="medium")
        maps.colorbar(image, ax=axis, shrink=0.7, ticks=[0, 0.5, 1])
    maps.suptitle(f"{document['scene']['name']}: abundances")
    _draw_spectra(plot.subplots(), folder, document)
    figure.savefig(picture, dpi=110)


def _draw_spectra(axes: plt.Axes, folder: Path, document: dict[str, Any]) -> None:
    with (folder / document["files"]["endmembers"]).open(encoding="utf-8", newline="") as table:
        heading, *rows = csv.reader(table)
    values = np.array(rows, dtype=float)
    kept = [band["number"] for band in document["bands"] if band["kept"]]
    gaps = np.flatnonzero(np.diff(kept) > 1) + 1  # bands that were left out
    x = np.insert(values[:, 0], gaps, np.nan)
    for column, endmember in enumerate(document["endmembers"], 1):
        axes.plot(
            x, np.insert(values[:, column], gaps, np.nan), color=endmember["color"], label=endmember["name"]
        )
    axes.set_xlabel("Wavelength (nm)" if heading[0] == "wavelength_nm" else "Band")
    axes.set_ylabel(document["unit"])
    axes.grid(visible=True, linewidth=0.5, alpha=0.4)
    axes.legend(fontsize="small")


def truth_beside(scene: Path) -> Path | None:
    """Return the file with the scene's truth, as `auvae simulate` and the shared scenes name it."""
    names = (f"{scene.stem}_truth.npz", "truth.npz")
    return next((scene.with_name(name) for name in names if scene.with_name(name).is_file()), None)


def print_score(truth: Path, folder: Path) -> None:
    """Print how far the result is from the truth."""
    done = subprocess.run([AUVAE, "score", truth, folder], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"The result could not be scored: {done.stderr.strip()}", file=sys.stderr)
        return
    print("Against the truth:")
    for name, value in json.loads(done.stdout).items():
        print(f"  {name:<12} {value}")


def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", type=Path, help="a raster file")
    parser.add_argument("endmembers", type=int, help="how many endmembers it has")
    parser.add_argument("folder", type=Path, help="where result/ and quicklook.png are written")
    given = parser.parse_args()
    folder = given.folder.absolute()
    result, picture = folder / "result", folder / "quicklook.png"
    folder.mkdir(parents=True, exist_ok=True)
    status = unmix_in_qgis(given.scene.absolute(), given.endmembers, result)
    if status:
        return status
    draw(result, picture)
    truth = truth_beside(given.scene.absolute())
    if truth is not None:
        print_score(truth, result)
    print(f"Result:    {result}\nReport:    {result / 'report.html'}\nQuicklook: {picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
