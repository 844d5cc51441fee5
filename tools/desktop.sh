#!/usr/bin/env bash
# Opens QGIS with the plugin switched on and a scene loaded, in a profile of its own: desktop.sh SCENE.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
desktop=$checkout/build/desktop
settings=$desktop/profiles/default/QGIS/QGIS3.ini
mkdir -p "$desktop/plugins" "$(dirname "$settings")"
ln -sfn "$checkout" "$desktop/plugins/auvae_unmixing"
[ -f "$settings" ] ||
    printf '[PythonPlugins]\nauvae_unmixing=true\nprocessing=true\n\n[qgis]\nshowTips=false\n' >"$settings"

echo "Opening QGIS. The algorithm: Processing > Toolbox > AUVAE Unmixing > Unmix (AUVAE-Net)"
export QGIS_PLUGINPATH=$desktop/plugins
exec qgis --nologo --noversioncheck --profiles-path "$desktop" "$1"
