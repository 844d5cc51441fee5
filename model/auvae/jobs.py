"""What may be asked of the core: the documents of all tasks, checked. Does none of them."""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from . import __version__
from .errors import JobError
from .scenes.job import ClusterJob, ScenesJob
from .selection import Selection
from .variants import DEFAULT, VARIANTS

SCHEMA = 1
QUALITIES = ("draft", "standard", "high")
ALL_GPUS = "all-gpus"
DEVICES = ("auto", "cuda", "cpu", ALL_GPUS)
ENDMEMBERS = (2, 30)
METHODS = ("vca", "nfindr", "archetypes")
LIBRARIES = (".csv", ".sli", ".gpkg")
PROJECTIONS = (10, 100_000)
_ID = r"[A-Za-z0-9]{1,64}"


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
                raise _wrong(f"known {name}", path, "the path of a file, or null")
        if self.library is None and self.places is None:
            raise JobError(
                "Known spectra were asked for, but neither a library nor places.", "Give a file of either."
            )
        if not all(isinstance(name, str) and name.strip() for name in self.names):
            raise _wrong("names", list(self.names), "a list of names of spectra, or an empty one")
        if not _is_number(self.freedom) or not 0 <= self.freedom <= 1:
            raise _wrong("freedom", self.freedom, "a number from 0 to 1")

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
class Job:
    """What to unmix, how and where to: the fields of the worker protocol. 0 endmembers: count them first."""

    task: ClassVar[str] = "unmix"

    id: str
    scene: str
    endmembers: int
    output: str
    bands: tuple[int, ...] | None = None
    quality: str = "standard"
    seed: int = 0
    device: str = "auto"
    variant: str = DEFAULT
    selection: Selection = field(default_factory=Selection)
    known: Known | None = None
    model: str | None = None

    def __post_init__(self) -> None:
        _check(self, texts=("output", "quality", "variant"), numbers=("endmembers",), files=("model",))
        for name, allowed in (("quality", QUALITIES), ("variant", VARIANTS)):
            if getattr(self, name) not in allowed:
                raise _wrong(name, getattr(self, name), f"one of {', '.join(allowed)}")
        if self.endmembers != 0 and not ENDMEMBERS[0] <= self.endmembers <= ENDMEMBERS[1]:
            wanted = f"a number from {ENDMEMBERS[0]} to {ENDMEMBERS[1]}, or 0 to have it estimated"
            raise _wrong("endmembers", self.endmembers, wanted)
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
    def parse(cls, document: object) -> Job:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        return cls(**_values(cls, document))

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
        bands = [] if self.bands is None else ["--bands", ",".join(map(str, self.bands))]
        return shlex.join(
            [
                "auvae",
                "unmix",
                self.scene,
                "--endmembers",
                str(self.endmembers),
                "--quality",
                self.quality,
                *bands,
                *self.selection.arguments(),
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
class CountJob:
    """A scene whose endmembers are to be counted: the fields of the worker protocol."""

    task: ClassVar[str] = "count"

    id: str
    scene: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    report: str | None = None
    selection: Selection = field(default_factory=Selection)

    def __post_init__(self) -> None:
        _check(self, files=("report",))

    @classmethod
    def parse(cls, document: object) -> CountJob:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        return cls(**_values(cls, document))


@dataclass(frozen=True)
class InspectJob:
    """A scene to be looked at as unmixing would read it: the fields of the worker protocol."""

    task: ClassVar[str] = "inspect"

    id: str
    scene: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    report: str | None = None
    table: str | None = None
    selection: Selection = field(default_factory=Selection)

    def __post_init__(self) -> None:
        _check(self, files=("report", "table"))

    @classmethod
    def parse(cls, document: object) -> InspectJob:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        return cls(**_values(cls, document))


@dataclass(frozen=True)
class ApplyJob:
    """A trained model to be used on another scene: the fields of the worker protocol."""

    task: ClassVar[str] = "apply"

    id: str
    scene: str
    model: str
    output: str
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)

    def __post_init__(self) -> None:
        _check(self, texts=("model", "output"))
        _check_output(self.output)
        if not self.model.strip():
            raise _wrong("model", self.model, "the path of a model.auvae")
        if self.bands is not None:
            raise _wrong("bands", self.bands, "null: the model says which bands it needs")

    @classmethod
    def parse(cls, document: object) -> ApplyJob:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        return cls(**_values(cls, document))

    @property
    def options(self) -> dict[str, Any]:
        """The settings that shape the result, as result.json keeps them."""
        return {"model": self.model, "device": self.device, "selection": self.selection.document()}

    @property
    def command(self) -> str:
        """The command line that does the same again."""
        return shlex.join(
            ["auvae", "apply", self.model, self.scene, *self.selection.arguments(), "--device", self.device,
             "--output", self.output]
        )  # fmt: skip


@dataclass(frozen=True)
class FclsJob:
    """A scene to be unmixed into known spectra alone, by least squares: the fields of the worker protocol."""

    task: ClassVar[str] = "fcls"

    id: str
    scene: str
    known: Known
    output: str
    sum_to_one: bool = True
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)

    def __post_init__(self) -> None:
        _check(self, texts=("output",))
        _check_output(self.output)
        if not isinstance(self.known, Known) or self.known.freedom:
            raise _wrong("known", self.known, "library, places, and a freedom of 0")
        if not isinstance(self.sum_to_one, bool):
            raise _wrong("sum_to_one", self.sum_to_one, "true or false")

    @classmethod
    def parse(cls, document: object) -> FclsJob:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        return cls(**_values(cls, document))

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
        bands = [] if self.bands is None else ["--bands", ",".join(map(str, self.bands))]
        sums = [] if self.sum_to_one else ["--no-sum-to-one"]
        return shlex.join(
            ["auvae", "fcls", self.scene, *self.known.arguments(), *sums, *bands, *self.selection.arguments(),
             "--output", self.output]
        )  # fmt: skip


@dataclass(frozen=True)
class ExtractJob:
    """A scene whose purest spectra are to be found, and nothing more: the fields of the worker protocol."""

    task: ClassVar[str] = "extract"

    id: str
    scene: str
    endmembers: int
    library: str
    method: str = "vca"
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)

    def __post_init__(self) -> None:
        _check(self, texts=("library", "method"), numbers=("endmembers",))
        if self.method not in METHODS:
            raise _wrong("method", self.method, f"one of {', '.join(METHODS)}")
        if not ENDMEMBERS[0] <= self.endmembers <= ENDMEMBERS[1]:
            raise _wrong("endmembers", self.endmembers, f"a number from {ENDMEMBERS[0]} to {ENDMEMBERS[1]}")
        _check_library(self.library)

    @classmethod
    def parse(cls, document: object) -> ExtractJob:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        return cls(**_values(cls, document))


@dataclass(frozen=True)
class PurityJob:
    """A scene whose pixels are to be judged by how often they are extreme: fields of the worker protocol."""

    task: ClassVar[str] = "purity"

    id: str
    scene: str
    map: str
    projections: int = 1000
    threshold: float = 2.5
    bands: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "auto"
    selection: Selection = field(default_factory=Selection)

    def __post_init__(self) -> None:
        _check(self, texts=("map",), numbers=("projections",))
        if not PROJECTIONS[0] <= self.projections <= PROJECTIONS[1]:
            raise _wrong(
                "projections", self.projections, f"a number from {PROJECTIONS[0]} to {PROJECTIONS[1]}"
            )
        if not _is_number(self.threshold) or self.threshold < 0:
            raise _wrong("threshold", self.threshold, "a number of noise deviations, 0 or more")
        if not self.map.lower().endswith((".tif", ".tiff")):
            raise _wrong("map", self.map, "the path of a .tif to write")

    @classmethod
    def parse(cls, document: object) -> PurityJob:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        return cls(**_values(cls, document))


@dataclass(frozen=True)
class ExportJob:
    """A result whose endmembers are to be written as a library: the fields of the worker protocol."""

    task: ClassVar[str] = "export"
    device: ClassVar[str] = "cpu"

    id: str
    result: str
    library: str

    def __post_init__(self) -> None:
        for name in ("id", "result", "library"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name).strip():
                raise _wrong(name, getattr(self, name), "text")
        if not re.fullmatch(_ID, self.id):
            raise _wrong("id", self.id, "a word of letters and digits")
        _check_library(self.library)

    @classmethod
    def parse(cls, document: object) -> ExportJob:
        """The job a document describes; JobError for a key that is missing, unknown or of a wrong type."""
        return cls(**_values(cls, document))


SceneJob = Job | CountJob | InspectJob | ApplyJob | FclsJob | ExtractJob | PurityJob
OneJob = SceneJob | ExportJob
AnyJob = OneJob | ScenesJob | ClusterJob
KINDS: tuple[type[AnyJob], ...] = (
    Job, CountJob, InspectJob, ApplyJob, FclsJob, ExtractJob, PurityJob, ExportJob, ScenesJob, ClusterJob
)  # fmt: skip


def parse(document: object) -> AnyJob:
    """The job of any task that a document describes; JobError where it is none."""
    for kind in KINDS:
        if isinstance(document, dict) and document.get("task") == kind.task:
            return kind.parse(document)
    return Job.parse(document)


def _values(kind: type[OneJob], document: object) -> dict[str, Any]:
    """The fields of a job, from a document that has exactly these."""
    if not isinstance(document, dict):
        raise JobError("The job is not a JSON object.", "Send one JSON object on one line.")
    expected = {"schema", "task", *(field.name for field in fields(kind))}
    for problem, keys in (
        ("lacks", expected - set(document)),
        ("has an unknown", set(document) - expected),
    ):
        if keys:
            raise JobError(
                f"The job {problem} key {min(keys)!r}.", "Use a plugin and a core of the same version."
            )
    if document["schema"] != SCHEMA or document["task"] != kind.task:
        raise JobError(
            f"The job is of schema {document['schema']!r} and task {document['task']!r}; this is AUVAE "
            f"{__version__}, which does the tasks {', '.join(one.task for one in KINDS)} of schema {SCHEMA}.",
            "Use a plugin and a core of the same version.",
        )
    values = {field.name: document[field.name] for field in fields(kind)}
    if isinstance(values.get("bands"), list):
        values["bands"] = tuple(values["bands"])
    elif values.get("bands") is not None:
        raise _wrong("bands", values["bands"], "a list of band numbers, or null")
    if "selection" in values:
        values["selection"] = Selection.parse(values["selection"])
    if "known" in values:
        values["known"] = Known.parse(values["known"])
    return values


def _check_library(path: str) -> None:
    """Raise JobError unless a spectral library can be written under this name."""
    if not path.lower().endswith(LIBRARIES):
        raise _wrong("library", path, f"a file name that ends with {', '.join(LIBRARIES)}")


def _check_output(output: str) -> None:
    if not output.strip():
        raise _wrong("output", output, "a path")


def _check(
    job: SceneJob, texts: tuple[str, ...] = (), numbers: tuple[str, ...] = (), files: tuple[str, ...] = ()
) -> None:
    """Refuse what no job may be: fields of a wrong type, and what all tasks share out of its range."""
    for name in files:
        path = getattr(job, name)
        if path is not None and not (isinstance(path, str) and path.strip()):
            raise _wrong(name, path, "the path of a file, or null")
    for name in ("id", "scene", "device", *texts):
        if not isinstance(getattr(job, name), str):
            raise _wrong(name, getattr(job, name), "text")
    for name in (*numbers, "seed"):
        if not _is_integer(getattr(job, name)):
            raise _wrong(name, getattr(job, name), "a whole number")
    if job.bands is not None and not (job.bands and all(_is_integer(band) for band in job.bands)):
        raise _wrong("bands", job.bands, "a list of band numbers, or null")
    if not re.fullmatch(_ID, job.id):
        raise _wrong("id", job.id, "a word of letters and digits")
    if job.device not in DEVICES:
        raise _wrong("device", job.device, f"one of {', '.join(DEVICES)}")
    if not 0 <= job.seed < 2**31:
        raise _wrong("seed", job.seed, f"a number from 0 to {2**31 - 1}")
    if not job.scene.strip():
        raise _wrong("scene", job.scene, "a path")


def _wrong(name: str, value: object, wanted: str) -> JobError:
    return JobError(f"{name.capitalize()} is {value!r}.", f"Give {wanted}.")


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
