"""What the plugin reads from elsewhere, within QGIS's process: results, the worker's lines."""

from __future__ import annotations

import io
import json
import queue
from pathlib import Path
from typing import Any

from auvae_unmixing.auvae_qgis.environment import find
from auvae_unmixing.auvae_qgis.inputs import output_folder
from auvae_unmixing.auvae_qgis.results import rename, rename_scenes, result
from auvae_unmixing.auvae_qgis.worker.errors import WorkerError
from auvae_unmixing.auvae_qgis.worker.narration import Narrator, error_sentence
from auvae_unmixing.auvae_qgis.worker.process import read_events
from auvae_unmixing.auvae_qgis.worker.result_event import checked

from .target import Target

_EVENTS = [
    json.dumps(event).encode() + b"\n"
    for event in (
        {"event": "hello", "auvae": "0.1.0", "torch": "2", "device": "cpu", "device_name": "x"},
        {"event": "progress", "fraction": 0.4, "stage": "training", "text": "a", "losses": {"angle": 0.5}},
        {"event": "message", "level": "info", "text": "a"},
        {"event": "result", "output": "/r", "files": {"abundances": "a", "endmembers": "b", "model": "c",
         "report": "d", "json": "e"}, "endmembers": [{"name": "a", "file": "b", "color": "#ffffff"}],
         "metrics": {"rmse": 1.0, "mean_angle": 0.1}, "warnings": []},
        {"event": "result", "count": 4, "hysime": 3, "materials": 4},
        {"event": "result", "sensor": "", "no_data": 0.1, "notes": ["a"], "bands": [
            {"number": 1, "wavelength_nm": 400.0, "mean": 1.0, "kept": True, "reason": ""}]},
        {"event": "error", "kind": "scene", "text": "a", "remedy": "b"},
    )
]  # fmt: skip
_RESULT = json.dumps(
    {
        "format": "auvae-result",
        "schema": 1,
        "scene": {"path": "/data/a.img", "name": "a", "rows": 3, "cols": 3},
        "unit": "Value",
        "bands": [
            {
                "number": number,
                "wavelength_nm": 400.0 + number,
                "fwhm_nm": None,
                "kept": number > 1,
                "reason": "",
            }
            for number in (1, 2, 3)
        ],
        "endmembers": [{"name": "a", "file": "abundance_a.tif", "color": "#ff0000"}],
        "files": {"endmembers": "endmembers.csv", "training": "training.json"},
        "metrics": {"rmse": 1, "mean_angle": 0.1},
    }
).encode()
_RELEASED = next((Path(__file__).resolve().parent.parent / "tests" / "fixtures").glob("*/result"))
_MARKER = json.dumps({"requirements": find.fingerprint()}).encode()


class _Silent:
    """A feedback that nobody reads."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_: None


def _events(_place: Path, content: bytes) -> None:
    """What the worker says, as run_job takes it: every line of it, also as a result of each task."""
    events: queue.Queue[Any] = queue.Queue()
    read_events(io.BytesIO(content), events)
    narrator = Narrator(_Silent())
    while (event := events.get_nowait()) is not None:
        narrator.show(event)
        error_sentence(event)
        for task in ("unmix", "count", "inspect"):
            try:
                checked(task, event)
            except WorkerError:
                continue


def _result(place: Path, content: bytes) -> None:
    (place / "result.json").write_bytes(content)
    (place / "endmembers.csv").write_text("wavelength_nm,a\n402,0.5\n403,0.6\n", encoding="utf-8")
    (place / "training.json").write_text('{"moves": [{"fraction": 1, "endmembers": [[0.5, 0.6]]}]}', "utf-8")
    found = result.Result.read(place)
    found.spectra()
    found.moves()


def _batch(place: Path, content: bytes) -> None:
    """A cell of a batch file: the result's folder, and the scene it is named after."""
    wanted, _, scene = content.decode("utf-8", "replace").partition("\n")
    folder = output_folder.result_folder(f"{place}/{wanted}", scene)
    name = output_folder.scene_name(scene)
    if not name or "/" in name or "\\" in name or name in {".", ".."} or not folder.is_absolute():
        raise AssertionError(f"a scene's name {name!r} is no name of a folder")


def _beside_result(name: str) -> Target:
    """A result of a release with one of its files exchanged, as the dock reads it."""

    def feed(place: Path, content: bytes) -> None:
        for file in ("result.json", "endmembers.csv", "endmembers_spread.csv", "training.json"):
            (place / file).write_bytes(content if file == name else (_RELEASED / file).read_bytes())
        found = result.Result.read(place)
        found.spectra()
        found.moves()

    return Target(lambda: [(_RELEASED / name).read_bytes()], feed, text=True, errors=(result.ResultError,))


def _renamed(name: str) -> Target:
    """A result with one of its files exchanged, in which an endmember is renamed: wholly or not at all."""

    def feed(place: Path, content: bytes) -> None:
        for file in _RELEASED.iterdir():
            if file.suffix != ".tif":  # rasters are GDAL's
                (place / file.name).write_bytes(file.read_bytes())
        (place / name).write_bytes(content)
        before = {file.name: file.read_bytes() for file in place.iterdir()}
        try:
            rename.rename(place, 0, "another")
        except rename.RenameError:
            if before != {file.name: file.read_bytes() for file in place.iterdir()}:
                raise AssertionError("refused, and yet something was changed") from None
            raise

    errors = (rename.RenameError, result.ResultError)
    return Target(lambda: [(_RELEASED / name).read_bytes()], feed, text=True, errors=errors)


_SUMMARY = json.dumps(
    {
        "format": "auvae-scenes", "schema": 1, "options": {"models": "one"},
        "scenes": [{"scene": "/d/a.img", "folder": "result", "date": None}, {"folder": "other"}],
        "rows": [{"folder": "result", "material": "Endmember 1", "mean_abundance": 0.4}],
    }
).encode()  # fmt: skip
_TABLE = b"scene,date,material,mean_abundance,folder\n/d/a.img,,Endmember 1,0.4,result\n"


def _renamed_in_scenes(name: str, seed: bytes) -> Target:
    """What a run says of all its scenes, exchanged; in one of them an endmember is renamed, or nothing is."""

    def feed(place: Path, content: bytes) -> None:
        (place / "result").mkdir()
        for file in _RELEASED.iterdir():
            if file.suffix != ".tif":
                (place / "result" / file.name).write_bytes(file.read_bytes())
        (place / "summary.json").write_bytes(_SUMMARY)
        (place / "summary.csv").write_bytes(_TABLE)
        (place / name).write_bytes(content)
        before = {file: file.read_bytes() for file in place.rglob("*.*")}
        try:
            rename_scenes.rename_in_scenes(place / "result", 0, "another")
        except rename.RenameError:
            if before != {file: file.read_bytes() for file in place.rglob("*.*")}:
                raise AssertionError("refused, and yet something was changed") from None
            raise

    return Target(lambda: [seed], feed, text=True, errors=(rename.RenameError,))


def _marker(place: Path, content: bytes) -> None:
    """The description of the environment that the plugin made."""
    python = find.python_in(place)
    python.parent.mkdir(parents=True)
    python.touch()
    (place / find.MARKER).write_bytes(content)
    found = find._own_python(place)
    if not found.problem and json.loads(content)["requirements"] != find.fingerprint():
        raise AssertionError("an environment of another version is taken for this one's")


TARGETS = {
    "event lines": Target(lambda: [*_EVENTS, b"".join(_EVENTS)], _events, text=True, errors=()),
    "result.json": Target(lambda: [_RESULT], _result, text=True, errors=(result.ResultError,)),
    "batch cells": Target(
        lambda: [b"results/{scene}\n/data/a.img", b'{scene}/{scene}\nNETCDF:"a.nc":reflectance'],
        _batch,
        text=True,
        errors=(output_folder.OutputFolderError,),
    ),
    "training.json": _beside_result("training.json"),
    "endmembers.csv": _beside_result("endmembers.csv"),
    "renamed: result.json": _renamed("result.json"),
    "renamed: endmembers.csv": _renamed("endmembers.csv"),
    "renamed: endmembers.hdr": _renamed("endmembers.hdr"),
    "renamed: aux.xml": _renamed("dominant.tif.aux.xml"),
    "renamed: model.auvae": _renamed("model.auvae"),
    "renamed: summary.json": _renamed_in_scenes("summary.json", _SUMMARY),
    "renamed: summary.csv": _renamed_in_scenes("summary.csv", _TABLE),
    "environment": Target(lambda: [_MARKER], _marker, text=True, errors=()),
}  # fmt: skip
