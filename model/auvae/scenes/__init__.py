"""Many scenes, on this computer or on a Dask cluster: the same tasks, carried out here or there."""
