"""Whether scenes go together: the bands that one model of all of them can use."""

from __future__ import annotations

from typing import Any

from ..contract.errors import SceneError

# Wavelengths of one band in two scenes may differ by this much, in nm.
_SAME_BAND = 2.0


def common_bands(scenes: list[dict[str, Any]]) -> list[int]:
    """The bands that are used in all scenes, of what was seen of each.

    Raises:
        SceneError: the scenes are not of one sensor, so that no model can be trained on all.
    """
    first = scenes[0]
    remedy = "Unmix with one model each, or leave that scene out."
    common = set(first["bands"])
    for other in scenes[1:]:
        if other["band_count"] != first["band_count"]:
            raise SceneError(
                f"{first['name']} has {first['band_count']} bands and {other['name']} "
                f"{other['band_count']}: one model cannot be trained on both.",
                remedy,
            )
        if other["unit"] != first["unit"]:
            raise SceneError(
                f"The values of {first['name']} are “{first['unit']}”, those of {other['name']} "
                f"“{other['unit']}”: one model cannot be trained on both.",
                remedy,
            )
        if first["wavelengths"] and other["wavelengths"]:
            one, two = (dict(zip(s["bands"], s["wavelengths"], strict=True)) for s in (first, other))
            apart = max((abs(one[band] - two[band]) for band in one.keys() & two.keys()), default=0.0)
            if apart > _SAME_BAND:
                raise SceneError(
                    f"The bands of {first['name']} and {other['name']} are up to {apart:.1f} nm apart: "
                    "one model cannot be trained on both.",
                    remedy,
                )
        common &= set(other["bands"])
    if len(common) <= 1:
        raise SceneError("The scenes have no bands in common that are used in all.", remedy)
    return sorted(common)
