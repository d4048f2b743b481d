"""A character RNN and its derivative, written by hand as people write it, and right.

`MISTAKES` are lines of it as people get them wrong; `planting.planted` puts them in. Nothing here
knows of the doctor.
"""

import numpy as np


def gradients(weights, inputs, targets):
    E, W, b = (weights[k] for k in ("embedding.weight", "head.weight", "head.bias"))
    W_ih, W_hh = weights["rnn.weight_ih_l0"], weights["rnn.weight_hh_l0"]
    b_ih, b_hh = weights["rnn.bias_ih_l0"], weights["rnn.bias_hh_l0"]
    T, B = inputs.shape
    xs, a_s, hs, ps = {}, {}, {-1: weights["h_0"]}, {}
    for t in range(T):
        xs[t] = E[inputs[t]]
        a_s[t] = xs[t] @ W_ih.T + b_ih + hs[t - 1] @ W_hh.T + b_hh
        hs[t] = np.tanh(a_s[t])
        z = hs[t] @ W.T + b
        e = np.exp(z - z.max(axis=1, keepdims=True))
        ps[t] = e / e.sum(axis=1, keepdims=True)

    dE, dW, db = np.zeros_like(E), np.zeros_like(W), np.zeros_like(b)
    dW_ih, dW_hh = np.zeros_like(W_ih), np.zeros_like(W_hh)
    db_ih, db_hh = np.zeros_like(b_ih), np.zeros_like(b_hh)
    dh_next = np.zeros_like(hs[-1])
    for t in reversed(range(T)):
        dz = ps[t].copy()
        dz[np.arange(B), targets[t]] -= 1
        dz /= T * B
        dW += dz.T @ hs[t]
        db += dz.sum(axis=0)
        dh = dz @ W + dh_next
        da = dh * (1 - hs[t] ** 2)
        dW_ih += da.T @ xs[t]
        dW_hh += da.T @ hs[t - 1]
        db_ih += da.sum(axis=0)
        db_hh += da.sum(axis=0)
        dx = da @ W_ih
        np.add.at(dE, inputs[t], dx)
        dh_next = da @ W_hh
    found = {"embedding.weight": dE, "head.weight": dW, "head.bias": db}
    found |= {"rnn.weight_ih_l0": dW_ih, "rnn.weight_hh_l0": dW_hh}
    found |= {"rnn.bias_ih_l0": db_ih, "rnn.bias_hh_l0": db_hh}
    return found


MISTAKES = {
    "no carry from t+1": ("dh = dz @ W + dh_next", "dh = dz @ W"),
    "h_t where h_{t−1} belongs": ("dW_hh += da.T @ hs[t - 1]", "dW_hh += da.T @ hs[t]"),
    "tanh′ missing (h)": ("da = dh * (1 - hs[t] ** 2)", "da = dh"),
    "tanh′ at the pre-activation (h)": (
        "da = dh * (1 - hs[t] ** 2)",
        "da = dh * (1 - a_s[t] ** 2)",
    ),
    "tanh′ of the output (h)": (
        "da = dh * (1 - hs[t] ** 2)",
        "da = dh * (1 - np.tanh(hs[t]) ** 2)",
    ),
}
