"""Takes a picture of the QGIS desktop with a result in it: screenshot.py SCENE ENDMEMBERS PICTURE.

Starts QGIS under a virtual X server in a profile of its own; what happens inside it is desktop_session.py.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
NAME = "auvae_unmixing"
SETTINGS = """[PythonPlugins]
{name}=true
processing=true

[qgis]
showTips=false
checkVersion=false
askToSaveProjectChanges=false
"""


def run_desktop(code: Path, variables: dict[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in the QGIS desktop with the plugin switched on; the profile is thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="auvae-desktop-") as place:
        plugins = Path(place) / "plugins"
        plugins.mkdir()
        (plugins / NAME).symlink_to(TOOLS.parent, target_is_directory=True)
        settings = Path(place) / "profiles" / "default" / "QGIS" / "QGIS3.ini"
        settings.parent.mkdir(parents=True)
        settings.write_text(SETTINGS.format(name=NAME), encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
        environment.pop("QGIS_CUSTOM_CONFIG_PATH", None)
        environment |= {"QGIS_PLUGINPATH": str(plugins), "PYTHONPATH": str(TOOLS), **variables}
        server = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24"]
        qgis = ["qgis", "--nologo", "--noversioncheck", "--profiles-path", place, "--code", str(code)]
        return subprocess.run(
            [*server, *qgis],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )


def main() -> int:
    """Take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", type=Path, help="a raster file")
    parser.add_argument("endmembers", type=int, help="how many endmembers it has")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    given = parser.parse_args()
    missing = [program for program in ("qgis", "xvfb-run") if shutil.which(program) is None]
    if missing:
        print(f"Install {' and '.join(missing)} first (Debian: apt install qgis xvfb).", file=sys.stderr)
        return 1
    done = run_desktop(
        TOOLS / "desktop_session.py",
        {
            "AUVAE_SCENE": str(given.scene.absolute()),
            "AUVAE_ENDMEMBERS": str(given.endmembers),
            # QGIS marks layers in a temporary folder, so the result of a picture does not lie in one
            "AUVAE_OUTPUT": str(TOOLS.parent / "build" / "screenshot" / given.scene.stem),
            "AUVAE_SCREENSHOT": str(given.picture.absolute()),
        },
        600,
    )
    if done.returncode or not given.picture.is_file():
        print(done.stdout, file=sys.stderr)
        print(f"QGIS ended with status {done.returncode}; there is no picture.", file=sys.stderr)
        return 1
    print(f"{given.picture}  {given.picture.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
