#!/usr/bin/env bash
# Sees to it that QGIS is on this machine: installs it with apt on Debian and Ubuntu, after saying so, and says
# elsewhere what to install. Environments of ours are made by the Makefile.
set -euo pipefail

python=${1:-/usr/bin/python3}
packages=(qgis python3-qgis python3-matplotlib python3-venv xvfb xauth qttools5-dev-tools)

missing=()
"$python" -c 'import qgis.core, matplotlib' 2>/dev/null || missing+=("QGIS with its Python modules")
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("the venv module of $python")
for program in qgis qgis_process xvfb-run xauth lrelease; do
    command -v "$program" >/dev/null || missing+=("$program")
done
[ ${#missing[@]} -eq 0 ] && exit 0

printf 'Missing on this machine: %s\n' "${missing[@]}"
if ! command -v apt-get >/dev/null; then
    cat >&2 <<END
Please install QGIS 3.22 or later with your system's own packages, and Xvfb (xvfb-run), then try again:
    Fedora:     sudo dnf install qgis python3-qgis xorg-x11-server-Xvfb xorg-x11-xauth qt5-linguist
    Arch:       sudo pacman -S qgis python-matplotlib xorg-server-xvfb xorg-xauth qt5-tools
    openSUSE:   sudo zypper install qgis python3-matplotlib xvfb-run xauth libqt5-linguist
If QGIS has a Python of its own, name it: make setup QGIS_PYTHON=/path/to/python3
END
    exit 1
fi

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
printf 'Installing with apt, which takes about 1 GB of disk and some minutes:\n    %s\n' \
    "${as_root[*]:+sudo }apt-get install ${packages[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
"$python" -c 'import qgis.core' || {
    echo "$python does not see QGIS: name the Python that does, make setup QGIS_PYTHON=/path/to/python3" >&2
    exit 1
}
