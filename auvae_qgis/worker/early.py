"""When PyTorch is loaded ahead of a run: with a dialog, or with an image; unless a setting says no."""

from __future__ import annotations

from qgis.core import QgsMapLayer, QgsRasterLayer

from .. import settings
from ..environment.find import find_worker_python
from .run import start_early

MANY_BANDS = 40  # an image of a spectrometer has more, and a result has fewer


def load_ahead() -> bool:
    """Start the unmixing process ahead of its first job, at once; returns whether that was done."""
    if not settings.start_early():
        return False
    python = find_worker_python(settings.worker_python())
    return not python.problem and start_early(python.path)


def load_ahead_for(layer: QgsMapLayer | None) -> bool:
    """Do so when a hyperspectral image becomes the active layer of somebody who has unmixed one before."""
    if not isinstance(layer, QgsRasterLayer) or layer.bandCount() < MANY_BANDS:
        return False
    return settings.has_unmixed() and load_ahead()
