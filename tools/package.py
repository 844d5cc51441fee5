"""Makes the zip for the QGIS plugin repository and tries it: unpacked into a fresh profile, listed, run.

What goes in is what git knows (or would add) of the plugin's own folders, no tests; and built translations.
"""

from __future__ import annotations

import argparse
import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
NAME = "auvae_unmixing"
SHIPPED = (
    "metadata.txt",
    "__init__.py",
    "LICENSE",
    "README.md",
    "CITATION.cff",
    "auvae_qgis/",
    "model/",
    "resources/",
)
REQUIRED = (
    "name",
    "description",
    "version",
    "qgisMinimumVersion",
    "author",
    "email",
    "about",
    "tracker",
    "repository",
)
LARGEST = 25 * 1024**2  # the repository refuses more
BINARY = {".so", ".dll", ".dylib", ".pyd", ".pyc", ".pyo", ".whl", ".exe", ".zip"}
EARLIEST = (1980, 1, 1, 0, 0, 0)  # one date for every file: the same sources give the same zip


class PackageError(Exception):
    """The plugin repository, or QGIS, would refuse this package."""


def shipped_files(checkout: Path) -> list[Path]:
    """Return the files of the plugin, relative to `checkout`, sorted.

    Raises:
        PackageError: `checkout` is no git checkout, so that nothing says which files are generated.

    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *SHIPPED],
        cwd=checkout,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        raise PackageError(f"{checkout} is no git checkout: {listed.stderr.decode().strip()}")
    names = listed.stdout.decode().split("\0")
    shipped = [Path(name) for name in set(names) if name and (checkout / name).is_file()]
    built = [path.with_suffix(".qm") for path in shipped if path.suffix == ".ts"]  # by make translations
    shipped += [path for path in built if (checkout / path).is_file()]
    return sorted(shipped)


def write_package(checkout: Path, package: Path) -> None:
    """Write the zip, with one folder `auvae_unmixing` in it."""
    package.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(package, "w") as archive:
        for path in shipped_files(checkout):
            entry = zipfile.ZipInfo(f"{NAME}/{path.as_posix()}", EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, (checkout / path).read_bytes())


def check_package(package: Path) -> None:
    """Check what the plugin repository checks.

    Raises:
        PackageError: a file or an entry of metadata.txt is missing, a binary is in it, it is too large.

    """
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        for name in ("metadata.txt", "LICENSE", "__init__.py"):
            if f"{NAME}/{name}" not in names:
                raise PackageError(f"{name} is missing.")
        metadata = configparser.ConfigParser(interpolation=None)
        metadata.read_string(archive.read(f"{NAME}/metadata.txt").decode())
    general = metadata["general"]
    silent = [name for name in names if name.endswith(".ts") and f"{name[:-3]}.qm" not in names]
    if silent:
        raise PackageError(f"These translations are not built: {', '.join(silent)}.")
    absent = [entry for entry in REQUIRED if not general.get(entry)]
    if absent:
        raise PackageError(f"metadata.txt does not state {', '.join(absent)}.")
    if not re.fullmatch(r"\d+\.\d+(\.\d+)?", general["version"]):
        raise PackageError(f"The version {general['version']} in metadata.txt is not numeric.")
    strangers = [name for name in names if not name.startswith(f"{NAME}/")]
    strangers += [name for name in names if Path(name).suffix in BINARY or "__pycache__" in name]
    if strangers:
        raise PackageError(f"These do not belong in a plugin: {', '.join(strangers)}.")
    icon = general.get("icon")
    if icon and f"{NAME}/{icon}" not in names:
        raise PackageError(f"The icon {icon} that metadata.txt names is missing.")
    if package.stat().st_size > LARGEST:
        raise PackageError(f"It is {package.stat().st_size / 1024**2:.1f} MB; the repository takes 25 MB.")


def try_package(package: Path, worker: Path) -> None:
    """Unpack into a fresh QGIS profile, where the plugin must be listed and unmix a small scene.

    Raises:
        PackageError: QGIS does not list the algorithm, or the run fails; with what QGIS printed.

    """
    with tempfile.TemporaryDirectory(prefix="auvae-package-") as folder:
        place = Path(folder)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(place / "profiles" / "default" / "python" / "plugins")
        scene, result = place / "scene.img", place / "result"
        size = ["--endmembers", "3", "--rows", "40", "--cols", "40", "--bands", "60"]
        _run([str(worker.parent / "auvae"), "simulate", str(scene), *size], dict(os.environ))
        environment = {name: value for name, value in os.environ.items() if name != "QGIS_PLUGINPATH"}
        environment |= {
            "QGIS_CUSTOM_CONFIG_PATH": folder,
            "QT_QPA_PLATFORM": "offscreen",
            "AUVAE_PYTHON": str(worker),
        }
        # Debian's qgis_process is a wrapper that 3.22 ships broken.
        program = shutil.which("qgis_process.bin") or shutil.which("qgis_process") or "qgis_process"
        _run([program, "plugins", "enable", NAME], environment)
        if "auvae:unmix" not in _run([program, "list"], environment):
            raise PackageError("QGIS does not list auvae:unmix.")
        options = [f"INPUT={scene}", "ENDMEMBERS=3", "QUALITY=0", "SEED=0", f"OUTPUT={result}"]
        printed = _run([program, "run", "auvae:unmix", "--", *options], environment)
        if not (result / "abundances.tif").is_file():
            raise PackageError(f"The run ended well but left no abundances.tif:\n{printed}")


def _run(argv: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise PackageError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def main() -> int:
    """Write, check and try the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="the zip to write")
    package = parser.parse_args().package.absolute()
    try:
        write_package(CHECKOUT, package)
        check_package(package)
        try_package(package, CHECKOUT / "build" / "worker" / "bin" / "python")
    except PackageError as problem:
        package.unlink(missing_ok=True)
        print(f"The package is not fit to be published. {problem}", file=sys.stderr)
        return 1
    print(f"{package}  {package.stat().st_size / 1024:.0f} kB, unpacked into a fresh profile and run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
