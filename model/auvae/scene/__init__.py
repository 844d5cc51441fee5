"""Reading a scene: rasters and products, bands, wavelengths, no-data, grid. Computes no endmembers."""
