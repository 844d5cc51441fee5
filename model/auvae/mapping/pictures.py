"""Abundances at one look: endmember colours mixed by abundance, and the largest one. Opens no file."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..contract.palette import rgb

if TYPE_CHECKING:
    from collections.abc import Sequence

UNCLASSIFIED = 0  # the class of a pixel without data


def composite(abundances: np.ndarray, colors: Sequence[str]) -> np.ndarray:
    """Mix the endmembers' colours by abundance.

    Args:
        abundances: (rows, cols, K), summing to one; NaN where there is no data.
        colors: K colours as #RRGGBB.

    Returns:
        (rows, cols, 4) uint8: red, green, blue and opacity, which is 0 where there is no data.

    """
    valid = np.isfinite(abundances).all(axis=-1)
    mixed = np.nan_to_num(abundances) @ np.array([rgb(color) for color in colors], np.float32)
    picture = np.zeros((*valid.shape, 4), np.uint8)
    picture[..., :3] = np.where(valid[..., None], mixed.round().clip(0, 255), 0)
    picture[..., 3] = np.where(valid, 255, 0)
    return picture


def dominant(abundances: np.ndarray) -> np.ndarray:
    """Return which endmember is largest, (rows, cols) uint8: 1 to K, UNCLASSIFIED where there is no data.

    Args:
        abundances: (rows, cols, K); NaN where there is no data.

    """
    valid = np.isfinite(abundances).all(axis=-1)
    largest = np.nan_to_num(abundances).argmax(axis=-1) + 1
    return np.where(valid, largest, UNCLASSIFIED).astype(np.uint8)


def classes(names: Sequence[str], colors: Sequence[str]) -> str:
    """Return the .aux.xml beside a raster of classes that tells GDAL their names and colours.

    GeoTIFF holds no names, and always 256 colours, of which other programs then make as many classes.
    """
    listed = "".join(f"      <Category>{escape(name)}</Category>\n" for name in ("", *names))
    shades = [(0, 0, 0, 0), *((*rgb(color), 255) for color in colors)]
    table = "".join(
        f'      <Entry c1="{red}" c2="{green}" c3="{blue}" c4="{opacity}"/>\n'
        for red, green, blue, opacity in shades
    )
    return (
        '<PAMDataset>\n  <PAMRasterBand band="1">\n    <ColorInterp>Palette</ColorInterp>\n'
        f"    <ColorTable>\n{table}    </ColorTable>\n"
        f"    <CategoryNames>\n{listed}    </CategoryNames>\n  </PAMRasterBand>\n</PAMDataset>\n"
    )
