"""The folder that a run over many scenes works in: models and tiles until the results are made of them.

It lies in the output folder, so that all workers reach it, and outlives a run that could not be finished: the
same run, started again, goes on with what is there. Its mark tells which run it belongs to.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..contract.errors import OutputError
from ..contract.result_document import is_result
from ..contract.result_files import FILES
from ..result.disk import disk_errors_named
from ..result.folder import refuse_foreign
from ..result.lock import FolderLock, held_by_another

if TYPE_CHECKING:
    from types import TracebackType

    from ..contract.jobs import ScenesJob

FOLDER = ".auvae-run"
_MARK = "run.json"
_FOLDERS = _MODELS, _SAMPLES, _TILES = "models", "samples", "tiles"


class RunFolder:
    """Takes the output folder for one run; a context manager.

    Attributes:
        output: the folder, absolute.
        mark: what tells this run from any other: scenes as they are now, options, version.
        names: of the scenes' result folders.
        resumed: whether an earlier run of the same mark left something here.
    """

    def __init__(self, job: ScenesJob, names: list[str]) -> None:
        """Raises OutputError: something else is there, or another run is at work."""
        self.output, self.names, self._id = Path(os.path.abspath(job.output)), names, job.id
        self.mark = _mark(job)
        self._folder = self.output / FOLDER
        with disk_errors_named(self.output):
            if self.output.exists() and not self.output.is_dir():
                raise OutputError(f"{self.output} is a file, not a folder.", "Choose another output folder.")
            self._made = not self.output.exists()
            self._folder.mkdir(parents=True, exist_ok=True)
            if held_by_another(self._folder):
                raise OutputError(
                    f"Another run is writing results into {self.output}.",
                    "Wait until it has ended, or choose another folder.",
                )
            self._lock = FolderLock(self._folder)
            try:
                for name in names:
                    refuse_foreign(self.output / name)
                self.resumed = self._take_over()
            except BaseException:
                self._lock.release(self._folder)
                self._leave(self.output, made=self._made)
                raise

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        begun = [file for folder in _FOLDERS for file in (self._folder / folder).glob("*")]
        self._lock.release(self._folder)
        if error is not None and not begun:
            shutil.rmtree(self._folder, ignore_errors=True)  # there is nothing to go on with
            self._leave(self.output, made=self._made)

    @property
    def token(self) -> str:
        """A file that whoever shares this folder sees."""
        return str(self._folder / _MARK)

    def model(self, scene: int | None) -> Path:
        """Where the model of a scene is kept, or of all."""
        return self._folder / _MODELS / ("all.auvae" if scene is None else f"{scene}.auvae")

    def trained(self, scene: int | None) -> bool:
        """Whether that model is there: its notes are written after it."""
        return self.model(scene).with_suffix(".json").exists()

    def samples(self, scene: int) -> Path:
        """Where the samples of a scene are kept until the one model is trained."""
        return self._folder / _SAMPLES / f"{scene}.safetensors"

    def tile(self, scene: int, first: int) -> Path:
        """Where the tile of a block lies."""
        return self._folder / _TILES / f"{scene}-{first}"

    def result(self, scene: int) -> dict[str, Any] | None:
        """The result.json of a scene, if it is of this run and complete."""
        try:
            text = (self.output / self.names[scene] / FILES["json"]).read_text(encoding="utf-8")
            document = json.loads(text)
        except (OSError, ValueError, RecursionError):
            return None
        whole = isinstance(document, dict) and document.get("run") == self.mark
        return document if whole else None

    def drop_tiles(self, scene: int) -> None:
        """Remove the tiles of a scene whose result is complete."""
        for tile in (self._folder / _TILES).glob(f"{scene}-*"):
            shutil.rmtree(tile, ignore_errors=True)

    def drop_samples(self) -> None:
        """Remove the samples: the model is trained."""
        shutil.rmtree(self._folder / _SAMPLES, ignore_errors=True)

    def clear(self) -> None:
        """Remove everything but the results: all is done."""
        self._lock.release(self._folder)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _take_over(self) -> bool:
        """Take over what an earlier run left, if it was the same; else make room."""
        try:
            same = json.loads((self._folder / _MARK).read_text(encoding="utf-8"))["mark"] == self.mark
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            same = False
        if not same:
            for folder in _FOLDERS:
                shutil.rmtree(self._folder / folder, ignore_errors=True)
            (self._folder / _MARK).write_text(json.dumps({"mark": self.mark}), encoding="utf-8")
        for folder in _FOLDERS:
            (self._folder / folder).mkdir(exist_ok=True)
            for half in (self._folder / folder).glob("*.partial-*"):
                if half.is_dir():
                    shutil.rmtree(half, ignore_errors=True)
                else:
                    half.unlink(missing_ok=True)
        return same

    @staticmethod
    def _leave(output: Path, *, made: bool) -> None:
        """Remove a work folder in which nothing was begun, and an output folder made for it."""
        for folder in (output / FOLDER, output) if made else (output / FOLDER,):
            try:
                folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                return


def abandon(output: Path, job_id: str, *, unwanted: bool) -> None:
    """Leave an output folder in order when its run was cancelled: finished results stay.

    unwanted: what is not finished goes too; else the same run could go on from there.
    """
    work = output / FOLDER
    if not work.is_dir():
        return
    for staged in output.glob(f".*.partial-{job_id}"):
        shutil.rmtree(staged, ignore_errors=True)
    if not unwanted:
        return
    finished = any(is_result(folder) for folder in output.iterdir() if folder.is_dir())
    # Renamed first: a worker that has not noticed yet finds no place to write to.
    gone = output / f"{FOLDER}-{uuid.uuid4().hex}"
    place = work / _TILES if finished else work
    try:
        place.rename(gone)
    except OSError:
        gone = place
    shutil.rmtree(gone, ignore_errors=True)
    if not finished:
        try:
            output.rmdir()
        except OSError:
            return


def _mark(job: ScenesJob) -> str:
    states: list[Any] = []
    for scene in job.scenes:
        try:
            found = os.stat(scene)
            states.append([os.path.realpath(scene), found.st_size, found.st_mtime_ns])
        except OSError:  # a name of GDAL's
            states.append([scene])
    options = {key: value for key, value in job.options.items() if key != "device"}
    return hashlib.sha256(json.dumps([states, options, __version__], sort_keys=True).encode()).hexdigest()
