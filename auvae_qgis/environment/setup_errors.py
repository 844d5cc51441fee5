"""What can go wrong with the Python environment that holds torch, in sentences for the analyst.

Installers' words become a cause and a remedy here; what is installed, and how, stands in install.py.
"""

from __future__ import annotations

import re

from ..translation import tr

OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 14)  # what the pinned torch has wheels for
SUPPORTED = "Python {}.{} to {}.{}".format(*OLDEST_PYTHON, *NEWEST_PYTHON)


class SetupError(Exception):
    """The environment cannot be built or used: `text` says what is wrong, `remedy` what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        """Keep both sentences; `str()` of the error is the two together."""
        super().__init__(f"{text} {remedy}")
        self.text = text
        self.remedy = remedy


class SetupCancelled(SetupError):
    """The user stopped the installation."""

    def __init__(self) -> None:
        """Say that nothing was changed."""
        super().__init__(tr("The installation was cancelled."), tr("What was there before is unchanged."))


def _causes() -> tuple[tuple[str, str, str], ...]:
    """Return what an installer prints, what that means, and what the user can do: the first match counts.

    A table, and so longer than other functions.
    """
    return (
        (
            r"No space left on device|Errno 28\b|WinError 112\b|os error 112\b|Disk quota exceeded",
            tr("The disk is full."),
            tr("Free some space and install again."),
        ),
        (
            r"DO NOT MATCH THE HASHES|(?i:hash mismatch|hashes? (did|do|does) not match)",
            tr("A package arrived other than it was published: its hash is wrong."),
            tr(
                "Press Install again. If it happens twice, a mirror or proxy in between changes packages: "
                "ask who runs it."
            ),
        ),
        (
            r"\bKilled\b|\bMemoryError\b|Cannot allocate memory|Errno 12\b|(?i:signal: 9|out of memory)",
            tr("The system ended the installer: memory ran out."),
            tr("Close other programs and press Install again."),
        ),
        (
            r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|UnknownIssuer|invalid peer certificate",
            tr(
                "The package index's certificate was not accepted: your network has a proxy with one "
                "of its own."
            ),
            tr("Ask your administrator for it, run pip config set global.cert FILE, and install again."),
        ),
        (
            r"SSLEOFError|WRONG_VERSION_NUMBER|TLSV1_ALERT|(?i:ssl.{0,20}handshake|tls handshake)|SSLError",
            tr("No secure connection to the package index could be made (TLS)."),
            tr("Check a firewall, proxy or virus scanner that looks into connections, and install again."),
        ),
        (
            (
                r"(?i)unable to find vcvarsall|Microsoft Visual C\+\+ 14|command '?(gcc|cc|clang|x86_64)"
                r"|error: subprocess-exited"
            ),
            tr("A package would have to be compiled, and there is no compiler."),
            tr(
                "Install {} for a 64-bit system: all packages come ready made for it. Then install again."
            ).format(SUPPORTED),
        ),
        (
            r"UnicodeEncodeError|UnicodeDecodeError|codec can't (en|de)code",
            tr(
                "The installer stumbled over a letter outside ASCII in a path, such as the name of "
                "your user folder."
            ),
            tr(
                "Make an environment in a folder with a plain name, such as C:\\auvae, and name it in Set up."
            ),
        ),
        (
            r"(?i)driver.{0,40}too old|CUDA driver version is insufficient|no kernel image",
            tr("The graphics card's driver is too old for this build of torch, or the card is."),
            tr(
                "Install NVIDIA's current driver and press Repair; until then unmixing runs on the processor."
            ),
        ),
        (
            r"requires a different Python|Requires-Python|is not a supported wheel on this platform",
            tr("This Python is too new or too old for the pinned packages."),
            tr("Install {} (python.org) and install again.").format(SUPPORTED),
        ),
        (
            r"\b407\b|Proxy Authentication Required|ProxyError|Cannot connect to proxy|[Tt]unnel",
            tr("The network's proxy did not let the installer through."),
            tr(
                "Run pip config set global.proxy http://HOST:PORT in a terminal (with your name and "
                "password before HOST where it asks for them) and install again."
            ),
        ),
        (
            (
                r"IncompleteRead|Connection broken|connection broken|Connection aborted|RemoteDisconnected"
                r"|Connection reset|ConnectionResetError|Read timed out|ReadTimeout|incomplete-download"
                r"|WinError 1005[34]\b|connection closed before|error decoding response body"
            ),
            tr("The connection to the package index was cut."),
            tr("Press Install again: pip keeps what has arrived whole."),
        ),
        (
            (
                r"name resolution|getaddrinfo|NewConnectionError|Network is unreachable|dns error"
                r"|Failed to establish|Connection refused|timed out|ConnectionError|error sending request"
            ),
            tr("The package index could not be reached."),
            tr("Check the network connection, or a firewall or proxy in between, and install again."),
        ),
        (
            r"WinError 206\b|path too long|[Ff]ile ?name too long|os error 206\b",
            tr("A path became longer than this system allows."),
            tr("Allow long paths in Windows, or set AUVAE_PYTHON to an environment in a shorter folder."),
        ),
        (
            r"Permission denied|Errno 13\b|WinError 5\b|Access is denied|Read-only file system|WinError 32\b",
            tr("A file could not be written: it is protected, or a virus scanner holds it."),
            tr(
                "See that you may write there, make an exception for it in the virus scanner, and "
                "install again."
            ),
        ),
        (
            r"ensurepip is not available|No module named '?(ensurepip|venv)",
            tr("This Python cannot make environments: its venv module is missing."),
            tr("Debian and Ubuntu: sudo apt install python3-venv; then install again."),
        ),
        (
            r"No matching distribution|Could not find a version|no wheels with a matching|No solution found",
            tr("One of the packages does not exist for this Python or this kind of machine."),
            tr(
                "Install a {} for a 64-bit system and install again (torch has no builds for Intel Macs)."
            ).format(SUPPORTED),
        ),
        (
            r"WinError 1114\b|WinError 126\b|c10\.dll|DLL load failed",
            tr("Windows could not load torch: Microsoft's Visual C++ runtime is missing or too old."),
            tr(
                "Install the Visual C++ Redistributable (x64) from microsoft.com, restart QGIS, and "
                "try again."
            ),
        ),
    )


def known_cause(printed: str) -> SetupError | None:
    """Return what `printed` by an installer or a library means, or None when it is nothing known."""
    for pattern, text, remedy in _causes():
        if re.search(pattern, printed):
            return SetupError(text, remedy)
    return None


def explained(printed: str) -> SetupError:
    """Return the error of an installation that `printed` this and failed, in its own words if unknown."""
    last = printed.strip().splitlines()[-1:] or [tr("no reason given")]
    unknown = SetupError(
        tr("The installation failed: {}").format(last[0]), tr("The lines above it say more; try again.")
    )
    return known_cause(printed) or unknown
