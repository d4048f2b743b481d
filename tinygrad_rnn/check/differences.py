"""Slopes from differences: what a derivative is checked against. Imports nothing of ours.

Nothing here knows a Value or a VJP. A central difference (f(x + h) − f(x − h)) / 2h errs in two
ways: by h² f‴/6, since h is not 0, and by about ε|f|/h, since f is rounded. Three steps h, h/2, h/4
cancel the first way up to h⁶ (Richardson), and show how large both errors are. Every slope comes
with its error, so that rounding can be told from a wrong derivative.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Evaluate = Callable[..., Any]

FIRST_STEP = 2.0**-7  # at h⁴ of what two steps leave over, and ε/h, both are about 1e-13
SHRINK = 8.0
STAGES = 8  # down to 4e-9, for functions that are smooth only close by
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Slopes:
    """Measured derivatives, entry by entry.

    Attributes
    ----------
    value : numpy.ndarray
        The slope; halfway between the slopes to both sides where they differ.
    error : numpy.ndarray
        How far `value` may be from the truth; infinite where it could not be measured.
    jump : numpy.ndarray
        By how much the slopes to both sides differ: 0 but at a kink, such as that of relu.
    """

    value: np.ndarray
    error: np.ndarray
    jump: np.ndarray

    def contracted(self, weights: np.ndarray) -> tuple[float, float, float]:
        """Return the slope of Σ weights · f, with its error and jump."""
        sizes = np.abs(weights)
        with np.errstate(all="ignore"):
            sums = [
                np.sum(w * x, where=w != 0)
                for w, x in ((weights, self.value), (sizes, self.error), (sizes, self.jump))
            ]
        return sums[0], sums[1] if np.isfinite(sums[0]) else np.inf, sums[2]


def slope(phi: Callable[[float], Any], size: float = 1.0) -> Slopes:
    """Differentiate an array that depends on one number, at 0.

    Parameters
    ----------
    phi : callable
        From a number to an array, always of the same shape.
    size : float
        The magnitude of what the number is added to. Steps start at 1/128 of it (of 1, if it is
        smaller), and shrink where the function is not smooth so far.

    Examples
    --------
    >>> s = slope(lambda t: np.exp(2 * t))
    >>> bool(abs(s.value - 2) <= s.error <= 1e-10)
    True
    """
    h = FIRST_STEP * max(size, 1.0)
    with np.errstate(all="ignore"):
        middle = np.array(phi(0.0), np.float64)
        first, smooth = measured(phi, middle, h, size)
        trial = best = first
        for _ in range(STAGES - 1):
            if smooth:
                break
            h /= SHRINK
            trial, smooth = measured(phi, middle, h, size)
            better = trial.error + trial.jump < best.error + best.jump
            best = Slopes(
                value=np.where(better, trial.value, best.value),
                error=np.where(better, trial.error, best.error),
                jump=np.where(better, trial.jump, best.jump),
            )
        # At a kink each side has a slope; at a step, both grow without bound as h shrinks.
        step = (first.jump > 0) & (trial.jump > 100 * first.jump)
        return Slopes(best.value, np.where(step, np.inf, best.error), best.jump)


def measured(
    phi: Callable[[float], Any], middle: np.ndarray, h: float, size: float
) -> tuple[Slopes, bool]:
    """Measure with steps h, h/2, h/4; say also whether a smaller h could not do better."""
    h = 4 * ((size + h / 4) - size)  # so that h/4 can be added to a number of that size exactly
    steps = (h, h / 2, h / 4)
    right = [np.array(phi(t), np.float64) for t in steps]
    left = [np.array(phi(-t), np.float64) for t in steps]

    d1, d2, d3 = ((b - a) / (2 * t) for a, b, t in zip(left, right, steps, strict=True))
    value = (64 * d3 - 20 * d2 + d1) / 45  # h² and h⁴ cancel
    truncation = np.abs(value - (4 * d3 - d2) / 3)  # what is left where only h² cancels
    magnitude = np.max(np.abs([middle, *right, *left]), axis=0)
    rounding = EPSILON / h * (8 * magnitude + size * np.abs(value))
    error = np.where(np.isfinite(value), truncation + rounding, np.inf)

    sides = []
    for points, sign in ((right, 1), (left, -1)):
        f1, f2, f3 = ((p - middle) / (sign * t) for p, t in zip(points, steps, strict=True))
        sides.append((8 * f3 - 6 * f2 + f1) / 3)  # h and h² cancel
    gap = np.abs(sides[0] - sides[1])
    kink = gap > 0.01 * np.maximum(*np.abs(sides)) + 8 * rounding

    smooth = (truncation <= np.maximum(1e-9 * np.abs(value), rounding)) & ~kink
    return Slopes(value, error, np.where(kink, gap, 0.0)), bool(np.all(smooth))


def slopes_by_entry(
    evaluate: Evaluate,
    arrays: Sequence[np.ndarray],
    weights: np.ndarray,
    entries: Iterable[tuple[int, tuple[int, ...]]] | None = None,
) -> list[Slopes]:
    """Differentiate Σ weights · evaluate(*arrays) by every entry of every array.

    Parameters
    ----------
    evaluate : callable
        From arrays to an array.
    arrays : sequence of numpy.ndarray
        float64. They are not written to.
    weights : numpy.ndarray
        Of the result's shape. Each output is measured by itself and then weighted, so that
        outputs of different size do not hide one another.
    entries : iterable of (position, index), optional
        Which entries; the others are NaN, with infinite error.
    """
    moving = [x.copy() for x in arrays]
    results = [Slopes(*(np.full(x.shape, fill) for fill in (np.nan, np.inf, 0.0))) for x in arrays]
    if entries is None:
        entries = ((i, index) for i, x in enumerate(arrays) for index in np.ndindex(x.shape))
    for position, index in entries:
        phi = as_entry_moves(evaluate, moving, position, index)
        found = slope(phi, abs(float(arrays[position][index])))
        kept = results[position]
        kept.value[index], kept.error[index], kept.jump[index] = found.contracted(weights)
    return results


def as_entry_moves(
    evaluate: Evaluate, arrays: list[np.ndarray], position: int, index: tuple[int, ...]
) -> Callable[[float], Any]:
    """Return t ↦ evaluate(*arrays) with t added to one entry."""
    x = arrays[position]
    start = float(x[index])

    def phi(t: float) -> Any:
        x[index] = start + t
        try:
            return np.array(evaluate(*(each[()] for each in arrays)), np.float64)
        finally:
            x[index] = start

    return phi


def slopes_along(
    evaluate: Evaluate, arrays: Sequence[np.ndarray], directions: Sequence[np.ndarray]
) -> Slopes:
    """Differentiate evaluate(*arrays) along a direction: J·v, of the result's shape."""
    size = max((float(np.max(np.abs(x), initial=0)) for x in arrays), default=0.0)

    def phi(t: float) -> Any:
        return evaluate(*((x + t * v)[()] for x, v in zip(arrays, directions, strict=True)))

    return slope(phi, size)


def complex_step(
    evaluate: Evaluate, arrays: Sequence[np.ndarray], directions: Sequence[np.ndarray]
) -> np.ndarray | None:
    """Differentiate along a direction by f(x + i h v) = f(x) + i h J v: no difference, no rounding.

    Returns None where the function cannot take complex numbers, or forgets their imaginary part.
    One that takes them and is not analytic, such as ``x * np.conj(x)``, gives a wrong slope: hold
    it against `slopes_along`.

    Notes
    -----
    W. Squire, G. Trapp, "Using complex variables to estimate derivatives", SIAM Review 40 (1998).
    """
    h = 1e-40
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)  # an imaginary part, lost
            moved = (x + 1j * (h * v) for x, v in zip(arrays, directions, strict=True))
            y = np.asarray(evaluate(*(z[()] for z in moved)))
            real = np.asarray(evaluate(*(x[()] for x in arrays)))
    except (TypeError, ValueError, np.exceptions.ComplexWarning):
        return None
    if y.dtype.kind != "c" or not np.allclose(y.real, real, rtol=1e-12, atol=0):
        return None
    return np.asarray(y.imag / h)
