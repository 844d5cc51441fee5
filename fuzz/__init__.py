"""Damaged and hostile files for every reader of the core and of the plugin: `make fuzz`.

The plugin is imported under the name that QGIS gives it, so that it finds the core's contract beside it.
"""

import sys
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent
_PLUGINS = _CHECKOUT / "build" / "plugin"

if not (_PLUGINS / "auvae_unmixing").exists():
    _PLUGINS.mkdir(parents=True, exist_ok=True)
    (_PLUGINS / "auvae_unmixing").symlink_to(_CHECKOUT, target_is_directory=True)
if str(_PLUGINS) not in sys.path:
    sys.path.insert(0, str(_PLUGINS))
