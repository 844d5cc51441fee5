"""Least squares under the constraints of abundances, exactly and for many pixels at once. numpy only."""

from __future__ import annotations

import numpy as np

RIDGE = 1e-9
"""Of the mean power of the endmembers, added to each: two equal ones do not stop it."""

NEGLIGIBLE = 1e-8
"""Of the largest product of pixel and endmember: a slope below this is rounding."""

MOST_ROUNDS = 20
"""Times K: rounds after which a pixel is left as it is, feasible; a K-sided polygon never needed 3."""


def abundances(pixels: np.ndarray, endmembers: np.ndarray, *, sum_to_one: bool) -> np.ndarray:
    """Minimise ``|y - a E|^2`` over ``a >= 0``, and over ``sum(a) = 1`` where asked for.

    The active-set method of Lawson & Hanson (Solving Least Squares Problems, 1974, chapter 23), with the
    sum as a further condition of every step (fully constrained least squares: Heinz & Chang, IEEE TGRS 39(3),
    2001, who approximate it). All pixels take their steps together, and those with the same endmembers in
    play share one factorisation (Van Benthem & Keenan, J. Chemometrics 18, 2004).

    Args:
        pixels: ``(n, B)``.
        endmembers: ``(K, B)``.
        sum_to_one: FCLS where true, NNLS where false.

    Returns:
        ``(n, K)`` float64.
    """
    spectra = np.asarray(endmembers, np.float64)
    gram = spectra @ spectra.T
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    target = np.asarray(pixels, np.float64) @ spectra.T
    count = len(gram)
    found, playing = _first(target, gram, sum_to_one=sum_to_one)
    negligible = NEGLIGIBLE * np.abs(target).max(axis=1, initial=1e-300) + NEGLIGIBLE * np.trace(gram) / count
    waiting = np.arange(len(target))
    for _ in range(MOST_ROUNDS * count):
        if not len(waiting):
            break
        slope = target[waiting] - found[waiting] @ gram
        if sum_to_one:
            # the multiplier: what all endmembers in play have in common
            inside = playing[waiting]
            slope -= (slope * inside).sum(axis=1, keepdims=True) / inside.sum(axis=1, keepdims=True)
        slope[playing[waiting]] = -np.inf
        better = slope.argmax(axis=1)
        worth = slope[np.arange(len(waiting)), better] > negligible[waiting]
        waiting, better = waiting[worth], better[worth]
        playing[waiting, better] = True
        _settle(found, playing, target, gram, waiting, sum_to_one=sum_to_one)
    return found


def _first(target: np.ndarray, gram: np.ndarray, *, sum_to_one: bool) -> tuple[np.ndarray, np.ndarray]:
    """A start near the end: all endmembers in play, then without those below zero, until none is."""
    found = np.zeros_like(target)
    playing = np.ones(target.shape, bool)  # endmembers that are not held at zero
    rows = np.arange(len(target))
    while len(rows):
        found[rows] = _solved(playing[rows], target[rows], gram, sum_to_one=sum_to_one)
        playing[rows] &= found[rows] > 0
        rows = rows[(found[rows] < 0).any(axis=1)]
    return found, playing


def _settle(
    found: np.ndarray,
    playing: np.ndarray,
    target: np.ndarray,
    gram: np.ndarray,
    rows: np.ndarray,
    *,
    sum_to_one: bool,
) -> None:
    """Move pixels to the best mixture of the endmembers in play; those that reach zero on the way leave."""
    for _ in range(len(gram) + 1):
        if not len(rows):
            return
        wanted = _solved(playing[rows], target[rows], gram, sum_to_one=sum_to_one)
        falling = playing[rows] & (wanted <= 0)
        room = found[rows] - wanted
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(falling & (room > 0), found[rows] / room, np.where(falling, 0.0, np.inf))
        step = np.minimum(steps.min(axis=1), 1.0)[:, None]
        moved = found[rows] + step * (wanted - found[rows])
        done = ~falling.any(axis=1)
        moved[done] = wanted[done]
        dropped = falling & (steps <= step)
        moved[dropped] = 0
        found[rows] = np.maximum(moved, 0)
        playing[rows] &= ~dropped
        rows = rows[~done]


def _solved(playing: np.ndarray, target: np.ndarray, gram: np.ndarray, *, sum_to_one: bool) -> np.ndarray:
    """The unbounded best mixtures ``(n, K)`` of the endmembers in play, zero for the others."""
    wanted = np.zeros_like(target)
    patterns, which = np.unique(np.packbits(playing, axis=1), axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    ends = np.searchsorted(which.ravel()[order], np.arange(len(patterns)), side="right")
    for rows in np.split(order, ends[:-1]):
        inside = np.flatnonzero(playing[rows[0]])
        if not len(inside):
            continue
        inverse = np.linalg.inv(gram[np.ix_(inside, inside)])
        best = target[np.ix_(rows, inside)] @ inverse
        if sum_to_one:
            along = inverse.sum(axis=1)
            best += np.outer((1 - best.sum(axis=1)) / along.sum(), along)
        wanted[np.ix_(rows, inside)] = best
    return wanted


def deviations(endmembers: np.ndarray, squares: np.ndarray, *, sum_to_one: bool) -> np.ndarray:
    """Standard errors ``(n, K)`` of the mixture without bounds, each pixel's noise taken from its own misfit.

    ``s^2 (E E^T)^-1``, less what the sum to one takes away; ``s^2`` is the sum of squares ``(n,)`` divided by
    the degrees of freedom. Errors of neighbouring bands are alike in most images, so that the true ones are
    larger.
    """
    spectra = np.asarray(endmembers, np.float64)
    gram = spectra @ spectra.T
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    inverse = np.linalg.inv(gram)
    free = spectra.shape[1] - len(gram)
    if sum_to_one:
        along = inverse.sum(axis=1)
        inverse = inverse - np.outer(along, along) / along.sum()
        free += 1
    noise = np.sqrt(np.asarray(squares, np.float64) / max(1, free))
    return np.asarray(noise[:, None] * np.sqrt(np.diag(inverse).clip(0)))
