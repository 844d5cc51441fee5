#!/usr/bin/env bash
# Links this checkout into a QGIS profile of the user's as the plugin auvae_unmixing.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
profile=${1:-default}
case $(uname -s) in
    Darwin) data="$HOME/Library/Application Support/QGIS" ;;
    *) data="${XDG_DATA_HOME:-$HOME/.local/share}/QGIS" ;;
esac

# QGIS 4 keeps its profiles beside those of QGIS 3; a machine may have both.
for version in "$data"/QGIS4 "$data"/QGIS3; do
    [ -d "$version" ] || [ "$version" = "$data/QGIS3" ] || continue
    plugin="$version/profiles/$profile/python/plugins/auvae_unmixing"
    if [ -e "$plugin" ] && [ ! -L "$plugin" ]; then
        echo "$plugin is an installed copy: uninstall it in QGIS's plugin manager first." >&2
        exit 1
    fi
    mkdir -p "$(dirname "$plugin")"
    ln -sfn "$checkout" "$plugin"
    echo "$plugin"
    echo "    -> $checkout"
done
echo "Now tick AUVAE Unmixing in QGIS: Plugins > Manage and Install Plugins > Installed."
[ -d "$checkout/build/worker" ] || echo "Torch is not installed yet: make setup, or Plugins > AUVAE Unmixing > Set up."
