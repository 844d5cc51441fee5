"""When a scene was taken: from its name or the metadata in its file. Reads no pixels."""

from __future__ import annotations

import os
import re
from datetime import date

import rasterio
from rasterio.errors import RasterioError

# 2022-06-01, 20220601, and 20220601 with the time of day after it, with or without a T.
_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?=\D|$|(?:\d{4}|\d{6})(?:\D|$))"
)
# Tags that speak of the light, not of the file: TIFFTAG_DATETIME is when somebody saved it.
_TAGS = re.compile(
    r"(acquisition|sensing|start)[ _]?(date|time|datetime|start)|^datetime_original$", re.IGNORECASE
)


def scene_date(path: str) -> str | None:
    """The day a scene was taken as YYYY-MM-DD: in its name, then in its tags; None if unknown."""
    found = date_in(os.path.basename(path))
    if found is not None:
        return found
    try:
        with rasterio.open(path) as raster:
            domains = [raster.tags(ns=domain) for domain in (None, "ENVI", "IMAGERY")]
    except RasterioError:  # a product that is no raster to GDAL: its name speaks
        return None
    values = [value for tags in domains for name, value in tags.items() if _TAGS.search(name)]
    return next(filter(None, map(date_in, values)), None)


def date_in(text: str) -> str | None:
    """The first day that a text names as YYYY-MM-DD, None where it names none."""
    for match in _DATE.finditer(text):
        year, _, month, day = match.groups()
        try:
            return date(int(year), int(month), int(day)).isoformat()
        except ValueError:  # the 31st of a month that has 30 days
            continue
    return None
