"""What the core sends while it does a job: one JSON object a line, the last one `result` or `error`.

docs/worker-protocol.md says what each means. What a class inherits, the plugin can do without.
"""

from __future__ import annotations

from typing import Any, Literal, Optional, TypedDict, Union

from .result_document import FactDocument
from .shape import fits


class HelloEvent(TypedDict):
    """Versions, and what is computed on."""

    event: Literal["hello"]
    auvae: str
    python: str
    torch: str
    device: str
    device_name: str


class NamedColor(TypedDict):
    """An endmember in a plot."""

    name: str
    color: str


class SceneEvent(TypedDict):
    """The scene whose training begins: what a plot of it needs."""

    event: Literal["scene"]
    name: str
    unit: str
    bands: list[int]
    wavelengths_nm: Optional[list[float]]
    endmembers: list[NamedColor]


class _Progress(TypedDict):
    event: Literal["progress"]
    fraction: float
    stage: str
    text: str


class ProgressEvent(_Progress, total=False):
    """How far the job is; losses and endmembers (K, B), with their K colours, while it trains."""

    losses: dict[str, float]
    endmembers: list[list[float]]
    colors: list[str]


class MessageEvent(TypedDict):
    """A sentence for the analyst."""

    event: Literal["message"]
    level: str
    text: str


class ErrorEvent(TypedDict):
    """Why the job was not done."""

    event: Literal["error"]
    kind: str
    text: str
    remedy: str


class _Result(TypedDict, total=False):
    warnings: list[str]


class MapFile(NamedColor):
    """An endmember and its abundance map."""

    file: str


class _MoreResultFiles(TypedDict, total=False):
    library: str
    spread: str
    uncertainty: str
    error: str
    composite: str
    dominant: str
    training: str


class ResultFiles(_MoreResultFiles):
    """The files of a result that the plugin reads; all others are there too."""

    abundances: str
    endmembers: str
    model: str
    report: str
    json: str


class Metrics(TypedDict):
    """How well a result fits: RMSE in the raster's unit, mean angle in radians."""

    rmse: float
    mean_angle: float


class UnmixResult(_Result):
    """The `result` of unmix, apply and fcls."""

    event: Literal["result"]
    output: str
    files: ResultFiles
    endmembers: list[MapFile]
    metrics: Metrics


class _MoreCountResult(_Result, total=False):
    sentence: str
    evidence: list[dict[str, Any]]
    files: dict[str, Optional[str]]


class CountResult(_MoreCountResult):
    """The `result` of count; beside these the evidence, and the report in `files`.

    `count` and `with_rare`: the number with materials that show in a few pixels only; `without_rare` without.
    """

    event: Literal["result"]
    count: int
    hysime: int
    materials: int
    with_rare: int
    without_rare: int


class _MoreInspectedBand(TypedDict, total=False):
    fwhm_nm: Optional[float]


class InspectedBand(_MoreInspectedBand):
    """A band, what was decided about it, and its mean in the raster's unit."""

    number: int
    wavelength_nm: Optional[float]
    mean: Optional[float]
    kept: bool
    reason: str


class _MoreInspectResult(_Result, total=False):
    unit: str
    rows: int
    cols: int
    pixels: int
    files: dict[str, Optional[str]]
    facts: list[FactDocument]


class InspectResult(_MoreInspectResult):
    """The `result` of inspect."""

    event: Literal["result"]
    sensor: str
    no_data: float
    notes: list[str]
    bands: list[InspectedBand]


class SpectrumPlace(TypedDict):
    """A spectrum of a library, and the pixel it is, if it is one."""

    name: str
    row: Optional[int]
    col: Optional[int]


class _MoreLibraryFiles(TypedDict, total=False):
    written: list[str]


class LibraryFiles(_MoreLibraryFiles):
    """The library that was written."""

    library: str


class _MoreLibraryResult(_Result, total=False):
    method: str
    unit: str


class LibraryResult(_MoreLibraryResult):
    """The `result` of extract and export."""

    event: Literal["result"]
    files: LibraryFiles
    spectra: list[SpectrumPlace]


class PurityFiles(TypedDict):
    """The map that was written."""

    map: str


class PurityResult(_Result):
    """The `result` of purity."""

    event: Literal["result"]
    files: PurityFiles
    extreme_pixels: int
    most: int


class SummaryFiles(TypedDict):
    """What is written on all scenes together."""

    summary: str
    report: str
    json: str


class _MoreSceneOutput(TypedDict, total=False):
    scene: str
    date: Optional[str]
    metrics: Metrics


class SceneOutput(_MoreSceneOutput):
    """A scene that was unmixed: its result folder and maps."""

    output: str
    endmembers: list[MapFile]


class ScenesResult(_Result):
    """The `result` of unmixscenes; `failed` names the scenes without a result and why."""

    event: Literal["result"]
    output: str
    files: SummaryFiles
    scenes: list[SceneOutput]
    failed: list[dict[str, str]]


class _MoreClusterWorker(TypedDict, total=False):
    python: Optional[str]
    torch: Optional[str]


class ClusterWorker(_MoreClusterWorker):
    """A worker of a Dask cluster; `problem` is why it takes no part."""

    address: str
    name: str
    threads: int
    memory: int
    gpus: list[str]
    auvae: Optional[str]
    problem: str


class _MoreClusterResult(_Result, total=False):
    scheduler: str
    distributed: Optional[str]


class ClusterResult(_MoreClusterResult):
    """The `result` of cluster."""

    event: Literal["result"]
    workers: list[ClusterWorker]


ResultEvent = Union[
    UnmixResult, CountResult, InspectResult, LibraryResult, PurityResult, ScenesResult, ClusterResult
]
Event = Union[HelloEvent, SceneEvent, ProgressEvent, MessageEvent, ErrorEvent, ResultEvent]

# A task that is not here may answer in any form.
_RESULTS: dict[str, Any] = {
    "unmix": UnmixResult,
    "apply": UnmixResult,
    "fcls": UnmixResult,
    "count": CountResult,
    "inspect": InspectResult,
    "extract": LibraryResult,
    "export": LibraryResult,
    "purity": PurityResult,
    "unmixscenes": ScenesResult,
    "cluster": ClusterResult,
}


def is_complete(task: str, event: object) -> bool:
    """Whether an event is the `result` of a task, with all that is read from it; see `_RESULTS`."""
    return task not in _RESULTS or fits(event, _RESULTS[task])
