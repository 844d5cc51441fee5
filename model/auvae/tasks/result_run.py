"""The way of one scene into a result folder: mapped with a model, completed, described."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from ..contract.choices import MOST_ENDMEMBERS
from ..contract.errors import JobError, LibraryError
from ..contract.materials import Materials, colors_by_material
from ..contract.palette import by_place
from ..contract.result_document import ResultError
from ..contract.result_files import FILES
from ..mapping.checkpoint import Pace, fingerprint
from ..mapping.map_scene import map_scene
from ..numerics.device import computed_on
from ..numerics.threads import chosen_threads
from ..result.folder import left_over
from ..result.writer import ResultWriter
from ..spectra.known import KnownSpectra, known_spectra
from .devices import device_of, on_device
from .progress import MAPPED
from .provenance import how_made, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..contract.events import ResultFiles, UnmixResult
    from ..contract.jobs import ApplyJob, FclsJob, KnownChoice, UnmixJob
    from ..contract.result_document import ResultDocument, TrainingRecord
    from ..network.model import TrainedModel
    from ..scene.scene import Scene
    from .progress import JobProgress


class ResultRun:
    """One scene on its way into a result folder, from where a run that died left it.

    Attributes:
        earlier: what such a run left, None where there was none.
    """

    def __init__(
        self,
        job: UnmixJob | ApplyJob | FclsJob,
        scene: Scene,
        progress: JobProgress,
        variant: str,
        model_facts: dict[str, Any],
        colors: Sequence[str] | None = None,
    ) -> None:
        """Look for what an earlier run left.

        Args:
            job: that asks for the result.
            scene: to be unmixed.
            progress: of the job.
            variant: the network, or least squares.
            model_facts: what tells a model or known spectra apart from others under the same path.
            colors: of the endmembers, where they have some already; None for those of the palette.

        Raises:
            JobError: an earlier result, whose colours are to be kept, cannot be read.
            OutputError: another run is at work on the folder.
        """
        self._job, self._scene, self._progress, self._variant = job, scene, progress, variant
        device, _ = device_of(job.device)
        self._colors, self._alike = colors, _earlier_materials(job)
        facts = {**job.options, **model_facts, "colors": [colors, *(one.colors for one in self._alike)]}
        self._fingerprint = fingerprint(scene, facts, versions(), device)
        self._computed_on = ""
        self.earlier = left_over(Path(job.output), self._fingerprint)

    @contextmanager
    def writer(self, names: Sequence[str]) -> Iterator[ResultWriter]:
        """The writer of the result, with the names of its endmembers."""
        shares = self._variant != "nnls"
        output, job_id = Path(self._job.output), self._job.id
        with ResultWriter(output, job_id, self._scene, names, self.earlier, shares=shares) as writer:
            yield writer

    def colors_of(self, endmembers: np.ndarray) -> list[str]:
        """Colours of endmembers (K, B), #RRGGBB: those that an earlier result has of the same materials."""
        numbers = [band.number for band in self._scene.kept]
        own = self._colors or by_place(len(endmembers))
        new = Materials.of(self._scene.wavelengths, numbers, endmembers, own)
        return colors_by_material(new, self._alike)

    def map(
        self, writer: ResultWriter, model: TrainedModel, training: TrainingRecord, begin: float
    ) -> TrainedModel:
        """Map the scene, and keep now and then how far that is.

        Args:
            writer: takes the maps.
            model: to map with.
            training: what it left, kept with the maps.
            begin: share of the job that is done; the progress goes on from there.

        Returns:
            the model in the processor's memory, for what is to be written: what a card holds may go with it.
        """
        scene, progress = self._scene, self._progress
        progress.reach(begin, "mapping", "Mapping the scene")
        kept = model.to(torch.device("cpu"))
        writer.paint(self.colors_of(np.asarray(kept.endmembers)))
        model = on_device(self._job.device, progress, kept.to)
        self._computed_on = computed_on(model.device)
        pace = Pace(scene.rows * scene.cols)
        for row in map_scene(
            scene,
            model,
            writer,
            lambda done, text: progress.reach(begin + (MAPPED - begin) * done, "mapping", text),
            lambda text: progress.message("info", text),
            self.earlier.checkpoint.row if self.earlier else 0,
            warn=progress.leave_card if self._job.device == "auto" else None,
        ):
            if row < scene.rows and pace.due():
                writer.keep(kept, self._fingerprint, row, training)
        if progress.left_card:
            self._computed_on = computed_on(kept.device)
        return kept

    def finish(
        self,
        writer: ResultWriter,
        model: TrainedModel,
        training: TrainingRecord,
        *,
        known: KnownSpectra | None = None,
        applied: dict[str, Any] | None = None,
    ) -> None:
        """Complete the maps, write what goes with them, and send the result.

        Args:
            writer: that has the maps.
            model: that they were made with, in the processor's memory.
            training: what it left.
            known: spectra that were known.
            applied: what result.json says of a model that was trained elsewhere.
        """
        progress = self._progress
        progress.reach(MAPPED, "writing", "Writing the result")
        writer.complete_maps(
            lambda done: progress.reach(MAPPED + (1 - MAPPED) * done, "writing", "Writing the result")
        )
        self._scene.check_unchanged()
        for text in writer.advice(model, self._variant, training["search"]):
            progress.message("warning", text)
        device = self._computed_on
        how = how_made(
            self._job, self._scene, progress, training,
            variant=self._variant, device=device, threads=chosen_threads().document(),
            known=known, applied=applied,
        )  # fmt: skip
        document = writer.finish(model, how, training["moves"])
        spent = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in progress.seconds().items())
        progress.message("info", f"Computed on {device}: {spent}.")
        progress.send(_result(writer.output, document))


def _earlier_materials(job: UnmixJob | ApplyJob | FclsJob) -> list[Materials]:
    """The endmembers of the results whose colours a job takes over."""
    found = []
    for folder in getattr(job, "colors_of", ()):
        try:
            found.append(Materials.read(Path(folder)))
        except ResultError as error:
            raise JobError(
                f"Colours cannot be taken from {folder}: {error}", "Name the folder of a result, or none."
            ) from error
    return found


def read_known(choice: KnownChoice, scene: Scene, progress: JobProgress) -> KnownSpectra:
    """The known spectra in the bands of the scene, with messages on what was done to them.

    Raises:
        LibraryError: they cannot be read, do not fit the scene, or are too many.
    """
    known = known_spectra(choice, scene)
    if len(known.names) > MOST_ENDMEMBERS:
        raise LibraryError(
            f"{len(known.names)} known spectra are more than the {MOST_ENDMEMBERS} that a result can hold.",
            "Name those that are to be used.",
        )
    scene.check(len(known.names))
    for level, texts in (("info", known.notes), ("warning", known.warnings)):
        for text in texts:
            progress.message(level, text)
    return known


def _result(output: Path, document: ResultDocument) -> UnmixResult:
    metrics = document["metrics"]
    return {
        "event": "result",
        "output": str(output),
        "files": cast("ResultFiles", {kind: str(output / file) for kind, file in FILES.items()}),
        "endmembers": [
            {"name": one["name"], "file": str(output / one["file"]), "color": one["color"]}
            for one in document["endmembers"]
        ],
        "metrics": {"rmse": metrics["rmse"], "mean_angle": metrics["mean_angle"]},
        "warnings": document["warnings"],
    }
