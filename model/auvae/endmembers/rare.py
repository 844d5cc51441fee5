"""Rare materials: how many show in a few pixels only, beside those of the whole scene. Unmixes nothing.

A kind of a common material (lit otherwise, wetter, older) also forms patches that its endmember explains
badly, but it shows in many places; a rare material shows in its patch and hardly anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .judge import angles
from .targets import FEW, Observed, alike_patch, shown

PATCHES = 8
"""So many patches are looked at, those that show most of something else first."""

DIFFERENT = 0.06
"""Radians, at least, between the patch and every mixture of what is known so far.

Counted before faint patches were looked for, too: of simulated targets (five scenes of each kind, 35 dB) 6
of 10 of 4 pixels, 7 of 10 of 9 pixels and 12 of 15 of 16 pixels; where materials vary by 8 %, 5 of 10 of 9
pixels. None was counted in 20 scenes without targets, nor in Samson, Jasper and dc1; in Urban two were.
"""


def count_rare(observed: Observed, spectra: Tensor, report: Callable[[float], None]) -> list[int]:
    """In how many pixels each rare material shows.

    Args:
        observed: the pixels as measured, softly normalised, and which are neighbours.
        spectra: ``(K, B)``, softly normalised endmembers of the scene as a whole.
        report: told the share that is done; what it raises ends the work.
    """
    neighbours = observed.neighbours()
    found: list[int] = []
    for done in range(PATCHES):
        report(done / PATCHES)
        patch = alike_patch(observed.pixels, neighbours, spectra)
        if patch is None:
            break
        spectrum = observed.pixels[list(patch.pixels)].mean(0, keepdim=True).clamp_min(1e-6)
        angle = float(angles(spectrum, spectra)[0])
        spectra = torch.cat([spectra, spectrum])
        size = shown(observed.pixels, spectra)
        if angle >= DIFFERENT and size <= FEW:
            found.append(size)
    return found
