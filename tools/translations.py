"""Checks and builds the translations in resources/i18n/: translations.py [--update].

Every string in a tr() of the plugin, and every title in its models, must stand translated in each .ts file:
those that do not are listed, and it fails. --update adds them to the files, empty, and drops what nobody says
any more. The .qm files that QGIS reads are made beside them by Qt's own lrelease; git does not keep those.
"""

from __future__ import annotations

import argparse
import ast
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
FILES = CHECKOUT / "resources" / "i18n"
CONTEXT = "AuvaeUnmixing"  # as in auvae_qgis/translation.py
AS_THEY_ARE = {"ALG_CREATOR", "ALG_VERSION"}  # in the help of a model: no sentences
LRELEASE = ("lrelease", "lrelease-qt5", "lrelease-qt6", "/usr/lib/qt6/bin/lrelease")
FIELD = re.compile(r"\{[^{}]*\}|<[^<>]*>")  # what must come back unchanged: values put in, and HTML


class TranslationError(Exception):
    """Something is not translated, or cannot be."""


def source_strings(checkout: Path) -> list[str]:
    """Return every string that the plugin asks a translation for, sorted.

    Raises:
        TranslationError: a tr() is handed something else than a string, which nobody can extract.

    """
    found = set()
    for file in [*(checkout / "auvae_qgis").rglob("*.py"), checkout / "tools" / "help_pages.py"]:
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "tr":
                [text] = call.args
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.add(text.value)
                elif file.name != "models.py":  # whose words stand in the models' files
                    raise TranslationError(f"{file.name}, line {call.lineno}: tr() wants a plain string.")
    for model in (checkout / "resources" / "models").glob("*.model3"):
        found.update(_titles(model))
    return sorted(found)


def _titles(model: Path) -> list[str]:
    """Return what a model of the toolbox and its parameters are called, and their help."""
    root = ET.parse(model).getroot()  # noqa: S314  our own file
    named = [one for one in root.iter("Option") if one.get("name") in {"model_name", "description"}]
    helped = [
        one for one in root.findall("./Option[@name='help']/Option") if one.get("name") not in AS_THEY_ARE
    ]
    return [one.get("value", "") for one in (*named, *helped) if one.get("value")]


def read_ts(file: Path) -> dict[str, str]:
    """Return the translation of every source string in a .ts file; empty where there is none."""
    root = ET.parse(file).getroot()  # noqa: S314  our own file
    return {
        message.findtext("source", ""): message.findtext("translation", "")
        for message in root.iter("message")
    }


def write_ts(file: Path, translations: dict[str, str]) -> None:
    """Write a .ts file, sorted by source, so that two branches merge."""
    root = ET.Element("TS", version="2.1", language=file.stem.removeprefix("auvae_"), sourcelanguage="en")
    context = ET.SubElement(root, "context")
    ET.SubElement(context, "name").text = CONTEXT
    for source, translated in sorted(translations.items()):
        message = ET.SubElement(context, "message")
        ET.SubElement(message, "source").text = source
        translation = ET.SubElement(message, "translation")
        translation.text = translated
        if not translated:
            translation.set("type", "unfinished")
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    file.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{text}\n', encoding="utf-8")


def faults(sources: list[str], translations: dict[str, str]) -> list[str]:
    """Return what is wrong with a translation, a line each."""
    wrong = [f"not translated: {text!r}" for text in sources if not translations.get(text)]
    wrong += [f"nobody says any more: {text!r}" for text in translations if text not in set(sources)]
    for text in sources:
        translated = translations.get(text)
        if translated and sorted(FIELD.findall(text)) != sorted(FIELD.findall(translated)):
            wrong.append(f"other fields or marks than its source: {text!r}")
    return wrong


def build(file: Path) -> Path:
    """Make the .qm file beside a .ts file with Qt's lrelease and return it.

    Raises:
        TranslationError: lrelease is not on this machine, or refuses the file.

    """
    program = next(filter(None, map(shutil.which, LRELEASE)), None)
    if program is None:
        raise TranslationError("Qt's lrelease is missing (Debian: apt install qttools5-dev-tools).")
    made = file.with_suffix(".qm")
    done = subprocess.run([program, str(file), "-qm", str(made)], capture_output=True, text=True, check=False)
    if done.returncode or not made.is_file():
        raise TranslationError(f"{program}: {done.stdout}{done.stderr}")
    return made


def main() -> int:
    """Check or update every translation, and build it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--update", action="store_true", help="add what is new, empty, and drop what is gone")
    update = parser.parse_args().update
    status = 0
    try:
        sources = source_strings(CHECKOUT)
        for file in sorted(FILES.glob("*.ts")):
            translations = read_ts(file)
            if update:
                translations = {text: translations.get(text, "") for text in sources}
                write_ts(file, translations)
            wrong = faults(sources, translations)
            for line in wrong:
                print(f"{file.name}: {line}", file=sys.stderr)
            status = 1 if wrong else status
            made = build(file)
            print(f"{made.relative_to(CHECKOUT)}: {len(sources)} strings, {len(wrong)} to mend")
    except TranslationError as problem:
        print(problem, file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
