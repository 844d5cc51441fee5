"""One task a file: from a job to its result. What a job may ask for stands in contract/."""
