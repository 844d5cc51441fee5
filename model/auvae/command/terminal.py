"""Shows the events of a job to a person: progress and errors on stderr, what was written on stdout."""

from __future__ import annotations

import sys
from typing import Any


class Terminal:
    """Shows events to a person: progress and errors on stderr, what was written on stdout."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._said = ""
        self.whole = True

    def emit(self, event: dict[str, Any]) -> None:
        """Show an event."""
        show = getattr(self, f"_{event['event']}")
        show(event)

    def _hello(self, event: dict[str, Any]) -> None:
        self._line(
            f"auvae {event['auvae']}, torch {event['torch']}, {event['device']} ({event['device_name']})"
        )

    def _scene(self, event: dict[str, Any]) -> None:
        self._line(f"{event['name']}: {len(event['bands'])} bands, {len(event['endmembers'])} endmembers")

    def _progress(self, event: dict[str, Any]) -> None:
        losses = "".join(f"  {name} {value:.4g}" for name, value in event.get("losses", {}).items())
        if self._live:
            print(
                f"\r\x1b[K{event['fraction']:4.0%}  {event['text']}{losses}",
                end="",
                file=sys.stderr,
                flush=True,
            )
        elif event["stage"] != self._said:
            self._said = event["stage"]
            self._line(f"{event['fraction']:4.0%}  {event['text']}")

    def _message(self, event: dict[str, Any]) -> None:
        self._line(event["text"])

    def _error(self, event: dict[str, Any]) -> None:
        self._line(f"auvae: {event['text']} {event['remedy']}")

    def _result(self, event: dict[str, Any]) -> None:
        self._line("100%  Done")
        if "count" in event:
            print(f"Endmembers: {event['count']}")
            print(f"HySime {event['hysime']}, count of materials {event['materials']}")
            if event["files"]["report"]:
                print(f"Report: {event['files']['report']}")
            return
        if "no_data" in event:
            self._inspection(event)
            return
        if "workers" in event:
            self._workers(event)
            return
        if "scenes" in event:
            self.whole = not event["failed"]
            print(f"Results: {event['output']}, {len(event['scenes'])} scenes")
            print(f"Table: {event['files']['summary']}\nReport: {event['files']['report']}")
            return
        if "metrics" not in event:
            for spectrum in event.get("spectra", ()):
                place = (
                    "found from many pixels"
                    if spectrum["row"] is None
                    else f"row {spectrum['row']}, col {spectrum['col']}"
                )
                print(f"{spectrum['name']}: {place}")
            if "most" in event:
                print(f"{event['extreme_pixels']} pixels are extreme, one of them {event['most']} times")
            print(f"Written: {event['files'].get('library') or event['files']['map']}")
            return
        metrics = event["metrics"]
        print(f"Result: {event['output']}")
        print(f"Report: {event['files']['report']}")
        print(f"RMSE {metrics['rmse']:.5g} (raster's unit), mean angle {metrics['mean_angle']:.4f} radians")

    def _workers(self, event: dict[str, Any]) -> None:
        print(f"{event['scheduler']}: Dask {event['distributed']}, {len(event['workers'])} workers")
        for worker in event["workers"]:
            memory = f"{worker['memory'] / 2**30:.1f} GiB" if worker["memory"] else "no memory limit"
            gpus = ", ".join(worker["gpus"]) or "no GPU"
            state = f"takes no part: {worker['problem']}" if worker["problem"] else f"AUVAE {worker['auvae']}"
            print(f"{worker['address']}  {worker['threads']} threads  {memory}  {gpus}  {state}")
        for text in event["warnings"]:
            print(text)

    def _inspection(self, event: dict[str, Any]) -> None:
        used = sum(band["kept"] for band in event["bands"])
        sensor = event["sensor"] or "no sensor recognised"
        print(f"{event['rows']} x {event['cols']} pixels, {sensor}, {event['unit']}")
        print(
            f"{used} of {len(event['bands'])} bands used, {event['no_data']:.1%} of the pixels without data"
        )
        for text in event["notes"]:
            print(text)
        print("band  wavelength_nm  fwhm_nm       mean  used  reason")
        for band in event["bands"]:
            wavelength, width, mean = (
                "" if band[name] is None else f"{band[name]:.6g}"
                for name in ("wavelength_nm", "fwhm_nm", "mean")
            )
            said = "yes" if band["kept"] else "no"
            line = f"{band['number']:4}  {wavelength:>13}  {width:>7}  {mean:>9}  {said:4}  {band['reason']}"
            print(line.rstrip())
        for file in filter(None, event["files"].values()):
            print(f"Written: {file}")

    def _line(self, text: str) -> None:
        print(("\r\x1b[K" if self._live else "") + text, file=sys.stderr, flush=True)
