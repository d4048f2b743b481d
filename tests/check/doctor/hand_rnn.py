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
    "carry cut every 2 steps": ("dh_next = da @ W_hh", "dh_next = (t % 2) * (da @ W_hh)"),
    "carry added up over the steps": ("dh_next = da @ W_hh", "dh_next = dh_next + da @ W_hh"),
    "own output's gradient lost": (
        "dh = dz @ W + dh_next",
        "dh = dz @ W if t == T - 1 else dh_next",
    ),
    "recurrent weight transposed in the carry": ("dh_next = da @ W_hh", "dh_next = da @ W_hh.T"),
    "carry without the slope": ("dh_next = da @ W_hh", "dh_next = dh @ W_hh"),
    "carry without the recurrent weight": ("dh_next = da @ W_hh", "dh_next = da"),
    "tanh′ on the wrong side of the recurrent weight (after the weight)": (
        "dh_next = da @ W_hh",
        "dh_next = (dh @ W_hh) * (1 - hs[t] ** 2)",
    ),
    "tanh′ on the wrong side of the recurrent weight (of the step before)": (
        "dh_next = da @ W_hh",
        "dh_next = (dh @ W_hh) * (1 - hs[t - 1] ** 2)",
    ),
    "tanh′ on the wrong side of the recurrent weight (inside the product)": (
        "dh_next = da @ W_hh",
        "dh_next = dh * ((1 - hs[t] ** 2) @ W_hh)",
    ),
    "h_t where h_{t−1} belongs": ("dW_hh += da.T @ hs[t - 1]", "dW_hh += da.T @ hs[t]"),
    "the last state read as the one before the first": (
        "dW_hh += da.T @ hs[t - 1]",
        "dW_hh += da.T @ hs[(t - 1) % T]",
    ),
    "slope missing in the weight's gradient": (
        "dW_hh += da.T @ hs[t - 1]",
        "dW_hh += dh.T @ hs[t - 1]",
    ),
    "tanh′ missing (h)": ("da = dh * (1 - hs[t] ** 2)", "da = dh"),
    "tanh′ at the pre-activation (h)": (
        "da = dh * (1 - hs[t] ** 2)",
        "da = dh * (1 - a_s[t] ** 2)",
    ),
    "tanh′ of the output (h)": (
        "da = dh * (1 - hs[t] ** 2)",
        "da = dh * (1 - np.tanh(hs[t]) ** 2)",
    ),
    "tanh′ wrong (h: 1 − y)": ("da = dh * (1 - hs[t] ** 2)", "da = dh * (1 - hs[t])"),
    "tanh′ wrong (h: 1 + y²)": ("da = dh * (1 - hs[t] ** 2)", "da = dh * (1 + hs[t] ** 2)"),
    "tanh′ wrong (h: y (1 − y))": ("da = dh * (1 - hs[t] ** 2)", "da = dh * hs[t] * (1 - hs[t])"),
    "one-hot missing": ("dz[np.arange(B), targets[t]] -= 1", "pass"),
    "softmax missing": ("dz = ps[t].copy()", "dz = 0 * ps[t]"),
    "sign": ("dz /= T * B", "dz /= -T * B"),
    "factor T·B": ("dz /= T * B", "pass"),
    "factor T": ("dz /= T * B", "dz /= B"),
    "factor B": ("dz /= T * B", "dz /= T"),
    "factor 1/B": ("dz /= T * B", "dz /= T * B * B"),
    "accumulated 7 times": ("db_ih += da.sum(axis=0)", "db_ih += 7 * da.sum(axis=0)"),
    "bias gradient not summed over the batch": ("db_hh += da.sum(axis=0)", "db_hh = db_hh + da"),
    "only the first step's term": ("dW_hh += da.T @ hs[t - 1]", "dW_hh = da.T @ hs[t - 1]"),
    "only the last step's term": ("dW += dz.T @ hs[t]", "dW += (t == T - 1) * (dz.T @ hs[t])"),
    "first step left out": ("dW_ih += da.T @ xs[t]", "dW_ih += da.T @ xs[t] if t else 0"),
    "last step left out": ("db += dz.sum(axis=0)", "db += dz.sum(axis=0) if t < T - 1 else 0"),
    "the step before's value beside the gradient": (
        "dW += dz.T @ hs[t]",
        "dW += dz.T @ hs[t - 1]",
    ),
    "the step after's value beside the gradient": (
        "dW_ih += da.T @ xs[t]",
        "dW_ih += da.T @ xs[t + 1] if t < T - 1 else 0",
    ),
    "transposed": ("dW_hh += da.T @ hs[t - 1]", "dW_hh += hs[t - 1].T @ da"),
    "repeated tokens counted once": ("np.add.at(dE, inputs[t], dx)", "dE[inputs[t]] += dx"),
    "rnn.weight_ih_l0 transposed on the way back": ("dx = da @ W_ih", "dx = da @ W_ih.T"),
    "nothing back through rnn.weight_ih_l0": ("dx = da @ W_ih", "dx = np.zeros_like(xs[t])"),
    "nothing back through head.weight": ("dh = dz @ W + dh_next", "dh = dh_next"),
    "clipped at ±0.05": (
        "return found",
        "return {name: np.clip(g, -0.05, 0.05) for name, g in found.items()}",
    ),
    "clipped by norm at 0.25": (
        "return found",
        "norm = np.sqrt(sum(np.sum(g * g) for g in found.values()))\n"
        "    return {name: g * (0.25 / norm) for name, g in found.items()}",
    ),
    "gradient of rnn.weight_ih_l0": (
        'found |= {"rnn.weight_ih_l0": dW_ih, "rnn.weight_hh_l0": dW_hh}',
        'found |= {"rnn.weight_ih_l0": dW_ih, "rnn.weight_hh_l0": dW_ih}',
    ),
    # from here on the derivative is right, but of another net
    "first state taken for zero": (
        'xs, a_s, hs, ps = {}, {}, {-1: weights["h_0"]}, {}',
        'xs, a_s, hs, ps = {}, {}, {-1: np.zeros_like(weights["h_0"])}, {}',
    ),
}
