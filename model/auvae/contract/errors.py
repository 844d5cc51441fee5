"""The errors an analyst may see: what is wrong and what to do. Imports nothing but Python's own."""

from __future__ import annotations


class AuvaeError(Exception):
    """A sentence on what is wrong (`text`) and one on what to do (`remedy`); `kind` is for programs."""

    kind = "internal"

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text, remedy)
        self.text = text
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.text} {self.remedy}"


class JobError(AuvaeError):
    """The job, a command-line argument or a setting is not valid."""

    kind = "job"


class SceneError(AuvaeError):
    """The raster cannot be unmixed."""

    kind = "scene"


class ModelError(AuvaeError):
    """A saved model cannot be read, or does not fit the scene."""

    kind = "model"


class LibraryError(AuvaeError):
    """Known spectra cannot be read, or do not fit the scene."""

    kind = "library"


class OutputError(AuvaeError):
    """The result cannot be written where it was asked for."""

    kind = "output"


class DeviceError(AuvaeError):
    """The graphics card asked for is not there, or memory ran out."""

    kind = "device"


class ClusterError(AuvaeError):
    """The Dask cluster cannot do the work."""

    kind = "cluster"


class WorkerEnvironmentError(AuvaeError):
    """A package the core depends on is missing or cannot be loaded."""

    kind = "environment"


class Cancelled(AuvaeError):
    """The user pressed Cancel, or the program that asked for the work is gone."""

    kind = "cancelled"

    def __init__(
        self, text: str = "The unmixing was cancelled.", remedy: str = "Nothing was written."
    ) -> None:
        super().__init__(text, remedy)
