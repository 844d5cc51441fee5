"""AUVAE-Net and its training, the published networks, and model files. Knows no rasters."""
