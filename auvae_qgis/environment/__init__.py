"""The Python environment that holds torch: found, built, checked. Standard library only, no qgis."""
