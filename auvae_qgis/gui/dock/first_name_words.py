"""Suggestions of spectra/first_names.py in words: a name with a question mark, and what speaks for it."""

from __future__ import annotations

from ...spectra.first_names import Suggestion
from ...translation import tr


def name_of(suggestion: Suggestion) -> str:
    """Return the material in words."""
    names = {
        "green vegetation": tr("green vegetation"),
        "dry vegetation": tr("dry vegetation"),
        "water": tr("water"),
        "snow": tr("snow"),
        "clay": tr("clay"),
        "carbonate": tr("carbonate"),
        "iron oxide": tr("iron oxide"),
        "bare soil": tr("bare soil"),
        "asphalt or shade": tr("asphalt or shade"),
        "bright roof or pavement": tr("bright roof or pavement"),
    }
    return names[suggestion.kind]


def question(suggestion: Suggestion) -> str:
    """Return the material as a question: a spectrum alone does not settle it."""
    return tr("{}?").format(name_of(suggestion))


def evidence(suggestion: Suggestion) -> str:
    """Return in a phrase which features speak for the material, and where they are."""
    phrases = {
        "red edge": tr("red edge at {:.0f} nm"),
        "leaf water": tr("leaf water at {:.0f} nm"),
        "darker than green light": tr("much darker at {:.0f} nm than in green light"),
        "ice": tr("ice at {:.0f} nm"),
        "falls towards the infrared": tr("falls off towards {:.0f} nm"),
        "next to nothing": tr("next to nothing at {:.0f} nm"),
        "cellulose": tr("cellulose at {:.0f} nm"),
        "lignin": tr("lignin at {:.0f} nm"),
        "absorption": tr("absorption at {:.0f} nm"),
        "deep": tr("{:.0%} deep"),
        "dark": tr("{:.0%} as bright as the brightest endmember"),
        "bright": tr("{:.0%} as bright as the brightest endmember"),
        "even": tr("nearly the same in all bands"),
        "rises evenly": tr("rises evenly, {:.1f} times from blue to infrared"),
        "clay": tr("clay at {:.0f} nm"),
    }
    return ", ".join(phrases[which].format(number) for which, number in suggestion.features)
