"""The folder of a result and the files in it: written beside their place, moved there whole."""
