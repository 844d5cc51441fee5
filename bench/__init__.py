"""The tables of `make bench`: how good, how honest and how fast, beside what else there is."""
