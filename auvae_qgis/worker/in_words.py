"""What the unmixing process says all the time, in QGIS's language: stages and units."""

from __future__ import annotations

import re

from ..translation import tr

_EPOCH = re.compile(r"(Cleaning|Unmixing): epoch (\d+) of (\d+)")
_UNIT = re.compile(r"(Reflectance|Radiance|Value)( × \S+)?")


def stage_in_words(text: str) -> str:
    """Return what the process does, as it says so in a ``progress`` event; unknown sentences as they are."""
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None:
        said = tr("Cleaning: epoch {} of {}") if epoch[1] == "Cleaning" else tr("Unmixing: epoch {} of {}")
        return said.format(epoch[2], epoch[3])
    known = {
        "Reading the scene": tr("Reading the scene"),
        "Measuring brightness and signal subspace": tr("Measuring brightness and signal subspace"),
        "Looking for endmembers in the cleaned scene": tr("Looking for endmembers in the cleaned scene"),
        "Looking for the purest spectra": tr("Looking for the purest spectra"),
        "Endmembers found": tr("Endmembers found"),
        "Counting the endmembers": tr("Counting the endmembers"),
        "Mapping the scene": tr("Mapping the scene"),
        "Writing the result": tr("Writing the result"),
        "Writing the report": tr("Writing the report"),
        "Writing the spectra": tr("Writing the spectra"),
        "Writing the summary": tr("Writing the summary"),
        "Reading the result": tr("Reading the result"),
        "Looking at the scene": tr("Looking at the scene"),
        "Looking at the scenes": tr("Looking at the scenes"),
        "Looking for reference endmembers (VCA)": tr("Looking for reference endmembers (VCA)"),
        "Waiting for another training of this process": tr("Waiting for another training of this process"),
        "Joining the blocks": tr("Joining the blocks"),
        "Mapping": tr("Mapping"),
    }
    return known.get(text, text)


def unit_in_words(unit: str) -> str:
    """Return the unit of a result's values ("Reflectance × 10000"); unknown units as they are."""
    known = {"Reflectance": tr("Reflectance"), "Radiance": tr("Radiance"), "Value": tr("Value")}
    found = _UNIT.fullmatch(unit)
    return f"{known[found[1]]}{found[2] or ''}" if found else unit
