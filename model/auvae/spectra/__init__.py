"""Spectra that are known beforehand, brought to the bands of a scene."""
