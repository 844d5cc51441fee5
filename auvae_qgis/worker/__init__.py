"""The worker's process as QGIS sees it: started, handed a job, followed until its result."""
