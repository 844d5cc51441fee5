"""Where the plugin's own files lie. Nothing outside the plugin folder is named here."""

from pathlib import Path

PLUGIN = Path(__file__).resolve().parent.parent
MODEL = PLUGIN / "model"
RESOURCES = PLUGIN / "resources"
ICON = str(RESOURCES / "icon.svg")
UNMIX_ICON = str(RESOURCES / "unmix.svg")
