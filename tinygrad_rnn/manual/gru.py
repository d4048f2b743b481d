"""The gated recurrent unit's layer and its derivative by hand; imports NumPy alone.

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
    r: np.ndarray  # (B, H) reset gate
    z: np.ndarray  # (B, H) update gate
    n: np.ndarray  # (B, H) candidate
    u_n: np.ndarray  # (B, H) what the reset gate multiplied
    W_ih: np.ndarray  # (3H, D)
    W_hh: np.ndarray  # (3H, H)


def step(
    x: np.ndarray,
    h_prev: np.ndarray,
    W_ih: np.ndarray,
    W_hh: np.ndarray,
    b_ih: np.ndarray | float = 0.0,
    b_hh: np.ndarray | float = 0.0,
) -> tuple[np.ndarray, Saved]:
    """One step, for a batch: ``(h, saved)``.

    Parameters
    ----------
    x, h_prev : arrays, shapes (B, D), (B, H)
        Input, and the state of the step before.
    W_ih, W_hh : arrays, shapes (3H, D), (3H, H)
        Three blocks of H rows, in the order r z n.
    b_ih, b_hh : arrays, shape (3H,), or 0.0 for no bias

    Returns
    -------
    h : array, shape (B, H)
        The new state.
    saved : Saved
        The numbers that `step_backward` needs.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Notes
    -----
    Cho et al. (2014), in the form of ``torch.nn.GRUCell``: the reset gate multiplies the recurrent
    product, bias included; the paper multiplies the state, before the matrix. z weighs the old
    state; in some texts it weighs the new one.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> h, saved = step(one, one, np.zeros((3, 1)), np.zeros((3, 1)))
    >>> float(h[0, 0])  # both gates are open by a half, and the candidate is 0
    0.5
    """
    s = x @ W_ih.T + b_ih  # (G1) (B, 3H) the input's part
    u = h_prev @ W_hh.T + b_hh  # (G2) (B, 3H) the state's part
    s_r, s_z, s_n = np.split(s, 3, axis=1)  # (G3) (B, H) each
    u_r, u_z, u_n = np.split(u, 3, axis=1)  # (G4) (B, H) each
    r = sigmoid(s_r + u_r)  # (G5) (B, H) how much of the past the candidate sees
    z = sigmoid(s_z + u_z)  # (G6) (B, H) how much of the past is kept
    n = tanh(s_n + r * u_n)  # (G7) (B, H)
    h = (1 - z) * n + z * h_prev  # (G8) (B, H)
    return h, Saved(x, h_prev, r, z, n, u_n, W_ih, W_hh)


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
        Of dW_ih (3H, D), dW_hh (3H, H), db_ih and db_hh (3H,).

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> h, saved = step(one, one, np.zeros((3, 1)), np.zeros((3, 1)))
    >>> dx, dh_prev, _ = step_backward(one, saved)
    >>> float(dh_prev[0, 0])  # the update gate: half of the gradient goes on
    0.5
    """
    x, h_prev, r, z, n, u_n, W_ih, W_hh = saved
    dn = dh * (1 - z)  # (G9) (B, H)
    dz = dh * (h_prev - n)  # (G10) (B, H)
    da_n = dn * tanh_slope(n)  # (G11) (B, H)
    dr = da_n * u_n  # (G12) (B, H)
    du_n = da_n * r  # (G13) (B, H) the reset gate stands between n and u alone
    da_z = dz * sigmoid_slope(z)  # (G14) (B, H)
    da_r = dr * sigmoid_slope(r)  # (G15) (B, H)
    ds = np.concatenate([da_r, da_z, da_n], axis=1)  # (G16) (B, 3H)
    du = np.concatenate([da_r, da_z, du_n], axis=1)  # (G17) (B, 3H)

    dx = ds @ W_ih  # (G18) (B, D)
    dh_prev = dh * z + du @ W_hh  # (G19) (B, H) by the direct road and through the gates
    dW_ih = ds.T @ x  # (G20) (3H, D)
    dW_hh = du.T @ h_prev  # (G21) (3H, H)
    db_ih = ds.sum(axis=0)  # (G22) (3H,)
    db_hh = du.sum(axis=0)  # (G23) (3H,) not db_ih: its last block stands behind r
    return dx, dh_prev, (dW_ih, dW_hh, db_ih, db_hh)


CELL = sequence.Cell("gru", 3, ("h",), step, step_backward)


def forward(
    weights: Mapping[str, np.ndarray],
    x: np.ndarray,
    state: np.ndarray | None = None,
    *,
    lengths: Any = None,
    batch_first: bool = False,
) -> tuple[np.ndarray, np.ndarray, sequence.Cache]:
    """Run the layer: ``(output, h_n, cache)``.

    Parameters
    ----------
    weights : mapping from name to array
        ``weight_ih_l0`` (3H, D), ``weight_hh_l0`` (3H, H), ``bias_ih_l0``, ``bias_hh_l0`` (3H,), in
        blocks r z n; further layers ``l1``, ... with D = H*dirs, a second direction with
        ``_reverse``. Leave the biases out for none.
    x : array, shape (T, B, D), or (B, T, D) with `batch_first`, or (T, D) without a batch
    state : array, shape (L*dirs, B, H), without a batch (L*dirs, H); zeros if left out
    lengths : integers, shape (B,), optional
        How many steps each sequence really has. What lies behind is never read.
    batch_first : bool

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
        A name or shape that does not fit; the entry is named.
    TypeError
        An array that is not floating-point, or has another dtype than the weights.

    Examples
    --------
    >>> weights = {"weight_ih_l0": np.ones((3, 1)), "weight_hh_l0": np.ones((3, 1))}
    >>> output, h_n, cache = forward(weights, np.ones((2, 1)))
    >>> output.round(6)
    array([[0.204824],
           [0.346753]])
    """
    return sequence.forward(CELL, weights, x, state, lengths, batch_first)


backward = sequence.backward
