"""How much memory GDAL may keep of a raster."""

CACHE_BYTES = 2**30
"""What GDAL may keep of a file; windows of a file stored line by line are as high as fit in half of it."""
