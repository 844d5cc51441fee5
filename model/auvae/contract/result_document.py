"""result.json: its content, and the one function that reads it. docs/contracts.md: how it may change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypedDict, cast

from .result_files import FILES

FORMAT = "auvae-result"
SCHEMA = 1
"""The newest that is known."""


class ResultError(ValueError):
    """The folder is no result that can be read; the text says what is wrong with it."""


class SceneDocument(TypedDict):
    """The scene that was unmixed."""

    path: str
    name: str
    rows: int
    cols: int


class BandDocument(TypedDict):
    """A band of the scene, whether it was used, and if not, why."""

    number: int
    wavelength_nm: float | None
    fwhm_nm: float | None
    kept: bool
    reason: str


class FactDocument(TypedDict):
    """What was read, assumed or missed of a scene, where it was looked for, and what is doubtful of it."""

    name: str
    value: str
    source: str
    doubt: str


class PurestDocument(TypedDict):
    """The pixels that hold most of an endmember: how many, and the least abundance among them.

    `row` and `col`, from 0, and `abundance` are of the purest of them, null where there is none;
    purest_pixels.geojson has all.
    """

    pixels: int
    least_abundance: float
    row: int | None
    col: int | None
    abundance: float | None


class NearestDocument(TypedDict):
    """The endmember with the most similar spectrum: its place among all, from 0, and the angle in radians."""

    endmember: int
    angle: float


class EndmemberDocument(TypedDict):
    """An endmember; `area_share`: of pixels in which no other is larger; `hectares`: None where not known.

    `nearest` is null where there is no other endmember.
    """

    name: str
    file: str
    color: str
    mean_abundance: float
    mean_uncertainty: float
    area_share: float
    hectares: float | None
    mixing: float
    purest: PurestDocument
    nearest: NearestDocument | None


class WeighedDocument(TypedDict):
    """A kind of candidates for the endmembers, its best set, and why it was chosen or not.

    `mean_angle` is what the set leaves between pixels and mixtures, in radians; `least_needed` the factor by
    which that grows without the member that is needed least; `distance` the Jensen-Shannon distance, in nats,
    between the scene and pixels generated with the set, null where no adversary was asked.
    """

    name: str
    chosen: bool
    reason: str
    mean_angle: float
    least_needed: float
    distance: float | None


class NotWeighedDocument(TypedDict):
    """A kind of candidates of which there is no set, and why."""

    name: str
    reason: str


class SoughtEndmember(TypedDict):
    """What the search says of an endmember.

    `target_pixels`: it is the mean of so many neighbouring pixels, as a rare material; 0: no rare material.
    `needed`: the factor by which the mean angle grows without it; `doubtful`: it is hardly needed. `spread`:
    mean angle, in radians, to its match in other sets that explain the scene nearly as well; null where none
    does, and for known and rare materials.
    """

    target_pixels: int
    needed: float
    doubtful: bool
    spread: float | None


class SceneView(TypedDict):
    """Places (n, 2) of pixels, of their mixtures and of the endmembers, along the strongest directions."""

    pixels: list[list[float]]
    mixtures: list[list[float]]
    endmembers: list[list[float]]


class SearchDocument(TypedDict):
    """How the endmembers were found: what was weighed, which kind won and why, what is known of each.

    `not_weighed` are the kinds of which nothing could be weighed, or was not to be.

    `alternatives` is the number of other sets that explain the scene nearly as well.
    """

    kind: str
    reasons: list[str]
    weighed: list[WeighedDocument]
    not_weighed: list[NotWeighedDocument]
    alternatives: int
    endmembers: list[SoughtEndmember]
    view: SceneView


class AreaDocument(TypedDict):
    """The area of all endmembers together, or None; `reason` why, a word of areas.py; `text` says both."""

    hectares: float | None
    reason: str
    text: str


class Move(TypedDict):
    """The endmembers (K, B) at a share of the training, as training.json keeps them."""

    fraction: float
    endmembers: list[list[float]]


class TrainingRecord(TypedDict):
    """What a training leaves for its result.

    `endmembers` is their number, `count` the evidence where it was estimated, `search` how they were found
    where they were sought, `history` the losses.
    """

    endmembers: int
    count: dict[str, Any] | None
    search: SearchDocument | None
    history: list[dict[str, Any]]
    moves: list[Move]


class HowMade(TypedDict):
    """How a result was made: what its task knows, beside what is in the maps.

    `count`, `search` and `history` are those of `TrainingRecord`.
    """

    auvae: str
    created: str
    scene: SceneDocument
    unit: str
    facts: list[FactDocument]
    bands: list[BandDocument]
    options: dict[str, Any]
    applied: dict[str, Any] | None
    known: dict[str, Any] | None
    count: dict[str, Any] | None
    search: SearchDocument | None
    command: str
    seed: int
    device: str
    threads: dict[str, int]
    versions: dict[str, str]
    seconds: dict[str, float]
    history: list[dict[str, Any]]
    warnings: list[str]


class ManyScenes(TypedDict, total=False):
    """What a result that is one of several says beside: the run's mark, pixels with data, rows not mapped."""

    run: str
    pixels: int
    missing: list[list[int]]


class ResultDocument(HowMade, ManyScenes):
    """The whole of result.json. Results of 0.1.0 may lack what no reader needs: see `read_document`."""

    format: str
    schema: int
    endmembers: list[EndmemberDocument]
    files: dict[str, str]
    metrics: dict[str, float]
    brightness: dict[str, Any] | None
    area: AreaDocument


def read_document(folder: Path) -> ResultDocument:
    """Read and check the result.json of a folder.

    Returns:
        The document. Names of endmembers, their colours, bands, files and the scene's name are there and of
        the right type, and all files are the folder's own; the rest is as it was found.

    Raises:
        ResultError: the folder holds no complete result, a damaged one, or one of a later version.
    """
    path = folder / FILES["json"]
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ResultError(f"{path} is not a result of AUVAE Unmixing.")
        if int(document.get("schema", 1)) > SCHEMA:
            raise ResultError(f"{path} was written by a later version of AUVAE Unmixing: update the plugin.")
        _check(document)
    except (
        OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError,
    ) as error:  # fmt: skip
        if isinstance(error, ResultError):
            raise
        raise ResultError(f"{path} cannot be read: {error}") from error
    return cast("ResultDocument", document)


def is_result(folder: Path) -> bool:
    """Whether a folder holds a result of ours, of whatever version."""
    try:
        document = json.loads((folder / FILES["json"]).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("format") == FORMAT


def _check(document: dict[str, Any]) -> None:
    """Raise a ValueError unless what is used of a result is there; files it names lie in its own folder."""
    files, bands, endmembers = document["files"], document["bands"], document["endmembers"]
    for name in [*files.values(), *(one["file"] for one in endmembers)]:
        lies_here = isinstance(name, str) and Path(name).name == name and name != ".."
        if not lies_here or "\\" in name or "\0" in name:
            raise ValueError(f"it names a file that is not its own, {str(name)[:80]!r}")
    if not str(files.get("report", ".html")).lower().endswith(".html"):  # the system would run a program
        raise ValueError("its report is no page")
    for one in endmembers:
        one["name"], one["color"] = str(one["name"]), str(one["color"])
    document["scene"]["name"] = str(document["scene"]["name"])
    if not bands or not all(
        isinstance(band["number"], int) and {"wavelength_nm", "kept"} <= set(band) for band in bands
    ):
        raise ValueError("its bands are not described")
    for band in bands:
        for key in ("wavelength_nm", "fwhm_nm"):
            value = band.get(key)
            band[key] = None if value is None else float(value)
    if not any(bool(band["kept"]) for band in bands):
        raise ValueError("none of its bands was used")
