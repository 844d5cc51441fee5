#!/usr/bin/env bash
# Imports every module of the plugin with PyQt6 where QGIS 3 has PyQt5: qt6_check.sh. pip installs PyQt6 into
# build/qt6; qgis itself is a stand-in, so this sees wrong names of Qt and of its enums, no others.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
environment=$checkout/build/qt6
if [ ! -f "$environment/complete" ]; then
    echo "Making build/qt6, an environment with PyQt6"
    [ ! -L "$environment" ] || rm "$environment"    # --clear would empty what it points to
    "$checkout/build/worker/bin/python" -m venv --clear "$environment"
    "$environment/bin/python" -m pip install --quiet --no-input -r "$checkout/tools/requirements-qt6.txt"
    touch "$environment/complete"
fi
QT_QPA_PLATFORM=offscreen QT_API=pyqt6 "$environment/bin/python" "$checkout/tools/qt6_check.py"
