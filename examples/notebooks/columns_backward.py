"""A character RNN differentiated by hand in column vectors, with two faults to be found.

In this folder, ``tinygrad-rnn diagnose columns_backward.py:as_first_written --cell rnn --loss sum``
finds the first. With ``:mended`` in its place it runs what is left, and finds the second.
"""

import numpy as np


def as_first_written(weights, inputs, targets):
    """Go back through time, from a carry that is made by `zeros_of`."""
    return backward(weights, inputs, targets, zeros_of)


def mended(weights, inputs, targets):
    """Go back through time, from zeros of the state's shape."""
    return backward(weights, inputs, targets, np.zeros_like)


def zeros_of(h):
    """Return zeros as large as a state: that was the plan."""
    return np.zeros(h)


def backward(weights, inputs, targets, zeros):
    """Return the gradients of the summed loss, clipped to ±5. A column is a sequence."""
    E, Why = weights["embedding.weight"], weights["head.weight"]
    Wxh, Whh = weights["rnn.weight_ih_l0"], weights["rnn.weight_hh_l0"]
    bh = (weights["rnn.bias_ih_l0"] + weights["rnn.bias_hh_l0"])[:, None]  # (H, 1)
    by = weights["head.bias"][:, None]  # (V, 1)
    T, V = len(inputs), len(E)

    xs, hs, ps = {}, {-1: weights["h_0"].T}, {}
    for t in range(T):
        xs[t] = np.eye(V)[inputs[t]].T  # (V, B)
        hs[t] = np.tanh(Wxh @ (E.T @ xs[t]) + Whh @ hs[t - 1] + bh)  # (H, B)
        y = Why @ hs[t] + by  # (V, B)
        ps[t] = np.exp(y) / np.sum(np.exp(y), axis=0)  # (V, B)

    dE, dWxh, dWhh, dWhy = (np.zeros_like(w) for w in (E, Wxh, Whh, Why))
    dbh, dby = np.zeros(len(Whh)), np.zeros(V)
    dh_next = zeros(hs[0])
    for t in reversed(range(T)):
        dy = ps[t] - np.eye(V)[targets[t]].T  # (V, B)
        dWhy += dy @ hs[t].T
        dby += dy.sum(axis=1)
        da = (Why.T @ dy + dh_next) * (1 - hs[t] ** 2)  # (H, B)
        dWxh += da @ (E.T @ xs[t]).T
        dWhh += da @ hs[t - 1].T
        dbh += da.sum(axis=1)
        dE += xs[t] @ (Wxh.T @ da).T
        dh_next = Whh.T @ da

    for gradient in (dE, dWxh, dWhh, dWhy, dby):
        np.clip(gradient, -5, 5, out=gradient)
    return {
        "embedding.weight": dE,
        "rnn.weight_ih_l0": dWxh,
        "rnn.weight_hh_l0": dWhh,
        "rnn.bias_ih_l0": dbh,
        "rnn.bias_hh_l0": dbh,
        "head.weight": dWhy,
        "head.bias": dby,
    }
