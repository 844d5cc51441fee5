"""Shows the events of a job to a person: progress and errors on stderr, what was written on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..contract.events import (
        ClusterResult,
        CountResult,
        Event,
        InspectResult,
        LibraryResult,
        ProgressEvent,
        PurityResult,
        ScenesResult,
        UnmixResult,
    )


class Terminal:
    """Takes the events of one job.

    Args:
        task: of the job, which decides how its result is shown.

    Attributes:
        whole: False once a result named scenes that failed.
    """

    def __init__(self, task: str) -> None:
        self.whole = True
        self._task = task
        self._live = sys.stderr.isatty()
        self._stage = ""

    def emit(self, event: Event) -> None:
        """Show an event."""
        if event["event"] == "progress":
            self._progress(event)
        elif event["event"] == "message":
            self._line(event["text"])
        elif event["event"] == "error":
            self._line(f"auvae: {event['text']} {event['remedy']}")
        elif event["event"] == "hello":
            device = f"{event['device']} ({event['device_name']})"
            self._line(f"auvae {event['auvae']}, torch {event['torch']}, {device}")
        elif event["event"] == "scene":
            bands, endmembers = len(event["bands"]), len(event["endmembers"])
            self._line(f"{event['name']}: {bands} bands, {endmembers} endmembers")
        else:
            self._line("100%  Done")
            self.whole = not event.get("failed")
            _RESULTS[self._task](event)

    def _progress(self, event: ProgressEvent) -> None:
        losses = "".join(f"  {name} {value:.4g}" for name, value in event.get("losses", {}).items())
        if self._live:
            line = f"\r\x1b[K{event['fraction']:4.0%}  {event['text']}{losses}"
            print(line, end="", file=sys.stderr, flush=True)
        elif event["stage"] != self._stage:
            self._stage = event["stage"]
            self._line(f"{event['fraction']:4.0%}  {event['text']}")

    def _line(self, text: str) -> None:
        print(("\r\x1b[K" if self._live else "") + text, file=sys.stderr, flush=True)


def _unmixed(event: UnmixResult) -> None:
    metrics = event["metrics"]
    print(f"Result: {event['output']}")
    print(f"Report: {event['files']['report']}")
    print(f"RMSE {metrics['rmse']:.5g} (raster's unit), mean angle {metrics['mean_angle']:.4f} radians")


def _counted(event: CountResult) -> None:
    print(f"Endmembers: {event['count']}")
    print(f"HySime {event['hysime']}, count of materials {event['materials']}")
    print(f"Without rare materials {event['without_rare']}, with them {event['with_rare']}")
    if event["files"]["report"]:
        print(f"Report: {event['files']['report']}")


def _inspected(event: InspectResult) -> None:
    used = sum(band["kept"] for band in event["bands"])
    sensor = event["sensor"] or "no sensor recognised"
    print(f"{event['rows']} x {event['cols']} pixels, {sensor}, {event['unit']}")
    print(f"{used} of {len(event['bands'])} bands used, {event['no_data']:.1%} of the pixels without data")
    for text in event["notes"]:
        print(text)
    print("band  wavelength_nm  fwhm_nm       mean  used  reason")
    for band in event["bands"]:
        wavelength, width, mean = (
            "" if value is None else f"{value:.6g}"
            for value in (band["wavelength_nm"], band["fwhm_nm"], band["mean"])
        )
        used_word = "yes" if band["kept"] else "no"
        line = f"{band['number']:4}  {wavelength:>13}  {width:>7}  {mean:>9}  {used_word:4}  {band['reason']}"
        print(line.rstrip())
    for file in filter(None, event["files"].values()):
        print(f"Written: {file}")


def _library_written(event: LibraryResult) -> None:
    for spectrum in event["spectra"]:
        place = (
            "found from many pixels"
            if spectrum["row"] is None
            else f"row {spectrum['row']}, col {spectrum['col']}"
        )
        print(f"{spectrum['name']}: {place}")
    print(f"Written: {event['files']['library']}")


def _purity_mapped(event: PurityResult) -> None:
    print(f"{event['extreme_pixels']} pixels are extreme, one of them {event['most']} times")
    print(f"Written: {event['files']['map']}")


def _scenes_unmixed(event: ScenesResult) -> None:
    print(f"Results: {event['output']}, {len(event['scenes'])} scenes")
    print(f"Table: {event['files']['summary']}\nReport: {event['files']['report']}")


def _cluster_listed(event: ClusterResult) -> None:
    print(f"{event['scheduler']}: Dask {event['distributed']}, {len(event['workers'])} workers")
    for worker in event["workers"]:
        memory = f"{worker['memory'] / 2**30:.1f} GiB" if worker["memory"] else "no memory limit"
        gpus = ", ".join(worker["gpus"]) or "no GPU"
        state = f"takes no part: {worker['problem']}" if worker["problem"] else f"AUVAE {worker['auvae']}"
        print(f"{worker['address']}  {worker['threads']} threads  {memory}  {gpus}  {state}")
    for text in event["warnings"]:
        print(text)


_RESULTS: dict[str, Callable[[Any], None]] = {
    "unmix": _unmixed,
    "apply": _unmixed,
    "fcls": _unmixed,
    "count": _counted,
    "inspect": _inspected,
    "extract": _library_written,
    "export": _library_written,
    "purity": _purity_mapped,
    "unmixscenes": _scenes_unmixed,
    "cluster": _cluster_listed,
}
