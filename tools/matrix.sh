#!/usr/bin/env bash
# Runs the plugin's tests and takes its screenshot in the QGIS of this machine and of other Debian releases:
# matrix.sh SCENE ENDMEMBERS [here|SUITE ...]. Needs root, for debootstrap and chroot; all it makes lies in build/matrix/.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scene=$(realpath "$1") endmembers=$2
shift 2
[ $# -gt 0 ] || set -- here trixie forky    # QGIS 3.22 where this is Debian 12; 3.40; 3.44
place=$checkout/build/matrix
# The mirror that apt uses here; MIRROR=address where this machine is no Debian.
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' 2>/dev/null | head -n 1)}
packages=(qgis python3-qgis python3-matplotlib ca-certificates fonts-dejavu-core xvfb xauth)

# A Debian release with QGIS in it, once.
make_root() {
    local suite=$1 root=$place/$1 script=/usr/share/debootstrap/scripts/$1
    [ ! -f "$root/complete" ] || return 0
    [ -f "$script" ] || script=${script%/*}/sid    # debootstrap may be older than the release
    echo "Making $root, Debian $suite with QGIS: about 3 GB and some minutes, once"
    if [ -z "$mirror" ]; then
        echo "apt here knows no Debian mirror: name one, MIRROR=address make matrix" >&2
        return 1
    fi
    rm -rf "$root"
    debootstrap --variant=minbase "$suite" "$root" "$mirror" "$script" >"$root.log" 2>&1
    DEBIAN_FRONTEND=noninteractive chroot "$root" \
        apt-get install -y --no-install-recommends "${packages[@]}" >>"$root.log" 2>&1
    chroot "$root" apt-get clean
    touch "$root/complete"
}

# What runs in each: PYTHON CHECKOUT SCENE ENDMEMBERS PICTURE. Fails where the tests or the picture do. pytest is that
# of build/qgis, which has no compiled parts; that of hypothesis has, and is left out.
# shellcheck disable=SC2016  # expanded where it runs
session='
    cd "$2"
    "$1" -c "
import platform
from qgis.core import Qgis
from qgis.PyQt.QtCore import QT_VERSION_STR
print(f\"QGIS {Qgis.QGIS_VERSION}, Qt {QT_VERSION_STR}, Python {platform.python_version()}\")"
    PYTHONPATH=$(echo build/qgis/lib/python3*/site-packages) QT_QPA_PLATFORM=offscreen \
        timeout 1200 "$1" -m pytest tests/qgis -q -p no:cacheprovider -p no:hypothesispytest
    tests=$?
    "$1" tools/screenshot.py "$3" "$4" "$5" && [ $tests -eq 0 ]'

# Checkout, shared scenes and the Python of build/worker stand in the release under the paths that they have here,
# in a mount namespace of its own: nothing stays mounted, however this ends.
# shellcheck disable=SC2016
mounted='
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    while [ "$1" != -- ]; do
        [ ! -d "$1" ] || { mkdir -p "$root$1"; mount --bind "$1" "$root$1"; }
        shift
    done
    shift
    exec chroot "$root" "$@"'

mkdir -p "$place"
status=0
for suite; do
    printf '\n== %s\n' "$suite"
    arguments=("$checkout" "$scene" "$endmembers" "$place/$suite.png")
    if [ "$suite" = here ]; then
        bash -c "$session" bash "$checkout/build/qgis/bin/python" "${arguments[@]}" || status=1
        continue
    fi
    if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
        echo "This needs root, and debootstrap: apt-get install debootstrap" >&2
        exit 1
    fi
    make_root "$suite" || { tail -n 5 "$place/$suite.log" >&2; exit 1; }
    worker=$("$checkout/build/worker/bin/python" -c 'import sys; print(sys.base_prefix)')
    if [ "$worker" = /usr ]; then
        echo "build/worker was made with the system's Python, which $suite does not have:" \
            "make it with another, PATH=/where/it/is:\$PATH make setup" >&2
        exit 1
    fi
    unshare --mount --pid --fork bash -euc "$mounted" bash "$place/$suite" \
        "$checkout" "$checkout/../shared" "$(dirname "$scene")" "$worker" -- \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
        bash -c "$session" bash /usr/bin/python3 "${arguments[@]}" || status=1
done
exit $status
