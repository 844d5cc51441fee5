"""The command `auvae`: arguments in, sentences out. What it does lies in the modules it calls."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import uuid
from typing import Any

from . import __version__
from .contract.choices import METHODS, MODELS, VARIANTS, WATER_BANDS
from .contract.errors import AuvaeError, JobError
from .contract.variants import DEFAULT
from .worker.cancel import EXIT_CANCELLED


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns 0, 1 for an error, 2 for a wrong argument, 130 when cancelled."""
    given = _parser().parse_args(arguments)
    # Before torch is loaded: its threads must not spin while they wait, QGIS needs the processor too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        return int(given.run(given))
    except AuvaeError as error:
        print(f"auvae: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return EXIT_CANCELLED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="auvae", description="Blind unmixing of hyperspectral scenes (AUVAE-Net)."
    )
    parser.add_argument("--version", action="version", version=f"auvae {__version__}")
    tasks = parser.add_subparsers(required=True, metavar="TASK")

    unmix = tasks.add_parser("unmix", help="unmix scenes into endmembers and abundance maps")
    unmix.add_argument(
        "scenes", nargs="+", metavar="SCENE",
        help="a raster that GDAL reads, or a product of a sensor; several get the same endmembers",
    )  # fmt: skip
    unmix.add_argument(
        "--endmembers",
        type=int,
        required=True,
        metavar="K",
        help="how many endmembers (2 to 30); 0 estimates the number",
    )
    unmix.add_argument(
        "--output", required=True, metavar="DIR",
        help="the result folder, of several scenes a folder of result folders; an earlier result is replaced",
    )  # fmt: skip
    unmix.add_argument(
        "--quality", default="standard", choices=("draft", "standard", "high"), help="how long it trains"
    )
    unmix.add_argument(
        "--bands", metavar="LIST", help="band numbers such as 1-50,60 (default: every good band)"
    )
    unmix.add_argument("--seed", type=int, default=0, help="the same seed gives the same result (default 0)")
    unmix.add_argument(
        "--device", default="auto", choices=("auto", "cuda", "cpu", "all-gpus"),
        help="all-gpus trains on all CUDA cards of a computer together (default auto)",
    )  # fmt: skip
    unmix.add_argument(
        "--models", default="one", choices=MODELS,
        help="of several scenes: one model trained on samples of all, or one for each (default one)",
    )  # fmt: skip
    unmix.add_argument(
        "--run-on", default="", metavar="ADDRESS",
        help="a Dask scheduler, such as tcp://host:8786, see docs/cluster.md (default: this computer)",
    )  # fmt: skip
    unmix.add_argument(
        "--cpu-workers", action="store_true",
        help="on a cluster: workers without a GPU take part although others have one",
    )  # fmt: skip
    unmix.add_argument(
        "--variant", default=DEFAULT, choices=VARIANTS,
        help="the network; all but the default are published ones, for comparison (default auvae-net)",
    )  # fmt: skip
    unmix.add_argument(
        "--json", action="store_true", help="print events as JSON lines (see docs/worker-protocol.md)"
    )
    _add_known(unmix)
    unmix.add_argument(
        "--freedom", type=float, default=0.0, metavar="0-1",
        help="how far the scene may pull the known spectra away: 0 not at all (default), 1 they only start",
    )  # fmt: skip
    unmix.add_argument(
        "--from", dest="model", metavar="MODEL",
        help="fine-tune: start from this model.auvae; the same endmembers in the same order",
    )  # fmt: skip
    unmix.set_defaults(run=_unmix)

    apply = tasks.add_parser("apply", help="map scenes with a model that was trained on another")
    apply.add_argument("model", metavar="MODEL", help="the model.auvae of a result")
    apply.add_argument("scenes", metavar="SCENE", nargs="+", help="rasters that GDAL reads")
    apply.add_argument(
        "--output", required=True, metavar="DIR",
        help="the result folder; of several scenes, the folder of their result folders, named after them",
    )  # fmt: skip
    apply.add_argument("--device", default="auto", choices=("auto", "cuda", "cpu"))
    apply.add_argument("--json", action="store_true", help="print events as JSON lines")
    apply.set_defaults(run=_apply, seed=0, bands=None)

    fcls = tasks.add_parser("fcls", help="unmix a scene into known spectra alone, by least squares")
    fcls.add_argument("scene", metavar="SCENE", help="a raster that GDAL reads")
    fcls.add_argument("--output", required=True, metavar="DIR", help="the result folder")
    fcls.add_argument("--bands", metavar="LIST", help="band numbers such as 1-50,60")
    fcls.add_argument(
        "--no-sum-to-one", action="store_true", help="amounts that need not sum to one (NNLS instead of FCLS)"
    )
    _add_known(fcls)
    fcls.add_argument("--json", action="store_true", help="print events as JSON lines")
    fcls.set_defaults(run=_fcls, seed=0, device="cpu")

    extract = tasks.add_parser("extract", help="write the purest spectra of a scene as a library")
    extract.add_argument("scene", metavar="SCENE", help="a raster that GDAL reads")
    extract.add_argument("--endmembers", type=int, required=True, metavar="K", help="how many (2 to 30)")
    extract.add_argument(
        "--method", default="vca", choices=METHODS,
        help="vertex component analysis (default), N-FINDR, or archetypes (mixtures that stand noise)",
    )  # fmt: skip
    extract.add_argument(
        "--library", required=True, metavar="FILE",
        help="FILE.csv, FILE.sli (ENVI) or FILE.gpkg (profiles of the EnMAP-Box, points at their pixels)",
    )  # fmt: skip
    purity = tasks.add_parser(
        "purity", help="map how often each pixel is extreme in random projections (pixel purity index)"
    )
    purity.add_argument("scene", metavar="SCENE", help="a raster that GDAL reads")
    purity.add_argument("--map", required=True, metavar="FILE.tif", help="the map to write")
    purity.add_argument("--projections", type=int, default=1000, metavar="N", help="how many (default 1000)")
    purity.add_argument(
        "--threshold", type=float, default=2.5, metavar="N",
        help="a pixel counts within so many deviations of the noise from the end (default 2.5)",
    )  # fmt: skip
    export = tasks.add_parser("export", help="write the endmembers of a result as a library")
    export.add_argument("result", metavar="RESULT_DIR")
    export.add_argument("library", metavar="FILE", help="FILE.csv, FILE.sli (ENVI) or FILE.gpkg (EnMAP-Box)")
    export.add_argument("--json", action="store_true", help="print events as JSON lines")
    export.set_defaults(run=_export)

    for task, call in ((extract, _extract), (purity, _purity)):
        task.add_argument("--bands", metavar="LIST", help="band numbers such as 1-50,60")
        task.add_argument(
            "--seed", type=int, default=0, help="the same seed gives the same result (default 0)"
        )
        task.add_argument("--json", action="store_true", help="print events as JSON lines")
        task.set_defaults(run=call, device="cpu")

    count = tasks.add_parser("count", help="estimate how many endmembers a scene has")
    count.add_argument("scene", metavar="SCENE", help="a raster that GDAL reads")
    count.add_argument(
        "--bands", metavar="LIST", help="band numbers such as 1-50,60 (default: every good band)"
    )
    count.add_argument("--seed", type=int, default=0, help="the same seed gives the same number (default 0)")
    count.add_argument("--device", default="auto", choices=("auto", "cuda", "cpu"))
    count.add_argument("--report", metavar="FILE.html", help="write the evidence there, with plots")
    count.add_argument(
        "--json", action="store_true", help="print events as JSON lines (see docs/worker-protocol.md)"
    )
    count.set_defaults(run=_count)

    inspect = tasks.add_parser(
        "inspect", help="list the bands used and left out, and why; nothing is unmixed"
    )
    inspect.add_argument("scene", metavar="SCENE", help="a raster that GDAL reads, or a product of a sensor")
    inspect.add_argument(
        "--bands", metavar="LIST", help="band numbers such as 1-50,60 (default: every good band)"
    )
    inspect.add_argument("--report", metavar="FILE.html", help="write a page with the mean spectrum there")
    inspect.add_argument("--table", metavar="FILE.csv", help="write the table of the bands there")
    inspect.add_argument(
        "--json", action="store_true", help="print events as JSON lines (see docs/worker-protocol.md)"
    )
    inspect.set_defaults(run=_inspect, seed=0, device="cpu")

    for task in (unmix, count, inspect, apply, fcls, extract, purity):
        _add_selection(task)

    simulate = tasks.add_parser("simulate", help="make a georeferenced scene with known truth")
    simulate.add_argument(
        "scene", metavar="OUT", help="OUT.img (ENVI) or OUT.tif; OUT_truth.npz is written beside it"
    )
    simulate.add_argument("--endmembers", type=int, default=4, metavar="K")
    simulate.add_argument("--rows", type=int, default=100)
    simulate.add_argument("--cols", type=int, default=120)
    simulate.add_argument("--bands", type=int, default=150)
    simulate.add_argument("--snr", type=float, default=30.0, help="signal to noise in dB (default 30)")
    simulate.add_argument("--seed", type=int, default=0)
    simulate.add_argument(
        "--no-pure-pixels", action="store_true", help="mix every pixel, as coarse pixels are"
    )
    simulate.add_argument(
        "--brightness", type=float, default=0.15, metavar="SD",
        help="how unevenly it is lit: deviation of the logarithm (default 0.15)",
    )  # fmt: skip
    simulate.add_argument(
        "--mixing", default="linear", choices=("linear", "fan", "gbm"),
        help="light met one material, or two on its way (default linear)",
    )  # fmt: skip
    simulate.add_argument(
        "--outliers", type=float, default=0.0, metavar="SHARE",
        help="share of pixels that show nothing known (default 0)",
    )  # fmt: skip
    simulate.set_defaults(run=_simulate)

    score = tasks.add_parser("score", help="compare a result with a scene's truth")
    score.add_argument("truth", metavar="TRUTH.npz")
    score.add_argument("result", metavar="RESULT_DIR")
    score.set_defaults(run=_score)

    cluster = tasks.add_parser("cluster", help="list the workers of a Dask scheduler, and what does not fit")
    cluster.add_argument("run_on", metavar="ADDRESS", help="tcp://HOST:PORT or tls://HOST:PORT")
    cluster.add_argument(
        "--json", action="store_true", help="print events as JSON lines (see docs/worker-protocol.md)"
    )
    cluster.set_defaults(run=_cluster)

    worker = tasks.add_parser(
        "worker", help="run a job from stdin, as QGIS does (see docs/worker-protocol.md)"
    )
    worker.add_argument("--keep", action="store_true", help="wait for another job after each result")
    worker.set_defaults(run=_worker)
    return parser


def _add_known(task: argparse.ArgumentParser) -> None:
    """Declare spectra that are known."""
    task.add_argument(
        "--known", metavar="FILE",
        help="spectra that are known: an ENVI library (.sli), a table (.csv), or profiles of the EnMAP-Box "
        "(.gpkg, .geojson)",
    )  # fmt: skip
    task.add_argument(
        "--known-name", action="append", default=[], metavar="NAME",
        help="take this spectrum of the library; once for each (default: all)",
    )  # fmt: skip
    task.add_argument(
        "--known-places", metavar="FILE.geojson",
        help="points or polygons where a known material is pure; their property name is its name",
    )  # fmt: skip


def _add_selection(task: argparse.ArgumentParser) -> None:
    """Declare which part of a scene is looked at."""
    task.add_argument(
        "--water-bands", default="auto", choices=WATER_BANDS,
        help="bands near 1400 and 1900 nm, where water vapour absorbs: drop or keep them; auto drops those "
        "that are mostly noise (default)",
    )  # fmt: skip
    task.add_argument(
        "--mask", metavar="FILE", help="a raster, not zero where to look, or polygons as GeoJSON; any CRS"
    )
    task.add_argument(
        "--extent", metavar="XMIN,YMIN,XMAX,YMAX", help="look only there (write --extent=-5,... for a minus)"
    )
    task.add_argument(
        "--extent-crs", default="", metavar="CRS", help="such as EPSG:4326 (default: the scene's own)"
    )


def _unmix(given: argparse.Namespace) -> int:
    if len(given.scenes) > 1 or given.run_on:
        return _unmix_scenes(given)
    given.scene = given.scenes[0]
    document = {
        **_job_on_scene(given),
        "task": "unmix",
        "endmembers": given.endmembers,
        "quality": given.quality,
        "variant": given.variant,
        "output": os.path.abspath(given.output),
        "known": _known(given, given.freedom),
        "model": None if given.model is None else os.path.abspath(given.model),
    }
    return _run(document, as_json=given.json)


def _unmix_scenes(given: argparse.Namespace) -> int:
    if given.variant != DEFAULT:
        raise JobError(
            "Several scenes, and scenes on a cluster, are unmixed by AUVAE-Net only.", "Leave --variant out."
        )
    given.scene = given.scenes[0]
    document = {
        **_job_on_scene(given),
        "task": "unmixscenes",
        "scenes": [_absolute(scene) for scene in given.scenes],
        "endmembers": given.endmembers,
        "quality": given.quality,
        "models": given.models,
        "run_on": given.run_on,
        "cpu_workers": given.cpu_workers,
        "output": os.path.abspath(given.output),
    }
    del document["scene"]
    return _run(document, as_json=given.json)


def _cluster(given: argparse.Namespace) -> int:
    document = {"schema": 1, "task": "cluster", "id": uuid.uuid4().hex, "run_on": given.run_on}
    return _run(document, as_json=given.json)


def _known(given: argparse.Namespace, freedom: float) -> dict[str, Any] | None:
    if given.known is None and given.known_places is None:
        return None
    return {
        "library": _absolute(given.known),
        "names": given.known_name,
        "places": _absolute(given.known_places),
        "freedom": freedom,
    }


def _fcls(given: argparse.Namespace) -> int:
    known = _known(given, 0.0)
    if known is None:
        raise JobError("No known spectra were given.", "Give --known, --known-places or both.")
    document = {
        **_job_on_scene(given),
        "task": "fcls",
        "known": known,
        "sum_to_one": not given.no_sum_to_one,
        "output": os.path.abspath(given.output),
    }
    return _run(document, as_json=given.json)


def _extract(given: argparse.Namespace) -> int:
    document = {
        **_job_on_scene(given),
        "task": "extract",
        "endmembers": given.endmembers,
        "method": given.method,
        "library": os.path.abspath(given.library),
    }
    return _run(document, as_json=given.json)


def _export(given: argparse.Namespace) -> int:
    document = {
        "schema": 1,
        "task": "export",
        "id": uuid.uuid4().hex,
        "result": os.path.abspath(given.result),
        "library": os.path.abspath(given.library),
    }
    return _run(document, as_json=given.json)


def _purity(given: argparse.Namespace) -> int:
    document = {
        **_job_on_scene(given),
        "task": "purity",
        "map": os.path.abspath(given.map),
        "projections": given.projections,
        "threshold": given.threshold,
    }
    return _run(document, as_json=given.json)


def _apply(given: argparse.Namespace) -> int:
    output = os.path.abspath(given.output)
    folders = [output] if len(given.scenes) == 1 else _folders(output, given.scenes)
    failed = 0
    for scene, folder in zip(given.scenes, folders, strict=True):
        given.scene = scene
        document = {
            **_job_on_scene(given),
            "task": "apply",
            "model": os.path.abspath(given.model),
            "output": folder,
        }
        status = _run(document, as_json=given.json)
        if status == EXIT_CANCELLED:
            return status
        failed = failed or status
    return failed


def _folders(parent: str, scenes: list[str]) -> list[str]:
    """A folder for the result of each scene, named after it."""
    folders: list[str] = []
    for scene in scenes:
        stem = os.path.splitext(os.path.basename(os.path.normpath(scene)))[0] or "scene"
        folder, number = os.path.join(parent, stem), 2
        while folder in folders:
            folder, number = os.path.join(parent, f"{stem}_{number}"), number + 1
        folders.append(folder)
    return folders


def _count(given: argparse.Namespace) -> int:
    document = {
        **_job_on_scene(given),
        "task": "count",
        "report": None if given.report is None else os.path.abspath(given.report),
    }
    return _run(document, as_json=given.json)


def _inspect(given: argparse.Namespace) -> int:
    document = {
        **_job_on_scene(given),
        "task": "inspect",
        **{
            name: None if getattr(given, name) is None else os.path.abspath(getattr(given, name))
            for name in ("report", "table")
        },
    }
    return _run(document, as_json=given.json)


def _job_on_scene(given: argparse.Namespace) -> dict[str, Any]:
    """What the jobs of all tasks have in common."""
    return {
        "schema": 1,
        "id": uuid.uuid4().hex,
        "scene": _absolute(given.scene),
        "bands": None if given.bands is None else _band_numbers(given.bands),
        "seed": given.seed,
        "device": given.device,
        "selection": {
            "water_bands": given.water_bands,
            "mask": _absolute(given.mask),
            "extent": None if given.extent is None else _extent(given.extent, given.extent_crs),
        },
    }


def _extent(text: str, crs: str) -> dict[str, Any]:
    try:
        return {"bounds": [float(cell) for cell in text.split(",")], "crs": crs}
    except ValueError as error:
        raise JobError(f"{text!r} is no extent.", "Give four numbers: XMIN,YMIN,XMAX,YMAX.") from error


def _absolute(path: str | None) -> str | None:
    """A file's absolute path; another name that GDAL knows unchanged."""
    return os.path.abspath(path) if path is not None and os.path.exists(path) else path


def _run(document: dict[str, Any], *, as_json: bool) -> int:
    from .worker.process import EventStream, run_job

    stream: Any = EventStream() if as_json else _Terminal()

    def watch(cancel: Any) -> None:
        signal.signal(signal.SIGINT, lambda _number, _frame: cancel.request(unwanted=True))
        signal.signal(signal.SIGTERM, lambda _number, _frame: cancel.request(unwanted=True))

    status = run_job(document, stream, watch)
    # Scenes that failed were named; what called this command is to know too.
    return 1 if not status and not stream.whole else status


def _simulate(given: argparse.Namespace) -> int:
    from .simulation import simulate

    scene, truth = simulate.simulate(
        given.scene,
        simulate.Recipe(
            endmembers=given.endmembers,
            rows=given.rows,
            cols=given.cols,
            bands=given.bands,
            snr=given.snr,
            seed=given.seed,
            pure_pixels=not given.no_pure_pixels,
            brightness=given.brightness,
            mixing=given.mixing,
            outliers=given.outliers,
        ),
    )
    print(f"Scene: {scene}\nTruth: {truth}")
    return 0


def _score(given: argparse.Namespace) -> int:
    from .simulation.score import score

    print(json.dumps(score(given.truth, given.result)))
    return 0


def _worker(given: argparse.Namespace) -> int:
    from .worker import process as worker

    status = worker.main(keep=given.keep)
    sys.stderr.flush()
    # Unloading torch may take a second, and whoever pressed Cancel waits for this process to be gone.
    os._exit(status)


def _band_numbers(text: str) -> list[int]:
    """1-3,7 as [1, 2, 3, 7]."""
    numbers: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            raise JobError(f"{part.strip()!r} is no band number.", "Give numbers such as 1-50,60.")
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers


class _Terminal:
    """Shows events to a person: progress and errors on stderr, what was written on stdout."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._said = ""
        self.whole = True

    def emit(self, event: dict[str, Any]) -> None:
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
                    "a mixture"
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


if __name__ == "__main__":
    sys.exit(main())
