"""Where the plugin's own files lie. Nothing outside the plugin folder is named here."""

from pathlib import Path

PLUGIN = Path(__file__).resolve().parent.parent
MODEL = PLUGIN / "model"
RESOURCES = PLUGIN / "resources"
ICON = str(RESOURCES / "icon.svg")
UNMIX_ICON = str(RESOURCES / "icons" / "unmix.svg")


def icon_of(algorithm: str) -> str:
    """Return the icon of an algorithm, by its id within the provider; the plugin's where it has none."""
    path = RESOURCES / "icons" / f"{algorithm}.svg"
    return str(path) if path.is_file() else ICON
