"""What may be asked of the core: the documents of all tasks, checked. Does none of them."""

from __future__ import annotations

import shlex
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

from .. import __version__
from .documents import SAME_VERSION, Document, check_id, is_integer, is_number, wrong
from .errors import JobError
from .scenes_job import ClusterJob, ScenesJob
from .selection import Selection
from .variants import DEFAULT, VARIANTS

QUALITIES = ("draft", "standard", "high")
ALL_GPUS = "all-gpus"
DEVICES = ("auto", "cuda", "cpu", ALL_GPUS)
ENDMEMBERS = (2, 30)
METHODS = ("vca", "nfindr", "archetypes")
LIBRARIES = (".csv", ".sli", ".gpkg")
PROJECTIONS = (10, 100_000)


@dataclass(frozen=True)
class Known:
    """Spectra of materials that are known: a library, places in the scene, or both.

    Attributes:
        library: a file with spectra, None for none.
        names: which of them, in this order; empty for all.
        places: a GeoJSON file with points or polygons in which a material is pure, None for none.
        freedom: how far the scene may pull them away, from 0 (not at all) to 1 (they are only a start).
    """

    library: str | None = None
    names: tuple[str, ...] = ()
    places: str | None = None
    freedom: float = 0.0

    def __post_init__(self) -> None:
        for name in ("library", "places"):
            path = getattr(self, name)
            if path is not None and not (isinstance(path, str) and path.strip()):
                raise wrong(f"known {name}", path, "the path of a file, or null")
        if self.library is None and self.places is None:
            raise JobError(
                "Known spectra were asked for, but neither a library nor places.", "Give a file of either."
            )
        if not all(isinstance(name, str) and name.strip() for name in self.names):
            raise wrong("names", list(self.names), "a list of names of spectra, or an empty one")
        if not is_number(self.freedom) or not 0 <= self.freedom <= 1:
            raise wrong("freedom", self.freedom, "a number from 0 to 1")

    @classmethod
    def parse(cls, document: object) -> Known | None:
        """The known spectra that a job's document names, None for null; raises JobError."""
        if document is None:
            return None
        keys = {"library", "names", "places", "freedom"}
        if not isinstance(document, dict) or set(document) != keys or not isinstance(document["names"], list):
            raise JobError(
                f"Known is {document!r}.", "Give null, or library, names (a list), places and freedom."
            )
        return cls(**{**document, "names": tuple(document["names"])})

    def document(self) -> dict[str, Any]:
        """The same as a job's document has it."""
        return {
            "library": self.library, "names": list(self.names), "places": self.places,
            "freedom": self.freedom,
        }  # fmt: skip

    def arguments(self) -> list[str]:
        """The command-line arguments that say the same."""
        given = [] if self.library is None else ["--known", self.library]
        for name in self.names:
            given += ["--known-name", name]
        given += [] if self.places is None else ["--known-places", self.places]
        return given + (["--freedom", f"{self.freedom:g}"] if self.freedom else [])


@dataclass(frozen=True)
class SceneDocument(Document):
    """What the tasks on one scene have in common."""

    id: str
    scene: str
    _: KW_ONLY
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)

    @property
    def part(self) -> list[str]:
        """The command-line arguments that say which bands and pixels of the scene."""
        bands = [] if self.bands is None else ["--bands", ",".join(map(str, self.bands))]
        return bands + self.selection.arguments()


@dataclass(frozen=True)
class Job(SceneDocument):
    """What to unmix, how and where to: the fields of the worker protocol. 0 endmembers: count them first."""

    task: ClassVar[str] = "unmix"

    endmembers: int
    output: str
    quality: str = "standard"
    variant: str = DEFAULT
    known: Known | None = None
    model: str | None = None

    def __post_init__(self) -> None:
        _check(self, texts=("output", "quality", "variant"), numbers=("endmembers",), files=("model",))
        for name, allowed in (("quality", QUALITIES), ("variant", VARIANTS)):
            if getattr(self, name) not in allowed:
                raise wrong(name, getattr(self, name), f"one of {', '.join(allowed)}")
        if self.endmembers != 0 and not ENDMEMBERS[0] <= self.endmembers <= ENDMEMBERS[1]:
            wanted = f"a number from {ENDMEMBERS[0]} to {ENDMEMBERS[1]}, or 0 to have it estimated"
            raise wrong("endmembers", self.endmembers, wanted)
        _check_output(self.output)
        if self.variant != DEFAULT and (self.known is not None or self.model is not None):
            raise JobError(
                "The published networks take neither known spectra nor a model to start from.",
                f"Use the variant {DEFAULT}.",
            )
        if self.known is not None and self.model is not None:
            raise JobError(
                "Known spectra and a model to start from were both given.",
                "A model brings its own: give one.",
            )

    @classmethod
    def read(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The values, with known spectra read."""
        return {**values, "known": Known.parse(values["known"])}

    @property
    def options(self) -> dict[str, Any]:
        """The settings that shape the result, as result.json keeps them."""
        return {
            "endmembers": self.endmembers,
            "quality": self.quality,
            "seed": self.seed,
            "device": self.device,
            "variant": self.variant,
            "bands": None if self.bands is None else list(self.bands),
            "selection": self.selection.document(),
            "known": None if self.known is None else self.known.document(),
            "model": self.model,
        }

    @property
    def command(self) -> str:
        """The command line that does the same again."""
        return shlex.join(
            [
                "auvae",
                "unmix",
                self.scene,
                "--endmembers",
                str(self.endmembers),
                "--quality",
                self.quality,
                *self.part,
                *([] if self.known is None else self.known.arguments()),
                *([] if self.model is None else ["--from", self.model]),
                "--seed",
                str(self.seed),
                "--device",
                self.device,
                "--variant",
                self.variant,
                "--output",
                self.output,
            ]
        )


@dataclass(frozen=True)
class CountJob(SceneDocument):
    """A scene whose endmembers are to be counted: the fields of the worker protocol."""

    task: ClassVar[str] = "count"

    report: str | None = None

    def __post_init__(self) -> None:
        _check(self, files=("report",))


@dataclass(frozen=True)
class InspectJob(SceneDocument):
    """A scene to be looked at as unmixing would read it: the fields of the worker protocol."""

    task: ClassVar[str] = "inspect"

    report: str | None = None
    table: str | None = None

    def __post_init__(self) -> None:
        _check(self, files=("report", "table"))


@dataclass(frozen=True)
class ApplyJob(SceneDocument):
    """A trained model to be used on another scene: the fields of the worker protocol."""

    task: ClassVar[str] = "apply"

    model: str
    output: str

    def __post_init__(self) -> None:
        _check(self, texts=("model", "output"))
        _check_output(self.output)
        if not self.model.strip():
            raise wrong("model", self.model, "the path of a model.auvae")
        if self.bands is not None:
            raise wrong("bands", self.bands, "null: the model says which bands it needs")

    @property
    def options(self) -> dict[str, Any]:
        """The settings that shape the result, as result.json keeps them."""
        return {"model": self.model, "device": self.device, "selection": self.selection.document()}

    @property
    def command(self) -> str:
        """The command line that does the same again."""
        return shlex.join(
            ["auvae", "apply", self.model, self.scene, *self.part, "--device", self.device,
             "--output", self.output]
        )  # fmt: skip


@dataclass(frozen=True)
class FclsJob(SceneDocument):
    """A scene to be unmixed into known spectra alone, by least squares: the fields of the worker protocol."""

    task: ClassVar[str] = "fcls"

    known: Known
    output: str
    sum_to_one: bool = True

    def __post_init__(self) -> None:
        _check(self, texts=("output",))
        _check_output(self.output)
        if not isinstance(self.known, Known) or self.known.freedom:
            raise wrong("known", self.known, "library, places, and a freedom of 0")
        if not isinstance(self.sum_to_one, bool):
            raise wrong("sum_to_one", self.sum_to_one, "true or false")

    @classmethod
    def read(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The values, with known spectra read."""
        return {**values, "known": Known.parse(values["known"])}

    @property
    def options(self) -> dict[str, Any]:
        """The settings that shape the result, as result.json keeps them."""
        return {
            "variant": "fcls" if self.sum_to_one else "nnls",
            "known": self.known.document(),
            "sum_to_one": self.sum_to_one,
            "bands": None if self.bands is None else list(self.bands),
            "selection": self.selection.document(),
        }

    @property
    def command(self) -> str:
        """The command line that does the same again."""
        sums = [] if self.sum_to_one else ["--no-sum-to-one"]
        return shlex.join(
            ["auvae", "fcls", self.scene, *self.known.arguments(), *sums, *self.part,
             "--output", self.output]
        )  # fmt: skip


@dataclass(frozen=True)
class ExtractJob(SceneDocument):
    """A scene whose purest spectra are to be found, and nothing more: the fields of the worker protocol."""

    task: ClassVar[str] = "extract"

    endmembers: int
    library: str
    method: str = "vca"

    def __post_init__(self) -> None:
        _check(self, texts=("library", "method"), numbers=("endmembers",))
        if self.method not in METHODS:
            raise wrong("method", self.method, f"one of {', '.join(METHODS)}")
        if not ENDMEMBERS[0] <= self.endmembers <= ENDMEMBERS[1]:
            raise wrong("endmembers", self.endmembers, f"a number from {ENDMEMBERS[0]} to {ENDMEMBERS[1]}")
        _check_library(self.library)


@dataclass(frozen=True)
class PurityJob(SceneDocument):
    """A scene whose pixels are to be judged by how often they are extreme: fields of the worker protocol."""

    task: ClassVar[str] = "purity"

    map: str
    projections: int = 1000
    threshold: float = 2.5

    def __post_init__(self) -> None:
        _check(self, texts=("map",), numbers=("projections",))
        if not PROJECTIONS[0] <= self.projections <= PROJECTIONS[1]:
            raise wrong(
                "projections", self.projections, f"a number from {PROJECTIONS[0]} to {PROJECTIONS[1]}"
            )
        if not is_number(self.threshold) or self.threshold < 0:
            raise wrong("threshold", self.threshold, "a number of noise deviations, 0 or more")
        if not self.map.lower().endswith((".tif", ".tiff")):
            raise wrong("map", self.map, "the path of a .tif to write")


@dataclass(frozen=True)
class ExportJob(Document):
    """A result whose endmembers are to be written as a library: the fields of the worker protocol."""

    task: ClassVar[str] = "export"
    device: ClassVar[str] = "cpu"

    id: str
    result: str
    library: str

    def __post_init__(self) -> None:
        for name in ("result", "library"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name).strip():
                raise wrong(name, getattr(self, name), "text")
        check_id(self.id)
        _check_library(self.library)


SceneJob = Job | CountJob | InspectJob | ApplyJob | FclsJob | ExtractJob | PurityJob
OneJob = SceneJob | ExportJob
AnyJob = OneJob | ScenesJob | ClusterJob
KINDS: tuple[type[AnyJob], ...] = (
    Job, CountJob, InspectJob, ApplyJob, FclsJob, ExtractJob, PurityJob, ExportJob, ScenesJob, ClusterJob
)  # fmt: skip


def parse(document: object) -> AnyJob:
    """The job of any task that a document describes; JobError where it is none."""
    task = document.get("task", Job.task) if isinstance(document, dict) else Job.task
    kind = next((kind for kind in KINDS if kind.task == task), None)
    if kind is None:
        raise JobError(
            f"No task is called {task!r}; AUVAE {__version__} does {', '.join(one.task for one in KINDS)}.",
            SAME_VERSION,
        )
    return kind.parse(document)


def _check_library(path: str) -> None:
    """Raise JobError unless a spectral library can be written under this name."""
    if not path.lower().endswith(LIBRARIES):
        raise wrong("library", path, f"a file name that ends with {', '.join(LIBRARIES)}")


def _check_output(output: str) -> None:
    if not output.strip():
        raise wrong("output", output, "a path")


def _check(
    job: SceneJob, texts: tuple[str, ...] = (), numbers: tuple[str, ...] = (), files: tuple[str, ...] = ()
) -> None:
    """Refuse what no job may be: fields of a wrong type, and what all tasks share out of its range."""
    for name in files:
        path = getattr(job, name)
        if path is not None and not (isinstance(path, str) and path.strip()):
            raise wrong(name, path, "the path of a file, or null")
    check_id(job.id)
    for name in ("scene", "device", *texts):
        if not isinstance(getattr(job, name), str):
            raise wrong(name, getattr(job, name), "text")
    for name in (*numbers, "seed"):
        if not is_integer(getattr(job, name)):
            raise wrong(name, getattr(job, name), "a whole number")
    if job.bands is not None and not (job.bands and all(is_integer(band) for band in job.bands)):
        raise wrong("bands", job.bands, "a list of band numbers, or null")
    if job.device not in DEVICES:
        raise wrong("device", job.device, f"one of {', '.join(DEVICES)}")
    if not 0 <= job.seed < 2**31:
        raise wrong("seed", job.seed, f"a number from 0 to {2**31 - 1}")
    if not job.scene.strip():
        raise wrong("scene", job.scene, "a path")
