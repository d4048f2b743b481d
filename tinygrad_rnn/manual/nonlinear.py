"""The three curves of recurrent cells and their slopes; imports NumPy alone.

Each slope is written in terms of the curve's *output* y, which the step has already computed and
keeps anyway. The numbered lines are derived in ``docs/derivation.md``.
"""

from __future__ import annotations

import numpy as np


def tanh(a: np.ndarray) -> np.ndarray:
    """Hyperbolic tangent, between -1 and 1.

    Examples
    --------
    >>> float(tanh_slope(tanh(np.array(0.0))))
    1.0
    """
    y: np.ndarray = np.tanh(a)  # (N1)
    return y


def tanh_slope(y: np.ndarray) -> np.ndarray:
    """Slope of tanh where its value is `y`."""
    slope: np.ndarray = 1 - y * y  # (N2)
    return slope


def sigmoid(a: np.ndarray) -> np.ndarray:
    """Logistic function 1 / (1 + exp(-a)), between 0 and 1: a gate.

    Notes
    -----
    Multiplied above and below by exp(min(a, 0)), so that no exponential has a positive argument:
    nothing overflows, and a small sigmoid keeps all its digits.

    Examples
    --------
    >>> sigmoid(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    y: np.ndarray = np.exp(np.minimum(a, 0)) / (1 + np.exp(-np.abs(a)))  # (N3)
    return y


def sigmoid_slope(y: np.ndarray) -> np.ndarray:
    """Slope of the sigmoid where its value is `y`; never above 1/4."""
    slope: np.ndarray = y * (1 - y)  # (N4)
    return slope


def relu(a: np.ndarray) -> np.ndarray:
    """Positive part of `a`."""
    y: np.ndarray = np.maximum(a, 0)  # (N5)
    return y


def relu_slope(y: np.ndarray) -> np.ndarray:
    """Slope of relu where its value is `y`: 1 above zero, else 0, the corner included.

    Any number from 0 to 1 is a subgradient at the corner; PyTorch and this package take 0.
    """
    slope: np.ndarray = (y > 0).astype(y.dtype)  # (N6)
    return slope
