"""What all scenes of a run say together: a table, a file for programs, and the page of summary_page.py."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .. import __version__
from ..contract.names import plain_cell
from ..contract.result_files import SCENES_FILES
from ..report.summary_page import page
from ..result.whole import write_text_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..contract.events import SummaryFiles
    from ..contract.jobs import ScenesJob
    from ..tasks.progress import JobProgress

_COLUMNS = (
    "scene", "date", "material", "mean_abundance", "area_km2", "dominant_share", "dominant_area_km2",
    "pixels_with_data", "pixels", "complete", "folder",
)  # fmt: skip
_KM2 = 1e6


def write_summary(
    job: ScenesJob,
    output: Path,
    scenes: Sequence[dict[str, Any]],
    failed: Sequence[dict[str, str]],
    progress: JobProgress,
) -> SummaryFiles:
    """Write table, report and the file for programs; returns their paths by kind.

    Args:
        job: what was asked for.
        output: the folder.
        scenes: of each finished scene its path ("scene"), folder ("name"), "date" or None, "pixel_area" in
            square metres or None, and the content of result.json ("result").
        failed: the scenes without a result, and why ("text").
        progress: whose warnings and times the report names.

    Raises:
        OutputError: the folder cannot be written.
    """
    rows = [row for scene in scenes for row in _rows(scene)]
    document = {
        "format": "auvae-scenes",
        "schema": 1,
        "auvae": __version__,
        "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "options": job.options,
        "command": job.command,
        "seconds": progress.seconds(),
        "scenes": [
            {"scene": scene["scene"], "folder": scene["name"], "date": scene["date"]} for scene in scenes
        ],
        "rows": rows,
        "failed": list(failed),
        "warnings": progress.warnings,
    }
    contents = {
        "summary": _table(rows),
        "report": page(job, document, scenes, output),
        "json": json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    }
    for kind, text in contents.items():
        write_text_whole(output / SCENES_FILES[kind], text, job.id)
    return cast("SummaryFiles", {kind: str(output / file) for kind, file in SCENES_FILES.items()})


def _rows(scene: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of the table on one scene: one a material."""
    result = scene["result"]
    pixels, area = result["pixels"], scene["pixel_area"]
    for item in result["endmembers"]:
        shares = (item["mean_abundance"], item["area_share"])
        read = result.get("brightness") or {"areas": False}
        # Shares of reflectance are no areas; where a material is the largest they are counted by pixels.
        places = (area if read["areas"] else None, area)
        areas = [
            None if place is None else round(share * pixels * place / _KM2, 6)
            for share, place in zip(shares, places, strict=True)
        ]
        cells = (
            scene["scene"], scene["date"], item["name"], round(shares[0], 6), areas[0], round(shares[1], 6),
            areas[1], pixels, result["scene"]["rows"] * result["scene"]["cols"], not result["missing"],
            scene["name"],
        )  # fmt: skip
        yield dict(zip(_COLUMNS, cells, strict=True))


def _table(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    for row in rows:
        cells = {**row, "complete": "yes" if row["complete"] else "no"}
        cells |= {column: plain_cell(row[column]) for column in ("scene", "material", "folder")}
        table.writerow(["" if cells[column] is None else cells[column] for column in _COLUMNS])
    return text.getvalue()
