"""A trained model over a whole scene, window by window, and the rasters that come of it."""
