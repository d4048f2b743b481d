"""The hand-written NumPy that everything is compared with, as the classic scripts have it.

One time step after the other, forward and back; a one-hot row and an outer product at each.
"""

from __future__ import annotations

import numpy as np

from .problem import Arrays, Problem, Step


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def classic(p: Problem) -> Step:
    """Differentiate the case's cell at its own weights."""
    weights = p.weights()
    return lambda: gradients(p, weights)


def gradients(p: Problem, weights: Arrays) -> tuple[float, Arrays]:
    """Return the loss and its gradient at `weights`."""
    return (_rnn if p.cell == "rnn" else _lstm)(p, weights)


def _head(p: Problem, t: int, h: np.ndarray, Wy: np.ndarray, by: np.ndarray):
    """Return the step's summed loss and the gradient of the mean loss by its logits."""
    y = h @ Wy + by  # (B, V)
    probability = np.exp(y - y.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    rows = np.arange(p.B)
    loss = -np.log(probability[rows, p.targets[t]]).sum()
    dy = probability.copy()
    dy[rows, p.targets[t]] -= 1
    return loss, dy / (p.T * p.B)


def _rnn(p: Problem, weights: Arrays) -> tuple[float, Arrays]:
    Wx, Wh, b, Wy, by = weights
    eye = np.eye(p.V, dtype=np.float32)
    x, dy, h = {}, {}, {-1: p.zeros()}
    loss = 0.0
    for t in range(p.T):
        x[t] = eye[p.ids[t]]  # (B, V)
        h[t] = np.tanh(x[t] @ Wx + h[t - 1] @ Wh + b)  # (B, H)
        loss_t, dy[t] = _head(p, t, h[t], Wy, by)
        loss += loss_t

    dWx, dWh, db, dWy, dby = (np.zeros_like(w) for w in weights)
    dh_next = p.zeros()
    for t in reversed(range(p.T)):
        dWy += h[t].T @ dy[t]
        dby += dy[t].sum(axis=0)
        dh = dy[t] @ Wy.T + dh_next
        da = (1 - h[t] * h[t]) * dh
        dWx += x[t].T @ da
        dWh += h[t - 1].T @ da
        db += da.sum(axis=0)
        dh_next = da @ Wh.T
    return loss / (p.T * p.B), (dWx, dWh, db, dWy, dby)


def _lstm(p: Problem, weights: Arrays) -> tuple[float, Arrays]:
    Wx, Wh, b, Wy, by = weights
    eye = np.eye(p.V, dtype=np.float32)
    x, dy, gates, h, c = {}, {}, {}, {-1: p.zeros()}, {-1: p.zeros()}
    loss = 0.0
    for t in range(p.T):
        x[t] = eye[p.ids[t]]  # (B, V)
        a = x[t] @ Wx + h[t - 1] @ Wh + b  # (B, 4H)
        ai, af, ag, ao = (a[:, k * p.H : (k + 1) * p.H] for k in range(4))
        i, f, g, o = sigmoid(ai), sigmoid(af), np.tanh(ag), sigmoid(ao)
        c[t] = f * c[t - 1] + i * g
        squashed = np.tanh(c[t])
        h[t] = o * squashed
        gates[t] = i, f, g, o, squashed
        loss_t, dy[t] = _head(p, t, h[t], Wy, by)
        loss += loss_t

    dWx, dWh, db, dWy, dby = (np.zeros_like(w) for w in weights)
    dh_next, dc_next = p.zeros(), p.zeros()
    for t in reversed(range(p.T)):
        i, f, g, o, squashed = gates[t]
        dWy += h[t].T @ dy[t]
        dby += dy[t].sum(axis=0)
        dh = dy[t] @ Wy.T + dh_next
        dc = dh * o * (1 - squashed * squashed) + dc_next
        dai = dc * g * i * (1 - i)
        daf = dc * c[t - 1] * f * (1 - f)
        dag = dc * i * (1 - g * g)
        dao = dh * squashed * o * (1 - o)
        da = np.concatenate([dai, daf, dag, dao], axis=1)  # (B, 4H)
        dWx += x[t].T @ da
        dWh += h[t - 1].T @ da
        db += da.sum(axis=0)
        dh_next = da @ Wh.T
        dc_next = dc * f
    return loss / (p.T * p.B), (dWx, dWh, db, dWy, dby)
