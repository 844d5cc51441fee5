"""N-FINDR: the pixels that span the largest simplex. No training, no files."""

from __future__ import annotations

import numpy as np

MOST_ROUNDS = 100
"""Over all endmembers; the volume only grows, so that it ends, usually after three or four."""


def nfindr(pixels: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Endmembers by N-FINDR (Winter, Proc. SPIE 3753, 1999).

    In the K - 1 strongest directions of the pixels each endmember in turn becomes the pixel that makes the
    simplex largest, until none makes it larger. The volume is linear in each corner, so that all pixels are
    judged by one product.

    Args:
        pixels: ``(n, B)``.
        start: ``(K,)`` indices of the pixels to begin with, such as those of vertex component analysis.

    Returns:
        ``(K,)`` indices of pixels.
    """
    count = len(start)
    centred = pixels - pixels.mean(axis=0, dtype=np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    points = centred @ vectors[:, vectors.shape[1] - (count - 1) :]
    points /= max(float(np.abs(points).max()), 1e-30)
    points = np.column_stack([np.ones(len(points)), points])  # (n, K): determinants are volumes
    corners = np.array(start)
    for _ in range(MOST_ROUNDS):
        changed = False
        for k in range(count):
            others = np.delete(points[corners], k, axis=0)
            # what is orthogonal to the other corners, as long as the volume they span is large
            normal = np.linalg.svd(others)[2][-1]
            heights = np.abs(points @ normal)
            best = int(heights.argmax())
            if heights[best] > heights[corners[k]] * (1 + 1e-9):
                corners[k], changed = best, True
        if not changed:
            break
    return corners
