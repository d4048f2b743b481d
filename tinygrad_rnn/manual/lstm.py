"""The long short-term memory layer and its derivative by hand; imports NumPy alone.

The numbered lines are derived in ``docs/derivation.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from . import sequence
from .nonlinear import sigmoid, sigmoid_slope, tanh, tanh_slope


class Saved(NamedTuple):
    """What the way back through a step needs."""

    x: np.ndarray  # (B, D)
    h_prev: np.ndarray  # (B, H)
    c_prev: np.ndarray  # (B, H)
    i: np.ndarray  # (B, H) input gate
    f: np.ndarray  # (B, H) forget gate
    g: np.ndarray  # (B, H) candidate
    o: np.ndarray  # (B, H) output gate
    tanh_c: np.ndarray  # (B, H)
    W_ih: np.ndarray  # (4H, D)
    W_hh: np.ndarray  # (4H, H)


def step(
    x: np.ndarray,
    h_prev: np.ndarray,
    c_prev: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray | float = 0.0,
    b_hh: np.ndarray | float = 0.0,
) -> tuple[np.ndarray, np.ndarray, Saved]:
    """One step, for a batch: ``(h, c, saved)``.

    Parameters
    ----------
    x, h_prev, c_prev : arrays, shapes (B, D), (B, H), (B, H)
        Input, and the two states of the step before.
    W_ih, W_hh : arrays, shapes (4H, D), (4H, H)
        Four blocks of H rows, in the order i f g o.
    b_ih, b_hh : arrays, shape (4H,), or 0.0 for no bias

    Returns
    -------
    h, c : arrays, shape (B, H)
        The new states.
    saved : Saved
        The numbers that `step_backward` needs.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Hochreiter and Schmidhuber (1997), with the forget gate of Gers, Schmidhuber and Cummins (2000),
    in the order and with the two biases of ``torch.nn.LSTMCell``.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> h, c, saved = step(one, 0 * one, one, np.zeros((4, 1)), np.zeros((4, 1)))
    >>> float(c[0, 0])  # every gate is open by a half, and the candidate is 0
    0.5
    """
    a = x @ W_ih.T + b_ih + h_prev @ W_hh.T + b_hh  # (L1) (B, 4H)
    a_i, a_f, a_g, a_o = np.split(a, 4, axis=1)  # (L2) (B, H) each
    i = sigmoid(a_i)  # (L3) (B, H) how much is written
    f = sigmoid(a_f)  # (L4) (B, H) how much is kept
    g = tanh(a_g)  # (L5) (B, H) what is written
    o = sigmoid(a_o)  # (L6) (B, H) how much is shown
    c = f * c_prev + i * g  # (L7) (B, H)
    tanh_c = tanh(c)  # (L8) (B, H)
    h = o * tanh_c  # (L9) (B, H)
    return h, c, Saved(x, h_prev, c_prev, i, f, g, o, tanh_c, W_ih, W_hh)


def step_backward(
    dh: np.ndarray, dc_next: np.ndarray, saved: Saved
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Go back through a `step`: ``(dx, dh_prev, dc_prev, (dW_ih, dW_hh, db_ih, db_hh))``.

    Parameters
    ----------
    dh, dc_next : arrays, shape (B, H)
        Gradients that arrive at h, and at c from the step after; not yet at c through h.
    saved : Saved
        From `step`. The gradients of the weights are this step's terms alone.

    Returns
    -------
    dx : array, shape (B, D)
        Gradient of the input.
    dh_prev, dc_prev : arrays, shape (B, H)
        Gradients of the states of the step before.
    weights : tuple of arrays
        Of dW_ih (4H, D), dW_hh (4H, H), db_ih and db_hh (4H,).

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> h, c, saved = step(one, 0 * one, one, np.zeros((4, 1)), np.zeros((4, 1)))
    >>> dx, dh_prev, dc_prev, _ = step_backward(0 * one, one, saved)
    >>> float(dc_prev[0, 0])  # the forget gate: half of the gradient goes on
    0.5
    """
    x, h_prev, c_prev, i, f, g, o, tanh_c, W_ih, W_hh = saved
    do = dh * tanh_c  # (L10) (B, H)
    dc = dc_next + dh * o * tanh_slope(tanh_c)  # (L11) (B, H) c was used twice
    df = dc * c_prev  # (L12) (B, H)
    di = dc * g  # (L13) (B, H)
    dg = dc * i  # (L14) (B, H)
    dc_prev = dc * f  # (L15) (B, H) no matrix, no slope: the road on which gradients last

    da_i = di * sigmoid_slope(i)  # (L16) (B, H)
    da_f = df * sigmoid_slope(f)  # (L17) (B, H)
    da_g = dg * tanh_slope(g)  # (L18) (B, H)
    da_o = do * sigmoid_slope(o)  # (L19) (B, H)
    da = np.concatenate([da_i, da_f, da_g, da_o], axis=1)  # (L20) (B, 4H)

    dx = da @ W_ih  # (L21) (B, D)
    dh_prev = da @ W_hh  # (L22) (B, H)
    dW_ih = da.T @ x  # (L23) (4H, D)
    dW_hh = da.T @ h_prev  # (L24) (4H, H)
    db = da.sum(axis=0)  # (L25) (4H,) b_ih and b_hh are added, so they have one gradient
    return dx, dh_prev, dc_prev, (dW_ih, dW_hh, db, db)


CELL = sequence.Cell("lstm", 4, ("h", "c"), step, step_backward)


def forward(
    weights: Mapping[str, np.ndarray],
    x: np.ndarray,
    state: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    lengths: Any = None,
    batch_first: bool = False,
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], sequence.Cache]:
    """Run the layer: ``(output, (h_n, c_n), cache)``.

    Parameters
    ----------
    weights : mapping from name to array
        ``weight_ih_l0`` (4H, D), ``weight_hh_l0`` (4H, H), ``bias_ih_l0``, ``bias_hh_l0`` (4H,), in
        blocks i f g o; further layers ``l1``, ... with D = H*dirs, a second direction with
        ``_reverse``. Leave the biases out for none.
    x : array, shape (T, B, D), or (B, T, D) with `batch_first`, or (T, D) without a batch
    state : pair (h_0, c_0) of arrays, shape (L*dirs, B, H), without a batch (L*dirs, H)
        Zeros if left out.
    lengths : integers, shape (B,), optional
        How many steps each sequence really has. What lies behind is never read.
    batch_first : bool

    Returns
    -------
    output : array, shape (T, B, H*dirs) in the form of x
        The last layer's h of every step; zero behind a sequence's end.
    (h_n, c_n) : pair of arrays, of the shape of h_0
        Each layer's and direction's state after its last step; for ``_reverse`` that is step 0.
    cache : sequence.Cache
        For `backward`.

    Raises
    ------
    ValueError
        A name or shape that does not fit; the entry is named.
    TypeError
        An array that is not floating-point, or has another dtype than the weights.

    Examples
    --------
    >>> weights = {"weight_ih_l0": np.ones((4, 1)), "weight_hh_l0": np.ones((4, 1))}
    >>> output, (h_n, c_n), cache = forward(weights, np.ones((2, 1)))
    >>> output.round(6)
    array([[0.369606],
           [0.650535]])
    """
    return sequence.forward(CELL, weights, x, state, lengths, batch_first)


backward = sequence.backward
