"""The QGIS side of AUVAE Unmixing. It never imports torch or rasterio: those live in the worker's process."""
