"""What an analyst told QGIS about a raster layer that its file does not say: no-data, coordinate system."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from qgis.core import QgsRasterLayer

from ..translation import tr
from .mask_source import crs_name


@dataclass
class LayerSettings:
    """Settings of a layer that count for its scene.

    Attributes:
        no_data: ranges (lowest, highest) that are no data in all bands, beside those of the file.
        crs: the name of the coordinate system, empty where it is the file's own.
        unheeded: sentences on settings that cannot count.
    """

    no_data: list[list[float]] = field(default_factory=list)
    crs: str = ""
    unheeded: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Whether the layer says anything that its file does not."""
        return bool(self.no_data or self.crs or self.unheeded)

    def selection(self) -> dict[str, Any]:
        """Return the same as a job has it."""
        return {"no_data": self.no_data, "crs": self.crs}


def layer_settings(layer: QgsRasterLayer) -> LayerSettings:
    """Return what ``layer`` is set to: additional no-data (Properties ▸ Transparency), coordinate system."""
    found = LayerSettings()
    provider = layer.dataProvider()
    bands = range(1, layer.bandCount() + 1)
    each = [[_finite(one.min(), one.max()) for one in provider.userNoDataValues(band)] for band in bands]
    for ranges in each[:1]:
        found.no_data = [one for one in ranges if all(one in others for others in each)]
    if any(one not in found.no_data for ranges in each for one in ranges):
        found.unheeded.append(
            tr(
                "The layer “{}” has additional no-data values in some of its bands: only those of all bands "
                "count."
            ).format(layer.name())
        )
    if any(provider.sourceHasNoDataValue(band) and not provider.useSourceNoDataValue(band) for band in bands):
        found.unheeded.append(
            tr(
                "The no-data value of the file of “{}” is switched off in the layer's settings: it counts "
                "all the same."
            ).format(layer.name())
        )
    if layer.crs().isValid() and layer.crs() != provider.crs():
        found.crs = crs_name(layer.crs())
    return found


def _finite(low: float, high: float) -> list[float]:
    """Return a range without open ends."""
    most = 3.4e38
    return [
        max(low, -most) if not math.isnan(low) else -most,
        min(high, most) if not math.isnan(high) else most,
    ]
