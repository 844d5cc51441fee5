"""Finding endmembers in pixels and counting them. Reads no files."""
