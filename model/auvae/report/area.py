"""Areas in hectares: whether a result has any, and sentences on how they were measured. Measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contract.areas import HECTARE, NO_AREA, in_hectares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..contract.result_document import AreaDocument
    from ..scene.pixel_area import PixelArea


def no_area(brightness: dict[str, Any] | None, ground: str, *, shares: bool) -> str:
    """Why a result has no areas, a word of contract/areas.py; empty where it has.

    Args:
        brightness: how abundances were read, as `brightness_document` has it.
        ground: why the area of a pixel is not known, empty where it is.
        shares: whether abundances sum to one.
    """
    if not shares:
        return "amounts"
    if brightness is None:
        return "unknown"
    return ground if brightness["areas"] else "reflectance"


def area_document(areas: Sequence[float] | None, reason: str, pixel: PixelArea) -> AreaDocument:
    """What result.json says of the areas of all endmembers together.

    Args:
        areas: of each endmember, m2; None where there are none.
        reason: why there are none.
        pixel: the area of the scene's pixels.
    """
    if areas is None or pixel.by_row is None:
        text = f"No areas in hectares are given: {NO_AREA[reason]}."
        return {"hectares": None, "reason": reason, "text": text}
    least, most = (f"{size:.5g}" for size in (pixel.by_row.min(), pixel.by_row.max()))
    size = least if least == most else f"{least} to {most}"
    text = (
        f"Areas are abundances times the area of a pixel ({size} m²), added up over all pixels with data: "
        f"{in_hectares(sum(areas) / HECTARE)} ha in all."
    )
    return {"hectares": sum(areas) / HECTARE, "reason": "", "text": text}
