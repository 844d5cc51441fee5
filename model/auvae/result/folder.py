"""The folder of a result: put together beside its place, moved there in one step. Knows no maps."""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.errors import Cancelled, OutputError
from ..contract.result_document import is_result
from ..contract.result_files import FILES, belongs
from ..contract.staging import (
    previous_folder,
    put_back,
    remove_unfinished,
    staging_folder,
    staging_folders,
)
from ..mapping.checkpoint import Checkpoint
from ..network.model_file import read_model
from .disk import disk_errors_named, gone, names_to_disk, rename, to_disk
from .lock import FolderLock, held_by_another

if TYPE_CHECKING:
    from ..network.model import TrainedModel

_LITTER = {".ds_store", "thumbs.db", "desktop.ini"}
# A cancelled job is swept up from another thread: never while its folder is being moved, nor moved after
# that.
_moving = threading.Lock()
_given_up: set[Path] = set()


@dataclass(frozen=True)
class Leftover:
    """What a run that died had mapped: its staging folder, and where it stood."""

    folder: Path
    checkpoint: Checkpoint

    def model(self) -> TrainedModel:
        """The model that it had trained, in the processor's memory."""
        return read_model(str(self.folder / FILES["model"])).model


def left_over(output: Path, fingerprint: str) -> Leftover | None:
    """What a run into this folder left that died in the middle of the same work; what others left is removed.

    Raises:
        OutputError: another run is at work on this folder.
    """
    output = Path(os.path.abspath(output))
    found = None
    with disk_errors_named(output):
        for folder in staging_folders(output):
            if held_by_another(folder):
                raise _taken(output)
            checkpoint = Checkpoint.read(folder)
            if found is None and checkpoint is not None and checkpoint.fingerprint == fingerprint:
                found = Leftover(folder, checkpoint)
            else:
                shutil.rmtree(folder, ignore_errors=True)
    return found


def abandon(output: Path, job_id: str, *, unwanted: bool) -> None:
    """Remove an unfinished job's staging folder; put back an earlier result that was set aside.

    unwanted: also where the same run, asked for again, could go on from there (see `left_over`).
    """
    with _moving:
        _given_up.add(staging_folder(output, job_id))
        remove_unfinished(output, job_id, unwanted=unwanted)


class ResultFolder:
    """A result folder in the making.

    Attributes:
        output: its place, absolute.
        staging: where it is put together.
        published: whether it is in its place.
    """

    def __init__(self, output: Path, job_id: str, scene: str, earlier: Path | None = None) -> None:
        """Make the staging folder, and take it.

        Args:
            output: missing, empty or an earlier result.
            job_id: of the job.
            scene: the path of the scene, which must not lie in the result folder.
            earlier: the staging folder of a run that died, to go on with.

        Raises:
            OutputError: the folder cannot be written, holds something else, or another run is at work there.
        """
        self.output = Path(os.path.abspath(output))
        self.staging = staging_folder(self.output, job_id)
        self.published = False
        self._job_id = job_id
        self._made = self._make_parents()
        try:
            put_back(self.output)
            refuse_foreign(self.output)
            self._refuse_inside(scene)
            with disk_errors_named(self.output):
                if earlier is not None:
                    earlier.rename(self.staging)
                else:
                    self.staging.mkdir()
                self._lock = FolderLock(self.staging)
                self._refuse_others()
        except BaseException:
            self._unmake_parents()
            raise

    def abandon(self) -> None:
        """Remove it, but for what the same run, started again, can go on with."""
        self._lock.release(self.staging)
        abandon(self.output, self._job_id, unwanted=False)
        self._unmake_parents()

    def publish(self) -> None:
        """Bring its files to the disk and move it to its place, where an earlier result goes.

        Raises:
            Cancelled: the job was given up meanwhile.
            OutputError: it cannot be moved there.
        """
        with disk_errors_named(self.output):
            to_disk(self.staging)
        if os.name == "nt":
            # Windows renames no folder with an open file in it.
            self._lock.release(self.staging)
        self._swap()
        self._lock.release(self.output)

    def _swap(self) -> None:
        previous = previous_folder(self.output, self._job_id)
        try:
            with _moving:
                if self.staging in _given_up:
                    raise Cancelled
                if self.output.exists():
                    rename(self.output, previous)
                try:
                    rename(self.staging, self.output)
                except OSError:
                    put_back(self.output)
                    raise
        except FileNotFoundError as error:
            raise gone(self.output) from error
        except OSError as error:
            raise OutputError(
                f"The earlier result in {self.output} cannot be replaced: its files are open elsewhere.",
                "Remove its layers from the project, or choose another folder.",
            ) from error
        self.published = True
        names_to_disk(self.output.parent)  # before the earlier result goes
        shutil.rmtree(previous, ignore_errors=True)

    def _refuse_others(self) -> None:
        """Give way to a run into the same folder that began while this one read the scene."""
        others = [folder for folder in staging_folders(self.output) if folder != self.staging]
        if any(map(held_by_another, others)):
            self._lock.release(self.staging)
            abandon(self.output, self._job_id, unwanted=False)
            raise _taken(self.output)

    def _refuse_inside(self, scene: str) -> None:
        real = Path(os.path.realpath(scene))
        if os.path.realpath(self.output) in map(os.path.realpath, real.parents):
            raise OutputError(
                f"The raster lies in the output folder {self.output}, which would be replaced.",
                "Choose another output folder.",
            )

    def _make_parents(self) -> list[Path]:
        missing = []
        folder = self.output.parent
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        with disk_errors_named(self.output):
            self.output.parent.mkdir(parents=True, exist_ok=True)
        return missing

    def _unmake_parents(self) -> None:
        for folder in self._made:
            try:
                folder.rmdir()
            except OSError:
                return


def refuse_foreign(output: Path) -> None:
    """Raise OutputError where a result in this folder would take the place of something else."""
    if not output.exists() and not output.is_symlink():
        return
    if not output.is_dir():
        raise OutputError(f"{output} is a file, not a folder.", "Choose another output folder.")
    with disk_errors_named(output):
        held = [entry.name for entry in os.scandir(output) if entry.name.lower() not in _LITTER]
    if held and not is_result(output):
        raise OutputError(
            f"The output folder {output} holds something other than a result, such as {min(held)}.",
            "Choose an empty folder or a new one.",
        )
    foreign = sorted(name for name in held if not belongs(name))
    if foreign:
        raise OutputError(
            f"The output folder {output} holds an earlier result and also {foreign[0]}, which would be lost.",
            "Move that elsewhere, or choose another folder.",
        )


def _taken(output: Path) -> OutputError:
    return OutputError(
        f"Another run is writing a result into {output}.",
        "Wait until it has ended, or choose another folder.",
    )
