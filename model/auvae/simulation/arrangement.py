"""How much of each material the pixels of a simulated scene hold, and where. Knows no spectra."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

ARRANGEMENTS = ("fields", "dirichlet")
"""Smooth patches of each material as in a landscape; or every pixel drawn alone, all mixtures as likely."""

LARGEST_TARGET = 20
"""Pixels that a rare material's target covers at most."""

# Steepness of the softmax: at 4 about a tenth of the pixels is nearly pure.
_CONTRAST = 4.0
# Without pure pixels every pixel holds an equal share of everything in the rest of this.
_EVERYWHERE = 0.75
# Points along a side of a pixel by which it is measured how much of it a disc covers.
_FINE = 16
# Places that are tried for a target.
_TRIES = 1000


def smooth_field(rows: int, cols: int, draws: np.random.Generator) -> np.ndarray:
    """A smooth random field ``(rows, cols)`` of mean 0 and deviation 1."""
    field = gaussian_filter(draws.normal(size=(rows, cols)), max(2.0, min(rows, cols) / 12), mode="reflect")
    return np.asarray((field - field.mean()) / field.std())


def fields(rows: int, cols: int, count: int, draws: np.random.Generator) -> np.ndarray:
    """Abundances ``(rows, cols, count)`` in smooth patches, with pure pixels."""
    heights = np.stack([smooth_field(rows, cols, draws) for _ in range(count)], axis=-1)
    weights = np.exp(_CONTRAST * (heights - heights.max(axis=-1, keepdims=True)))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def dirichlet(rows: int, cols: int, count: int, cap: float, draws: np.random.Generator) -> np.ndarray:
    """Abundances ``(rows, cols, count)``, every mixture as likely, drawn again where one exceeds ``cap``."""
    shares = draws.dirichlet(np.ones(count), rows * cols)
    while (over := shares.max(axis=1) > cap).any():
        shares[over] = draws.dirichlet(np.ones(count), int(over.sum()))
    return np.asarray(shares.reshape(rows, cols, count))


def capped(shares: np.ndarray, cap: float) -> np.ndarray:
    """What exceeds ``cap`` goes to the pixel's second material: none is pure, the simplex keeps its faces."""
    if cap >= 1:
        return shares
    second, first = np.moveaxis(np.argsort(shares, axis=-1)[..., -2:], -1, 0)[..., None]
    excess = (np.take_along_axis(shares, first, -1) - cap).clip(0)
    moved = shares.copy()
    np.put_along_axis(moved, first, np.take_along_axis(shares, first, -1) - excess, -1)
    np.put_along_axis(moved, second, np.take_along_axis(shares, second, -1) + excess, -1)
    return moved


def everywhere(shares: np.ndarray) -> np.ndarray:
    """Every pixel holds a share of everything: as if other, less different materials had pure pixels."""
    return np.asarray(_EVERYWHERE * shares + (1 - _EVERYWHERE) / shares.shape[-1])


def with_targets(
    shares: np.ndarray, sizes: tuple[int, ...], allowed: np.ndarray, draws: np.random.Generator
) -> np.ndarray:
    """Materials that show in one small target each, over ``shares`` ``(rows, cols, K)`` of the others.

    Every second target lies on the pixel grid, so that its pixels are whole; the others are discs anywhere,
    whose rim is mixed with what lies around them.

    Args:
        shares: of the materials around.
        sizes: pixels that each target covers.
        allowed: ``(rows, cols)``, where targets may lie.
        draws: random numbers.

    Returns:
        ``(rows, cols, K + len(sizes))``.

    Raises:
        ValueError: no room for a target.
    """
    free = allowed.copy()
    found = np.concatenate([shares, np.zeros((*free.shape, len(sizes)))], axis=-1)
    for number, size in enumerate(sizes, start=shares.shape[-1]):
        cover = (_disc if (number - shares.shape[-1]) % 2 else _block)(size, draws)
        side = len(cover)
        for _ in range(_TRIES):
            top, left = (int(draws.integers(0, max(1, length - side + 1))) for length in free.shape)
            window = np.s_[top : top + side, left : left + side]
            if free[window].shape == cover.shape and free[window].all():
                break
        else:
            raise ValueError(f"no room for a target of {size} pixels")
        found[window] *= 1 - cover[..., None]
        found[window[0], window[1], number] = cover
        free[window] = False
    return found


def target_sizes(count: int, draws: np.random.Generator) -> tuple[int, ...]:
    """Sizes of targets in pixels, 1 to `LARGEST_TARGET`, as many small as large ones."""
    return tuple(int(size) for size in np.exp(draws.uniform(0, np.log(LARGEST_TARGET + 0.5), count)).round())


def _block(size: int, _draws: np.random.Generator) -> np.ndarray:
    """``size`` whole pixels side by side: a square, its last row not full."""
    side = int(np.ceil(np.sqrt(size)))
    return (np.arange(side * side) < size).reshape(side, side).astype(float)


def _disc(size: int, draws: np.random.Generator) -> np.ndarray:
    """The share of each pixel that a disc of the area of ``size`` pixels covers, centred anywhere in one."""
    radius = np.sqrt(size / np.pi)
    side = int(np.ceil(2 * radius)) + 1
    places = (np.arange(side * _FINE) + 0.5) / _FINE
    down, right = places[:, None] - radius - draws.random(), places[None] - radius - draws.random()
    return np.asarray((down**2 + right**2 <= radius**2).reshape(side, _FINE, side, _FINE).mean(axis=(1, 3)))
