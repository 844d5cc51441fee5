"""The result folder: what is written, and how it appears whole or not at all. Knows no network."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import shutil
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio._err import CPLE_BaseError  # GDAL's errors, which some calls let through as they are
from rasterio.errors import RasterioError

from ..contract.errors import Cancelled, OutputError
from ..contract.names import plain_cell
from ..contract.palette import COLORS
from ..contract.variants import DEFAULT
from ..mapping.checkpoint import JOURNAL, LOCK, Checkpoint, Lock, held_by_another
from ..mapping.map_rasters import MapRasters
from ..mapping.overview import Overview
from ..mapping.statistics import MapStatistics
from ..network.model_file import model_bytes, read_model
from ..report import report, report_pictures
from ..report.advice import advice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from rasterio.windows import Window

    from ..network.model import Maps, TrainedModel
    from ..scene.scene import Scene
    from .library_file import Axis

FORMAT = "auvae-result"
FILES = {
    "abundances": "abundances.tif",
    "endmembers": "endmembers.csv",
    "library": "endmembers.sli",
    "spread": "endmembers_spread.csv",
    "uncertainty": "uncertainty.tif",
    "error": "error.tif",
    "composite": "composite.tif",
    "dominant": "dominant.tif",
    "model": "model.auvae",
    "training": "training.json",
    "json": "result.json",
    "report": "report.html",
}
# What a result folder may hold: its own files, and what GIS programs leave beside rasters (statistics,
# styles).
_OWN = re.compile(rf"abundance_[^/]*\.tif|endmembers\.hdr|{LOCK}|" + "|".join(map(re.escape, FILES.values())))
_BESIDE = (".aux.xml", ".qml", ".qmd", ".sld", ".ovr", ".msk")
_LITTER = {".ds_store", "thumbs.db", "desktop.ini"}
_FREE_SPACE = "Make room on the disk, or choose a folder on another one."
# A virus scanner or an indexer may hold a file for a moment.
_TRY_AGAIN_S = 0.1
_TRIES = 5


# Where the rasters lie until they are packed.
_PLAIN = "plain"
_PARTIAL = "partial"
# A cancelled job is swept up from another thread: never while its folder is being moved, nor moved after
# that.
_moving = threading.Lock()
_given_up: set[Path] = set()


def staging_folder(output: Path, job_id: str) -> Path:
    """Where the result is put together, beside its final place, so that a rename can move it there."""
    return output.parent / f".{output.name}.{_PARTIAL}-{job_id}"


@dataclass(frozen=True)
class Leftover:
    """What a run that died had mapped: its staging folder, and where it stood."""

    folder: Path
    checkpoint: Checkpoint

    def model(self, device: str) -> TrainedModel:
        """The model that it had trained."""
        return read_model(str(self.folder / FILES["model"]), device).model


def settled(maps: Maps, inside: tuple[slice, slice], *, shares: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Abundances (rows, cols, K) as they are written, of the part of the maps that is `inside`, and valid.

    float32 arithmetic may have left a hair below zero or off one; without `shares` they are amounts.
    """
    abundances = np.clip(maps.abundances[inside], 0, 1 if shares else None)
    valid = np.asarray(np.isfinite(abundances).all(axis=-1))
    if shares:
        abundances = abundances / np.maximum(abundances.sum(axis=-1, keepdims=True), np.float32(1e-12))
    return abundances, valid


def left_over(output: Path, fingerprint: str) -> Leftover | None:
    """What a run into this folder left that died in the middle of the same work; what others left is removed.

    Raises:
        OutputError: another run is at work on this folder.
    """
    output = Path(os.path.abspath(output))
    if not output.parent.is_dir():
        return None
    found = None
    with disk_errors_named(output):
        start = f".{output.name}.{_PARTIAL}-"
        for folder in [entry for entry in output.parent.iterdir() if entry.name.startswith(start)]:
            if held_by_another(folder):
                raise _taken(output)
            checkpoint = Checkpoint.read(folder)
            if found is None and checkpoint is not None and checkpoint.fingerprint == fingerprint:
                found = Leftover(folder, checkpoint)
            else:
                shutil.rmtree(folder, ignore_errors=True)
    return found


def _taken(output: Path) -> OutputError:
    return OutputError(
        f"Another run is writing a result into {output}.",
        "Wait until it has ended, or choose another folder.",
    )


def abandon(output: Path, job_id: str, *, unwanted: bool) -> None:
    """Remove an unfinished job's staging folder; put back an earlier result that was set aside.

    unwanted: also where the same run, asked for again, could go on from there (see `left_over`).
    """
    staging = staging_folder(output, job_id)
    with _moving:
        _given_up.add(staging)
        for _ in range(_TRIES if unwanted or not (staging / JOURNAL).exists() else 0):
            shutil.rmtree(staging, ignore_errors=True)
            if not staging.exists():
                break
        _put_back(output)


class ResultWriter:
    """Writes one result folder; a context manager. Left without `finish`, nothing of it remains.

    output: the result folder, missing, empty or an earlier result. names: of the endmembers, in the model's
    order. earlier: what a run that died had written, to go on with. shares: whether abundances sum to one;
    they are amounts otherwise. Raises OutputError, as all its methods do, when the folder cannot be written
    or holds something else.
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
        self.output = Path(os.path.abspath(output))
        self.names = tuple(names)
        self.files = _map_files(self.names)
        self.colors = [COLORS[index % len(COLORS)] for index in range(len(self.names))]
        self._scene = scene
        self._shares = shares
        self._job_id = job_id
        self._finished = False
        self.statistics = MapStatistics(len(self.names))
        self._overview = Overview(scene.rows, scene.cols, scene.wavelengths, len(scene.kept))
        self.staging = staging_folder(self.output, job_id)
        self._made = self._make_parents()
        try:
            _put_back(self.output)
            refuse_foreign(self.output)
            self._refuse_input_inside()
            with disk_errors_named(self.output):
                if earlier is not None:
                    self.statistics.restore(earlier.checkpoint.sums)
                    self._overview.restore(earlier.checkpoint.sums)
                    earlier.folder.rename(self.staging)
                else:
                    self.staging.mkdir()
                self._lock = Lock(self.staging)
                self._refuse_others()
        except BaseException:
            self._unmake_parents()
            raise
        plain = self.staging / _PLAIN
        self._rasters = MapRasters(plain, scene, FILES, self.files, self.names, self.colors)

    def __enter__(self) -> ResultWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._finished:
            return
        self._rasters.abandon()
        self._lock.release(self.staging)
        abandon(self.output, self._job_id, unwanted=False)
        self._unmake_parents()

    def write(self, window: Window, maps: Maps, cube: np.ndarray, inside: tuple[slice, slice]) -> None:
        """Write what the model says of a window. Windows must not overlap.

        maps, cube: of the window and its surroundings, cube (rows, cols, B) as it was read; inside: the part
        of both that is the window.
        """
        abundances, valid = settled(maps, inside, shares=self._shares)
        uncertainty, angle, errors = (
            part[inside] for part in (maps.uncertainty, maps.angle, maps.squared_error)
        )
        self.place(window, abundances, uncertainty, angle)
        self.statistics.see(
            abundances[valid], uncertainty[valid], angle[valid], errors[valid], cube[inside], valid
        )
        self._overview.see(window, cube[inside], valid, angle, errors)

    def place(
        self, window: Window, abundances: np.ndarray, uncertainty: np.ndarray, angle: np.ndarray
    ) -> None:
        """Write maps of a window, abundances as `settled`; what else is to be known of it, `add` is told."""
        with disk_errors_named(self.output):
            valid = np.asarray(np.isfinite(abundances).all(axis=-1))
            self._rasters.write(window, abundances, uncertainty, angle, valid)

    def add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Add what `MapStatistics.arrays` and `Overview.arrays` gave of a block that was mapped elsewhere."""
        self.statistics.add(arrays)
        self._overview.add(arrays)

    def keep(self, model: TrainedModel, fingerprint: str, row: int, told: dict[str, Any]) -> None:
        """Keep the model and all maps above `row`: should this process die, `left_over` finds them."""
        with disk_errors_named(self.output):
            self._rasters.flush()
            if not (self.staging / FILES["model"]).exists():
                self._write_model(model)
            seen = {**self.statistics.arrays(), **self._overview.arrays()}
            Checkpoint(fingerprint, row, told, seen).write(self.staging)

    def complete_maps(self, progress: Callable[[float], None]) -> None:
        """Pack every raster with its overviews, and make sure that every pixel arrived.

        progress is called with 0 to 1 and may raise to give up.
        """
        with disk_errors_named(self.output):
            self._rasters.pack(self.staging, progress)
            Checkpoint.clear(self.staging)

    def advice(self, model: TrainedModel, variant: str) -> Iterator[str]:
        """What speaks against this result, after the last `write`: sentences for the analyst."""
        return advice(
            np.asarray(model.endmembers),
            np.array(self.statistics.mean_abundances),
            np.array(self.statistics.area_shares),
            np.array(self.statistics.mean_uncertainties) if variant == DEFAULT else None,
            self.statistics.metrics["mean_angle"],
            self._overview,
        )

    def finish(
        self, model: TrainedModel, document: dict[str, Any], moves: Sequence[dict[str, Any]]
    ) -> dict[str, Any]:
        """Write the rest and move the folder to its place, after `complete_maps`.

        document is what result.json says beyond endmembers, files and metrics; moves are the endmembers while
        they were trained, as training.json keeps them. Returns the document as written.
        """
        scene = self._scene
        statistics, purest = self.statistics, self.statistics.purest
        document = {
            "format": FORMAT,
            "schema": 1,
            **document,
            "endmembers": [
                {
                    "name": name,
                    "file": file,
                    "color": self.colors[index],
                    "mean_abundance": mean,
                    "mean_uncertainty": deviation,
                    "area_share": area,
                    "mixing": mixing,
                    "purest": {"pixels": purest.counts, "least_abundance": least},
                }
                for index, (name, file, mean, deviation, area, mixing, least) in enumerate(
                    zip(
                        self.names,
                        self.files,
                        statistics.mean_abundances,
                        statistics.mean_uncertainties,
                        statistics.area_shares,
                        model.mixing.tolist(),
                        purest.least,
                        strict=True,
                    )
                )
            ],
            "files": dict(FILES),
            "metrics": statistics.metrics,
        }
        with disk_errors_named(self.output):
            write_endmembers(self.staging / FILES["endmembers"], self.names, model.endmembers, scene)
            write_library(self.staging / FILES["library"], self.names, model.endmembers, scene)
            spread = purest.spread(model.endmembers)
            write_endmembers(self.staging / FILES["spread"], self.names, spread, scene)
            moving = json.dumps({"format": "auvae-training", "schema": 1, "moves": list(moves)})
            (self.staging / FILES["training"]).write_text(moving + "\n", encoding="utf-8")
            self._write_model(model)
            images = report_pictures.pictures(self.staging, document, self._overview)
            page = report.page(document, np.asarray(model.endmembers), spread, images)
            (self.staging / FILES["report"]).write_text(page, encoding="utf-8")
            text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
            (self.staging / FILES["json"]).write_text(text + "\n", encoding="utf-8")
            _to_disk(self.staging)
        if os.name == "nt":
            # Windows renames no folder with an open file in it.
            self._lock.release(self.staging)
        self._swap()
        self._lock.release(self.output)
        return document

    def _write_model(self, model: TrainedModel) -> None:
        content = model_bytes(model, self.names, self._scene, self.statistics.metrics["mean_angle"])
        (self.staging / FILES["model"]).write_bytes(content)

    def _swap(self) -> None:
        previous = self.output.parent / f".{self.output.name}.previous-{self._job_id}"
        try:
            with _moving:
                if self.staging in _given_up:
                    raise Cancelled
                if self.output.exists():
                    _rename(self.output, previous)
                try:
                    _rename(self.staging, self.output)
                except OSError:
                    _put_back(self.output)
                    raise
        except FileNotFoundError as error:
            raise _gone(self.output) from error
        except OSError as error:
            raise OutputError(
                f"The earlier result in {self.output} cannot be replaced: its files are open elsewhere.",
                "Remove its layers from the project, or choose another folder.",
            ) from error
        self._finished = True
        _names_to_disk(self.output.parent)  # before the earlier result goes
        shutil.rmtree(previous, ignore_errors=True)

    def _refuse_others(self) -> None:
        """Give way to a run into the same folder that began while this one read the scene."""
        start = f".{self.output.name}.{_PARTIAL}-"
        others = [
            folder
            for folder in self.output.parent.iterdir()
            if folder.name.startswith(start) and folder != self.staging
        ]
        if any(map(held_by_another, others)):
            self._lock.release(self.staging)
            abandon(self.output, self._job_id, unwanted=False)
            raise _taken(self.output)

    def _refuse_input_inside(self) -> None:
        scene = os.path.realpath(self._scene.path)
        if os.path.realpath(self.output) in map(os.path.realpath, Path(scene).parents):
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


def write_endmembers(path: Path, names: Sequence[str], endmembers: np.ndarray, scene: Scene | Axis) -> None:
    """Write endmembers (K, B) as CSV: a row a kept band; wavelength in nm (or band number), then each."""
    spectra = np.asarray(endmembers, np.float32)
    if scene.wavelengths is not None:
        head, first = "wavelength_nm", [repr(float(value)) for value in scene.wavelengths]
    else:
        head, first = "band", [str(band.number) for band in scene.kept]
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([head, *map(plain_cell, names)])
        rows.writerows([label, *map(str, values)] for label, values in zip(first, spectra.T, strict=True))


def write_library(path: Path, names: Sequence[str], endmembers: np.ndarray, scene: Scene | Axis) -> None:
    """Write endmembers (K, B) as an ENVI spectral library: `path` (.sli) and the header (.hdr) beside it."""
    spectra = np.ascontiguousarray(endmembers, "<f4")
    path.write_bytes(spectra.tobytes())
    listed = ", ".join(re.sub(r"[{},\r\n]", " ", name) for name in names)
    lines = [
        "ENVI",
        "description = {Endmembers found by AUVAE-Net}",
        f"samples = {spectra.shape[1]}",
        f"lines = {spectra.shape[0]}",
        "bands = 1",
        "header offset = 0",
        "file type = ENVI Spectral Library",
        "data type = 4",
        "interleave = bsq",
        "byte order = 0",
        f"spectra names = {{{listed}}}",
    ]
    if scene.wavelengths is not None:
        lines += [
            "wavelength units = Nanometers",
            f"wavelength = {{{', '.join(repr(float(value)) for value in scene.wavelengths)}}}",
        ]
        widths = [band.fwhm for band in scene.kept]
        if all(width is not None for width in widths):
            lines.append(f"fwhm = {{{', '.join(map(repr, widths))}}}")
    if scene.reflectance_scale is not None:
        lines.append(f"reflectance scale factor = {scene.reflectance_scale:.9g}")
    path.with_suffix(".hdr").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_text_whole(path: Path, text: str, job_id: str) -> None:
    """Write a file that appears whole or not at all, beside its place first; raises OutputError."""
    path = Path(os.path.abspath(path))
    staged = path.with_name(f".{path.name}.partial-{job_id}")
    with disk_errors_named(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            staged.write_text(text, encoding="utf-8")
            staged.replace(path)
        finally:
            staged.unlink(missing_ok=True)


def is_result(folder: Path) -> bool:
    """Whether a folder holds a result of ours."""
    try:
        document = json.loads((folder / FILES["json"]).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("format") == FORMAT


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
    foreign = sorted(name for name in held if not _belongs(name))
    if foreign:
        raise OutputError(
            f"The output folder {output} holds an earlier result and also {foreign[0]}, which would be lost.",
            "Move that elsewhere, or choose another folder.",
        )


def _belongs(name: str) -> bool:
    for ending in _BESIDE:
        if name.endswith(ending):
            base = name[: -len(ending)]
            # A style may be named after the raster without its own ending.
            return bool(_OWN.fullmatch(base) or _OWN.fullmatch(base + ".tif"))
    return bool(_OWN.fullmatch(name))


def _put_back(output: Path) -> None:
    """Return an earlier result that a killed job had set aside; remove it where the new one is complete."""
    if not output.parent.is_dir():
        return
    start = f".{output.name}.previous-"
    for folder in [entry for entry in output.parent.iterdir() if entry.name.startswith(start)]:
        if not output.exists():
            folder.rename(output)
        elif is_result(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _to_disk(folder: Path) -> None:
    """See that all files are on the disk: after a power cut a folder of the right name held empty ones."""
    for path in folder.iterdir():
        if path.name != LOCK:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    _names_to_disk(folder)


def _names_to_disk(folder: Path) -> None:
    """See that the names in a folder are on the disk; Windows does so by itself, some file servers cannot."""
    if os.name == "nt":
        return
    with suppress(OSError):
        names = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(names)
        finally:
            os.close(names)


def _rename(source: Path, target: Path) -> None:
    """Rename; on Windows a folder whose files are open cannot be renamed."""
    for left in range(_TRIES, -1, -1):
        try:
            source.rename(target)
        except PermissionError:
            if os.name != "nt" or not left:
                raise
            time.sleep(_TRY_AGAIN_S)
        else:
            return


def _map_files(names: Sequence[str]) -> list[str]:
    """File names of the maps: plain characters, and different even where case is ignored."""
    files: list[str] = []
    for name in names:
        stem = re.sub(r"[^\w-]+", "_", name).strip("_")[:80] or "unnamed"
        file, number = f"abundance_{stem}.tif", 2
        while file.lower() in {other.lower() for other in files}:
            file, number = f"abundance_{stem}_{number}.tif", number + 1
        files.append(file)
    return files


def _gone(output: Path) -> OutputError:
    return OutputError(
        f"The folder {output.parent} is not there, or was removed while the result was written to it.",
        "Choose a folder that stays in its place, and unmix the scene again.",
    )


@contextmanager
def disk_errors_named(output: Path) -> Iterator[None]:
    """Turn what the system or GDAL says of a failed write into a sentence."""
    try:
        yield
    except (OSError, RasterioError, CPLE_BaseError) as error:
        code = getattr(error, "errno", None)
        missing = isinstance(error, (FileNotFoundError, RasterioError, CPLE_BaseError))
        if missing and not output.parent.is_dir():
            raise _gone(output) from error
        if code == errno.ENAMETOOLONG:
            raise OutputError(
                f"The name of the result folder {output.name[:40]}… is too long for this disk.",
                "Choose a shorter name: while it is written it is 44 characters longer.",
            ) from error
        full = code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if full or isinstance(error, (RasterioError, CPLE_BaseError)):
            raise OutputError(
                f"The result could not be written to {output}: the disk is full.", _FREE_SPACE
            ) from error
        if isinstance(error, (PermissionError, NotADirectoryError, FileNotFoundError)) or code == errno.EROFS:
            raise OutputError(
                f"The folder {output} cannot be written.", "Choose a folder in which you may write."
            ) from error
        reason = os.strerror(code) if code else str(error)
        raise OutputError(
            f"The result could not be written to {output}: {reason}.", "Choose another folder."
        ) from error
