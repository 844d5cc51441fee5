"""AUVAE-Net as published, and its siblings AAE, AVAE and AUAE."""
