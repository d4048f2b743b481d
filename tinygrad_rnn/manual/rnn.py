"""The plain (Elman) recurrent layer and its derivative by hand; imports NumPy alone.

The numbered lines are derived in ``docs/derivation.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from . import sequence
from .nonlinear import relu, relu_slope, tanh, tanh_slope

Curve = Callable[[np.ndarray], np.ndarray]
NONLINEARITIES: dict[str, tuple[Curve, Curve]] = {
    "tanh": (tanh, tanh_slope),
    "relu": (relu, relu_slope),
}


class Saved(NamedTuple):
    """What the way back through a step needs."""

    x: np.ndarray  # (B, D)
    h_prev: np.ndarray  # (B, H)
    h: np.ndarray  # (B, H)
    W_ih: np.ndarray  # (H, D)
    W_hh: np.ndarray  # (H, H)
    slope: Curve


def step(
    x: np.ndarray,
    h_prev: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray | float = 0.0,
    b_hh: np.ndarray | float = 0.0,
    *,
    nonlinearity: str = "tanh",
) -> tuple[np.ndarray, Saved]:
    """One step, for a batch: ``(h, saved)``.

    Parameters
    ----------
    x, h_prev : arrays, shapes (B, D), (B, H)
        Input, and the state of the step before.
    W_ih, W_hh : arrays, shapes (H, D), (H, H)
    b_ih, b_hh : arrays, shape (H,), or 0.0 for no bias
    nonlinearity : {"tanh", "relu"}

    Returns
    -------
    h : array, shape (B, H)
        The new state.
    saved : Saved
        The numbers that `step_backward` needs.

    Raises
    ------
    KeyError
        If there is no such nonlinearity.
    ValueError
        If the shapes do not fit.

    Notes
    -----
    The network of Elman (1990), "Finding structure in time", as ``torch.nn.RNNCell`` defines it.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> h, saved = step(one, 0 * one, 0.5 * one, one)
    >>> h.round(6)
    array([[0.462117]])
    """
    curve, slope = NONLINEARITIES[nonlinearity]
    a = x @ W_ih.T + b_ih + h_prev @ W_hh.T + b_hh  # (R1) (B, H)
    h = curve(a)  # (R2) (B, H)
    return h, Saved(x, h_prev, h, W_ih, W_hh, slope)


def step_backward(
    dh: np.ndarray, saved: Saved
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Go back through a `step`: ``(dx, dh_prev, (dW_ih, dW_hh, db_ih, db_hh))``.

    Parameters
    ----------
    dh : array, shape (B, H)
        Gradient that arrives at h.
    saved : Saved
        From `step`. The gradients of the weights are this step's terms alone.

    Returns
    -------
    dx : array, shape (B, D)
        Gradient of the input.
    dh_prev : array, shape (B, H)
        Gradient of the state of the step before.
    weights : tuple of arrays
        Of dW_ih (H, D), dW_hh (H, H), db_ih and db_hh (H,).

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> h, saved = step(one, 0 * one, 0.5 * one, one)
    >>> dx, dh_prev, (dW_ih, *_) = step_backward(one, saved)
    >>> dx.round(6), dW_ih.round(6)  # (1 − h²) · 0.5 and (1 − h²) · 1
    (array([[0.393224]]), array([[0.786448]]))
    """
    x, h_prev, h, W_ih, W_hh, slope = saved
    da = dh * slope(h)  # (R3) (B, H)
    dx = da @ W_ih  # (R4) (B, D)
    dh_prev = da @ W_hh  # (R5) (B, H)
    dW_ih = da.T @ x  # (R6) (H, D)
    dW_hh = da.T @ h_prev  # (R7) (H, H)
    db = da.sum(axis=0)  # (R8) (H,) b_ih and b_hh are added, so they have one gradient
    return dx, dh_prev, (dW_ih, dW_hh, db, db)


def forward(
    weights: Mapping[str, np.ndarray],
    x: np.ndarray,
    state: np.ndarray | None = None,
    *,
    lengths: Any = None,
    batch_first: bool = False,
    nonlinearity: str = "tanh",
) -> tuple[np.ndarray, np.ndarray, sequence.Cache]:
    """Run the layer: ``(output, h_n, cache)``.

    Parameters
    ----------
    weights : mapping from name to array
        ``weight_ih_l0`` (H, D), ``weight_hh_l0`` (H, H), ``bias_ih_l0``, ``bias_hh_l0`` (H,);
        further layers ``l1``, ... with D = H*dirs, a second direction with ``_reverse``. Leave the
        biases out for none.
    x : array, shape (T, B, D), or (B, T, D) with `batch_first`, or (T, D) without a batch
    state : array, shape (L*dirs, B, H), without a batch (L*dirs, H); zeros if left out
    lengths : integers, shape (B,), optional
        How many steps each sequence really has. What lies behind is never read.
    batch_first : bool
    nonlinearity : {"tanh", "relu"}

    Returns
    -------
    output : array, shape (T, B, H*dirs) in the form of x
        The last layer's h of every step; zero behind a sequence's end.
    h_n : array, of the shape of `state`
        Each layer's and direction's h after its last step; for ``_reverse`` that is step 0.
    cache : sequence.Cache
        For `backward`.

    Raises
    ------
    ValueError
        A name or shape that does not fit (the entry is named), or an unknown nonlinearity.
    TypeError
        An array that is not floating-point, or has another dtype than the weights.

    Examples
    --------
    >>> weights = {"weight_ih_l0": np.array([[0.5]]), "weight_hh_l0": np.array([[0.8]])}
    >>> output, h_n, cache = forward(weights, np.array([[1.0], [-1.0]]))
    >>> output.round(6)
    array([[ 0.462117],
           [-0.129574]])
    """
    if nonlinearity not in NONLINEARITIES:
        raise ValueError(
            f"rnn: unknown nonlinearity {nonlinearity!r}: its slope was derived for "
            f"{' and '.join(NONLINEARITIES)} only; pass nonlinearity='tanh' or 'relu'."
        )
    curved = partial(step, nonlinearity=nonlinearity)
    cell = sequence.Cell("rnn", 1, ("h",), curved, step_backward)
    return sequence.forward(cell, weights, x, state, lengths, batch_first)


backward = sequence.backward
