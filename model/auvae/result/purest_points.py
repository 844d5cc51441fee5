"""The purest pixels of every endmember as points on the ground: GeoJSON. Chooses no pixels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.crs import CRS

from ..contract.errors import SceneError
from ..scene.grid import Grid, to_crs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..mapping.purest import PurestPixels
    from ..scene.scene import Scene

_DIGITS = 9  # of a degree: a tenth of a millimetre


def purest_points(names: Sequence[str], purest: PurestPixels, scene: Scene) -> str:
    """A point in the middle of every purest pixel.

    In degrees of WGS 84, as GeoJSON has it (RFC 7946). Where the scene has no coordinate system, or one that
    does not lead there, in the scene's own coordinates with `crs` null (GeoJSON 2008), a raster without any
    as QGIS shows it: a unit a pixel, the first row below zero.

    Args:
        names: of the endmembers.
        purest: their pixels.
        scene: that these are of.
    """
    found = [purest.of(number) for number in range(len(names))]
    places = np.concatenate([where for where, _ in found])
    xs, ys, in_degrees = _on_the_ground(Grid.of(scene), places)
    points = zip(xs.tolist(), ys.tolist(), strict=True)
    features = [
        {
            "type": "Feature",
            "properties": {
                "name": name,
                "endmember": number,
                "rank": rank,
                "row": row + 1,
                "column": col + 1,
                "abundance": round(share, 6),
            },
            "geometry": {"type": "Point", "coordinates": [round(value, _DIGITS) for value in next(points)]},
        }
        for number, (name, (where, shares)) in enumerate(zip(names, found, strict=True), 1)
        for rank, ((row, col), share) in enumerate(zip(where.tolist(), shares.tolist(), strict=True), 1)
    ]
    document: dict[str, Any] = {"type": "FeatureCollection"}
    if not in_degrees:
        document["crs"] = None
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    return json.dumps(document)[:-1] + f', "features": [\n{lines}\n]}}\n'


def _on_the_ground(grid: Grid, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Coordinates of the middles of pixels ``(n, 2)``, and whether they are degrees of WGS 84."""
    xs, ys = grid.ground(places[:, 1] + 0.5, places[:, 0] + 0.5)
    if grid.placed and grid.crs is not None:
        try:
            degrees = to_crs(xs, ys, grid.crs, CRS.from_epsg(4326))
        except SceneError:  # another planet, or the system of a building site
            return xs, ys, False
        if np.isfinite(degrees).all():
            return *degrees, True
    return xs, ys, False
