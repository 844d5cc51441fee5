"""The command `auvae`: a task a file, from its arguments to its job. Loads torch only once a job runs."""
