"""Writes the pages of the Help button: help_pages.py [--scene SCENE --endmembers K].

One page for each algorithm and language, in resources/help/, made from the algorithm's own help; an index of
all algorithms; and docs/cluster.md as a page, in English. With a scene the pictures are made anew, too, from
the reports of unmixing, counting and inspecting it.
"""

from __future__ import annotations

import argparse
import base64
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

import markdown
from qgis.core import QgsApplication, QgsProcessingAlgorithm, QgsProcessingParameterDefinition
from qgis.PyQt.QtCore import QCoreApplication, Qt, QTranslator
from qgis.PyQt.QtGui import QImage

CHECKOUT = Path(__file__).resolve().parent.parent
HELP = CHECKOUT / "resources" / "help"
PICTURES = HELP / "pictures"
NAME = "auvae_unmixing"
LANGUAGES = ("en", "zh_CN")
WIDEST = 1100  # pixels of a picture

Tr = Callable[[str], str]


def captions(tr: Tr) -> dict[str, list[tuple[str, str]]]:
    """Return the pictures of the algorithms whose pages have some, and what they show."""
    composite = ("composite.png", tr("Composite: the colours of the endmembers, mixed by abundance."))
    dominant = ("dominant.png", tr("Dominant material: every pixel in the colour of its largest abundance."))
    abundance = (
        "map.png",
        tr("An abundance map: white is none, full colour is a pixel of nothing else."),
    )
    spectra = (
        "spectra.svg",
        tr("The spectra of the endmembers; around each the spread of its purest pixels."),
    )
    return {
        "unmix": [
            ("desktop.jpg", tr("QGIS with a result: layers, map and the dock with its spectra.")),
            ("scene.png", tr("The scene: 100 x 100 pixels of Jasper Ridge, 198 bands.")),
            composite,
            dominant,
            spectra,
            abundance,
            (
                "error.png",
                tr("Reconstruction error: red where a material has no endmember, or light is weak."),
            ),
        ],
        "countendmembers": [
            ("worth.svg", tr("What the least needed of so many endmembers is worth.")),
            ("hysime.svg", tr("Power of signal and noise in the directions that HySime looks at.")),
        ],
        "inspect": [("bands.svg", tr("The mean spectrum: bands used, and in yellow those left out."))],
        "apply": [composite],
        "fcls": [composite],
        "extractendmembers": [spectra],
        "exportendmembers": [spectra],
        "dominantmaterial": [composite, dominant],
        "abundancemap": [abundance],
        "materialpolygons": [dominant],
    }


def head(title: str, language: str) -> str:
    """Return how every page begins."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language.replace("_", "-")}"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="../help.css"></head><body>'
    )


def cluster_page() -> str:
    """Return docs/cluster.md as a page."""
    text = (CHECKOUT / "docs" / "cluster.md").read_text(encoding="utf-8")
    title = text.splitlines()[0].lstrip("# ")
    body = markdown.markdown(text, extensions=["tables"])
    return f"{head(title, 'en')}\n{link_to_index(str)}\n{body}\n</body></html>\n"


def link_to_index(tr: Tr) -> str:
    """Return the line above every page that leads to all others."""
    return f'<nav><a href="index.html">{escape(tr("AUVAE Unmixing: all tools"))}</a></nav>'


def index_page(algorithms: list[QgsProcessingAlgorithm], tr: Tr, language: str) -> str:
    """Return the one page that lists all algorithms, by the groups of the toolbox."""
    title = tr("AUVAE Unmixing: all tools")
    lines = [head(title, language), f"<h1>{escape(title)}</h1>"]
    for group in dict.fromkeys(one.group() for one in algorithms):
        lines += [f"<h2>{escape(group)}</h2>" if group else "", "<table>"]
        lines += [
            f'<tr><td><a href="{one.name()}.html">{escape(one.displayName())}</a></td>'
            f"<td>{escape(one.shortDescription())}</td></tr>"
            for one in algorithms
            if one.group() == group
        ]
        lines.append("</table>")
    return "\n".join([*filter(None, lines), "</body></html>\n"])


def page(algorithm: QgsProcessingAlgorithm, tr: Tr, language: str) -> str:
    """Return the page of one algorithm, in the language of ``tr``, in which the algorithm was made."""
    name = algorithm.displayName()
    shown = captions(tr).get(algorithm.name(), [])
    figures = "\n".join(
        f'<figure class="{Path(file).suffix[1:]}"><img src="../pictures/{file}" alt="">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for file, caption in shown
    )
    parameters = algorithm.parameterDefinitions()
    outputs = [
        f"<tr><td>{escape(one.description())}</td><td><code>{one.name()}</code></td></tr>"
        for one in algorithm.outputDefinitions()
    ]
    return "\n".join(
        [
            head(name, language),
            link_to_index(tr),
            f'<h1><img src="../../icons/{algorithm.name()}.svg" alt="" width="40"> {escape(name)}</h1>',
            f'<p class="lead">{escape(algorithm.shortDescription())}</p>',
            algorithm.shortHelpString(),
            figures,
            f"<h2>{escape(tr('Parameters'))}</h2><table>",
            *(_row(parameter, tr) for parameter in parameters),
            f"</table><h2>{escape(tr('Outputs'))}</h2><table>",
            *outputs,
            f"</table><h2>{escape(tr('The same from elsewhere'))}</h2>",
            f"<pre>{escape(_command(algorithm))}</pre>",
            f"<pre>{escape(_python(algorithm))}</pre>",
            "</body></html>\n",
        ]
    )


def _row(parameter: QgsProcessingParameterDefinition, tr: Tr) -> str:
    """Return a parameter: its name, its id, what it means, what can be chosen and what holds by itself."""
    notes = []
    if callable(getattr(parameter, "options", None)):
        notes.append(tr("One of: {}.").format(", ".join(map(str, parameter.options()))))
    default = parameter.defaultValue()
    if default is not None and not parameter.isDestination():
        notes.append(tr("Default: {}.").format(default))
    optional = parameter.flags() & QgsProcessingParameterDefinition.FlagOptional
    if optional:
        notes.append(tr("Optional."))
    return (
        f"<tr><td>{escape(parameter.description())}</td><td><code>{parameter.name()}</code></td>"
        f"<td>{escape(parameter.help())} <small>{escape(' '.join(notes))}</small></td></tr>"
    )


def _needed(algorithm: QgsProcessingAlgorithm) -> Iterator[tuple[str, str]]:
    """Yield the parameters that a run must be given, with a value for example."""
    examples = {"raster": "scene.img", "file": "result", "folderDestination": "result"}
    for parameter in algorithm.parameterDefinitions():
        optional = parameter.flags() & QgsProcessingParameterDefinition.FlagOptional
        if not optional and (parameter.defaultValue() is None or parameter.isDestination()):
            value = examples.get(
                parameter.type(), "output.gpkg" if "ector" in parameter.type() else "output.tif"
            )
            yield parameter.name(), value


def _command(algorithm: QgsProcessingAlgorithm) -> str:
    given = " ".join(f"{name}={value}" for name, value in _needed(algorithm))
    return f"qgis_process run {algorithm.id()} -- {given}"


def _python(algorithm: QgsProcessingAlgorithm) -> str:
    return f'processing.run("{algorithm.id()}", {dict(_needed(algorithm))})'.replace("'", '"')


def write_pages(folder: Path, language: str) -> list[Path]:
    """Write the pages of a language into ``folder``/LANGUAGE, from the algorithms of the loaded plugin."""
    translator = QTranslator()
    if language != "en":
        translator.load(str(CHECKOUT / "resources" / "i18n" / f"auvae_{language}.qm"))
        QCoreApplication.installTranslator(translator)
    try:

        def tr(text: str) -> str:
            return QCoreApplication.translate("AuvaeUnmixing", text)

        provider = QgsApplication.processingRegistry().providerById("auvae")
        algorithms = [one.create() for one in sorted(provider.algorithms(), key=_place)]
        pages = {one.name(): page(one, tr, language) for one in algorithms}
        pages["index"] = index_page(algorithms, tr, language)
        if language == "en":
            pages["cluster"] = cluster_page()
        place = folder / language
        place.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (place / f"{name}.html").write_text(text, encoding="utf-8")
        return [place / f"{name}.html" for name in pages]
    finally:
        QCoreApplication.removeTranslator(translator)


def _place(algorithm: QgsProcessingAlgorithm) -> tuple[int, str]:
    """Return where an algorithm stands among the others: in the order of their pictures, then by name."""
    order = list(captions(str))
    name = algorithm.name()
    return order.index(name) if name in order else len(order), name


def make_pictures(scene: Path, endmembers: int) -> None:
    """Unmix, count and inspect a scene, and take the pictures out of the reports."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    auvae = str(CHECKOUT / "build" / "worker" / "bin" / "auvae")
    with tempfile.TemporaryDirectory(prefix="auvae-help-") as place:
        result, count, bands = (Path(place) / name for name in ("result", "count.html", "bands.html"))
        for task in (
            ["unmix", str(scene), "--endmembers", str(endmembers), "--output", str(result)],
            ["count", str(scene), "--report", str(count)],
            ["inspect", str(scene), "--report", str(bands)],
        ):
            subprocess.run([auvae, *task], check=True, stdout=subprocess.DEVNULL)
        report = (result / "report.html").read_text(encoding="utf-8")
        images = re.findall(r'data:image/png;base64,([^"]+)"', report)
        for file, image in {
            "scene.png": images[0],
            "composite.png": images[1],
            "dominant.png": images[2],
            "map.png": images[4],
            "error.png": images[-1],
        }.items():
            (PICTURES / file).write_bytes(base64.b64decode(image))
        worth, hysime = _drawings(count)
        for file, drawing in {
            "spectra.svg": _drawings(result / "report.html")[0],
            "worth.svg": worth,
            "hysime.svg": hysime,
            "bands.svg": _drawings(bands)[0],
        }.items():
            (PICTURES / file).write_text(
                drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1), encoding="utf-8"
            )
    desktop = QImage(str(CHECKOUT / "docs" / "screenshot.png"))
    smooth = Qt.TransformationMode.SmoothTransformation
    desktop.scaledToWidth(WIDEST, smooth).save(str(PICTURES / "desktop.jpg"), "JPG", 80)


def _drawings(report: Path) -> list[str]:
    return re.findall(r"<svg .*?</svg>", report.read_text(encoding="utf-8"), re.DOTALL)


def main() -> int:
    """Write every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scene", type=Path, help="a raster file to make the pictures with")
    parser.add_argument("--endmembers", type=int, default=4, help="how many endmembers it has")
    given = parser.parse_args()
    application = QgsApplication([], True)
    application.initQgis()
    sys.path.insert(0, str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
    with tempfile.TemporaryDirectory(prefix="auvae-help-") as plugins:
        (Path(plugins) / NAME).symlink_to(CHECKOUT, target_is_directory=True)
        sys.path.insert(0, plugins)
        from processing.core.Processing import Processing
        from qgis import utils

        Processing.initialize()
        utils.plugin_paths = [plugins]
        utils.updateAvailablePlugins()
        if not (utils.loadPlugin(NAME) and utils.startProcessingPlugin(NAME)):
            print("QGIS cannot load the plugin.", file=sys.stderr)
            return 1
        if given.scene:
            make_pictures(given.scene, given.endmembers)
        written = [path for language in LANGUAGES for path in write_pages(HELP, language)]
        utils.unloadPlugin(NAME)
    print(f"{len(written)} pages in {HELP.relative_to(CHECKOUT)}")
    application.exitQgis()
    return 0


if __name__ == "__main__":
    sys.exit(main())
