"""Draws a hyperspectral image as the eye would see it, by the wavelengths that its file states."""

from __future__ import annotations

from typing import Any

from osgeo import gdal
from qgis.core import (
    QgsContrastEnhancement,
    QgsMultiBandColorRenderer,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
)

from ...model.auvae.contract import wavelengths
from ..inputs.scene_source import gdal_source

RED_GREEN_BLUE = (640.0, 550.0, 460.0)  # nm
FARTHEST = 60.0  # nm: no band that is farther away stands for a colour


def draw_in_true_colour(layer: QgsRasterLayer) -> bool:
    """Draw ``layer`` in the bands nearest to red, green and blue; returns False where it has none."""
    raster = gdal.OpenEx(gdal_source(layer), gdal.OF_RASTER)
    if raster is None:
        return False
    known = [(band, nm) for band, nm in enumerate(_wavelengths(raster), 1) if nm]
    if not known:
        return False
    nearest = [min(known, key=lambda one: abs(one[1] - wanted)) for wanted in RED_GREEN_BLUE]
    if any(abs(nm - wanted) > FARTHEST for (_, nm), wanted in zip(nearest, RED_GREEN_BLUE)):
        return False
    layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), *(band for band, _ in nearest)))
    layer.setContrastEnhancement(
        QgsContrastEnhancement.StretchToMinimumMaximum, QgsRasterMinMaxOrigin.CumulativeCut
    )
    layer.triggerRepaint()
    layer.emitStyleChanged()
    return True


def _wavelengths(raster: Any) -> list[float | None]:
    """Return the wavelength of every band in nm, None where the file does not say.

    Asked are the list of an ENVI header, the tags of the bands, and their descriptions.
    """
    header = raster.GetMetadata_Dict("ENVI") or {}
    listed = [_number(one) for one in header.get("wavelength", "").strip("{} ").split(",")]
    if len(listed) == raster.RasterCount:
        return wavelengths.read(listed, header.get("wavelength_units")).centres
    bands = [raster.GetRasterBand(band) for band in range(1, raster.RasterCount + 1)]
    imagery = [(band.GetMetadata_Dict("IMAGERY") or {}).get("CENTRAL_WAVELENGTH_UM", "") for band in bands]
    if all(imagery):
        return wavelengths.read([_number(one) for one in imagery], "um").centres
    tags = [{key.lower(): text for key, text in (band.GetMetadata_Dict() or {}).items()} for band in bands]
    if all("wavelength" in one for one in tags):
        unit = tags[0].get("wavelength_units") or tags[0].get("wavelength_unit")
        return wavelengths.read([_number(one["wavelength"]) for one in tags], unit).centres
    written = [wavelengths.as_written(band.GetDescription() or "") for band in bands]
    units = {one[1] for one in written if one is not None}
    return wavelengths.read(
        [one and one[0] for one in written], units.pop() if len(units) == 1 else None
    ).centres


def _number(text: str) -> float | None:
    """Return the number that a tag holds; None where it holds none."""
    try:
        return float(text)
    except ValueError:
        return None
