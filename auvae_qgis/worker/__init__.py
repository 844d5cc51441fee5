"""The worker's process as QGIS sees it: starts it, hands it a job, follows its events until the result."""
