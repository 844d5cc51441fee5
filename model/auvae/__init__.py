"""AUVAE-Net: blind unmixing of hyperspectral scenes into endmembers and abundances."""

__version__ = "0.1.0"
