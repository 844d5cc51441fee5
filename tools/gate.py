"""What the QGIS plugin repository looks for inside a plugin, and what it should: run by `make package`.

The zip's form is package.py's to check. Here its sources are read by Bandit and detect-secrets, its Qt 6
readiness is checked as `make qt6` does, and the pinned packages are compared with known
vulnerabilities.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# Bandit's tests whose findings keep a plugin out: exec, eval, pickle, shell=True, tarfile without filter,
# yaml.load, passwords in the source, certificates not checked, weak temporary files, XML that is not defused.
BLOCKING = (
    "B102 B307 B301 B302 B602 B604 B605 B609 B202 B506 B105 B106 B107 B501 B502 B306 B108 B103 "
    "B313 B314 B315 B316 B317 B318 B319 B201 B323 B324 B701"
)
OFFLINE = ("ConnectionError", "Max retries", "ServiceError", "Failed to", "Name or service", "timed out")


class GateError(Exception):
    """The plugin repository would refuse this, or should."""


def check_bandit(folder: Path) -> str:
    """Read the sources for what the repository blocks."""
    tests = ",".join(BLOCKING.split())
    found = _json([str(BIN / "bandit"), "-q", "-r", "-f", "json", "-t", tests, str(folder)])
    if found["errors"]:
        raise GateError(f"Bandit could not read {found['errors'][0]['filename']}.")
    for one in found["results"]:
        place = f"{Path(one['filename']).relative_to(folder)}:{one['line_number']}"
        raise GateError(f"Bandit, {one['test_id']}: {one['issue_text']} ({place})")
    return f"Bandit: nothing in {found['metrics']['_totals']['loc']} lines"


def check_secrets(folder: Path) -> str:
    """Look for keys, tokens and passwords in every file."""
    found = _json([str(BIN / "detect-secrets"), "scan", "--all-files", str(folder)])["results"]
    for file, secrets in found.items():
        raise GateError(f"{secrets[0]['type']} in {file}, line {secrets[0]['line_number']}.")
    return "detect-secrets: none"


def check_qt6() -> str:
    """Let `make qt6` look for what Qt 6 has no more."""
    tool = str(CHECKOUT / "tools" / "qt6_check.sh")
    done = subprocess.run([tool], capture_output=True, text=True, check=False)
    if done.returncode:
        raise GateError(f"Qt 6:\n{done.stdout}{done.stderr}")
    return "Qt 6: nothing that it has no more"


def check_vulnerabilities() -> str:
    """Compare the pinned packages with the vulnerabilities known of them; needs the network."""
    packages: list[dict[str, Any]] = []
    for listed in ("requirements.txt", "requirements-hashed.txt"):
        argv = [str(BIN / "pip-audit"), "-r", str(CHECKOUT / "model" / listed), "--no-deps", "--disable-pip"]
        argv += ["-f", "json", "--progress-spinner=off"]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
        except subprocess.TimeoutExpired:
            return "pip-audit: not asked, no answer within two minutes"
        try:
            packages += json.loads(done.stdout)["dependencies"]
        except (ValueError, KeyError):
            if any(word in done.stderr for word in OFFLINE):
                return "pip-audit: not asked, there is no network"
            raise GateError(f"pip-audit failed:\n{done.stderr}") from None
    for package in packages:
        for known in package.get("vulns", []):
            raise GateError(
                f"{package['name']} {package['version']} has {known['id']}: pin {known['fix_versions']}."
            )
    names = {package["name"] for package in packages}
    unknown = {package["name"] for package in packages if "skip_reason" in package}
    if unknown == names:
        return f"pip-audit: not asked, this network's index knows no vulnerabilities ({len(names)} packages)"
    return f"pip-audit: nothing known of {len(names - unknown)} packages, {len(unknown)} not asked about"


def _json(argv: list[str]) -> Any:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=argv[-1])
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise GateError(f"{Path(argv[0]).name} failed:\n{done.stderr}") from None


def main() -> int:
    """Check a package that package.py has made; returns 1 when something is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="the zip")
    package = parser.parse_args().package
    with tempfile.TemporaryDirectory(prefix="auvae-gate-") as place:
        folder = Path(place).resolve()
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
        try:
            for finding in (
                check_bandit(folder),
                check_secrets(folder),
                check_qt6(),
                check_vulnerabilities(),
            ):
                print(finding)
        except GateError as problem:
            package.unlink()
            print(f"The package is not fit to be published. {problem}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
