"""The areas of a result in words, or why it has none."""

from __future__ import annotations

from ....model.auvae.contract.areas import in_hectares
from ...results.result import Result
from ...translation import tr


def areas(result: Result) -> list[str]:
    """Return the area of each endmember, such as “12.3 ha”; nothing where there are none."""
    return [tr("{} ha").format(in_hectares(area)) for area in result.hectares or ()]


def about_areas(result: Result) -> str:
    """Return a sentence on the areas of a result, or on why it has none."""
    if result.hectares is not None:
        return tr("{} ha in all").format(in_hectares(sum(result.hectares)))
    reasons = {
        "reflectance": tr("abundances are shares of reflectance, not of the area"),
        "amounts": tr("abundances need not sum to one"),
        "unknown": tr("the network does not say whether abundances are shares of the area"),
        "no-crs": tr("the scene has no coordinate system, or no place in it"),
        "no-unit": tr("the unit of the scene's coordinate system is not known"),
        "irregular": tr("the scene is placed by ground control points: warp it to a grid first"),
        "stretched": tr("the scene's coordinate system stretches areas: warp it, to UTM for example"),
    }
    area = result.document.get("area")
    said = area.get("reason") if isinstance(area, dict) else None  # a result from elsewhere
    reason = reasons.get(str(said), tr("an earlier version made this result: unmix the image again"))
    return tr("No hectares: {}").format(reason)
