"""What `make faults` and `make endurance` are made of; no part of the plugin and of no test run."""
