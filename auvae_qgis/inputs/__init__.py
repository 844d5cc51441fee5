"""What the analyst picks in QGIS, as files that a worker can read."""
