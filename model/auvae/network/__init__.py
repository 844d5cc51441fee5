"""AUVAE-Net and its training, the published networks, devices, and model files. Knows no rasters."""
