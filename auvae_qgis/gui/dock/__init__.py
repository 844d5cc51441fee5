"""The dock and its tabs, one widget a file. Widgets show what they are handed and read no files."""
