"""Writes the files of a result into its folder: maps, spectra, model, result.json, report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from ..contract.areas import HECTARE
from ..contract.palette import by_place
from ..contract.result_document import FORMAT, SCHEMA
from ..contract.result_files import FILES, map_files
from ..contract.variants import abilities
from ..mapping.checkpoint import Checkpoint
from ..mapping.map_rasters import MapRasters, settled
from ..mapping.overview import Overview
from ..mapping.statistics import MapStatistics
from ..network.model_file import model_bytes
from ..report import report_pictures
from ..report.advice import advice, nearest
from ..report.area import area_document, no_area
from ..report.brightness import brightness_document, contradictions
from ..report.doubt import doubts
from ..report.result_page import result_page
from ..scene.pixel_area import PixelArea
from .disk import disk_errors_named
from .folder import Leftover, ResultFolder
from .library_file import write_endmembers, write_library
from .purest_points import purest_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from rasterio.windows import Window

    from ..contract.result_document import (
        EndmemberDocument,
        HowMade,
        ManyScenes,
        Move,
        PurestDocument,
        ResultDocument,
        SearchDocument,
        TrainingRecord,
    )
    from ..network.model import Maps, TrainedModel
    from ..scene.scene import Scene

# Where the rasters lie until they are packed.
_PLAIN = "plain"


class ResultWriter:
    """Writes one result folder; a context manager. Left without `finish`, nothing of it remains.

    All its methods raise OutputError when the folder cannot be written.

    Attributes:
        output: the folder, absolute.
        names: of the endmembers, in the model's order.
        statistics: of what was written.
    """

    def __init__(
        self,
        output: Path,
        job_id: str,
        scene: Scene,
        names: Sequence[str],
        earlier: Leftover | None = None,
        *,
        shares: bool = True,
    ) -> None:
        """Take the folder.

        Args:
            output: missing, empty or an earlier result.
            job_id: of the job.
            scene: that is unmixed.
            names: of the endmembers, in the model's order.
            earlier: what a run that died had written, to go on with.
            shares: whether abundances sum to one; they are amounts otherwise.

        Raises:
            OutputError: the folder cannot be written, holds something else, or another run is at work there.
        """
        self.names = tuple(names)
        self._area = PixelArea.of(scene)
        self.statistics = MapStatistics(len(self.names), self._area.by_row)
        self._files = map_files(self.names)
        self._colors = by_place(len(self.names))
        self._scene = scene
        self._shares = shares
        self._overview = Overview(scene.rows, scene.cols, scene.wavelengths, len(scene.kept))
        if earlier is not None:
            self.statistics.restore(earlier.checkpoint.sums)
            self._overview.restore(earlier.checkpoint.sums)
        self._folder = ResultFolder(output, job_id, scene.path, earlier.folder if earlier else None)
        self.output, self._staging = self._folder.output, self._folder.staging
        plain = self._staging / _PLAIN
        self._rasters = MapRasters(plain, scene, FILES, self._files, self.names, self._colors)
        try:
            with disk_errors_named(self.output):
                # What cannot be written in the end is found before the long work.
                self._rasters.refuse_without_room(self.output)
                if earlier is None:
                    self._rasters.prepare()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __enter__(self) -> ResultWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._folder.published:
            self._rasters.abandon()
            self._folder.abandon()

    def paint(self, colors: Sequence[str]) -> None:
        """Give the endmembers these colours, #RRGGBB; before the first `write`."""
        self._colors = list(colors)
        self._rasters.paint(self._colors)

    def write(self, window: Window, maps: Maps, cube: np.ndarray, inside: tuple[slice, slice]) -> None:
        """Write what the model says of a window. Windows must not overlap.

        Args:
            window: where.
            maps: of the window and its surroundings.
            cube: (rows, cols, B) of the same, as it was read.
            inside: the part of both that is the window.
        """
        abundances, valid = settled(maps, inside, shares=self._shares)
        uncertainty, angle, errors = (
            part[inside] for part in (maps.uncertainty, maps.angle, maps.squared_error)
        )
        self.place(window, abundances, uncertainty, angle)
        corner = (window.row_off, window.col_off)
        self.statistics.see(
            abundances[valid], uncertainty[valid], angle[valid], errors[valid], cube[inside], valid, corner
        )
        self._overview.see(window, cube[inside], valid, angle, errors)

    def place(
        self, window: Window, abundances: np.ndarray, uncertainty: np.ndarray, angle: np.ndarray
    ) -> None:
        """Write maps of a window that was mapped elsewhere; `add` takes the statistics of its block.

        Args:
            window: where.
            abundances: (rows, cols, K), as `settled` gives them.
            uncertainty: (rows, cols, K).
            angle: (rows, cols), radians.
        """
        with disk_errors_named(self.output):
            valid = np.asarray(np.isfinite(abundances).all(axis=-1))
            self._rasters.write(window, abundances, uncertainty, angle, valid)

    def add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Add what `MapStatistics.arrays` and `Overview.arrays` gave of a block that was mapped elsewhere."""
        self.statistics.add(arrays)
        self._overview.add(arrays)

    def keep(self, model: TrainedModel, fingerprint: str, row: int, training: TrainingRecord) -> None:
        """Keep the model and all maps above `row`: should this process die, `left_over` finds them."""
        with disk_errors_named(self.output):
            self._rasters.flush()
            if not (self._staging / FILES["model"]).exists():
                self._write_model(model)
            seen = {**self.statistics.arrays(), **self._overview.arrays()}
            Checkpoint(fingerprint, row, training, seen).write(self._staging)

    def complete_maps(self, progress: Callable[[float], None]) -> None:
        """Pack every raster with its overviews, and make sure that every pixel arrived.

        Args:
            progress: called with 0 to 1; may raise to give up.
        """
        with disk_errors_named(self.output):
            self._rasters.pack(self._staging, progress)
            Checkpoint.clear(self._staging)

    def advice(self, model: TrainedModel, variant: str, search: SearchDocument | None) -> Iterator[str]:
        """Sentences for the analyst on what speaks against this result; after the last `write`.

        Args:
            model: that was mapped with.
            variant: of the network.
            search: how its endmembers were found, where they were sought.
        """
        endmembers = np.asarray(model.endmembers)
        yield from contradictions(model)
        yield from doubts(search, endmembers, np.array(self.statistics.area_shares), self.statistics.pixels)
        yield from advice(
            endmembers,
            np.array(self.statistics.mean_abundances),
            np.array(self.statistics.area_shares),
            np.array(self.statistics.mean_uncertainties) if abilities(variant).has_uncertainty else None,
            self.statistics.metrics["mean_angle"],
            self._overview,
            search,
        )

    def finish(
        self, model: TrainedModel, how: HowMade, moves: Sequence[Move], part: ManyScenes | None = None
    ) -> ResultDocument:
        """Write the rest and move the folder to its place, after `complete_maps`.

        Args:
            model: that was mapped with.
            how: what the task knows of how the result was made.
            moves: the endmembers while they were trained, as training.json keeps them.
            part: where the scene is one of several.

        Returns:
            What result.json says.
        """
        scene, spread = self._scene, self.statistics.purest.spread(model.endmembers)
        brightness = brightness_document(model)
        reason = no_area(brightness, self._area.reason, shares=self._shares)
        areas = None if reason else self.statistics.areas
        document: ResultDocument = {
            "format": FORMAT,
            "schema": SCHEMA,
            **how,
            **(part or {}),
            "endmembers": self._endmembers(model, areas),
            "files": dict(FILES),
            "metrics": self.statistics.metrics,
            "brightness": brightness,
            "area": area_document(areas, reason, self._area),
        }
        with disk_errors_named(self.output):
            write_endmembers(self._staging / FILES["endmembers"], self.names, model.endmembers, scene)
            write_library(self._staging / FILES["library"], self.names, model.endmembers, scene)
            write_endmembers(self._staging / FILES["spread"], self.names, spread, scene)
            self._write_text("training", json.dumps(
                {"format": "auvae-training", "schema": 1, "moves": list(moves)}
            ) + "\n")  # fmt: skip
            self._write_text("purest", purest_points(self.names, self.statistics.purest, scene))
            self._write_model(model)
            images = report_pictures.pictures(self._staging, document, self._overview)
            self._write_text("report", result_page(document, np.asarray(model.endmembers), spread, images))
            self._write_text(
                "json", json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
            )
        self._folder.publish()
        return document

    def _endmembers(self, model: TrainedModel, areas: Sequence[float] | None) -> list[EndmemberDocument]:
        statistics = self.statistics
        return [
            {
                "name": name,
                "file": file,
                "color": self._colors[index],
                "mean_abundance": mean,
                "mean_uncertainty": deviation,
                "area_share": area,
                "hectares": None if areas is None else areas[index] / HECTARE,
                "mixing": mixing,
                "purest": purest,
                "nearest": other,
            }
            for index, (name, file, mean, deviation, area, mixing, purest, other) in enumerate(
                zip(
                    self.names,
                    self._files,
                    statistics.mean_abundances,
                    statistics.mean_uncertainties,
                    statistics.area_shares,
                    model.mixing.tolist(),
                    self._purest(),
                    nearest(model.endmembers),
                    strict=True,
                )
            )
        ]

    def _purest(self) -> list[PurestDocument]:
        found: list[PurestDocument] = []
        for number in range(len(self.names)):
            places, shares = self.statistics.purest.of(number)
            row, col = places[0].tolist() if len(places) else (None, None)
            found.append(
                {
                    "pixels": len(places),
                    "least_abundance": float(shares[-1]) if len(places) else 0.0,
                    "row": row,
                    "col": col,
                    "abundance": float(shares[0]) if len(places) else None,
                }
            )
        return found

    def _write_text(self, kind: str, text: str) -> None:
        (self._staging / FILES[kind]).write_text(text, encoding="utf-8")

    def _write_model(self, model: TrainedModel) -> None:
        content = model_bytes(
            model, self.names, self._colors, self._scene, self.statistics.metrics["mean_angle"]
        )
        (self._staging / FILES["model"]).write_bytes(content)
